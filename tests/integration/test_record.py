"""The record: nothing seen or typed is missing from it, and it is there first."""

import grp
import hashlib
import json
import os
import signal
import subprocess
import time

import pytest

from aaau_harness import procs
from aaau_harness.clients import V2Client
from aaau_harness.record import content_bytes
from aaau_harness.wait import Timeout, wait_for


def lines(count):
    return b"".join(b"%06d the quick brown fox\r\n" % n for n in range(count))


def printing(count):
    return ["awk", f'BEGIN {{ for (i = 0; i < {count}; i++) printf "%06d the quick brown fox\\n", i }}']


@pytest.mark.quick
def test_a_session_from_start_to_end(v2, people):
    begin = time.time()
    with v2.start(people.alice, "bash", "-c", "read x; echo got $x; exit 5", name="n1", rows=25, cols=81) as client:
        with v2.attach(people.bob, "n1", role="observer") as watcher:
            client.type("hello\r")
            client.expect("got hello\r\n")
            watcher.expect("got hello\r\n")
        client.end()
    record = v2.server.records.session(client.session)
    kinds = [entry["command_type"] for entry in record]
    assert kinds[0] == "session_start" and kinds[-1] == "session_end"
    assert kinds.count("attach") == 2 and "input" in kinds and "output" in kinds
    start, end = record[0], record[-1]
    assert start["source"] == "system" and abs(start["timestamp"] - begin) < 60
    told = start["content"] + json.dumps(start["metadata"])
    assert "read x; echo got" in told and people.a1.name in told and people.alice.name in told
    told = end["content"] + json.dumps(end["metadata"])
    assert "5" in told and "duration" in told
    attaches = [entry for entry in record if entry["command_type"] == "attach"]
    assert [entry["user"] for entry in attaches] == [people.alice.name, people.bob.name]
    assert "observer" in json.dumps(attaches[1]) and "interactive" in json.dumps(attaches[1])
    typed = [entry for entry in record if entry["command_type"] == "input"]
    assert {entry["user"] for entry in typed} == {people.alice.name}
    assert {entry["source"] for entry in typed} == {"human"}
    assert v2.server.records.input(client.session) == b"hello\r"
    assert v2.server.records.output(client.session) == b"hello\r\ngot hello\r\n"
    assert {e["source"] for e in record if e["command_type"] == "output"} == {"agent"}


@pytest.mark.quick
def test_resizes_and_detaches_are_recorded(v2, people):
    import struct
    with v2.start(people.alice, "sleep", "1000") as client:
        client.frame("r", struct.pack(">HH", 44, 155))
        client.frame("d")
        client.end()
        resize, = wait_for(lambda: v2.server.records.of(client.session, "resize"))
        assert "44" in resize["content"] + json.dumps(resize["metadata"])
        assert "155" in resize["content"] + json.dumps(resize["metadata"])
        assert resize["user"] == people.alice.name
        detach, = wait_for(lambda: v2.server.records.of(client.session, "detach"))
        assert detach["user"] == people.alice.name
        v2.call(people.alice, op="kill", session=client.session)
        wait_for(lambda: v2.server.records.ended(client.session))
        told = json.dumps(v2.server.records.session(client.session)[-2:])
        assert people.alice.name in told


@pytest.mark.quick
def test_a_line_is_in_the_file_before_its_bytes_reach_anybody(v2, people):
    with v2.start(people.alice, "cat") as client:
        path = v2.server.records.path(client.session)
        for number in range(100):
            client.type(f"mark-{number}\r")
            client.expect(f"mark-{number}\r\n")
            with open(path, "rb") as file:
                recorded = file.read()
            assert b"mark-%d" % number in recorded


@pytest.mark.quick
def test_input_is_recorded_even_where_the_session_is_killed_at_once(v2, people):
    with v2.start(people.alice, "cat") as client:
        client.type("precious\r")
        client.expect("precious")
        os.kill(v2.server.sessions[client.session], signal.SIGKILL)
        client.until_closed()
        assert v2.server.records.input(client.session) == b"precious\r"
        wait_for(lambda: not v2.server.session_cgroups())


def test_the_last_byte_of_agents_that_exit_at_once_arrives(v2, people):
    """asciinema, tmux, screen and tlog lose it. 200 runs, with the end's status."""
    for number in range(200):
        size = number * 37
        script = f"head -c {size} /dev/zero | tr '\\0' x; printf 'last-{number}'; exit {number % 256}"
        with v2.start(people.alice, "sh", "-c", script) as client:
            end = client.end()
            assert (end["reason"], end["exit_code"]) == ("exited", number % 256)
            assert client.output == b"x" * size + b"last-%d" % number
        assert v2.server.records.output(client.session) == client.output


@pytest.mark.quick
def test_a_crash_at_once_is_told_with_its_signal(v2, people):
    for _ in range(20):
        with v2.start(people.alice, "sh", "-c", "printf dying; kill -SEGV $$") as client:
            end = client.end()
            assert (end["reason"], end["signal"]) == ("signaled", 11)
            assert client.output == b"dying"


@pytest.mark.heavy
def test_200000_lines_arrive_whole_and_stand_whole_in_the_record(v2, people):
    wanted = lines(200_000)
    with v2.start(people.alice, *printing(200_000)) as client:
        client.end(60)
        assert hashlib.sha256(client.output).digest() == hashlib.sha256(wanted).digest()
    assert v2.server.records.output(client.session) == wanted


@pytest.mark.heavy
def test_200000_lines_with_three_operators_and_200_observers_one_of_them_stopped(make_server, people):
    """All but the stopped one get everything that comes after the screen they joined at, which they can as long as
    the ring holds it: two hundred readers on two processors are slower than any agent. The stopped one keeps
    nobody."""
    server = make_server(ring_size="8M")
    wanted = lines(200_000)
    gate = ["sh", "-c", 'stty -echo; echo READY; read x; exec "$@"', "sh", *printing(200_000)]
    with V2Client.start(people.alice, server.socket, *gate) as client:
        client.expect("READY\r\n")

        def reader(user, *arguments):
            """The real client; what it shows is summed up by a C program, so that Python is not what is slow."""
            return user.popen("sh", "-c", f'"$@" | tail -c {len(wanted)} | sha256sum', "sh", server.client, "attach", client.session,
                              *arguments, env={"AAAU_SOCKET": server.socket}, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        readers = [reader(people.bob), reader(people.alice)] + [reader(people.carol, "-r") for _ in range(199)]
        stopped = people.carol.popen(server.client, "attach", client.session, "-r", env={"AAAU_SOCKET": server.socket},
                                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

        def status():
            answer = V2Client.call(people.alice, server.socket, op="status", session=client.session)
            assert answer["ok"], answer
            return answer["session"]
        wait_for(lambda: (status()["operators"], status()["observers"]) == (3, 200), 60, status)
        stopped.send_signal(signal.SIGSTOP)
        begin = time.monotonic()
        client.type("go\r")
        assert client.end(60)["exit_code"] == 0
        assert time.monotonic() - begin < 30
        assert client.output == wanted
        joined = hashlib.sha256(wanted).hexdigest()
        sums = [one.communicate(timeout=60)[0].split()[0].decode() for one in readers]
        assert [one for one in sums if one != joined] == []
        # The session is gone though one of its clients never read.
        wait_for(lambda: not server.sessions, 10, "the session waits for a client that does not read")
        stopped.send_signal(signal.SIGCONT)
        _, said = stopped.communicate(timeout=20)
        assert b"miss" in said, said
    assert server.records.output(client.session) == b"READY\r\n" + wanted


def test_an_observer_that_does_not_read_never_holds_anybody(v2, people):
    """The original's session freezes. It goes on from the screen when it reads again."""
    with v2.start(people.alice, "bash") as client:
        stalled = V2Client.attach(people.carol, v2.server.socket, client.session, features=["notices"])
        client.type("seq 1 400000; echo over-$((40+2))\r")
        begin = time.monotonic()
        client.expect("over-42", 30)
        assert time.monotonic() - begin < 20
        begin = time.monotonic()
        stalled.expect("over-42")
        assert time.monotonic() - begin < 1
        skipped = stalled.next("N")
        assert skipped["event"] == "skipped" and skipped["bytes"] > 1_000_000, skipped
        client.type("echo live-$((40+2))\r")
        stalled.expect("live-42")
        stalled.close()


def test_a_stalled_operator_holds_the_agent_for_a_bounded_time(make_server, people):
    server = make_server(operator_patience=1)
    with V2Client.start(people.alice, server.socket, "bash") as client:
        stalled = V2Client.attach(people.bob, server.socket, client.session)
        begin = time.monotonic()
        client.type("seq 1 1000000; echo over-$((40+2))\r")
        client.expect("over-42", 60)
        assert time.monotonic() - begin < 20
        stalled.expect("over-42")
        stalled.type("echo mine-$((40+2))\r")
        client.expect("mine-42")
        stalled.expect("mine-42")
        stalled.close()


@pytest.fixture
def small_log(directory):
    """A log directory on a file system of its own, of 2 MiB."""
    place = os.path.join(directory, "small-log")
    os.makedirs(place, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=750", "none", place], check=True)
    os.chown(place, 0, grp.getgrnam("adm").gr_gid)
    yield place

    def unmounted():
        return subprocess.run(["umount", place], capture_output=True).returncode == 0
    wait_for(unmounted, 10, "the small file system stays mounted")


def test_a_full_disk_stalls_the_session_and_nothing_passes_unrecorded(small_log, make_server, people):
    server = make_server(log_dir=small_log, operator_patience=60)
    script = "seq 1 1000000; echo over-42; read x"
    with V2Client.start(people.alice, server.socket, "bash", "-c", script, features=["notices"]) as client:
        with pytest.raises(Timeout):
            client.expect("over-42", 4)
        # It says so, in the notice or the error, and in its status.
        wait_for(lambda: V2Client.call(people.alice, server.socket, op="status", session=client.session)
                 ["session"]["state"] == "stalled", 5)
        assert [payload for kind, payload in client.frames if kind in "NE" and
                (b"record" in payload or b"disk" in payload)], client.frames
        # What was seen is what is recorded, though the disk is full.
        def recorded():
            with open(server.records.path(client.session), "rb") as file:
                whole = file.read()
            whole = whole[:whole.rfind(b"\n") + 1]
            return b"".join(content_bytes(entry) for entry in map(json.loads, whole.splitlines())
                            if entry["command_type"] == "output")
        seen = client.output_total
        assert 0 < seen <= len(recorded())
        # Room: by growing the file system, as an administrator would.
        subprocess.run(["mount", "-o", "remount,size=64m", small_log], check=True)
        client.expect("over-42\r\n", 30)
        client.type("\r")
        client.end()
        everything = server.records.output(client.session)
        assert len(everything) == client.output_total
        numbers = [line for line in everything.split(b"\r\n") if line.isdigit()]
        assert numbers == [b"%d" % n for n in range(1, 1_000_001)]
    server.stop()


@pytest.mark.quick
def test_a_password_is_recorded_as_redacted_with_its_length(v2, people):
    with v2.start(people.alice, "bash", "-c", 'stty -echo; printf "Password: "; read x; stty echo; echo got ${#x}') \
            as client:
        client.expect("Password: ")
        client.type("hunter2\r")
        client.expect("got 7")
        client.end()
    entry, = v2.server.records.of(client.session, "input")
    assert entry["content"] == "[redacted]"
    assert "8" in entry["metadata"].values()
    for name in os.listdir(v2.server.log_dir):
        with open(os.path.join(v2.server.log_dir, name), "rb") as file:
            assert b"hunter2" not in file.read()


@pytest.mark.quick
def test_a_utf8_sequence_cut_by_a_write_is_carried_over(v2, people):
    """Each byte in a write of its own, with time between: content is whole characters."""
    script = ("import os, time\n"
              "for byte in 'äß€😀'.encode() * 20:\n"
              "    os.write(1, bytes([byte])); time.sleep(0.002)\n")
    with v2.start(people.alice, "/usr/bin/python3", "-c", script) as client:
        client.end()
        assert client.output.decode() == "äß€😀" * 20
    record = v2.server.records.of(client.session, "output")
    assert all("�" not in entry["content"] and "raw" not in entry for entry in record)
    assert "".join(entry["content"] for entry in record) == "äß€😀" * 20


@pytest.mark.quick
def test_bytes_that_are_no_utf8_are_kept_without_loss(v2, people, agents):
    everything = bytes(range(256)) * 8 + b"\xf0\x9f" + b"\xc3" + b"\xed\xa0\x80" + b"\xc0\x80" + b"\xff"
    script = f"import os, tty; tty.setraw(0); os.write(1, bytes.fromhex('{everything.hex()}'))"
    with v2.start(people.alice, "/usr/bin/python3", "-c", script) as client:
        client.end()
        assert client.output == everything
    assert v2.server.records.output(client.session) == everything
    with v2.start(people.alice, *agents("rawbytes")) as client:
        client.expect("READY")
        client.type(everything)
        client.expect("<ff>" * 1, 10)
        wait_for(lambda: v2.server.records.input(client.session) == everything)


@pytest.mark.quick
def test_what_the_record_quotes_cannot_break_out_of_its_line(v2, people):
    evil = '"}\\n{"timestamp": 1.000000, "source": "human"}\n\u2028\x7f\x1b]0;x\x07'
    with v2.start(people.alice, "printf", "%s", evil, name="q") as client:
        client.end()
    assert v2.server.records.output(client.session).decode() == evil.replace("\n", "\r\n")


def test_the_servers_own_events_are_recorded(make_server, people):
    server = make_server()
    server.stop()
    kinds = [entry["command_type"] for entry in server.records.server()]
    assert len(kinds) >= 2, kinds
    assert any("start" in kind for kind in kinds) and any("stop" in kind for kind in kinds), kinds


def test_a_refused_program_is_recorded(v2, people):
    assert not v2.call(people.alice, op="new", program="no-such-program")["ok"]
    everything = ""

    def told():
        nonlocal everything
        everything = json.dumps([v2.server.records.session(one) for one in v2.server.records.sessions()]
                                + [v2.server.records.server()])
        return "no-such-program" in everything
    wait_for(told, what=lambda: everything)


def test_memory_does_not_grow_with_output(v2, people):
    with v2.start(people.alice, "bash") as client:
        session = v2.server.sessions[client.session]
        client.keep_output = True
        client.type("seq 1 300000; echo over-$((40+2))\r")
        client.expect("over-42", 30)
        first = procs.pss_kib(session)
        for number in range(43, 46):
            client.type(f"seq 1 300000; echo over-$(({number - 1}+1))\r")
            client.expect(f"over-{number}", 30)
            client.output.clear()
        assert procs.pss_kib(session) <= first + 256
