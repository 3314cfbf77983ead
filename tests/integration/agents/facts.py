"""What an agent finds itself to be, as one JSON object between markers."""
import json
import os
import resource
import signal
import sys

status = dict(line.rstrip("\n").split(":\t", 1) for line in open("/proc/self/status") if ":\t" in line)
terminal = os.fstat(0)
umask = os.umask(0)
os.umask(umask)
facts = {
    "argv": sys.argv[1:],
    "uids": os.getresuid(), "gids": os.getresgid(), "groups": sorted(os.getgroups()),
    "umask": umask, "cwd": os.getcwd(), "environment": dict(os.environ),
    "descriptors": {fd: os.readlink(f"/proc/self/fd/{fd}")
                    for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")},
    "sid": os.getsid(0), "pgrp": os.getpgrp(), "pid": os.getpid(),
    "foreground": os.tcgetpgrp(0), "ttyname": os.ttyname(0),
    "tty": {"mode": terminal.st_mode & 0o7777, "uid": terminal.st_uid, "gid": terminal.st_gid},
    "size": list(os.get_terminal_size(0)),
    "no_new_privs": status["NoNewPrivs"], "capabilities": {
        key: status[key] for key in ("CapInh", "CapPrm", "CapEff", "CapAmb")},
    "signals": {key: status[key] for key in ("SigBlk", "SigIgn", "ShdPnd", "SigPnd")},
    "nofile": resource.getrlimit(resource.RLIMIT_NOFILE),
    "core": resource.getrlimit(resource.RLIMIT_CORE),
    "pts": sorted(os.listdir("/dev/pts")),
    "cgroup": open("/proc/self/cgroup").read().splitlines()[-1],
    "home_mode": os.stat(os.environ["HOME"]).st_mode & 0o7777,
    "sigpipe_default": signal.getsignal(signal.SIGPIPE) is not None,
}
print("FACTS" + json.dumps(facts) + "END", flush=True)
