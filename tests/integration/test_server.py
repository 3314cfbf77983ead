"""aaau-server: run and doctor; its configuration, daemon mode, lock, readiness."""

import os
import signal
import socket
import subprocess

import pytest

from aaau_harness import procs
from aaau_harness.clients import V2Client
from aaau_harness.wait import wait_for


def run(server, *arguments, **options):
    options.setdefault("timeout", 30)
    return subprocess.run([server.program, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          **options)


# Configuration


@pytest.mark.quick
@pytest.mark.parametrize("line,wanted", [
    ('sokcet = "/x"', "sokcet"), ("max_sessions = many", "max_sessions"), ("max_sessions = -1", "max_sessions"),
    ('umask = "0888"', "umask"), ('ring_size = "12"', "ring_size"), ('group = "no-such-group-here"', "no-such-group-here"),
    ('user = "no-such-user-here"', "no-such-user-here"), ('service_user = "no-such-user-here"', "no-such-user-here"),
    ('agent "x" { usr = "y" }', "usr"), ('agent "x" { user = "no-such-user-here" }', "no-such-user-here"),
    ('agent "x" { rlimits = {"nofle=3"} }', "nofle"), ('user = "root"', "root"), ("socket = {", ""), ("}", ""),
    ('socket = "relative.sock"', "relative.sock")])
def test_a_mistake_in_the_configuration_is_named_with_file_and_line(make_server, people, line, wanted):
    server = make_server(start=False)
    with open(server.config, "a", encoding="utf-8") as file:
        file.write("\n" + line + "\n")
    with open(server.config, encoding="utf-8") as file:
        number = len(file.read().splitlines())
    done = run(server, "run", "--config", server.config)
    assert done.returncode != 0
    assert wanted in done.stderr
    assert f"{server.config}:{number}" in done.stderr or f"{server.config}:{number - 1}" in done.stderr \
        or f"{server.config}:{number + 1}" in done.stderr, done.stderr
    assert server.leftovers() == []


@pytest.mark.quick
def test_a_configuration_that_others_can_write_is_refused(make_server, people):
    server = make_server(start=False)
    os.chmod(server.config, 0o666)
    done = run(server, "run", "--config", server.config)
    assert done.returncode != 0 and server.config in done.stderr
    os.chmod(server.config, 0o600)
    os.chown(server.config, people.alice.uid, 0)
    done = run(server, "run", "--config", server.config)
    assert done.returncode != 0 and server.config in done.stderr


@pytest.mark.quick
def test_a_missing_configuration_file_is_named(make_server):
    server = make_server(start=False)
    done = run(server, "run", "--config", server.config + ".none")
    assert done.returncode != 0 and server.config + ".none" in done.stderr


@pytest.mark.quick
def test_run_is_for_root(make_server, people):
    server = make_server(start=False)
    done = people.alice.run(server.program, "run", "-s", os.path.join(people.alice.home, "s"))
    assert done.returncode != 0 and "root" in done.stderr


def test_options_of_the_command_line_win_over_the_file(make_server, people):
    server = make_server(start=False)
    other = server.socket + "2"
    server.child = subprocess.Popen([server.program, "run", "--config", server.config, "-s", other, "-p", "echo from-p",
                                     "-u", people.a2.name], stdin=subprocess.DEVNULL)
    server.socket = other
    wait_for(server.accepts)
    with V2Client(people.alice, other, op="new") as client:
        assert client.answered()["ok"]
        client.end()
        assert client.output == b"from-p\r\n"


# Its life as a process


@pytest.mark.quick
def test_a_second_server_on_the_same_socket_is_refused(server):
    done = run(server, "run", "--config", server.config)
    assert done.returncode != 0 and str(server.monitor) in done.stderr, done.stderr
    assert server.accepts()


def test_a_stale_socket_and_lock_file_do_not_matter(make_server, people):
    """The lock is the kernel's: it is gone with its holder, whatever the file says."""
    server = make_server(start=False)
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(server.socket)
    os.makedirs(server.instance_dir)
    with open(os.path.join(server.instance_dir, "lock"), "w", encoding="ascii") as file:
        file.write("1\n")
    server.start()
    assert V2Client.call(people.alice, server.socket, op="list")["ok"]


def test_a_file_that_is_no_socket_is_not_removed(make_server):
    server = make_server(start=False)
    with open(server.socket, "w", encoding="ascii") as file:
        file.write("precious")
    done = run(server, "run", "--config", server.config)
    assert done.returncode != 0 and server.socket in done.stderr
    with open(server.socket, encoding="ascii") as file:
        assert file.read() == "precious"
    os.unlink(server.socket)


@pytest.mark.quick
def test_the_daemon_accepts_when_its_parent_exits(make_server, people):
    server = make_server(start=False)
    lock = os.path.join(server.directory, "my.lock")
    done = run(server, "run", "--config", server.config, "-d", "--lock-file", lock)
    assert done.returncode == 0, done.stderr
    assert V2Client.call(people.alice, server.socket, op="list")["ok"]
    with open(lock, encoding="ascii") as file:
        pid = int(file.read())
    assert procs.cmdline(pid)[0].endswith("aaau-monitor")
    assert os.getsid(pid) != os.getsid(0) and procs.status(pid)["PPid"] != str(os.getpid())
    refused = run(server, "run", "--config", server.config, "-d", "--lock-file", lock)
    assert refused.returncode != 0 and refused.stderr
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not procs.alive(pid), 15)
    server.assert_nothing_left()


def test_a_daemon_that_cannot_start_says_so_and_fails(make_server):
    server = make_server(start=False)
    with open(server.config, "a", encoding="utf-8") as file:
        file.write("bad = 1\n")
    done = run(server, "run", "--config", server.config, "-d")
    assert done.returncode != 0 and "bad" in done.stderr


def test_readiness_is_told_to_systemd(make_server, people):
    server = make_server(start=False)
    address = os.path.join(server.directory, "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(address)
        notify.settimeout(10)
        server.child = subprocess.Popen([server.program, "run", "--config", server.config],
                                        env={"NOTIFY_SOCKET": address, "PATH": "/usr/bin:/bin"})
        told = b""
        while b"READY=1" not in told:
            told += notify.recv(4096) + b"\n"
        assert V2Client.call(people.alice, server.socket, op="list")["ok"]
        if b"MAINPID=" in told:
            assert int(told.split(b"MAINPID=")[1].split()[0]) == server.child.pid


def test_socket_activation(make_server, people):
    """The listening socket comes from outside, as descriptor 3."""
    server = make_server(start=False)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(server.socket)
        os.chown(server.socket, 0, people.gid)
        os.chmod(server.socket, 0o660)
        listening.listen(100)

        def activate():
            os.dup2(listening.fileno(), 3)
            os.set_inheritable(3, True)
            os.environ["LISTEN_PID"] = str(os.getpid())
        # The environment has to name the child's own pid: a shell knows it.
        server.child = subprocess.Popen(
            ["sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "sh", server.program, "run", "--config",
             server.config], preexec_fn=activate, close_fds=False, env={"PATH": "/usr/bin:/bin"})
        answer = V2Client.call(people.alice, server.socket, op="list")
        assert answer["ok"]
        with V2Client.start(people.alice, server.socket, "env") as client:
            client.end()
            assert b"LISTEN" not in client.output
        server.child.send_signal(signal.SIGTERM)
        server.child.wait(15)
        # The socket is whoever passed it; it may stay.
    if os.path.lexists(server.socket):
        os.unlink(server.socket)


def test_descriptors_and_environment_of_the_caller_go_no_further(make_server, people, agents):
    """The original leaks root's environment and other sessions' masters into agents."""
    from aaau_harness.agent import report
    server = make_server(start=False)
    leak = os.open("/etc/shadow", os.O_RDONLY)
    os.set_inheritable(leak, True)
    server.child = subprocess.Popen([server.program, "run", "--config", server.config], close_fds=False,
                                    env={"SECRET": "s3cret", "PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": "/nowhere"})
    os.close(leak)
    wait_for(server.accepts)
    found, session = report(server, people.alice, "FACTS", agents("facts"))
    assert "SECRET" not in found["environment"] and set(found["descriptors"]) == {"0", "1", "2"}
    with V2Client.start(people.alice, server.socket, "sleep", "1000") as client:
        for pid in (server.monitor, server.broker, server.sessions[client.session]):
            assert not [to for to in procs.descriptors(pid).values() if "shadow" in to], procs.cmdline(pid)
            with open(f"/proc/{pid}/environ", "rb") as file:
                assert b"s3cret" not in file.read(), procs.cmdline(pid)
    assert session


def test_two_servers_at_once_need_only_different_sockets(make_server, people):
    one, two = make_server(), make_server()
    with V2Client.start(people.alice, one.socket, "cat"), V2Client.start(people.alice, two.socket, "cat"):
        for server in (one, two):
            assert len(V2Client.call(people.alice, server.socket, op="list")["sessions"]) == 1
        # The users are shared between the two, so the first's end is looked at by hand.
        one.child.send_signal(signal.SIGTERM)
        assert one.child.wait(15) == 0
        one.child = None
        assert not os.path.exists(one.socket) and one.cgroup is None
        assert len(V2Client.call(people.alice, two.socket, op="list")["sessions"]) == 1


def test_a_socket_in_a_directory_of_somebody_else_is_refused(make_server, people):
    server = make_server(start=False)
    done = run(server, "run", "--config", server.config, "-s", os.path.join(people.alice.home, "s"))
    assert done.returncode != 0 and people.alice.home in done.stderr


# doctor; init and deinit are tested by tests/unit/server/test_commands.py


def test_doctor_finds_nothing_wrong_with_a_good_installation_and_names_defects(make_server, people):
    server = make_server()
    done = run(server, "doctor", "--config", server.config)
    assert done.returncode == 0, done.stdout + done.stderr
    server.stop()
    os.chmod(server.log_dir, 0o777)
    os.chmod(people.a1.home, 0o777)
    done = run(server, "doctor", "--config", server.config)
    os.chmod(people.a1.home, 0o2750)
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert server.log_dir in said and people.a1.home in said and "chmod" in said


@pytest.mark.quick
def test_usage(make_server):
    server = make_server(start=False)
    for arguments in ([], ["dance"], ["run", "--no-such-option"], ["init", "extra"]):
        done = run(server, *arguments)
        assert done.returncode == 64 and done.stderr, arguments
    for arguments in (["--help"], ["--version"], ["run", "--help"], ["init", "--help"]):
        done = run(server, *arguments)
        assert done.returncode == 0 and done.stdout, arguments
