"""Fixtures: people, a server of one's own for every test, and terminals.

Run by `make test`, or `pytest tests/integration` as root with a staged install (`make stage`, or
AAAU_PREFIX). As an ordinary user only what needs no server runs; the rest is skipped and counted.
"""

import os
import shutil
import signal
import sys
import tempfile

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from aaau_harness.clients import V1Client, V2Client, connect_as  # noqa: E402
from aaau_harness.server import Server, cgroup2_mount, copy_install, prefix  # noqa: E402
from aaau_harness.terminal import Terminal  # noqa: E402
from aaau_harness.users import People  # noqa: E402


# Run by nohup(1) or the like, servers and clients would ignore it as we do.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_configure(config):
    config.addinivalue_line("markers", "heavy: takes many seconds or much of the machine")
    config.addinivalue_line("markers", "quick: the part that sanitizer builds run, too")
    config.addinivalue_line("markers", "agents: needs the real agents' programs")


def pytest_terminal_summary(terminalreporter):
    """One line with the counts, also where everything is quiet."""
    count = {key: len(terminalreporter.stats.get(key, []))
             for key in ("passed", "failed", "error", "skipped")}
    terminalreporter.write_line(
        "integration: {passed} passed, {failed} failed, {error} errors, {skipped} skipped"
        .format(**count))


@pytest.fixture(scope="session")
def directory():
    """Where everything of this run lies. Not below a home: every user has to get there."""
    path = tempfile.mkdtemp(prefix=f"aaaut{os.getpid()}-", dir="/tmp")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def install(directory):
    if os.geteuid() != 0:
        pytest.skip("needs root: users, cgroups")
    if not cgroup2_mount():
        pytest.skip("needs a cgroup v2 mount")
    path = copy_install(os.path.join(directory, "install"))
    if not path:
        pytest.skip(f"no staged install in {prefix()}: make stage")
    return path


@pytest.fixture(scope="session")
def agents(directory):
    """agents("facts", "x") is the command line of one of our agents, which every user can run."""
    place = os.path.join(directory, "agents")
    shutil.copytree(os.path.join(os.path.dirname(os.path.abspath(__file__)), "agents"), place)
    os.chmod(place, 0o755)
    return lambda name, *args: ["/usr/bin/python3", os.path.join(place, name + ".py"), *args]


@pytest.fixture(scope="session")
def people(install, directory):
    """Real users, made once a run."""
    homes = os.path.join(directory, "homes")
    os.mkdir(homes, 0o755)
    made = People(f"aaaut{os.getpid()}", homes)
    yield made
    made.remove()


@pytest.fixture
def make_server(people, install, directory, request):
    """make_server(key=value …) starts a server; all are stopped and looked after at the end."""
    made = []

    def make(start=True, **keys):
        place = tempfile.mkdtemp(prefix="server-", dir=directory)
        server = Server(people, install, place, **keys)
        made.append(server)
        return server.start() if start else server
    yield make
    failures = []
    for server in made:
        try:
            server.stop()
        except AssertionError as error:
            failures.append(str(error))
    assert not failures, "\n".join(failures)


@pytest.fixture
def server(make_server):
    return make_server()


@pytest.fixture
def v1(server, people):
    """v1(user, first_line) and v1.start(user, program, *args): version 1 connections."""
    return _Opener(server, V1Client)


@pytest.fixture
def v2(server, people):
    """v2(user, op=…), v2.start(user, *argv), v2.attach(user, id), v2.call(user, op=…)."""
    return _Opener(server, V2Client)


class _Opener:
    """A client class bound to a server's socket."""

    def __init__(self, server, client):
        self.server = server
        self.client = client

    def __call__(self, user, *args, **options):
        return self.client(user, self.server.socket, *args, **options)

    def __getattr__(self, name):
        method = getattr(self.client, name)
        return lambda user, *args, **options: method(user, self.server.socket, *args, **options)


@pytest.fixture
def raw(server):
    """raw(user): a bare connected socket."""
    return lambda user, count=1: connect_as(user, server.socket, count)


@pytest.fixture
def terminal(server):
    """terminal(user, "claude" …): the client aaau on a PTY, with a drawn screen."""
    opened = []

    def open_terminal(user, *arguments, env=None, **options):
        one = Terminal(user, [server.client, *arguments],
                       env={"AAAU_SOCKET": server.socket, **(env or {})}, **options)
        opened.append(one)
        return one
    yield open_terminal
    for one in opened:
        one.close()


@pytest.fixture
def as_user(server):
    """as_user(alice).aaau("run", "--", "id")"""
    class Acting:
        def __init__(self, user):
            self.user = user

        def aaau(self, *arguments, **options):
            return server.aaau(self.user, *arguments, **options)
    return Acting
