#!/bin/sh
# Checks the unit files, sysusers.d and tmpfiles.d with systemd's own tools.
# verify-units.sh SOURCE_DIR PROGRAM: PROGRAM stands for the installed aaau-server.
set -eu

source=$1
program=$(realpath "$2")
command -v systemd-analyze >/dev/null || exit 77
command -v systemd-sysusers >/dev/null || exit 77

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed "s|@bindir@/aaau-server|$program|" "$source/aaau.service.in" >"$work/aaau.service"
cp "$source/aaau.socket" "$work"

# It exits 0 with warnings, so its words count.
words=$(systemd-analyze verify --man=no "$work/aaau.service" "$work/aaau.socket" 2>&1) || {
	echo "$words"
	# Where systemd is installed and has never run, only root can make its directory.
	[ -d /run/systemd ] || [ "$(id -u)" = 0 ] || exit 77
	exit 1
}
if echo "$words" | grep aaau; then
	exit 1
fi

mkdir -p "$work/root/etc" "$work/root/usr/lib/sysusers.d"
cp "$source/sysusers.conf" "$work/root/usr/lib/sysusers.d/aaau.conf"
systemd-sysusers --root="$work/root" aaau.conf
grep -q '^agent:.*:/home/agent:/bin/false$' "$work/root/etc/passwd"
grep -q '^_aaau:' "$work/root/etc/passwd"
agent_gid=$(sed -n 's/^agent:[^:]*:[0-9]*:\([0-9]*\):.*/\1/p' "$work/root/etc/passwd")
if grep -q "^agent:[^:]*:$agent_gid:" "$work/root/etc/group"; then
	echo "the agent's primary group is the authorized group"
	exit 1
fi
