"""What an agent is given, and what it can do to anybody: attempts, really made, with its own uid."""

import ctypes
import os
import signal
import struct
import uuid

import pytest

from aaau_harness import procs
from aaau_harness.agent import report, running
from aaau_harness.clients import V2Client
from aaau_harness.terminal import Terminal
from aaau_harness.wait import wait_for

DENIED = {"EPERM", "EACCES", "ENOENT", "ESRCH", "ENXIO", "EIO", "ENODEV", "ECONNREFUSED"}


def all_denied(results, allowed=()):
    open_doors = {name: result for name, result in results.items()
                  if result not in DENIED and not any(word in name for word in allowed)}
    assert not open_doors, open_doors


@pytest.fixture
def facts(server, people, agents):
    found, session = report(server, people.alice, "FACTS", agents("facts", "x y", ""), rows=33, cols=99)
    found["session"] = session
    return found


def landlock_abi():
    """6: processes of one user can be kept apart."""
    return ctypes.CDLL(None).syscall(444, None, 0, 1)


# What it is given


@pytest.mark.quick
def test_it_has_its_own_uid_and_groups_and_not_the_authorized_one(facts, people):
    assert facts["uids"] == [people.a1.uid] * 3
    assert facts["gids"] == [people.a1.gid] * 3
    assert set(facts["groups"]) <= {people.a1.gid}


def test_an_agent_user_in_the_authorized_group_runs_without_it(server, people, agents):
    found, _ = report(server, people.alice, "FACTS", agents("facts"), agent="second")
    assert found["uids"] == [people.a2.uid] * 3
    assert people.gid not in found["groups"] and people.gid not in found["gids"]


@pytest.mark.quick
def test_it_cannot_gain_privileges(facts):
    assert facts["no_new_privs"] == "1"
    assert set(facts["capabilities"].values()) == {"0" * 16}


@pytest.mark.quick
def test_its_environment_is_made_from_scratch(facts, people):
    environment = facts["environment"]
    home = people.a1.home
    wanted = {"HOME": home, "USER": people.a1.name, "LOGNAME": people.a1.name, "SHELL": "/bin/sh",
              "PATH": f"{home}/.local/bin:{home}/bin:/usr/local/bin:/usr/bin:/bin",
              "TERM": "xterm-256color", "TERM_PROGRAM": "aaau", "AAAU_SESSION": facts["session"],
              "SESSION_ID": facts["session"]}
    environment.pop("LC_CTYPE", None)       # Python's own
    assert environment == wanted


@pytest.mark.quick
def test_it_has_no_descriptor_but_its_terminal(facts):
    assert set(facts["descriptors"]) == {"0", "1", "2"}
    assert len(set(facts["descriptors"].values())) == 1


@pytest.mark.quick
def test_it_leads_its_own_session_on_its_own_terminal(facts):
    assert facts["sid"] == facts["pid"] == facts["pgrp"] == facts["foreground"]
    assert facts["size"] == [99, 33]
    assert facts["argv"] == ["x y", ""]


@pytest.mark.quick
def test_its_terminal_is_its_own_with_mode_0620(facts, people):
    assert facts["tty"]["mode"] == 0o620
    assert facts["tty"]["uid"] == people.a1.uid
    assert len([name for name in facts["pts"] if name != "ptmx"]) == 1


@pytest.mark.quick
def test_its_umask_home_and_signals(facts, people):
    assert facts["umask"] == 0o027
    assert facts["cwd"] == people.a1.home
    assert facts["home_mode"] == 0o2750
    # Python itself ignores SIGPIPE (13) and SIGXFSZ (25).
    assert int(facts["signals"]["SigIgn"], 16) & ~(1 << 12 | 1 << 24) == 0
    assert int(facts["signals"]["SigBlk"], 16) == 0


def test_what_it_makes_in_its_home_can_be_read_by_the_humans_and_not_written(server, people):
    with V2Client.start(people.alice, server.socket, "bash", "-c", "mkdir -p d; echo made > d/f") as client:
        assert client.end()["exit_status"] == 0
    made = os.path.join(people.a1.home, "d", "f")
    assert people.alice.run("cat", made).stdout == "made\n"
    assert people.alice.run("sh", "-c", f"echo x >> {made}").returncode != 0
    assert people.eve.run("cat", made).returncode != 0


def test_profiles_set_umask_limits_environment_groups_and_path(make_server, people, agents):
    server = make_server(agents={"tuned": {
        "user": people.a2.name, "umask": "0077", "rlimits": ["nofile=77", "core=0"], "env": ["A=b c", "TERM=dumb"],
        "groups": [people.readonly_group], "path": "$HOME/x:/usr/bin", "program": "/usr/bin/env"}})
    import grp
    found, _ = report(server, people.alice, "FACTS", agents("facts"), agent="tuned", env={"TERM": "foot"})
    assert found["umask"] == 0o077
    assert found["nofile"] == [77, 77] and found["core"] == [0, 0]
    assert found["environment"]["A"] == "b c"
    assert found["environment"]["TERM"] == "dumb", "the server's own values win"
    assert found["environment"]["PATH"] == f"{people.a2.home}/x:/usr/bin"
    assert set(found["groups"]) - {people.a2.gid} == {grp.getgrnam(people.readonly_group).gr_gid}


# What it can do to the processes that hold it


@pytest.mark.quick
@pytest.mark.parametrize("profile", [None, "second"])
def test_it_cannot_signal_trace_or_read_session_broker_monitor_or_client(server, people, agents, profile):
    with V2Client.start(people.alice, server.socket, "sleep", "1000") as other, \
            Terminal(people.alice, [server.client, "attach", other.session],
                     env={"AAAU_SOCKET": server.socket}) as human:
        session = server.sessions[other.session]
        agent_of_other = [p for p in procs.processes_of(people.a1.uid) if "sleep" in procs.cmdline(p)]
        human.wait_until(lambda: V2Client.call(people.alice, server.socket, op="status",
                                               session=other.session)["session"]["operators"] == 2)
        targets = [server.monitor, server.broker, session, human.pid, os.getpid()]
        if profile == "second":
            targets += agent_of_other       # another agent user's agent, too
        results, own = report(server, people.bob, "ATTACK", agents("attack", "process", *map(str, targets)),
                              agent=profile)
        assert len(results) > 20 * len(targets)
        all_denied(results)
        for pid in targets:
            assert procs.alive(pid)
        assert own != other.session


@pytest.mark.skipif(landlock_abi() < 6, reason="this kernel cannot keep one user's processes apart (Linux 6.12)")
def test_it_cannot_signal_trace_or_read_another_session_of_its_own_user(server, people, agents):
    """What the kernel still allows among processes of one uid: limits, niceness, the names of things."""
    with V2Client.start(people.alice, server.socket, "sleep", "1000"):
        other, = [p for p in procs.processes_of(people.a1.uid) if "sleep" in procs.cmdline(p)]
        results, _ = report(server, people.bob, "ATTACK", agents("attack", "process", str(other)))
        for mild in ("fd", "limits", "oom", "priority"):
            results.pop(f"{other} {mild}")
        all_denied(results)
        assert procs.alive(other)


def test_it_cannot_trace_or_read_its_own_session_process(server, people, agents):
    client = V2Client.start(people.alice, server.socket, "bash")
    with client:
        client.type(" ".join(agents("attack", "process", str(server.sessions[client.session]))) + "\r")
        from aaau_harness.agent import marked
        client.expect("ATTACK{")
        all_denied(marked(b"ATTACK{" + client.expect("END", 30), "ATTACK"))


@pytest.mark.quick
@pytest.mark.parametrize("profile", [None, "second"])
def test_it_cannot_open_another_sessions_terminal(server, people, agents, profile):
    """Of another agent user: by no way. Of the same one: not by name, which the private /dev/pts hides, and
    where the kernel can keep one user's processes apart (Linux 6.12) not through /proc either."""
    with V2Client.start(people.alice, server.socket, "sleep", "1000"), \
            V2Client.start(people.bob, server.socket, "sleep", "1000"), \
            Terminal(people.alice, ["cat"]):
        results, _ = report(server, people.bob, "ATTACK", agents("attack", "terminals"), agent=profile)
        if profile is None and landlock_abi() < 6:
            results = {name: what for name, what in results.items() if not name.startswith("/proc")}
        assert results == {}


@pytest.mark.quick
@pytest.mark.parametrize("profile", [None, "second"])
def test_it_cannot_connect_to_the_servers_sockets(server, people, agents, profile):
    with V2Client.start(people.alice, server.socket, "sleep", "1000") as other:
        sockets = [os.path.join(server.instance_dir, "sessions", other.session)]
        if profile is None:
            sockets.append(server.socket)
        results, _ = report(server, people.bob, "ATTACK", agents("attack", "connect", *sockets), agent=profile)
        all_denied(results)
    # In the session the agent is not in the group even where its user is.
    results, _ = report(server, people.bob, "ATTACK", agents("attack", "connect", server.socket), agent=profile)
    all_denied(results)


def test_it_cannot_open_records_configuration_lock_or_cgroup(server, people, agents):
    with V2Client.start(people.alice, server.socket, "sleep", "1000") as other:
        base = os.path.join(server.cgroup, other.session)
        paths = [server.records.path(other.session), os.path.join(server.log_dir, "server.jsonl"), server.config,
                 os.path.join(server.instance_dir, "lock"), os.path.join(people.alice.home, ".profile")]
        results, _ = report(server, people.alice, "ATTACK", agents("attack", "open", *paths))
        all_denied(results)
        files = [os.path.join(base, part, name) for part in ("agent", "supervisor")
                 for name in ("cgroup.procs", "cgroup.kill", "cgroup.freeze")]
        results, _ = report(server, people.alice, "ATTACK", agents("attack", "open", *files))
        all_denied({name: result for name, result in results.items() if name.endswith(" w")})


def test_tiocsti_reaches_nobodys_terminal(server, people, agents, directory):
    """A shell of alice's runs the client; the agent pushes a command into every terminal it has."""
    proof = os.path.join(people.alice.home, "proof")
    argv = agents("attack", "tiocsti", f"touch {proof}\n")
    quoted = " ".join("'" + part.replace("\n", "'$'\\n''") + "'" for part in argv)
    with Terminal(people.alice, ["bash", "--norc"], env={"AAAU_SOCKET": server.socket, "PS1": "ready> "},
                  cols=120) as shell:
        shell.wait("ready>")
        shell.line(f"{server.client} run -- {quoted}; echo 'over='$?")
        shell.wait("over=0")
        shell.line("echo next-$((40+2))")
        shell.wait("^next-42")
        assert not os.path.exists(proof)
        assert "touch: " not in shell.text()


# What it leaves


@pytest.mark.quick
@pytest.mark.parametrize("how", ["exit", "kill"])
def test_no_descendant_survives_its_session(server, people, agents, how):
    """setsid, double fork, every signal ignored, the terminal kept or given up: sixteen kinds."""
    client, pids = running(server, people.alice, "DAEMONS",
                           agents("daemons", *(["wait"] if how == "kill" else [])))
    with client:
        assert len(pids) == 16
        if how == "kill":
            assert all(procs.alive(pid) for pid in pids)
            client.frame("k")
        client.end()
        assert not [pid for pid in pids if procs.alive(pid)]
    wait_for(lambda: not server.session_cgroups(), what="cgroups stay")


def test_a_fork_storm_dies_with_its_session(server, people):
    """Children that fork while they are being killed."""
    bomb = "f() { while :; do (f) & done; }; trap '' HUP TERM; " \
           "for i in $(seq 20); do (setsid bash -c 'while :; do sleep 0.01 & done' &) ; done; echo GO; sleep 1000"
    with V2Client.start(people.alice, server.socket, "bash", "-c", bomb) as client:
        client.expect("GO")
        client.frame("k")
        assert client.end(30)["reason"] == "killed"
    assert procs.processes_of(people.a1.uid) == []


def test_nothing_of_the_agent_is_left_when_its_session_process_is_killed(server, people, agents):
    client, pids = running(server, people.alice, "DAEMONS", agents("daemons", "wait"))
    with client:
        os.kill(server.sessions[client.session], signal.SIGKILL)
        client.until_closed()
        wait_for(lambda: not [pid for pid in pids if procs.alive(pid)], what="the agent survives")
        wait_for(lambda: not server.session_cgroups(), what="cgroups stay")

    def recorded():
        return [e for e in server.records.server() if e["command_type"] == "session_lost"]
    wait_for(recorded, what="session_lost in the record")


# A broker turned bad


def steal_monitor_socket(server):
    """The broker's end of its socket to the monitor, as an attacker in the broker would have it."""
    import socket
    pidfd = os.pidfd_open(server.broker)
    fd = ctypes.CDLL(None, use_errno=True).syscall(438, pidfd, 3, 0)
    os.close(pidfd)
    assert fd >= 0
    return socket.socket(fileno=fd)


def request(kind, profile=0, session=b"\0" * 16, rows=0, cols=0, reserved=0):
    return struct.pack("<II16sHHI", kind, profile, session, rows, cols, reserved)


ID = uuid.uuid4().bytes
BAD_REQUESTS = {
    "garbage": os.urandom(32), "one byte": b"\1", "too long": request(2) + b"x", "huge": b"A" * 65536,
    "unknown type": request(77), "type 0": request(0),
    "spawn without descriptors": request(2, 0, ID, 24, 80),
    "spawn of profile 64": request(2, 64, ID, 24, 80), "spawn of profile -1": request(2, 0xffffffff, ID, 24, 80),
    "ready twice": request(1), "reserved bits": request(3, 0, ID, 0, 0, 1),
    "kill with a size": request(3, 0, ID, 24, 80), "kill of no uuid": request(3, 0, b"\xff" * 16),
    "kill of an unknown session": request(3, 0, ID)}


@pytest.mark.parametrize("what", BAD_REQUESTS)
def test_a_broker_that_sends_garbage_gets_nothing_from_the_monitor(server, people, what):
    with V2Client.start(people.alice, server.socket, "cat") as client:
        before = server.broker
        monitor = server.monitor
        with steal_monitor_socket(server) as stolen:
            try:
                stolen.send(BAD_REQUESTS[what])
            except (BrokenPipeError, ConnectionResetError):
                pass
            if what != "kill of an unknown session":      # a race, and nothing bad
                wait_for(lambda: server.broker not in (None, before), what="a new broker")
        assert server.monitor == monitor and server.child.poll() is None
        wait_for(server.accepts)
        client.type("still\r")
        client.expect("still\r\nstill\r\n")
        assert wait_for(lambda: V2Client.call(people.alice, server.socket, op="list")["sessions"])[0]["id"] == \
            client.session
        assert set(server.session_cgroups()) == {client.session}


@pytest.mark.parametrize("what", ["spawn with foreign descriptors", "spawn of profile 99", "spawn of a size of 0",
                                  "spawn of an id in use", "spawn of a false uuid"])
def test_a_broker_cannot_spawn_what_is_not_configured(server, people, what):
    """Nothing that the broker says names a uid; what it can say wrong gets nothing started."""
    import array
    import socket
    with V2Client.start(people.alice, server.socket, "cat") as client:
        before = server.broker
        in_use = uuid.UUID(client.session).bytes
        message = {"spawn with foreign descriptors": request(2, 0, ID, 24, 80),
                   "spawn of profile 99": request(2, 99, ID, 24, 80),
                   "spawn of a size of 0": request(2, 0, ID, 0, 80),
                   "spawn of an id in use": request(2, 0, in_use, 24, 80),
                   "spawn of a false uuid": request(2, 0, b"../../../../etc/", 24, 80)}[what]
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with open("/etc/passwd", "rb") as passwd, ours, theirs, steal_monitor_socket(server) as stolen:
            second = passwd if "foreign" in what else theirs
            stolen.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                        array.array("i", [passwd.fileno(), second.fileno()]))])
            theirs.close()
            ours.settimeout(10)
            if what in ("spawn of an id in use", "spawn with foreign descriptors"):
                # The end of the link, its failure, or the end of the broker: whatever comes, no session.
                wait_for(lambda: server.broker != before or _said(ours), what="no reaction")
            else:
                wait_for(lambda: server.broker not in (None, before), what="a new broker")
        wait_for(server.accepts)
        wait_for(lambda: set(server.session_cgroups()) == {client.session}, what="a spawned cgroup")
        assert set(server.sessions) == {client.session}
        client.type("still\r")
        client.expect("still\r\nstill\r\n")


def _said(link):
    import select
    if not select.select([link], [], [], 0)[0]:
        return False
    try:
        return link.recv(65536) is not None
    except ConnectionResetError:
        return True
