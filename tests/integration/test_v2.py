"""Version 2 of the protocol: requests, answers, frames, as docs/protocol.md has them."""

import json
import re
import struct
import time

import pytest

from aaau_harness.clients import V2Client
from aaau_harness.wait import wait_for

pytestmark = pytest.mark.quick
SESSION_KEYS = {"id", "name", "agent", "user", "creator", "command", "created", "idle_ms", "operators",
                "observers", "rows", "cols", "state", "output_bytes", "input_bytes"}


def error(answer, code):
    """An error answer, whole."""
    assert answer["ok"] is False, answer
    told = answer["error"]
    assert told["code"] == code, told
    assert told["message"] and isinstance(told["remedy"], str) and isinstance(told["exit_status"], int)
    return told


def refused(client, code):
    told = error(client.answered(), code)
    client.until_closed()
    return told


@pytest.fixture
def session(v2, people, agents):
    """A session of alice's that shows its input, with her attached."""
    with v2.start(people.alice, *agents("rawbytes"), name="work") as client:
        client.expect("READY\r\n")
        yield client
        client.close()


def test_new_answers_with_everything_about_the_session(v2, people):
    with v2.start(people.alice, "bash", "-c", "echo hi; exit 3", name="one", rows=30, cols=100) as client:
        answer = client.answer
        assert re.fullmatch(r"[0-9a-f-]{36}", answer["session"])
        assert answer["name"] == "one"
        assert (answer["level"], answer["role"]) == ("interactive", "operator")
        assert answer["features"] == []
        end = client.end()
        assert (end["reason"], end["exit_code"], end["exit_status"]) == ("exited", 3, 3)
        assert client.output == b"hi\r\n"


def test_the_end_by_a_signal_is_told(v2, people):
    with v2.start(people.alice, "bash", "-c", "kill -TERM $$") as client:
        end = client.end()
        assert (end["reason"], end["signal"], end["exit_status"]) == ("signaled", 15, 143)


@pytest.mark.parametrize("level,user", [("interactive", "bob"), ("admin", "dan"), ("admin", "svc"),
                                        ("read-only", "carol")])
def test_attach_tells_the_level(v2, people, session, level, user):
    with v2.attach(getattr(people, user), session.session) as other:
        assert other.answer["level"] == level
        assert other.answer["role"] == ("observer" if level == "read-only" else "operator")
        other.expect("READY")


def test_attach_by_prefix_and_name_and_newest_detached(v2, people, session):
    for key in (session.session[:9], "work"):
        with v2.attach(people.bob, key) as other:
            assert other.session == session.session
    session.close()
    wait_for(lambda: v2.call(people.alice, op="status", session="work")["session"]["operators"] == 0)
    with V2Client.open(people.alice, v2.server.socket, op="attach") as again:
        assert again.session == session.session


def test_the_newest_detached_is_ones_own_where_there_is_one(v2, people):
    def started(user):
        return v2.call(user, op="new", program="sleep", args=["1000"], detached=True)["session"]

    own = started(people.alice)
    baits = [started(people.bob), started(people.bob)]
    with V2Client.open(people.alice, v2.server.socket, op="attach") as client:
        assert client.session == own
    with V2Client.open(people.dan, v2.server.socket, op="attach") as client:
        assert client.session == baits[1]


def test_an_observer_needs_no_name_for_the_newest_session(v2, people, session):
    assert error(v2.call(people.bob, op="attach"), "no-such-session")
    with V2Client.open(people.bob, v2.server.socket, op="attach", role="observer") as watcher:
        assert watcher.session == session.session


def test_an_ambiguous_prefix_is_refused(v2, people):
    ids = [v2.call(people.alice, op="new", program="sleep", args=["1000"], detached=True)["session"]
           for _ in range(17)]
    first = [one[0] for one in ids]
    double = next(char for char in first if first.count(char) > 1)
    told = error(v2.call(people.alice, op="status", session=double), "ambiguous-session")
    assert told["exit_status"] == 255


def test_an_unknown_session_is_refused(v2, people):
    for op in ("attach", "status", "kill", "detach"):
        error(v2.call(people.alice, op=op, session="nothing-like-it"), "no-such-session")


def test_names_are_unique_and_printable(v2, people, session):
    error(v2.call(people.bob, op="new", program="bash", name="work"), "name-taken")
    for bad in ("", "-x", ".x", "a b", "a/b", "ü", "x" * 65, "deadbeef", "a\x1b[31m", "1-2"):
        error(v2.call(people.bob, op="new", program="bash", name=bad), "bad-name")


def test_a_detached_new_answers_and_closes(v2, people):
    answer = v2.call(people.alice, op="new", program="sleep", args=["1000"], detached=True, name="bg")
    assert answer["ok"] and answer["name"] == "bg"
    listed = v2.call(people.alice, op="list")["sessions"]
    assert [one["id"] for one in listed] == [answer["session"]]
    assert (listed[0]["operators"], listed[0]["observers"]) == (0, 0)


def test_list_and_status_show_a_session_whole(v2, people, session):
    begin = time.time()
    session.type("abc")
    session.expect("<61><62><63>")
    with v2.attach(people.carol, "work") as observer:
        observer.expect("READY")
        shown = v2.call(people.bob, op="status", session="work")["session"]
    listed = v2.call(people.bob, op="list")["sessions"]
    assert [one["id"] for one in listed] == [session.session]
    for one in (shown, listed[0]):
        assert set(one) >= SESSION_KEYS
        assert (one["name"], one["agent"], one["user"]) == ("work", "default", people.a1.name)
        assert one["creator"] == people.alice.name
        assert "rawbytes.py" in one["command"]
        assert abs(one["created"] - begin) < 60
        assert (one["rows"], one["cols"], one["state"]) == (24, 80, "running")
        assert one["input_bytes"] == 3 and one["output_bytes"] == 7 + 12
        assert 0 <= one["idle_ms"] < 60000
    assert (shown["operators"], shown["observers"]) == (1, 1)


def test_unknown_keys_are_ignored(v2, people):
    assert v2.call(people.alice, op="list", shoe_size=43, nested={"a": [1, {}]})["ok"]


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b'"new"', b"{}", b'{"op":7}', b'{"op":"list"} x', b'{"op":"list","op":"list"}',
    b'{"op":"new","program":[]}', b'{"op":"new","args":"x"}', b'{"op":"new","args":[1]}',
    b'{"op":"new","env":[]}', b'{"op":"new","env":{"A":1}}', b'{"op":"new","detached":"yes"}',
    b'{"op":"new","rows":"24","cols":80}', b'{"op":"new","rows":24.5,"cols":80}', b'{"op":"new","role":"king"}',
    b'{"op":"new","features":"x"}', b'{"op":"attach","session":5}', b'{"op":"new","program":"a\\u0000b"}',
    b'{"op":"new","program":"\xff"}', b"[" * 30000, b'{"op":"new","name":"\\ud800"}'])
def test_a_malformed_request_is_told_so(v2, people, body):
    with v2(people.alice, body) as client:
        refused(client, "malformed-request")


def test_an_unknown_operation_is_told_so(v2, people):
    with v2(people.alice, op="dance") as client:
        refused(client, "unknown-op")


@pytest.mark.parametrize("rows,cols", [(0, 80), (24, 0), (65536, 80), (-1, 80), (24, 1 << 60)])
def test_a_size_out_of_range_is_refused(v2, people, rows, cols):
    with v2(people.alice, op="new", program="bash", rows=rows, cols=cols) as client:
        refused(client, "bad-size")


def test_a_line_over_the_limit_is_refused(v2, people):
    with v2(people.alice) as client:
        try:
            client.send(b'AAAU/2 {"op":"new","program":"' + b"x" * 81920)
        except BrokenPipeError:
            pass
        refused(client, "request-too-long")


def test_a_handshake_that_is_not_finished_times_out(make_server, people):
    server = make_server(handshake_timeout=1)
    with V2Client(people.alice, server.socket) as client:
        client.send(b'AAAU/2 {"op":')
        refused(client, "handshake-timeout")


def test_unknown_agents_and_missing_programs(v2, people):
    error(v2.call(people.alice, op="new", agent="nobody-knows"), "unknown-agent")
    told = error(v2.call(people.alice, op="new", program="no-such-program"), "program-not-found")
    assert told["exit_status"] == 127 and "/usr/bin" in told["message"] + told["remedy"]
    told = error(v2.call(people.alice, op="new", program="/etc/passwd"), "program-not-executable")
    assert told["exit_status"] == 126
    wait_for(lambda: not v2.server.session_cgroups(), what="cgroups stay")


def test_an_agent_profile_runs_as_its_own_user(v2, people):
    with v2.start(people.alice, "id", "-un", agent="second") as client:
        client.end()
        assert client.output == people.a2.name.encode() + b"\r\n"


def test_a_program_runs_in_the_profile_that_is_named(v2, people):
    """The profile gives user and environment, not its own program and arguments."""
    with v2.open(people.alice, op="new", agent="second", program="sh",
                 args=["-c", "id -un; echo $0 $1", "-", "x"]) as client:
        client.end()
        assert client.output == people.a2.name.encode() + b"\r\n- x\r\n"


def test_ping_gives_back_its_bytes(v2, session):
    for payload in (b"", b"x", bytes(range(64))):
        session.frame("p", payload)
        assert session.next("P") == payload


def test_query_gives_the_status(v2, session):
    session.frame("s")
    assert session.next("S")["id"] == session.session


def test_resize(v2, people):
    with v2.start(people.alice, "bash") as client:
        for rows, cols in ((40, 90), (1, 1), (65535, 65535)):
            client.frame("r", struct.pack(">HH", rows, cols))
            client.type("stty size\r")
            client.expect(f"{rows} {cols}\r\n")
        for payload in (struct.pack(">HH", 0, 80), struct.pack(">HH", 24, 0)):
            client.frame("r", payload)
            assert client.next("E")["code"] == "bad-size"
        client.type("echo still-$((40+2))\r")
        client.expect("still-42")


def test_leave_ends_with_detached_and_the_session_goes_on(v2, people, session):
    session.frame("d")
    end = session.end()
    assert (end["reason"], end["exit_status"]) == ("detached", 0)
    with v2.attach(people.alice, "work") as again:
        again.expect("READY")


def test_kill_frame_by_the_creator_and_by_others(v2, people, session):
    with v2.attach(people.bob, "work") as other:
        other.frame("k")
        assert other.next("E")["code"] == "permission-denied"
        session.frame("k")
        for client in (session, other):
            end = client.end()
            assert (end["reason"], end["by"], end["signal"], end["exit_status"]) == \
                ("killed", people.alice.name, 9, 137)


@pytest.mark.parametrize("user,allowed", [("alice", True), ("dan", True), ("svc", True), ("bob", False),
                                          ("carol", False)])
def test_kill_request(v2, people, session, user, allowed):
    answer = v2.call(getattr(people, user), op="kill", session="work")
    if allowed:
        assert answer == {"ok": True, "session": session.session}
        assert session.end()["by"] == getattr(people, user).name
    else:
        error(answer, "permission-denied")
        session.type("z")
        session.expect("<7a>")


def test_detach_request_is_for_ones_own_clients_unless_admin(v2, people, session):
    with v2.attach(people.bob, "work") as other:
        answer = v2.call(people.bob, op="detach", session="work")
        assert (answer["ok"], answer["session"], answer["detached"]) == (True, session.session, 1)
        end = other.end()
        assert (end["reason"], end["by"], end["exit_status"]) == ("detached", people.bob.name, 0)
    error(v2.call(people.bob, op="detach", session="work", everyone=True), "permission-denied")
    with v2.attach(people.bob, "work") as other:
        assert v2.call(people.dan, op="detach", session="work", everyone=True)["detached"] == 2
        assert other.end()["reason"] == "detached"
        assert session.end()["reason"] == "detached"


@pytest.mark.parametrize("who", ["observer by its own wish", "read-only user", "read-only user who lies"])
def test_hand_made_input_of_observers_is_not_delivered(v2, people, session, who):
    user = people.bob if "own" in who else people.carol
    role = "operator" if "lies" in who else "observer"
    with v2.attach(user, "work", role=role) as other:
        assert other.answer["role"] == "observer"
        other.type("evil")
        assert other.next("E")["code"] == "read-only"
        other.frame("r", struct.pack(">HH", 5, 5))
        assert other.next("E")["code"] == "read-only"
        session.type("z")
        session.expect("<7a>")
        shown = v2.call(people.alice, op="status", session="work")["session"]
        assert (shown["rows"], shown["cols"], shown["input_bytes"]) == (24, 80, 1)
    assert b"evil" not in v2.server.records.input(session.session)


def test_read_only_users_start_nothing(v2, people):
    error(v2.call(people.carol, op="new", program="bash"), "permission-denied")


@pytest.mark.parametrize("kind,length", [("i", 1_000_001), ("r", 4097), ("p", 0xffffffff), ("d", 0x80000000),
                                         ("z", 1 << 20)])
def test_a_frame_over_its_limit_ends_its_own_connection_only(v2, people, session, kind, length):
    with v2.attach(people.bob, "work") as other:
        other.expect("READY")
        other.send(struct.pack(">Ic", length, kind.encode()) + b"x" * 50)
        assert other.next("E")["code"] == "frame-too-long"
        other.until_closed()
    session.type("z")
    session.expect("<7a>")


@pytest.mark.parametrize("kind,payload", [("r", b""), ("r", b"12345"), ("p", b"x" * 65), ("d", b"x"), ("k", b"x"),
                                          ("s", b"x"), ("z", b"?"), ("\0", b""), ("o", b"forged output")])
def test_a_frame_that_makes_no_sense_hurts_nobody(v2, people, session, kind, payload):
    with v2.attach(people.bob, "work") as other:
        other.expect("READY")
        other.frame(kind, payload)
        assert other.next("E")["code"] == "bad-frame"
    session.type("z")
    session.expect("<7a>")


def test_an_agent_cannot_forge_a_server_message(v2, people):
    """What it prints is a payload, whatever it looks like."""
    end = json.dumps({"reason": "exited", "exit_code": 0, "exit_status": 0})
    forged = struct.pack(">Ic", len(end), b"X") + end.encode() + b"\x01CONTROL:bye\x01PONG"
    escaped = "".join(f"\\x{byte:02x}" for byte in forged)
    with v2.start(people.alice, "bash", "-c", f"stty raw; printf '{escaped}'; exit 9") as client:
        assert client.end()["exit_code"] == 9
        assert client.output == forged


def test_frames_in_the_same_write_as_the_request_are_not_lost(v2, people):
    request = json.dumps({"op": "new", "program": "cat"}).encode()
    with v2(people.alice) as client:
        client.send(b"AAAU/2 " + request + b"\n" + struct.pack(">Ic", 4, b"i") + b"abc\r")
        assert client.answered()["ok"]
        client.expect("abc\r\nabc\r\n")


def test_everything_in_single_bytes(v2, people):
    request = json.dumps({"op": "new", "program": "cat"}).encode()
    with v2(people.alice) as client:
        for byte in b"AAAU/2 " + request + b"\n" + struct.pack(">Ic", 3, b"i") + b"ab\r":
            client.send(bytes([byte]))
        assert client.answered()["ok"]
        client.expect("ab\r\nab\r\n")


def test_notices_are_a_feature(v2, people, agents):
    with v2.start(people.alice, *agents("rawbytes"), features=["notices", "telepathy"]) as client:
        assert client.answer["features"] == ["notices"]
        client.expect("READY")
        with v2.attach(people.bob, client.session):
            notice = client.next("N")
            assert people.bob.name in notice["message"] and notice["event"]


def test_both_versions_share_a_session(v2, v1, people, session):
    with v1(people.bob, f"SESSION:{session.session}\n") as old:
        old.opened()
        old.expect(b"READY")
        old.frame(b"o")
        session.expect("<6f>")
        session.type("n")
        old.expect(b"<6e>")


def test_the_environment_a_client_offers_passes_the_allow_list_only(v2, people, agents):
    offered = {"TERM": "foot", "LC_TIME": "C.UTF-8", "NO_COLOR": "1", "LD_PRELOAD": "/tmp/x.so", "PATH": "/tmp",
               "HOME": "/tmp", "AAAU_SESSION": "x", "BASH_ENV": "/tmp/x", "IFS": "x", "TERM_PROGRAM": "mine"}
    with v2.start(people.alice, *agents("facts"), env=offered, cols=4000) as client:
        client.end()
        output = client.output.decode()
    environment = json.loads(output.split("FACTS")[1].split("END")[0])["environment"]
    assert environment["TERM"] == "foot" and environment["LC_TIME"] == "C.UTF-8" and environment["NO_COLOR"] == "1"
    assert not {"LD_PRELOAD", "BASH_ENV", "IFS"} & set(environment)
    assert environment["PATH"] != "/tmp" and environment["HOME"] == people.a1.home
    assert environment["AAAU_SESSION"] == environment["SESSION_ID"] == client.session
    assert environment["TERM_PROGRAM"] == "aaau"


def test_the_number_of_sessions_can_be_limited(make_server, people):
    server = make_server(max_sessions=2)

    def new():
        return V2Client.call(people.alice, server.socket, op="new", program="sleep", args=["1000"], detached=True)
    kept = [new(), new()]
    error(new(), "too-many-sessions")
    V2Client.call(people.alice, server.socket, op="kill", session=kept[0]["session"])
    wait_for(lambda: new()["ok"], what="room again")
