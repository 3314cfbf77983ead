"""Version 1 of the protocol, the original's, byte by byte: its client has to work here unchanged."""

import json
import re
import struct
import time

import pytest

from aaau_harness.clients import V1Client
from aaau_harness.wait import wait_for

pytestmark = pytest.mark.quick
UUID4 = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")


def sized(client, rows, cols):
    """The slave's size, asked of the shell on it."""
    client.frame(b"stty size\r")
    client.expect(b"%d %d\r\n" % (rows, cols))


def test_new_answers_with_a_version_4_id_and_runs_the_default_program(v1, people):
    with v1(people.alice, "NEW\n") as client:
        assert UUID4.match(client.opened())
        sized(client, 24, 80)
        client.frame(b"echo $0-$((6*7))\r")
        client.expect(b"bash-42\r\n")


def test_new_with_a_size(v1, people):
    with v1(people.alice, "NEW:31:117\n") as client:
        client.opened()
        sized(client, 31, 117)


def test_new_with_a_program_arguments_and_a_size(v1, people):
    with v1(people.alice, "NEW:bash:-c:stty size; echo \"<$0>\":one two:50:160\n") as client:
        client.opened()
        assert client.until_closed() == b"50 160\r\n<one two>\r\n"


@pytest.mark.parametrize("tail", ["a:b", "7:b", "a:7", "7", "1x:2", "-3:80x"])
def test_new_without_two_integers_at_its_end_has_only_arguments(v1, people, tail):
    """All are arguments then, and the size is 24x80."""
    with v1(people.alice, f"NEW:bash:-c:stty size; printf '<%s>' \"$@\":zero:{tail}\n") as client:
        client.opened()
        wanted = "24 80\r\n" + "".join(f"<{part}>" for part in tail.split(":"))
        assert client.until_closed() == wanted.encode()


def test_new_json(v1, people):
    client = V1Client.start(people.alice, v1.server.socket, "bash", "-c",
                            "stty size; printf '<%s>' \"$@\"", "0", "a:b", "", "ü \"q\" \\", rows=3, cols=9)
    with client:
        assert client.until_closed() == "3 9\r\n<a:b><><ü \"q\" \\>".encode()


@pytest.mark.parametrize("line", [
    "NEW", "NEW:20:90", "NEW:bash:20:90",
    'NEW_JSON:{"program":"bash","args":[],"rows":20,"cols":90}'])
def test_handshake_in_single_byte_writes(v1, people, line):
    with v1(people.alice) as client:
        for byte in (line + "\n").encode():
            client.send(bytes([byte]))
        client.opened()
        sized(client, *((24, 80) if line == "NEW" else (20, 90)))


def test_frames_in_the_same_write_as_the_handshake_are_not_lost(v1, people):
    command = b"echo early-$((40+2))\r"
    with v1(people.alice, b"NEW\n" + struct.pack(">I", len(command)) + command) as client:
        client.opened()
        client.expect(b"early-42\r\n")


def test_a_frame_a_byte_at_a_time(v1, people):
    with v1(people.alice, "NEW\n") as client:
        client.opened()
        payload = b"echo slow-$((40+2))\r"
        for byte in struct.pack(">I", len(payload)) + payload:
            client.send(bytes([byte]))
        client.expect(b"slow-42\r\n")


def test_ctrl_a_and_what_only_looks_like_control_is_input(v1, people, agents):
    """The original swallows Ctrl-A."""
    inputs = [b"\x01", b"\x01\x01", b"\x01PINGX", b"\x01PIN", b"\x01ping", b"\x01RESIZE:x", b"\x01RESIZE:1",
              b"\x01RESIZE:1,2,3", b"\x01RESIZE:1,2 ", b"x\x01PING", b"\x01GET_STATUS\n", b"\x01" + b"k" * 500,
              bytes(range(256))]
    with V1Client.start(people.alice, v1.server.socket, *agents("rawbytes")) as client:
        client.expect(b"READY\r\n")
        for payload in inputs:
            client.frame(payload)
            client.expect(b"".join(b"<%02x>" % byte for byte in payload))
        assert client.received == b""


def test_an_empty_frame_is_nothing(v1, people, agents):
    with V1Client.start(people.alice, v1.server.socket, *agents("rawbytes")) as client:
        client.expect(b"READY\r\n")
        client.send(b"\0\0\0\0" * 3)
        client.frame(b"z")
        assert client.expect(b"<7a>") == b"<7a>"


def test_ping_is_answered_with_pong_alone(v1, people, agents):
    with V1Client.start(people.alice, v1.server.socket, *agents("rawbytes")) as client:
        client.expect(b"READY\r\n")
        client.frame(b"\x01PING")
        client.pump(lambda: client.received)
        assert client.received == b"\x01PONG"


def test_get_status(v1, people, agents):
    with V1Client.start(people.alice, v1.server.socket, *agents("rawbytes")) as client:
        client.expect(b"READY\r\n")
        client.frame(b"\x01GET_STATUS")
        client.pump(lambda: client.received.endswith(b"}"))
        assert client.received.startswith(b"\x01STATUS:{")
        status = json.loads(client.received[8:])
        assert status["session_id"] == client.session
        assert status["clients"] == 1
        assert status["agent_alive"] is True


def test_resize(v1, people):
    with v1(people.alice, "NEW\n") as client:
        client.opened()
        sized(client, 24, 80)
        client.frame(b"\x01RESIZE:41,133")
        sized(client, 41, 133)
        client.frame(b"\x01RESIZE:65535,1")
        sized(client, 65535, 1)


@pytest.mark.parametrize("size", ["0,80", "24,0", "65536,80", "24,99999999999999999999"])
def test_a_resize_out_of_range_is_an_error_and_the_session_goes_on(v1, people, agents, size):
    with V1Client.start(people.alice, v1.server.socket, *agents("rawbytes")) as client:
        client.expect(b"READY\r\n")
        client.frame(b"\x01RESIZE:" + size.encode())
        client.pump(lambda: client.received)
        assert client.received.startswith(b"\x01ERROR:")
        client.received.clear()
        client.frame(b"z")
        client.expect(b"<7a>")


@pytest.mark.parametrize("line", [
    "NEW:0:80", "NEW:24:0", "NEW:65536:80", "NEW:bash:24:70000",
    'NEW_JSON:{"program":"bash","args":[],"rows":0,"cols":80}',
    'NEW_JSON:{"program":"bash","args":[],"rows":24,"cols":65536}'])
def test_a_size_of_zero_or_beyond_65535_is_refused(v1, people, line):
    with v1(people.alice, line + "\n") as client:
        assert re.search("size|rows|col", client.refused(), re.I)


def test_output_that_starts_with_01_arrives(v1, people):
    """The original drops such a chunk."""
    with v1(people.alice, "NEW:printf:\\001PONG%s:\n") as client:
        client.opened()
        assert client.until_closed() == b"\x01PONG"


def test_the_server_closes_when_the_agent_ends_and_all_output_came_before(v1, people):
    with V1Client.start(people.alice, v1.server.socket, "seq", "1", "50000") as client:
        wanted = b"".join(b"%d\r\n" % n for n in range(1, 50001))
        assert client.until_closed(30) == wanted


def test_join_by_id_and_by_unique_prefix(v1, people, agents):
    with V1Client.start(people.alice, v1.server.socket, *agents("rawbytes")) as first:
        first.expect(b"READY\r\n")
        for name in (first.session, first.session[:8]):
            with v1(people.bob, f"SESSION:{name}\n") as second:
                assert second.opened() == first.session
                second.expect(b"READY")
                second.frame(b"Q")
                second.expect(b"<51>")
                first.expect(b"<51>")


@pytest.mark.parametrize("name", ["00000000-0000-4000-8000-000000000000", "nobody", "", "zz", "../../etc/passwd"])
def test_an_unknown_session_is_refused(v1, people, name):
    with v1(people.alice, f"SESSION:{name}\n") as client:
        client.refused()


def test_force_kill_by_interactive_is_denied_and_by_admin_obeyed(v1, people, agents):
    with V1Client.start(people.alice, v1.server.socket, *agents("rawbytes")) as mine:
        mine.expect(b"READY\r\n")
        with v1(people.bob, f"SESSION:{mine.session}\n") as other:
            other.opened()
            other.expect(b"READY\x1b[2;1H")
            other.frame(b"\x01FORCE_KILL")
            other.pump(lambda: other.received)
            assert other.received == b"\x01ERROR:Permission denied"
        mine.frame(b"z")
        mine.expect(b"<7a>")
        with v1(people.dan, f"SESSION:{mine.session}\n") as admin:
            admin.opened()
            admin.frame(b"\x01FORCE_KILL")
            admin.until_closed()
        mine.until_closed()
    assert v1.server.records.of(mine.session, "denied")


def test_read_only_input_is_answered_and_not_delivered(v1, people, agents):
    with V1Client.start(people.alice, v1.server.socket, *agents("rawbytes")) as mine:
        mine.expect(b"READY\r\n")
        with v1(people.carol, f"SESSION:{mine.session}\n") as reader:
            reader.opened()
            reader.expect(b"READY\x1b[2;1H")
            reader.frame(b"evil")
            reader.pump(lambda: reader.received)
            assert reader.received == b"\x01ERROR:Read-only mode"
            mine.frame(b"z")
            assert mine.expect(b"<7a>") == b"<7a>"


@pytest.mark.parametrize("line", [
    b"HELLO", b"", b" NEW", b"new", b"NEW_JSON:", b"NEW_JSON:{", b"NEW_JSON:[]", b"NEW_JSON:{}x",
    b'NEW_JSON:{"program":7}', b'NEW_JSON:{"program":"a","args":"b"}', b'NEW_JSON:{"program":"a","args":[1]}',
    b'NEW_JSON:{"program":"a","rows":"24","cols":80}', b"NEW\0", b"\xff\xfe", b"SESSION", b"GET / HTTP/1.1\r"])
def test_a_malformed_handshake_gets_one_line_of_error(v1, people, line):
    with v1(people.alice, line + b"\n") as client:
        client.refused()


def test_a_line_of_80_kib_is_refused(v1, people):
    with v1(people.alice) as client:
        try:
            client.send(b"NEW:" + b"x" * 81920)
        except BrokenPipeError:
            pass
        assert "65" in client.refused() or "long" in client.refused()


def test_a_line_of_65536_bytes_is_served_and_one_more_is_not(v1, people):
    head, tail = b"NEW:bash:-c:echo ${#1}:zero:", b":24:80\n"
    most = 65536 - len(head) - len(tail)
    with v1(people.alice, head + b"x" * most + tail) as client:
        client.opened()
        assert client.until_closed() == b"%d\r\n" % most
    with v1(people.alice, head + b"x" * (most + 1) + tail) as client:
        client.refused()


@pytest.mark.parametrize("length", [1_000_001, 0x7fffffff, 0x80000000, 0xffffffff])
def test_a_frame_over_the_limit_ends_its_own_connection_only(v1, people, agents, length):
    with V1Client.start(people.alice, v1.server.socket, *agents("rawbytes")) as mine, \
            v1(people.bob) as other:
        mine.expect(b"READY\r\n")
        other.send(b"SESSION:%s\n" % mine.session.encode())
        other.opened()
        other.expect(b"READY\x1b[2;1H")
        other.send(struct.pack(">I", length) + b"x" * 100)
        assert other.until_closed().startswith(b"\x01ERROR:")
        mine.frame(b"z")
        assert mine.expect(b"<7a>") == b"<7a>"


def test_a_frame_of_the_full_million_bytes_arrives(v1, people, agents):
    with V1Client.start(people.alice, v1.server.socket, *agents("count", "1000000")) as client:
        client.expect(b"READY\r\n")
        client.frame(b"m" * 1_000_000)
        assert b"COUNT 1000000" in client.until_closed(30)


def test_a_client_that_never_finishes_its_line_is_timed_out(make_server, people):
    server = make_server(handshake_timeout=1)
    with V1Client(people.alice, server.socket, b"NE") as client:
        begin = time.monotonic()
        client.refused()
        assert 0.5 < time.monotonic() - begin < 5


def test_connections_closed_at_once_hurt_nobody(v1, people, raw):
    """The original's server dies of one by SIGPIPE."""
    with v1(people.alice, "NEW\n") as mine:
        mine.opened()
        broker = v1.server.broker
        for first in (b"", b"N", b"NEW\n", b"NEW:sleep:1000:24:80\n", b"SESSION:x\n", b"AAAU/2 {", b"NEW\n\0\0"):
            for one in raw(people.bob, 10):
                if first:
                    one.send(first)
                one.close()
        mine.frame(b"echo alive-$((40+2))\r")
        mine.expect(b"alive-42\r\n")
        assert v1.server.broker == broker


@pytest.mark.parametrize("line,wanted", [
    ("NEW:no-such-program:x:y", "/usr/bin"), ("NEW:/etc/passwd:24:80", "/etc/passwd"),
    ("NEW:/nowhere/at/all:24:80", "/nowhere/at/all")])
def test_a_program_that_cannot_run_is_an_error_line_with_what_was_searched(v1, people, line, wanted):
    with v1(people.alice, line + "\n") as client:
        assert wanted in client.refused()
    wait_for(lambda: not v1.server.session_cgroups(), what="cgroups stay")
