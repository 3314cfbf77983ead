"""Freeze, thaw, panic: an agent stands still when the kernel says so, and nothing of it is lost."""

import ctypes
import hashlib
import os
import select
import signal
import struct
import threading
import time

import pytest

from aaau_harness import procs
from aaau_harness.clients import V2Client, connect_as
from aaau_harness.terminal import Terminal
from aaau_harness.wait import wait_for

TICKER = "i=0; while :; do i=$((i+1)); echo $i > %s; sleep 0.02; done"


def freeze(server, user, session, **fields):
    return V2Client.call(user, server.socket, op="freeze", session=session, **fields)


def thaw(server, user, session, **fields):
    return V2Client.call(user, server.socket, op="thaw", session=session, **fields)


def state(server, user, session):
    return V2Client.call(user, server.socket, op="status", session=session)["session"]["state"]


def kernel_says(server, session):
    """What cgroup.events has of the agent: {"populated": "1", "frozen": "0"}"""
    with open(os.path.join(server.cgroup, session, "agent", "cgroup.events"), encoding="ascii") as file:
        return dict(line.split() for line in file)


def content(path):
    with open(path, "rb") as file:
        return file.read()


def stands_still(paths, seconds=0.25):
    """Nothing says that something does not happen but time."""
    before = [content(path) for path in paths]
    time.sleep(seconds)
    return [content(path) for path in paths] == before


def goes_on(path):
    before = content(path)
    wait_for(lambda: content(path) != before, what=f"{path} grows again")


def counter(people, name):
    return os.path.join(people.a1.home, f"{name}-{os.getpid()}")


def controls(server, session):
    return [(e["content"], e["user"]) for e in server.records.of(session, "control")]


@pytest.mark.quick
def test_a_busy_agent_with_children_and_daemons_stands_still_within_100_ms(server, people, agents):
    path = counter(people, "busy")
    times = []
    with V2Client.start(people.alice, server.socket, *agents("busy", path)) as client:
        client.expect("up", 30)
        for _ in range(3):      # the best: the machine has other work too
            goes_on(path)
            with connect_as(people.alice, server.socket) as order:
                request = b'AAAU/2 {"op":"freeze","session":"%s"}\n' % client.session.encode()
                begin = time.monotonic()
                order.sendall(request)
                answer = order.recv(4096)
                times.append(time.monotonic() - begin)
            # It is so at the answer, not some time after it.
            assert kernel_says(server, client.session) == {"populated": "1", "frozen": "1"}
            assert answer == b'{"ok":true,"session":"%s"}\n' % client.session.encode()
            assert stands_still([path])
            assert all(struct.unpack("=4Q", content(path)))
            assert thaw(server, people.alice, client.session)["ok"]
            assert kernel_says(server, client.session)["frozen"] == "0"
        goes_on(path)
    assert min(times) < 0.1, times


@pytest.mark.quick
def test_a_frozen_session_is_shown_so_and_by_whom(server, people):
    with V2Client.start(people.alice, server.socket, "cat", features=["notices"]) as client, \
            V2Client.attach(people.bob, server.socket, client.session, features=["freezes"]) as other:
        assert other.answer["features"] == ["freezes"]
        assert freeze(server, people.dan, client.session)["ok"]
        listed = V2Client.call(people.bob, server.socket, op="list")["sessions"]
        assert [one["state"] for one in listed] == ["frozen"]
        assert state(server, people.bob, client.session) == "frozen"
        client.frame("s")
        assert client.next("S")["state"] == "frozen"
        assert "frozen" in server.aaau(people.alice, "ls").stdout
        assert "state: frozen" in server.aaau(people.alice, "status", client.session).stdout
        assert thaw(server, people.alice, client.session)["ok"]
        assert state(server, people.bob, client.session) == "running"
        for one in (client, other):
            wait_for(lambda one=one: one.pump(lambda: sum(k == "N" for k, _ in one.frames) >= 2))
        told = [other.next("N") for _ in range(2)]
        assert told == [{"event": "freeze", "message": f"frozen by {people.dan.name}"},
                        {"event": "thaw", "message": f"thawed by {people.alice.name}"}]
        assert controls(server, client.session) == [("freeze", people.dan.name), ("thaw", people.alice.name)]


def test_what_is_typed_meanwhile_waits_and_is_recorded(server, people):
    with V2Client.start(people.alice, server.socket, "cat") as client:
        client.type("one\r")
        client.expect("one\r\none\r\n")
        freeze(server, people.alice, client.session)
        client.type("two\r")
        client.frame("p", b"?")
        assert client.next("P") == b"?"         # it has read what came before
        assert server.records.input(client.session) == b"one\rtwo\r"
        assert not select.select([client], [], [], 0.1)[0] and not client.output
        thaw(server, people.alice, client.session)
        client.expect("two\r\ntwo\r\n")


def test_more_than_can_wait_stays_with_its_sender_and_nothing_is_lost(server, people):
    size = 400000
    script = f"stty raw -echo; echo up; head -c {size} | md5sum; exit 3"
    data = os.urandom(size // 4).hex().encode()[:size]
    data += b"x" * (size - len(data))
    with V2Client.start(people.alice, server.socket, "bash", "-c", script) as client:
        client.expect("up")
        freeze(server, people.alice, client.session)
        sender = threading.Thread(target=client.type, args=[data])
        sender.start()
        wait_for(lambda: len(server.records.input(client.session)) > 16384, what="input is taken")
        assert stands_still([server.records.path(client.session)])
        assert len(server.records.input(client.session)) <= 65536
        assert thaw(server, people.alice, client.session)["ok"]
        sender.join()
        client.expect(hashlib.md5(data).hexdigest(), 30)
        assert client.end()["exit_status"] == 3
        assert server.records.input(client.session) == data


@pytest.mark.quick
def test_joining_a_frozen_session_shows_it_and_its_exit_status_is_its_own(server, people):
    with V2Client.start(people.alice, server.socket, "sh", "-c", "echo before; read x; exit 42") as client:
        client.expect("before\r\n")
        freeze(server, people.alice, client.session)
        with V2Client.attach(people.bob, server.socket, client.session, features=["notices"], rows=30, cols=90) as other:
            other.expect("before")
            assert other.next("N") == {"event": "freeze", "message": f"frozen by {people.alice.name}"}
            assert other.answer["role"] == "operator"
            other.type("go\r")
            answer = V2Client.call(people.alice, server.socket, op="detach", session=client.session)
            assert answer["detached"] == 1 and client.end()["reason"] == "detached"
            thaw(server, people.alice, client.session)
            assert other.end()["exit_status"] == 42


@pytest.mark.quick
def test_freezing_twice_is_as_good_as_once(server, people):
    with V2Client.start(people.alice, server.socket, "cat") as client:
        for _ in range(2):
            assert freeze(server, people.alice, client.session)["ok"]
        assert freeze(server, people.dan, client.session)["ok"]
        assert state(server, people.alice, client.session) == "frozen"
        with V2Client.attach(people.bob, server.socket, client.session, features=["freezes"]) as other:
            assert other.next("N")["message"] == f"frozen by {people.alice.name}"
        for _ in range(2):
            assert thaw(server, people.alice, client.session)["ok"]
        client.type("on\r")
        client.expect("on\r\non\r\n")
        # An order that changes nothing has no line.
        assert controls(server, client.session) == [("freeze", people.alice.name), ("thaw", people.alice.name)]


@pytest.mark.quick
def test_only_its_creator_and_admins_may_freeze_and_thaw(server, people):
    with V2Client.start(people.alice, server.socket, "cat") as client, \
            V2Client.attach(people.bob, server.socket, client.session), \
            V2Client.attach(people.carol, server.socket, client.session):
        for who in (people.bob, people.carol):
            for order in (freeze, thaw):
                answer = order(server, who, client.session, level="admin", uid=0)
                assert answer["error"]["code"] == "permission-denied", answer
        assert state(server, people.alice, client.session) == "running"
        assert freeze(server, people.svc, client.session)["ok"]
        assert thaw(server, people.bob, client.session)["error"]["code"] == "permission-denied"
        assert state(server, people.alice, client.session) == "frozen"
        assert thaw(server, people.dan, client.session)["ok"]
        denied = [e["user"] for e in server.records.server() if e["command_type"] == "denied"]
        assert denied.count(people.bob.name) == 3 and denied.count(people.carol.name) == 2
        done = server.aaau(people.alice, "panic", "--all")
        assert done.returncode == 255 and "administrators" in done.stderr and "aaau panic" in done.stderr
        assert state(server, people.alice, client.session) == "running"


def test_the_agent_cannot_thaw_itself(server, people):
    script = ("read x; for d in $(sed -n 's/^0:://p' /proc/self/cgroup); do "
              "for f in cgroup.freeze cgroup.procs; do (echo 0 > MOUNT$d/$f) 2>&1; done; done; echo END; exec sleep 1000")
    mount = server.cgroup.rsplit("/aaau/", 1)[0]
    with V2Client.start(people.alice, server.socket, "sh", "-c", script.replace("MOUNT", mount)) as client:
        client.type("\r")
        text = client.expect("END")
        assert text.count(b"ermission denied") == 2, text
        descriptors = procs.descriptors(server.sessions[client.session])
        assert sum("cgroup.freeze" in where for where in descriptors.values()) == 1
        assert not any("cgroup.procs" in where for where in descriptors.values())


def test_panic_freezes_ones_own_20_sessions_and_all_everyones(server, people):
    mine, others = {}, {}
    for number in range(20):
        owner, group = (people.bob, others) if number % 5 == 0 else (people.alice, mine)
        path = counter(people, f"panic{number}")
        answer = V2Client.call(owner, server.socket, op="new", program="sh", args=["-c", TICKER % path],
                               detached=True, name=f"t{number}")
        group[answer["session"]] = path
        wait_for(lambda path=path: os.path.exists(path))
    assert (len(mine), len(others)) == (16, 4)

    def states():
        return {one["id"]: one["state"] for one in V2Client.call(people.bob, server.socket, op="list")["sessions"]}
    done = server.aaau(people.alice, "panic")
    assert done.returncode == 0 and "16 sessions are frozen" in done.stderr, done.stderr
    assert states() == {**dict.fromkeys(mine, "frozen"), **dict.fromkeys(others, "running")}
    assert stands_still(mine.values())
    for path in others.values():
        goes_on(path)

    with connect_as(people.dan, server.socket) as order:
        begin = time.monotonic()
        order.sendall(b'AAAU/2 {"op":"freeze","everyone":true}\n')
        assert order.recv(4096) == b'{"ok":true,"failed":[],"done":20}\n'
        assert time.monotonic() - begin < 1
    assert set(states().values()) == {"frozen"}
    assert stands_still([*mine.values(), *others.values()])

    done = server.aaau(people.bob, "thaw", "--all")
    assert done.returncode == 0 and "4 sessions are running" in done.stderr, done.stderr
    assert states() == {**dict.fromkeys(mine, "frozen"), **dict.fromkeys(others, "running")}
    done = server.aaau(people.dan, "thaw", "--all", "-q")
    assert (done.returncode, done.stderr) == (0, "")
    assert set(states().values()) == {"running"}
    for path in [*mine.values(), *others.values()]:
        goes_on(path)
    done = server.aaau(people.dan, "panic")      # has none
    assert done.returncode == 0 and "0 sessions are frozen" in done.stderr


@pytest.mark.quick
def test_killing_a_frozen_session_needs_no_thaw(server, people, agents):
    path = counter(people, "killed")
    with V2Client.start(people.alice, server.socket, *agents("busy", path)) as client:
        client.expect("up", 30)
        freeze(server, people.alice, client.session)
        done = server.aaau(people.alice, "kill", client.session)
        assert done.returncode == 0, done.stderr
        end = client.end()
        assert (end["reason"], end["by"], end["exit_status"]) == ("killed", people.alice.name, 137)
        wait_for(lambda: not procs.processes_of(people.a1.uid), what="the frozen agent")
        wait_for(lambda: not server.session_cgroups(), what="its cgroup")


@pytest.mark.quick
def test_sigterm_ends_frozen_sessions_too(make_server, people, agents):
    server = make_server()
    clients = [V2Client.start(people.alice, server.socket, *agents("busy", counter(people, f"term{n}")))
               for n in range(3)]
    for client in clients:
        client.expect("up", 30)
    assert server.aaau(people.alice, "panic").returncode == 0
    begin = time.monotonic()
    server.stop()
    assert time.monotonic() - begin < 8         # and not by the monitor's last resort after 10 s
    for client in clients:
        assert client.end()["reason"] == "server-shutdown"
        client.close()


def test_a_frozen_agent_dies_with_its_session_process(server, people):
    with V2Client.start(people.alice, server.socket, "sleep", "1000") as client:
        freeze(server, people.alice, client.session)
        os.kill(server.sessions[client.session], signal.SIGKILL)
        wait_for(lambda: not procs.processes_of(people.a1.uid), what="the frozen agent")
        wait_for(lambda: not server.session_cgroups(), what="its cgroup")


def test_an_ended_session_cannot_be_frozen(server, people):
    with V2Client.start(people.alice, server.socket, "true", name="over") as client:
        client.end()
    for order in (freeze, thaw):
        error = order(server, people.alice, "over")["error"]
        assert error["code"] == "no-such-session" and "exited with status 0" in error["message"]
    done = server.aaau(people.alice, "freeze", "over")
    assert done.returncode == 255 and "exited" in done.stderr


@pytest.mark.quick
def test_frozen_it_survives_the_broker_and_the_monitor(server, people):
    path = counter(people, "survivor")
    with V2Client.start(people.alice, server.socket, "sh", "-c", TICKER % path) as client:
        wait_for(lambda: os.path.exists(path))
        freeze(server, people.alice, client.session)
        before = server.broker
        os.kill(before, signal.SIGKILL)
        wait_for(lambda: server.broker not in (None, before), what="a new broker")
        wait_for(server.answers, what="it answers")
        assert state(server, people.bob, client.session) == "frozen"
        os.kill(server.monitor, signal.SIGKILL)
        server.child.wait()
        server.start()
        assert state(server, people.bob, client.session) == "frozen"
        assert stands_still([path])
        assert freeze(server, people.bob, client.session)["error"]["code"] == "permission-denied"
        assert thaw(server, people.alice, client.session)["ok"]
        goes_on(path)


def test_a_session_that_does_not_answer_is_named(server, people):
    with V2Client.start(people.alice, server.socket, "cat", name="good") as good, \
            V2Client.start(people.alice, server.socket, "cat", name="mute") as mute:
        process = server.sessions[mute.session]
        os.kill(process, signal.SIGSTOP)
        try:
            done = server.aaau(people.alice, "panic", "-q")
            assert done.returncode == 255
            assert f"{mute.session} (mute) is not frozen: it is unresponsive" in done.stderr
            assert good.session not in done.stderr
            assert state(server, people.alice, "good") == "frozen"
            error = freeze(server, people.alice, "mute")["error"]
            assert error["code"] == "busy" and "aaau kill" in error["remedy"]
        finally:
            os.kill(process, signal.SIGCONT)
        # The orders stand: they are read now.
        wait_for(lambda: state(server, people.alice, "mute") == "frozen", what="the order is carried out")


class HungFileSystem:
    """A FUSE file system that answers its mount and then nothing: whoever looks into it sleeps
    uninterruptibly, as with a dead disk or server."""

    def __init__(self, path):
        self.path = path
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.device = os.open("/dev/fuse", os.O_RDWR)
        os.mkdir(path)
        options = f"fd={self.device},rootmode=40755,user_id=0,group_id=0,allow_other"
        if self.libc.mount(b"hung", path.encode(), b"fuse", 0, options.encode()) != 0:
            error = ctypes.get_errno()
            os.close(self.device)
            raise OSError(error, os.strerror(error))
        request = os.read(self.device, 1 << 17)
        unique, = struct.unpack_from("=Q", request, 8)
        body = struct.pack("=IIIIHHIIHHI28x", 7, 12, 65536, 0, 16, 12, 65536, 1, 0, 0, 0)
        os.write(self.device, struct.pack("=IiQ", 16 + len(body), 0, unique) + body)

    def asked(self):
        """Somebody looks into it."""
        return select.select([self.device], [], [], 0)[0]

    def answer_no(self):
        """Lets whoever waits go, with an error."""
        while self.asked():
            request = os.read(self.device, 1 << 17)
            opcode, unique = struct.unpack_from("=IQ", request, 4)
            if opcode not in (2, 36):       # FORGET and INTERRUPT are not answered
                os.write(self.device, struct.pack("=IiQ", 16, -5, unique))

    def close(self):
        os.close(self.device)
        self.libc.umount2(self.path.encode(), 2)
        os.rmdir(self.path)


@pytest.fixture
def hung(directory):
    try:
        one = HungFileSystem(os.path.join(directory, "hung"))
    except OSError as error:
        pytest.skip(f"needs FUSE: {error}")
    yield one
    one.close()


def test_what_the_kernel_cannot_stop_is_said_and_the_order_stands(server, people, hung):
    path = counter(people, "hung")
    script = f"cat {hung.path}/x & {TICKER % path}"
    with V2Client.start(people.alice, server.socket, "bash", "-c", script, name="stuck") as client, \
            V2Client.start(people.alice, server.socket, "cat", name="other"):
        wait_for(hung.asked, what="somebody waits for the disk")
        wait_for(lambda: os.path.exists(path))
        goes_on(path)
        begin = time.monotonic()
        done = server.aaau(people.alice, "freeze", "stuck")
        assert 1.9 < time.monotonic() - begin < 3
        assert done.returncode == 255 and "not frozen yet" in done.stderr and "the order stands" in done.stderr
        assert state(server, people.alice, "stuck") == "freezing"
        assert stands_still([path])         # all of it but the one
        done = server.aaau(people.alice, "panic")
        assert done.returncode == 255 and "1 session is frozen" in done.stderr
        assert f"{client.session} (stuck) is not frozen: it is freezing" in done.stderr
        # A thaw overtakes whoever waits for the freeze.
        assert thaw(server, people.alice, "stuck")["ok"]
        with V2Client(people.alice, server.socket, op="freeze", session="stuck") as waiting:
            wait_for(lambda: state(server, people.alice, "stuck") == "freezing")
            assert thaw(server, people.dan, "stuck")["ok"]
            error = waiting.answered()["error"]
            assert error["code"] == "busy" and "thawed the session before" in error["message"]
        goes_on(path)
        # And when the kernel can, it is so, and said to all.
        assert not freeze(server, people.alice, "stuck")["ok"]
        with V2Client.attach(people.bob, server.socket, "stuck", features=["notices"]) as other:
            hung.answer_no()
            assert other.next("N")["event"] == "freeze"
        assert state(server, people.alice, "stuck") == "frozen"
        client.frame("k")
        assert client.end()["reason"] == "killed"


def test_a_human_at_a_frozen_terminal_is_told(server, people):
    with Terminal(people.alice, [server.client, "run", "--name", "seen", "--", "bash", "--norc"],
                  env={"AAAU_SOCKET": server.socket}) as human:
        human.wait(r"\$")
        assert server.aaau(people.dan, "freeze", "seen").returncode == 0
        human.wait(f"frozen by {people.dan.name}")
        human.line("echo after-$((40+2))")
        assert server.aaau(people.alice, "thaw", "seen").returncode == 0
        human.wait("^after-42")
        human.line("exit 7")
        assert human.exit_status() == 7


def test_the_commands_say_what_they_did(server, people):
    with V2Client.start(people.alice, server.socket, "cat", name="mine"):
        done = server.aaau(people.alice, "freeze", "mine")
        assert (done.returncode, done.stdout) == (0, "") and "aaau thaw mine" in done.stderr
        assert state(server, people.alice, "mine") == "frozen"
        done = server.aaau(people.alice, "thaw", "mine")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert state(server, people.alice, "mine") == "running"
        for wrong in (["freeze"], ["thaw"], ["thaw", "mine", "--all"], ["panic", "mine"], ["freeze", "mine", "--all"]):
            assert server.aaau(people.alice, *wrong).returncode == 64, wrong
        error = V2Client.call(people.dan, server.socket, op="freeze", session="mine", everyone=True)["error"]
        assert error["code"] == "malformed-request"
