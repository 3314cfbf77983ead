#!/usr/bin/python3
"""aaau-server's commands as root: init, deinit, run, doctor, with names and places of their own.

    test_commands.py SERVER MONITOR BROKER SESSION      the programs as they were built

Skipped (77) where we are not root, or have no cgroup v2.
"""

import fcntl
import glob
import grp
import json
import os
import pty
import pwd
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import unittest

TAG = f"aaausrv{os.getpid()}"
PROGRAMS = []


def cgroup2_mounts():
    with open("/proc/self/mounts", encoding="utf-8") as file:
        return [line.split()[1] for line in file if line.split()[2] == "cgroup2"]


def known(lookup, name):
    try:
        lookup(name)
        return True
    except KeyError:
        return False


class Place:
    """A tree of programs as they are installed, and names that nobody else has."""

    def __init__(self):
        self.top = tempfile.mkdtemp(prefix=TAG + "-", dir="/tmp")
        os.chmod(self.top, 0o755)
        self.server = self.at("bin/aaau-server")
        os.makedirs(self.at("bin"))
        os.makedirs(self.at("libexec/aaau"))
        shutil.copy(PROGRAMS[0], self.server)
        for path in PROGRAMS[1:]:
            shutil.copy(path, self.at("libexec/aaau"))
        self.group, self.agent, self.service = TAG, TAG + "a", "_" + TAG
        self.socket, self.log, self.home = self.at("sock/x.sock"), self.at("log"), self.at("home")
        self.runtime, self.state = self.at("run"), self.at("state")
        self.names = ["-g", self.group, "-u", self.agent, "--service-user", self.service,
                      "-s", self.socket, "-l", self.log]

    def at(self, path):
        return os.path.join(self.top, path)

    def call(self, *arguments, **options):
        options.setdefault("env", {})
        return subprocess.run([self.server, *arguments], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60, **options)

    def init(self, *more, **options):
        return self.call("init", *self.names, "-h", self.home, "--state-dir", self.state, *more,
                         **options)

    def deinit(self, *more):
        return self.call("deinit", "--state-dir", self.state, "--runtime-dir", self.runtime, *more)

    def run_arguments(self, *more):
        return ["run", *self.names, "--runtime-dir", self.runtime, *more]

    def doctor(self, *more):
        return self.call("doctor", *self.names, "--runtime-dir", self.runtime, *more)

    def lock(self):
        return os.path.join(self.runtime, self.socket[1:].replace("/", "-"), "lock")

    def start(self):
        done = self.call(*self.run_arguments("-d"))
        assert done.returncode == 0, done.stderr
        with open(self.lock(), encoding="ascii") as file:
            return int(file.read())

    def stop(self, pid):
        with open(os.pidfd_open(pid), "rb", buffering=0) as watched:
            signal.pidfd_send_signal(watched.fileno(), signal.SIGTERM)
            assert select.select([watched], [], [], 30)[0], "the server does not end"

    def state_of(self):
        """What init could have changed."""
        paths = ["/etc/passwd", "/etc/group", self.home, self.log, self.at("sock"), self.state,
                 os.path.join(self.state, "made-by-init")]
        return [(path, os.stat(path).st_mtime_ns, os.stat(path).st_ctime_ns) for path in paths]

    def remove(self):
        for name in (self.agent, self.service):
            subprocess.run(["userdel", name], capture_output=True)
        for name in (self.group, self.agent, self.service, self.agent + "-private"):
            subprocess.run(["groupdel", name], capture_output=True)
        # What a server that did not end in order leaves; the name has the socket's path in it.
        for mount in cgroup2_mounts():
            for path in glob.glob(f"{mount}/aaau/*{os.path.basename(self.top)}*"):
                os.rmdir(path)
        shutil.rmtree(self.top, ignore_errors=True)


class Case(unittest.TestCase):
    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.remove)

    def said(self, done, *words):
        text = done.stdout + done.stderr
        for word in words:
            self.assertIn(word, text)


class Init(Case):
    def test_makes_all_and_a_second_run_changes_nothing(self):
        place = self.place
        done = place.init()
        self.assertEqual(done.returncode, 0, done.stderr)
        agent, service = pwd.getpwnam(place.agent), pwd.getpwnam(place.service)
        group = grp.getgrnam(place.group)
        self.assertNotIn(group.gr_gid, os.getgrouplist(place.agent, agent.pw_gid))
        self.assertEqual(grp.getgrgid(agent.pw_gid).gr_name, place.agent)
        self.assertEqual((agent.pw_dir, agent.pw_shell), (place.home, "/bin/false"))
        self.assertEqual((service.pw_dir, service.pw_shell), ("/nonexistent", "/usr/sbin/nologin"))
        for path, mode, uid, gid in ((place.home, 0o2750, agent.pw_uid, group.gr_gid),
                                     (place.log, 0o750, 0, grp.getgrnam("adm").gr_gid),
                                     (place.at("sock"), 0o755, 0, 0)):
            state = os.stat(path)
            self.assertEqual((stat.S_IMODE(state.st_mode), state.st_uid, state.st_gid),
                             (mode, uid, gid), path)
        # The kernel's clock moves by ticks; whatever the second run wrote would be later.
        before = place.state_of()
        again = place.init()
        self.assertEqual(again.returncode, 0, again.stderr)
        self.said(again, "nothing to do")
        self.assertNotIn("created", again.stdout)
        self.assertEqual(place.state_of(), before)

        gone = place.deinit()
        self.assertEqual(gone.returncode, 0, gone.stderr)
        for lookup, name in ((pwd.getpwnam, place.agent), (pwd.getpwnam, place.service),
                             (grp.getgrnam, place.group), (grp.getgrnam, place.agent)):
            self.assertFalse(known(lookup, name), name)
        for path in (place.home, place.log, place.at("sock"), place.state):
            self.assertFalse(os.path.exists(path), path)
        self.said(place.deinit(), "nothing to do")

    def test_dry_run_changes_nothing(self):
        before = sorted(os.listdir(self.place.top))
        done = self.place.init("--dry-run")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.said(done, "would create group " + self.place.group, "would create user",
                  "would create directory")
        self.assertEqual(sorted(os.listdir(self.place.top)), before)
        self.assertFalse(known(grp.getgrnam, self.place.group))
        # It needs no root either.
        done = self.place.init("--dry-run", user=65534, group=65534, extra_groups=[])
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_group_and_user_of_one_name(self):
        """The default: then the agent's own group gets another name."""
        place = self.place
        place.names[place.names.index("-u") + 1] = place.agent = place.group
        done = place.init()
        self.assertEqual(done.returncode, 0, done.stderr)
        agent = pwd.getpwnam(place.agent)
        self.assertEqual(grp.getgrgid(agent.pw_gid).gr_name, place.agent + "-private")
        self.assertEqual(place.deinit().returncode, 0)
        self.assertFalse(known(grp.getgrnam, place.agent + "-private"))

    def test_what_was_there_stays_and_what_differs_is_told(self):
        place = self.place
        subprocess.run(["groupadd", "-r", place.group], check=True)
        subprocess.run(["useradd", "-r", "-M", "-g", place.group, "-d", "/elsewhere", place.agent],
                       check=True)
        os.mkdir(place.log)
        os.chmod(place.log, 0o777)
        done = place.init()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.said(done, "has the authorized group", f"chmod 0750 {place.log}",
                  f"usermod -d {place.home}")
        self.assertEqual(stat.S_IMODE(os.stat(place.log).st_mode), 0o777)
        self.assertEqual(pwd.getpwnam(place.agent).pw_dir, "/elsewhere")
        self.assertEqual(place.deinit().returncode, 0)
        self.assertTrue(known(grp.getgrnam, place.group))
        self.assertTrue(known(pwd.getpwnam, place.agent))
        self.assertTrue(os.path.isdir(place.log))
        self.assertFalse(known(pwd.getpwnam, place.service))
        os.path.isdir("/elsewhere") and os.rmdir("/elsewhere")

    def test_deinit_keeps_what_people_made_until_purge(self):
        place = self.place
        place.init()
        with open(os.path.join(place.home, "work"), "w", encoding="ascii"):
            pass
        done = place.deinit()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.said(done, "kept directory " + place.home, "--purge")
        self.assertFalse(known(pwd.getpwnam, place.agent))
        done = place.deinit("--purge")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(os.path.exists(place.home) or os.path.exists(place.state))

    def test_deinit_refuses_while_something_lives(self):
        place = self.place
        place.init()
        agent = pwd.getpwnam(place.agent)
        alive = subprocess.Popen(["sleep", "1000"], user=agent.pw_uid, group=agent.pw_gid,
                                 extra_groups=[])
        try:
            done = place.deinit()
            self.assertEqual(done.returncode, 1)
            self.said(done, str(alive.pid), place.agent)
        finally:
            alive.kill()
            alive.wait()
        pid = place.start()
        done = place.deinit()
        self.assertEqual(done.returncode, 1)
        self.said(done, str(pid))
        place.stop(pid)
        self.assertTrue(known(pwd.getpwnam, place.agent))
        self.assertEqual(place.deinit("--purge").returncode, 0)

    def test_the_callers_environment_does_not_matter(self):
        os.mkdir(self.place.at("evil"))
        for tool in ("groupadd", "useradd"):
            path = self.place.at("evil/" + tool)
            with open(path, "w", encoding="ascii") as file:
                file.write("#!/bin/sh\ntouch %s\n" % self.place.at("evil/ran"))
            os.chmod(path, 0o755)
        done = self.place.init(env={"PATH": self.place.at("evil"), "LC_ALL": "tr_TR.UTF-8"})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(os.path.exists(self.place.at("evil/ran")))

    def test_two_at_once(self):
        command = [self.place.server, "init", *self.place.names, "-h", self.place.home,
                   "--state-dir", self.place.state]
        both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                for _ in range(2)]
        results = [child.communicate(timeout=60) + (child.returncode,) for child in both]
        self.assertEqual([status for _, _, status in results], [0, 0], results)
        self.assertEqual(sorted("created" in out for out, _, _ in results), [False, True])
        with open(os.path.join(self.place.state, "made-by-init"), encoding="ascii") as file:
            self.assertEqual(len(file.readlines()), 8)

    def test_usage(self):
        for arguments in (["extra"], ["--what"], ["-h", "relative"], ["-u", "a b"], ["-s", ""]):
            done = self.place.init("--dry-run", *arguments)
            self.assertEqual(done.returncode, 64, (arguments, done.stdout, done.stderr))


class Run(Case):
    def setUp(self):
        super().setUp()
        done = self.place.init()
        self.assertEqual(done.returncode, 0, done.stderr)

    def refused(self, *words, arguments=()):
        done = self.place.call(*self.place.run_arguments(*arguments))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.said(done, *words)
        self.assertNotIn("listening", done.stderr)

    def test_the_socket_and_the_daemon(self):
        place = self.place
        pid = place.start()
        try:
            state = os.lstat(place.socket)
            self.assertTrue(stat.S_ISSOCK(state.st_mode))
            self.assertEqual((stat.S_IMODE(state.st_mode), state.st_uid, state.st_gid),
                             (0o660, 0, grp.getgrnam(place.group).gr_gid))
            self.assertEqual(os.getsid(pid), pid)
            for number in "012":
                self.assertNotIn("pts", os.readlink(f"/proc/{pid}/fd/{number}"))
            self.assertEqual(os.readlink(f"/proc/{pid}/cwd"), "/")
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(place.socket)
                client.sendall(b"SESSION:none\n")
                self.assertTrue(client.recv(100))
            done = place.call(*place.run_arguments())
            self.assertEqual(done.returncode, 1)
            self.said(done, f"pid {pid}")
            done = place.doctor()
            self.assertEqual(done.returncode, 0, done.stdout)
            self.said(done, f"running (pid {pid})")
        finally:
            place.stop(pid)
        self.assertFalse(os.path.lexists(place.socket))
        self.assertFalse(os.path.exists(os.path.dirname(place.lock())))

    def test_ctrl_c_on_the_servers_terminal_ends_sessions_in_order(self):
        place = self.place
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(place.server, [place.server, *place.run_arguments()], {})
        said = b""
        while b"listening" not in said:
            said += os.read(terminal, 1000)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(place.socket)
            client.sendall(b"NEW:sleep:1000:24:80\n")
            answer = b""
            while not answer.endswith(b"\n"):
                answer += client.recv(1)
            session = answer.decode().strip().removeprefix("SESSION:")
            os.write(terminal, b"\x03")
            self.assertEqual(os.waitpid(pid, 0)[1], 0)
        os.close(terminal)
        with open(os.path.join(place.log, session + ".jsonl"), encoding="utf-8") as file:
            end = json.loads(file.readlines()[-1])
        self.assertEqual((end["command_type"], end["metadata"]["reason"]),
                         ("session_end", "server-shutdown"))
        self.assertFalse(os.path.lexists(place.socket))

    def test_a_delegated_cgroup_is_used(self):
        """systemd marks what is delegated; then everything happens below it."""
        place = self.place
        with open("/proc/self/mounts", encoding="utf-8") as file:
            mount = next(line.split()[1] for line in file if line.split()[2] == "cgroup2")
        own = os.path.join(mount, TAG)
        os.mkdir(own)
        try:
            os.setxattr(own, "user.delegate", b"1")
        except OSError:
            os.rmdir(own)
            self.skipTest("this kernel's cgroups have no user attributes")
        try:
            done = subprocess.run(
                ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', own, place.server,
                 *place.run_arguments("-d")], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(os.path.isdir(os.path.join(own, "aaau")))
            with open(place.lock(), encoding="ascii") as file:
                place.stop(int(file.read()))
            left = [entry.name for entry in os.scandir(os.path.join(own, "aaau")) if entry.is_dir()]
            self.assertEqual(left, [])
        finally:
            if os.path.isdir(os.path.join(own, "aaau")):
                os.rmdir(os.path.join(own, "aaau"))
            os.rmdir(own)

    def test_reload(self):
        place = self.place
        config = place.at("aaau.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write("max_sessions = 5\n")
        done = place.call(*place.run_arguments("-d", "--config", config))
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(place.lock(), encoding="ascii") as file:
            pid = int(file.read())
        try:
            check = place.call(*place.run_arguments("--reload-check", "--config", config))
            self.assertEqual(check.returncode, 0, check.stderr)
            with open(config, "w", encoding="ascii") as file:
                file.write("max_sessions = none\n")
            check = place.call(*place.run_arguments("--reload-check", "--config", config))
            self.assertEqual(check.returncode, 1)
            self.said(check, f"{config}:1: max_sessions")
            self.assertTrue(os.path.lexists(place.socket))
        finally:
            place.stop(pid)

    def test_what_is_missing_is_named(self):
        place = self.place
        self.refused("aaau-server init -l /none", arguments=["-l", "/none"])
        self.refused("aaau-server init -s /none/x", arguments=["-s", "/none/x"])
        self.refused("there is no group nogroup-x", arguments=["-g", "nogroup-x"])
        self.refused("there is no user nouser-x", arguments=["-u", "nouser-x"])
        self.refused("is not on a cgroup v2", arguments=["--cgroup", "/tmp"])
        self.refused("No such file", arguments=["--config", place.at("none.conf")])
        self.refused("", arguments=["-d", "-u", "nouser-x"])
        os.rmdir(place.home)
        self.refused(place.home, "init -u " + place.agent)

    def test_a_directory_below_run_is_made(self):
        """Nothing is left there when the machine starts."""
        place = self.place
        directory = "/run/" + os.path.basename(place.top)
        place.socket = place.names[place.names.index("-s") + 1] = directory + "/x.sock"
        done = place.doctor()
        self.said(done, place.socket + ", made with its directory")
        self.assertFalse(os.path.exists(directory))
        pid = place.start()
        self.addCleanup(os.rmdir, directory)
        try:
            self.assertEqual(stat.S_IMODE(os.stat(directory).st_mode), 0o755)
            self.said(place.doctor(), f"running (pid {pid})")
        finally:
            place.stop(pid)
        self.refused("aaau-server init -s", arguments=["-s", directory + "/none/below/x.sock"])

    def test_a_start_that_fails_leaves_nothing(self):
        place = self.place
        self.refused("cgroup", arguments=["--cgroup", "/sys/fs/cgroup/none-such"])
        self.assertFalse(os.path.lexists(place.socket))
        self.assertFalse(os.path.exists(os.path.dirname(place.lock())))
        os.rename(place.at("libexec/aaau/aaau-broker"), place.at("broker"))
        self.refused("aaau-broker", "make stage")
        self.assertFalse(os.path.lexists(place.socket))

    def test_a_daemon_that_dies_before_it_accepts(self):
        """The parent says so, with what the log has."""
        place = self.place
        # cp without arguments complains on standard error and ends.
        shutil.copy("/bin/cp", place.at("libexec/aaau/aaau-monitor"))
        done = place.call(*place.run_arguments("-d"))
        self.assertEqual(done.returncode, 1)
        self.said(done, "missing file operand", "server.log")

    def test_the_lock_is_held_by_somebody_else(self):
        place = self.place
        path = place.at("my.lock")
        with open(path, "w", encoding="ascii") as file:
            os.chmod(path, 0o600)
            file.write("4711\n")
            file.flush()
            fcntl.flock(file, fcntl.LOCK_EX)
            self.refused("pid 4711", arguments=["--lock-file", path])

    def test_not_root(self):
        done = self.place.call("run", user=65534, group=65534, extra_groups=[])
        self.assertEqual(done.returncode, 1)
        self.said(done, "root")


class Doctor(Case):
    """Each defect, one at a time: it is found, and its remedy heals it."""

    def setUp(self):
        super().setUp()
        self.place.init()
        subprocess.run(["gpasswd", "-a", "nobody", self.place.group], check=True,
                       capture_output=True)

    def check(self, status, *words, arguments=()):
        done = self.place.doctor(*arguments)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.said(done, *words)
        return done

    def heal(self, done):
        """Runs what doctor said below each failure."""
        failed = False
        for line in done.stdout.splitlines():
            if line.startswith("FAIL"):
                failed = True
            elif failed and line.strip().startswith("-> "):
                subprocess.run(line.strip()[3:], shell=True, check=True, capture_output=True)
                failed = False
        self.check(0, "0 failures")

    def test_a_good_installation(self):
        self.check(0, "0 failures", "not running")

    def test_log_directory(self):
        os.chmod(self.place.log, 0o770)
        self.heal(self.check(1, "FAIL  log directory", self.place.log))

    def test_home_mode(self):
        os.chmod(self.place.home, 0o2777)
        self.heal(self.check(1, "FAIL  homes", self.place.home))

    def test_home_owner(self):
        os.chown(self.place.home, 0, 0)
        self.heal(self.check(1, "FAIL  homes", "chown"))

    def test_powerful_groups(self):
        subprocess.run(["gpasswd", "-a", self.place.agent, "shadow"], check=True,
                       capture_output=True)
        self.heal(self.check(1, "FAIL  agent users", "shadow"))

    def test_primary_group(self):
        subprocess.run(["usermod", "-g", self.place.group, self.place.agent], check=True)
        self.check(1, "FAIL  agent users", "usermod -g")

    def test_members_that_should_not_be(self):
        for name in (self.place.agent, self.place.service):
            subprocess.run(["gpasswd", "-a", name, self.place.group], check=True,
                           capture_output=True)
        self.check(0, "warn  agent users", "warn  service user", f"gpasswd -d {self.place.agent}")

    def test_programs(self):
        os.chmod(self.place.at("libexec/aaau"), 0o777)
        self.heal(self.check(1, "FAIL  programs", self.place.at("libexec/aaau")))
        os.unlink(self.place.at("libexec/aaau/aaau-session"))
        self.check(1, "FAIL  programs", "aaau-session")

    def test_runtime_directory(self):
        os.mkdir(self.place.runtime)
        os.chmod(self.place.runtime, 0o775)
        self.heal(self.check(1, "FAIL  runtime directory"))

    def test_socket_directory(self):
        os.chmod(self.place.at("sock"), 0o777)
        self.check(1, "FAIL  socket", "chmod o-w")

    def test_socket(self):
        with socket.socket(socket.AF_UNIX) as own:
            own.bind(self.place.socket)
            os.chmod(self.place.socket, 0o666)
            self.heal(self.check(1, "FAIL  socket", "0660"))
        os.unlink(self.place.socket)
        with open(self.place.socket, "w", encoding="ascii"):
            pass
        self.check(1, "FAIL  socket", "no socket")

    def test_configuration(self):
        config = self.place.at("aaau.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write("sokcet = /x\n")
        self.check(1, "FAIL  configuration", f"{config}:1", "socket", arguments=["--config", config])
        with open(config, "w", encoding="ascii") as file:
            file.write('groups = {"shadow-none"}\n')
        self.check(1, "FAIL  profiles", "shadow-none", arguments=["--config", config])
        os.chmod(config, 0o666)
        self.check(1, "FAIL  configuration", "chmod go-w", arguments=["--config", config])

    def test_missing_accounts(self):
        done = self.place.call("doctor", "-g", "none-such-g", "-u", "none-such-u",
                               "--service-user", "none-such-s", "-s", self.place.socket,
                               "-l", self.place.at("none"), "--cgroup", "/tmp")
        self.assertEqual(done.returncode, 1)
        self.said(done, "none-such-g", "none-such-u", "none-such-s", self.place.at("none"),
                  "FAIL  cgroup")

    def test_sudo_rules(self):
        if not os.path.exists("/usr/bin/sudo"):
            self.skipTest("no sudo here")
        path = f"/etc/sudoers.d/{TAG}"
        with open(path, "w", encoding="ascii") as file:
            os.fchmod(file.fileno(), 0o440)
            file.write(f"{self.place.agent} ALL=(ALL) ALL\n")
        self.addCleanup(os.unlink, path)
        self.check(0, "warn  sudo", "sudo has rules for " + self.place.agent)

    def test_as_somebody_else(self):
        done = self.place.call("doctor", *self.place.names, user=65534, group=65534,
                               extra_groups=[])
        self.said(done, "not root")
        self.assertNotIn("Traceback", done.stderr)


if __name__ == "__main__":
    if os.geteuid() != 0 or not cgroup2_mounts():
        sys.exit(77)
    os.umask(0o022)
    PROGRAMS = [os.path.realpath(path) for path in sys.argv[1:5]]
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]])
