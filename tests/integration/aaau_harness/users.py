"""Users and groups of a test run, made under unique names and always removed again."""

import atexit
import grp
import os
import pwd
import shutil
import subprocess

from .procs import kill_processes_of
from .wait import wait_for


def _run(*command):
    """shadow's tools give up (10) where another has the lock: ask again."""
    def attempt():
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode in (1, 10) and ("lock" in done.stderr or "try again" in done.stderr):
            return None
        return done
    done = wait_for(attempt, 30, f"{command[0]} never got the lock")
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")


class User:
    """One user: who it is, and how to be it."""

    def __init__(self, name, role):
        entry = pwd.getpwnam(name)
        self.name = name
        self.role = role
        self.uid = entry.pw_uid
        self.gid = entry.pw_gid
        self.home = entry.pw_dir
        self.groups = os.getgrouplist(name, entry.pw_gid)

    def __repr__(self):
        return f"<{self.role} {self.name} uid {self.uid}>"

    def environment(self, **extra):
        base = {"HOME": self.home, "USER": self.name, "LOGNAME": self.name, "SHELL": "/bin/sh",
                "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "xterm-256color"}
        base.update(extra)
        return base

    def become(self):
        """In a forked child: gives up root for good."""
        os.setgroups(self.groups)
        os.setresgid(self.gid, self.gid, self.gid)
        os.setresuid(self.uid, self.uid, self.uid)

    def run(self, *command, **options):
        """subprocess.run as this user, text, captured, without our environment."""
        options.setdefault("capture_output", True)
        options.setdefault("text", True)
        options.setdefault("timeout", 60)
        options.setdefault("cwd", "/")
        if "input" not in options:
            options.setdefault("stdin", subprocess.DEVNULL)
        env = self.environment(**options.pop("env", {}))
        return subprocess.run(command, user=self.uid, group=self.gid, extra_groups=self.groups,
                              env=env, **options)

    def popen(self, *command, **options):
        options.setdefault("cwd", "/")
        env = self.environment(**options.pop("env", {}))
        return subprocess.Popen(command, user=self.uid, group=self.gid, extra_groups=self.groups,
                                env=env, **options)


class People:
    """Everybody a test needs. Roles are attributes: people.alice, people.a1, …

    alice, bob   members of the authorized group, uid >= 1000: interactive
    carol        also in the read-only group
    dan          also in the admin group
    svc          a member with a system uid: admin
    eve          a stranger
    a1, a2       agent users (a2 is a member of the authorized group, as the original made it)
    service      what broker and sessions run as
    """

    HUMANS = {"alice": ["group"], "bob": ["group"], "carol": ["group", "readonly"],
              "dan": ["group", "admin"], "eve": []}

    def __init__(self, prefix, home_root):
        self.prefix = prefix
        self.home_root = home_root
        self._users = []
        self._groups = []
        atexit.register(self.remove)
        try:
            self._make()
        except BaseException:
            self.remove()
            raise

    def _make(self):
        self.group = self._group("grp")
        self.admin_group = self._group("adm")
        self.readonly_group = self._group("ro")
        by_role = {"group": self.group, "admin": self.admin_group, "readonly": self.readonly_group}
        for role, groups in self.HUMANS.items():
            self._user(role, [by_role[g] for g in groups])
        self._user("svc", [self.group], system=True)
        self._user("a1", [], system=True)
        self._user("a2", [self.group], system=True)
        self._user("service", [], system=True)
        for agent in (self.a1, self.a2):
            os.mkdir(agent.home, 0o750)
            os.chown(agent.home, agent.uid, grp.getgrnam(self.group).gr_gid)
            os.chmod(agent.home, 0o2750)
        for role in self.HUMANS:
            human = getattr(self, role)
            os.mkdir(human.home, 0o700)
            os.chown(human.home, human.uid, human.gid)

    def _group(self, role):
        name = self.prefix + role
        self._groups.append(name)
        _run("groupadd", "-r", name)
        return name

    def _user(self, role, groups, system=False):
        name = self.prefix + role
        home = os.path.join(self.home_root, role)
        self._users.append(name)
        command = ["useradd", "-M", "-U", "-d", home, "-s", "/bin/sh"]
        if system:
            command.append("-r")
        if groups:
            command += ["-G", ",".join(groups)]
        _run(*command, name)
        setattr(self, role, User(name, role))

    @property
    def gid(self):
        return grp.getgrnam(self.group).gr_gid

    def all(self):
        return [getattr(self, role) for role in (*self.HUMANS, "svc", "a1", "a2", "service")
                if hasattr(self, role)]

    def remove(self):
        """Every user and group that was begun, whatever happened."""
        atexit.unregister(self.remove)
        for user in self.all():
            kill_processes_of(user.uid)
        for name in reversed(self._users):
            subprocess.run(["userdel", name], capture_output=True)
        for name in reversed(self._groups):
            subprocess.run(["groupdel", name], capture_output=True)
        left = [n for n in self._users if _known(pwd.getpwnam, n)]
        left += [n for n in self._groups if _known(grp.getgrnam, n)]
        for name in left:
            wait_for(lambda name=name: _drop(name), 30, f"{name} could not be removed")
        self._users.clear()
        self._groups.clear()
        shutil.rmtree(self.home_root, ignore_errors=True)


def _known(lookup, name):
    try:
        lookup(name)
        return True
    except KeyError:
        return False


def _drop(name):
    """Another run may have held the lock of /etc/passwd."""
    subprocess.run(["userdel", name], capture_output=True)
    subprocess.run(["groupdel", name], capture_output=True)
    return not _known(pwd.getpwnam, name) and not _known(grp.getgrnam, name)
