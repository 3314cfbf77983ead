"""The screen: whoever joins or falls behind sees it as it is, judged by a terminal that is not ours; and an agent
that nobody looks at is answered all the same."""

import json
import os
import signal
import socket
import subprocess
import time

import pyte
import pytest
from aaau_harness.agent import marked
from aaau_harness.clients import V1Client, V2Client
from aaau_harness.tmux import Tmux
from aaau_harness.wait import wait_for

CORPUS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "term", "corpus")
with open(os.path.join(CORPUS, "corpus.json"), encoding="utf-8") as corpus_file:
    SIZES = json.load(corpus_file)
END = b"\033[m\033[1;1H<the end>"


def watcher(server, user, directory, session, rows, cols):
    return Tmux(user, directory, [server.client, "-q", "attach", "-r", session], rows=rows, cols=cols,
                env={"AAAU_SOCKET": server.socket})


def drawn(text, rows, cols):
    """What tmux printed, cell by cell: the same cells can be printed in many ways."""
    screen = pyte.Screen(cols, rows)
    pyte.Stream(screen).feed(text.rstrip("\n").replace("\n", "\r\n"))
    return [[tuple(screen.buffer[row][col]) for col in range(cols)] for row in range(rows)]


def seen(tmux, rows, cols):
    """All that tmux tells of its terminal."""
    tmux.wait("<the end>")
    # A terminal that was never given a title has one of its own.
    title = tmux.ask("pane_title")
    return {"screen": drawn(tmux.screen(escapes=True), rows, cols), "title": "" if title == socket.gethostname() else title,
            "cursor": (tmux.ask("cursor_x"), tmux.ask("cursor_y")), **tmux.modes()}


@pytest.mark.parametrize("name", ["claude", "codex", "opencode", "vim", "less", "htop", "shell", "tmux"])
def test_a_joiner_sees_what_the_others_see(server, people, agents, directory, name):
    """Three join a recorded program at moments of their own; one was there from the start."""
    rows, cols = (SIZES.get(name, {}).get(key, default) for key, default in (("rows", 24), ("columns", 80)))
    path = os.path.join(directory, "recording-" + name)
    with open(os.path.join(CORPUS, name), "rb") as file:
        data = file.read()
    with open(path, "wb") as file:
        file.write(data + END)
    os.chmod(path, 0o644)
    steps = len(data) // 111        # pieces are 111 bytes in the mean
    watchers = []
    try:
        with V2Client.start(people.alice, server.socket, *agents("replay", path, name), rows=rows, cols=cols) as client:
            def observers():
                return V2Client.call(people.alice, server.socket, op="status",
                                     session=client.session)["session"]["observers"]

            for moment in range(4):
                watchers.append(watcher(server, people.carol, directory, client.session, rows, cols))
                # They come while it goes on; the first has to be there.
                if moment == 0:
                    wait_for(lambda: observers() == 1)
                for _ in range(steps // 4):
                    client.type(".")
            wait_for(lambda: observers() == 4)

            def more():
                client.type("." * 10)
                client.pump(lambda: True)
                return b"<the end>" in client.output
            wait_for(more, 30, "the recording does not end")
            first, *others = [seen(one, rows, cols) for one in watchers]
            for other in others:
                differ = [(row, col, is_so, other["screen"][row][col])
                          for row, line in enumerate(first["screen"])
                          for col, is_so in enumerate(line) if other["screen"][row][col] != is_so]
                assert differ == []
                assert other == first
    finally:
        for one in watchers:
            one.close()


def test_a_real_vim_is_joined_as_it_is(server, people, directory):
    script = os.path.join(directory, "numbers")
    with open(script, "w", encoding="ascii") as file:
        file.writelines(f"line {number}\n" for number in range(1000))
    os.chmod(script, 0o644)
    command = [server.client, "-q", "run", "--", "vim", "-n", "-u", "NONE", "-c", "set nocp noro mouse=a title number | syntax on", script]
    with Tmux(people.alice, directory, command, env={"AAAU_SOCKET": server.socket}) as human:
        human.wait("line 5")
        human.type("500Gosomething new")
        human.keys("Escape")
        before = human.settled("something new")
        session = next(iter(server.sessions))
        with watcher(server, people.carol, directory, session, 24, 80) as other:
            assert other.settled("something new") == before
            names = ("alternate_on", "mouse_any_flag", "keypad_cursor_flag", "cursor_flag")
            assert [other.ask(name) for name in names] == [human.ask(name) for name in names]
            human.type("gg")
            assert other.settled("line 0") == human.settled("line 0")
            human.type(":q!\r")
            wait_for(lambda: other.ask("alternate_on") == "0")


def test_what_scrolled_off_comes_along_and_nothing_is_repeated(v2, people):
    with v2.start(people.alice, "sh", "-c", "stty -echo; seq 1 1000; read x; echo last") as client:
        client.expect("\r\n1000\r\n")
        with v2.attach(people.bob, client.session) as other:
            snapshot = other.expect("\r\n1000").decode()
            numbers = [int(word) for word in snapshot.split("\033[H\033[J", 1)[1].split()]
            assert numbers == list(range(1, 1001))
            client.type("\r")
            other.expect("last")
            assert b"1000" not in other.output


@pytest.mark.parametrize("split", range(1, 4))
def test_a_character_that_is_cut_where_one_joins(v2, v1, people, split):
    """The rest of it comes long after the 20 ms for which it is held back."""
    whole = "\360\237\230\200".encode("latin-1")
    script = ("stty raw -echo; printf 'before %s'; read x; printf '%s after'; read x" %
              tuple("".join(f"\\{byte:03o}" for byte in part) for part in (whole[:split], whole[split:])))
    with v2.start(people.alice, "sh", "-c", script) as client:
        client.expect(b"before " + whole[:split])
        with v2.attach(people.bob, client.session) as new, v1(people.carol, f"SESSION:{client.session}\n") as old:
            old.opened()
            # The snapshot ends with it, and the rest fits.
            new.pump(lambda: new.output.endswith(whole[:split]))
            old.pump(lambda: old.received.endswith(whole[:split]))
            new.output.clear()
            old.received.clear()
            client.type("\n")
            new.expect(whole[split:] + b" after")
            assert old.expect(b" after") == whole[split:] + b" after"


def test_a_stopped_observer_is_right_as_soon_as_it_goes_on(server, people):
    with V2Client.start(people.alice, server.socket, "bash", "--norc") as client:
        client.keep_output = True
        client.expect("$ ")
        stopped = people.carol.popen(server.client, "-q", "attach", "-r", client.session,
                                     env={"AAAU_SOCKET": server.socket}, stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        wait_for(lambda: V2Client.call(people.alice, server.socket, op="status",
                                       session=client.session)["session"]["observers"] == 1)
        stopped.send_signal(signal.SIGSTOP)
        client.type("seq 1 500000; echo over-$((40+2))\r")
        client.expect("over-42", 60)
        stopped.send_signal(signal.SIGCONT)
        begin = time.monotonic()
        shown = b""
        while b"over-42" not in shown:
            shown += os.read(stopped.stdout.fileno(), 65536)
        took = time.monotonic() - begin
        assert took < 1, took       # 100 ms where nothing else runs
        assert len(shown) < 1_000_000
        client.frame("k")
        stopped.communicate(timeout=10)




def test_an_agent_that_nobody_looks_at_is_answered(server, people, agents):
    argv = agents("asks")
    with V2Client(people.alice, server.socket, op="new", program=argv[0], args=argv[1:], detached=True, rows=30,
                  cols=100) as client:
        session = json.loads(client.line())["session"]
    wait_for(lambda: b"END" in server.records.output(session), 30)
    answers = marked(server.records.output(session), "ANSWERS")
    assert answers[0].startswith("\033[?") and answers[0].endswith("c")
    assert answers[1] == "\033[5;7R"
    assert answers[2].startswith("\033P>|")
    assert answers[3].startswith("\033]11;rgb:")
    assert answers[4] == "\033[?2026;2$y"
    replies = server.records.of(session, "reply")
    assert {line["source"] for line in replies} == {"system"}
    assert "".join(line["content"] for line in replies) == "".join(answers)
    assert server.records.of(session, "input") == []


def test_with_an_operator_the_model_is_silent(server, people, agents):
    argv = agents("asks")
    with V2Client.start(people.alice, server.socket, *argv) as client:
        with V1Client(people.carol, server.socket, f"SESSION:{client.session}\n"):
            for number in range(5):
                client.pump(lambda: client.output)
                client.output.clear()
                client.type(f"\033[{number}R")
            client.expect("END")
        assert server.records.of(client.session, "reply") == []


def test_observers_change_nothing_of_what_the_agent_reads(server, people, agents):
    def run(watched):
        with V2Client.start(people.alice, server.socket, *agents("rawbytes")) as client:
            client.expect("READY\r\n")
            others = []
            if watched:
                others = [V2Client.attach(people.bob, server.socket, client.session, role="observer", rows=10, cols=20),
                          V1Client(people.carol, server.socket, f"SESSION:{client.session}\n")]
                others[1].opened()
                others[0].type("\033[I\033[<0;1;1M\033[1;1Rtyped")
                others[1].frame(b"\033[?62c typed")
            client.type(bytes(range(256)))
            client.expect("<ff>")
            text = server.records.output(client.session)
            client.frame("k")
            client.end()
            for one in others:
                one.close()
            return text
    assert run(False) == run(True)
