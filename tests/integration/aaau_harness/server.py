"""A server of its own: configuration, socket, records, runtime directory, and what it leaves."""

import os
import shutil
import signal
import socket
import subprocess

from . import procs
from .record import Records
from .wait import wait_for

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def prefix():
    """The staged install that is tested."""
    return os.environ.get("AAAU_PREFIX") or os.path.join(ROOT, "build", "stage")


def find_program(where, name):
    for folder in ("bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin"):
        path = os.path.join(where, folder, name)
        if os.access(path, os.X_OK):
            return path
    return None


def copy_install(target):
    """Copies the staged install to where every user can reach it, and a rebuild cannot change it.

    None where there is no install.
    """
    source = prefix()
    if not find_program(source, "aaau-server") or not find_program(source, "aaau"):
        return None
    shutil.copytree(source, target, symlinks=True)
    return target


def cgroup2_mount():
    with open("/proc/self/mounts", encoding="utf-8") as file:
        for line in file:
            fields = line.split()
            if fields[2] == "cgroup2":
                return fields[1]
    return None


def _own_cgroup():
    with open("/proc/self/cgroup", encoding="utf-8") as file:
        for line in file:
            if line.startswith("0::"):
                return line[3:].strip().lstrip("/")
    return ""


def quote(value):
    """A Python value in the configuration's syntax."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "{" + ", ".join(quote(one) for one in value) + "}"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


class Server:
    """aaau-server run in the foreground, as a child.

    Keyword arguments are configuration keys; `agents` is {name: {key: value}}.
    """

    def __init__(self, people, install, directory, agents=None, **keys):
        self.people = people
        self.install = install
        self.directory = directory
        self.program = find_program(install, "aaau-server")
        self.client = find_program(install, "aaau")
        self.socket = os.path.join(directory, "s.sock")
        self.log_dir = keys.pop("log_dir", os.path.join(directory, "log"))
        self.runtime_dir = os.path.join(directory, "run")
        self.config = os.path.join(directory, "aaau.conf")
        self.stderr_path = os.path.join(directory, "stderr")
        self.child = None
        self.keys = {
            "socket": self.socket, "group": people.group, "user": people.a1.name,
            "service_user": people.service.name, "log_dir": self.log_dir, "program": "bash",
            "admin_group": people.admin_group, "readonly_group": people.readonly_group,
            "runtime_dir": self.runtime_dir, **keys}
        # A profile's program is its own; this one's runs whatever its arguments say.
        self.agents = {"second": {"user": people.a2.name, "program": "/usr/bin/env"}} \
            if agents is None else agents
        os.makedirs(directory, exist_ok=True)
        os.chmod(directory, 0o755)
        os.makedirs(self.log_dir, exist_ok=True)
        os.chmod(self.log_dir, 0o750)
        shutil.chown(self.log_dir, "root", "adm")
        os.makedirs(self.runtime_dir, exist_ok=True)
        os.chmod(self.runtime_dir, 0o755)
        self.write_config()
        self.records = Records(self.log_dir)

    # What it is made of

    @property
    def instance(self):
        return self.socket.lstrip("/").replace("/", "-")

    @property
    def instance_dir(self):
        return os.path.join(self.runtime_dir, self.instance)

    @property
    def cgroup(self):
        """The instance's cgroup directory, or None where there is none."""
        mount = cgroup2_mount()
        for base in {mount, os.path.join(mount, _own_cgroup())}:
            path = os.path.join(base, "aaau", self.instance)
            if os.path.isdir(path):
                return path
        return None

    def session_cgroups(self):
        return [name for name in os.listdir(self.cgroup)
                if os.path.isdir(os.path.join(self.cgroup, name))] if self.cgroup else []

    @property
    def monitor(self):
        return self.child.pid

    def _by_name(self, name):
        return [pid for pid in procs.processes_of(self.people.service.uid)
                if (procs.cmdline(pid) or [""])[0].rsplit("/", 1)[-1] == name]

    @property
    def broker(self):
        """The pid of the broker that is this monitor's child, or None while there is none."""
        mine = [pid for pid in self._by_name("aaau-broker")
                if int((procs.status(pid) or {"PPid": 0})["PPid"]) == self.monitor]
        return mine[0] if mine else None

    @property
    def sessions(self):
        """{session id: pid of its aaau-session}"""
        return {(procs.cmdline(pid) + ["", ""])[1]: pid for pid in self._by_name("aaau-session")}

    def stderr(self):
        """What it said; empty where a test started it in its own way."""
        if not os.path.exists(self.stderr_path):
            return ""
        with open(self.stderr_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def write_config(self):
        lines = [f"{key} = {quote(value)}" for key, value in self.keys.items()]
        for name, keys in self.agents.items():
            lines.append(f"agent {quote(name)} {{")
            lines += [f"  {key} = {quote(value)}" for key, value in keys.items()]
            lines.append("}")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        os.chmod(self.config, 0o600)

    # Its life

    def start(self, ready=True):
        with open(self.stderr_path, "ab") as errors:
            self.child = subprocess.Popen([self.program, "run", "--config", self.config],
                                          stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                                          cwd="/", env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        if ready:
            wait_for(self._ready, 10, lambda: f"the server does not accept: {self.stderr()}")
        return self

    def _ready(self):
        if self.child.poll() is not None:
            raise AssertionError(f"the server ended with {self.child.returncode}: {self.stderr()}")
        return self.answers()

    def answers(self):
        """Whether the whole server is up: the socket alone accepts before that."""
        with socket.socket(socket.AF_UNIX) as attempt:
            try:
                attempt.settimeout(10)
                attempt.connect(self.socket)
                attempt.sendall(b'AAAU/2 {"op":"list"}\n')
                return attempt.recv(65536).startswith(b'{"ok":true')
            except OSError:
                return False

    def accepts(self):
        with socket.socket(socket.AF_UNIX) as attempt:
            try:
                attempt.connect(self.socket)
                return True
            except OSError:
                return False

    def stop(self):
        """SIGTERM, then everything is looked for that should be gone."""
        if self.child is None:
            return
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
                self.wipe()
                raise AssertionError(f"SIGTERM did not end the server: {self.stderr()}") from None
        try:
            self.assert_nothing_left()
            said = self.stderr()
            assert "Sanitizer" not in said and "runtime error:" not in said, said
        finally:
            self.wipe()

    def leftovers(self):
        left = []
        for user in (self.people.service, self.people.a1, self.people.a2):
            left += [f"process {pid} of {user.name}: {procs.cmdline(pid)}"
                     for pid in procs.processes_of(user.uid)]
        if self.cgroup:
            left.append(f"cgroup {self.cgroup}")
        left += [path for path in (self.socket, self.instance_dir) if os.path.lexists(path)]
        return left

    def assert_nothing_left(self):
        """For a server that is gone: dying processes are given a moment to be reaped."""
        wait_for(lambda: not self.leftovers(), 3,
                 lambda: f"left behind: {self.leftovers()}; it said: {self.stderr()}")

    def wipe(self):
        """Whatever a failed test left, so that the next one starts clean."""
        for user in (self.people.service, self.people.a1, self.people.a2):
            procs.kill_processes_of(user.uid)
        cgroup = self.cgroup
        if cgroup:
            for folder, _, _ in os.walk(cgroup, topdown=False):
                wait_for(lambda folder=folder: _rmdir(folder), 5, f"{folder} stays")
        for path in (self.socket,):
            if os.path.lexists(path):
                os.unlink(path)
        shutil.rmtree(self.instance_dir, ignore_errors=True)

    # Its users

    def aaau(self, user, *arguments, **options):
        """Runs the client as a user to its end: subprocess.CompletedProcess."""
        env = {"AAAU_SOCKET": self.socket, **options.pop("env", {})}
        return user.run(self.client, *arguments, env=env, **options)


def _rmdir(folder):
    try:
        os.rmdir(folder)
        return True
    except FileNotFoundError:
        return True
    except OSError:
        return False
