"""aaau, as its users have it before them: on terminals, in pipes, in scripts."""

import json
import os
import re
import signal
import subprocess
import termios

import pytest

from aaau_harness import procs
from aaau_harness.clients import V2Client
from aaau_harness.terminal import Terminal
from aaau_harness.tmux import Tmux
from aaau_harness.wait import wait_for


def sessions(server, user):
    return V2Client.call(user, server.socket, op="list")["sessions"]


def attached(server, user):
    return [one["operators"] for one in sessions(server, user)]


@pytest.fixture
def fake_agent(people):
    """fake_agent("claude"): a program of that name in the agent's ~/.local/bin that shows its arguments."""
    made = []

    def make(name):
        folder = os.path.join(people.a1.home, ".local", "bin")
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write('#!/bin/sh\nprintf "I am %s:" "${0##*/}"; printf "<%s>" "$@"; echo\n')
        os.chmod(path, 0o755)
        made.append(path)
    yield make
    for path in made:
        os.unlink(path)


# Running


@pytest.mark.quick
@pytest.mark.parametrize("script,status", [
    ("true", 0), ("exit 7", 7), ("exit 255", 255), ("kill -TERM $$", 143), ("kill -KILL $$", 137),
    ("kill -SEGV $$", 139)])
def test_the_exit_status_is_the_agents_own(as_user, people, script, status):
    assert as_user(people.alice).aaau("run", "--", "sh", "-c", script).returncode == status


@pytest.mark.quick
def test_run_runs_as_the_agent_user(as_user, people):
    done = as_user(people.alice).aaau("run", "--", "id", "-un")
    assert (done.returncode, done.stdout.strip()) == (0, people.a1.name)


@pytest.mark.quick
def test_arguments_arrive_as_they_are(as_user, people):
    hard = ["a b", "", "$HOME", "`id`", "*", "\\", "'", '"', ";", "ü", "-x", "--", "-h"]
    done = as_user(people.alice).aaau("run", "--", "printf", "<%s>", *hard)
    assert done.stdout == "".join(f"<{one}>" for one in hard)


@pytest.mark.quick
def test_p_splits_by_shell_quoting_and_no_shell_parses_it_again(as_user, people):
    done = as_user(people.alice).aaau("-p", "printf '<%s>' \"a b\" c\\ d '' $HOME `id` '*' ; | & *")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "<a b><c d><><$HOME><`id`><*><;><|><&><*>"


@pytest.mark.quick
@pytest.mark.parametrize("alias,arguments", [("claude", "--dangerously-skip-permissions"),
                                             ("codex", "--dangerously-bypass-approvals-and-sandbox"),
                                             ("gemini", "--yolo")])
def test_built_in_aliases(as_user, people, fake_agent, alias, arguments):
    fake_agent(alias)
    done = as_user(people.alice).aaau(alias)
    assert (done.returncode, done.stdout.strip()) == (0, f"I am {alias}:<{arguments}>")


def test_aliases_of_the_configuration(make_server, people):
    server = make_server(agents={"greet": {"user": people.a2.name, "program": "echo 'hello there'", "args": ["you"]},
                                 "hidden": {"user": people.a2.name, "program": "echo", "alias": False}})
    assert server.aaau(people.alice, "greet").stdout.strip() == "hello there you"
    for unknown in ("hidden", "nobody"):
        done = server.aaau(people.alice, unknown)
        assert done.returncode in (64, 255) and unknown in done.stderr


@pytest.mark.quick
@pytest.mark.parametrize("arguments", [
    ["claude", "-p", "bash"], ["--no-such-option"], ["run", "--no-such-option"], ["-n"], ["-p", "'unclosed"],
    ["attach", "a", "b"], ["kill"], ["ls", "extra"], ["--detach-keys", "nonsense-key", "run", "--", "true"]])
def test_usage_errors_are_64_and_say_what(as_user, people, arguments):
    done = as_user(people.alice).aaau(*arguments)
    assert done.returncode == 64, (done.returncode, done.stderr)
    assert done.stderr.strip() and done.stdout == ""


@pytest.mark.quick
def test_help_and_version(as_user, people):
    for argument in ("--help", "--version"):
        done = as_user(people.alice).aaau(argument)
        assert done.returncode == 0 and done.stdout and not done.stderr


@pytest.mark.quick
def test_missing_programs_are_127_and_126_with_the_path_searched(as_user, people):
    done = as_user(people.alice).aaau("run", "--", "no-such-program")
    assert done.returncode == 127 and "no-such-program" in done.stderr and "/usr/local/bin" in done.stderr
    done = as_user(people.alice).aaau("run", "--", "/etc/passwd")
    assert done.returncode == 126 and "/etc/passwd" in done.stderr


@pytest.mark.quick
def test_no_server_is_255_and_says_what_to_run(server, people):
    done = server.aaau(people.alice, "-s", "/nowhere/at/all.sock", "run", "--", "true")
    assert done.returncode == 255
    assert "/nowhere/at/all.sock" in done.stderr and "aaau-server" in done.stderr


@pytest.mark.quick
def test_the_socket_by_option_and_by_environment(server, people):
    for arguments, env in (([], {"AAAU_SOCKET": server.socket}), (["-s", server.socket], {"AAAU_SOCKET": "/x"}),
                           (["--socket", server.socket], {})):
        done = people.alice.run(server.client, *arguments, "run", "--", "echo", "ok", env=env)
        assert done.stdout.strip() == "ok", done.stderr


# Pipes


@pytest.mark.quick
def test_standard_input_from_a_pipe_reaches_the_agent(as_user, people):
    done = as_user(people.alice).aaau("run", "--", "sh", "-c", "read x; echo got $x", input="hello\n")
    assert done.returncode == 0 and "got hello" in done.stdout


@pytest.mark.quick
def test_the_end_of_a_pipe_is_the_end_of_the_agents_input(as_user, people):
    done = as_user(people.alice).aaau("run", "--", "cat", input="one\ntwo\n", timeout=20)
    assert done.returncode == 0 and "one" in done.stdout and "two" in done.stdout


@pytest.mark.quick
def test_output_into_a_pipe_is_whole_and_nothing_else(as_user, people):
    done = as_user(people.alice).aaau("run", "--", "seq", "1", "20000")
    assert done.stdout.replace("\r\n", "\n") == "".join(f"{n}\n" for n in range(1, 20001))


def test_a_reader_that_goes_away_ends_the_client(server, people):
    done = people.alice.run("sh", "-c", f"{server.client} run -- yes | head -1; echo over",
                            env={"AAAU_SOCKET": server.socket}, timeout=20)
    assert done.stdout.replace("\r", "") == "y\nover\n"


# Looking


@pytest.mark.quick
def test_ls_for_people_and_for_programs(server, as_user, people):
    alice = as_user(people.alice)
    assert json.loads(alice.aaau("ls", "--json").stdout) in ([], {"sessions": []})
    with V2Client.start(people.alice, server.socket, "sleep", "1000", name="first") as one, \
            V2Client.start(people.bob, server.socket, "sh", "-c", "sleep 1000", name="a-second-one") as two:
        text = alice.aaau("ls").stdout
        header, *rows = text.splitlines()
        assert len(rows) == 2
        for word in ("first", people.alice.name, people.a1.name, one.session[:8]):
            assert any(word in row for row in rows), (word, text)
        for name in ("NAME", "AGENT"):
            column = header.upper().index(name)
            assert all(row[column] != " " and row[column - 1] == " " for row in rows), text
        shown = json.loads(alice.aaau("ls", "--json").stdout)
        shown = shown["sessions"] if isinstance(shown, dict) else shown
        assert {one_["id"] for one_ in shown} == {one.session, two.session}
        assert {one_["creator"] for one_ in shown} == {people.alice.name, people.bob.name}
        assert all(isinstance(one_["created"], float) for one_ in shown)


@pytest.mark.quick
def test_status_kill_and_detach(server, as_user, people):
    alice, bob, dan = as_user(people.alice), as_user(people.bob), as_user(people.dan)
    with V2Client.start(people.alice, server.socket, "sleep", "1000", name="work") as client:
        text = bob.aaau("status", "work").stdout
        assert client.session in text and people.alice.name in text and "sleep" in text
        done = bob.aaau("kill", "work")
        assert done.returncode == 255 and "creator" in done.stderr
        assert alice.aaau("detach", "work").returncode == 0
        assert client.end()["reason"] == "detached"
        assert dan.aaau("kill", client.session[:10]).returncode == 0
    wait_for(lambda: sessions(server, people.alice) == [])
    assert bob.aaau("status", "work").returncode == 255


def test_hostile_names_and_commands_do_not_reach_the_terminal_as_they_are(server, as_user, people):
    with V2Client.start(people.bob, server.socket, "sh", "-c", "sleep 1000", "\x1b]0;owned\x07\x9b31m\n\x1b[2J"):
        for arguments in (["ls"], ["status", sessions(server, people.alice)[0]["id"]]):
            text = as_user(people.alice).aaau(*arguments).stdout
            assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", text), repr(text)


# Attaching and leaving


@pytest.mark.quick
def test_observe_with_r_and_nothing_that_is_typed_arrives(server, terminal, people, agents):
    with V2Client.start(people.alice, server.socket, *agents("rawbytes")) as client:
        client.expect("READY")
        watcher = terminal(people.bob, "-n", client.session, "-r")
        watcher.wait("READY")
        watcher.send("evil")
        client.type("z")
        client.expect("<7a>")
        watcher.wait("<7a>")
        assert sessions(server, people.alice)[0]["input_bytes"] == 1


DETACH = {
    "raw": (b"", b"\x1dd"),
    "CSI-u": (b"\\033[>1u", b"\x1b[93;5ud"),
    "CSI-u, both": (b"\\033[>1u", b"\x1b[93;5u\x1b[100u"),
    "CSI-u with caps lock": (b"\\033[>1u", b"\x1b[93;69u\x1b[100;65u"),
    "CSI-u with num lock": (b"\\033[>1u", b"\x1b[93;133u\x1b[100;129u"),
    "CSI-u with both locks": (b"\\033[>1u", b"\x1b[93;197u\x1b[100;193u"),
    "CSI-u with event types": (b"\\033[>3u", b"\x1b[93;5:1u\x1b[93;5:3u\x1b[100;1:1u"),
    "modifyOtherKeys": (b"\\033[>4;2m", b"\x1b[27;5;93~d"),
    "modifyOtherKeys, both": (b"\\033[>4;2m", b"\x1b[27;5;93~\x1b[27;1;100~"),
}


@pytest.mark.quick
@pytest.mark.parametrize("how", DETACH)
@pytest.mark.parametrize("pieces", [False, True])
def test_detach_in_every_encoding_whole_or_a_byte_at_a_time(server, terminal, people, how, pieces):
    switch, keys = DETACH[how]
    human = terminal(people.alice, "run", "--", "bash", "-c", f"printf '{switch.decode()}up'; stty -echo; exec cat")
    human.wait("up")
    before = len(human.raw)
    for part in ([keys[n:n + 1] for n in range(len(keys))] if pieces else [keys]):
        human.send(part)
    assert human.exit_status() == 0
    assert attached(server, people.alice) == [0]
    assert b"\x1d" not in human.raw[before:]
    # And back.
    again = terminal(people.alice, "attach")
    again.wait("up")
    again.line("here")
    again.wait("here")


@pytest.mark.quick
def test_a_lone_detach_prefix_passes_through_after_a_short_time(terminal, people, agents):
    human = terminal(people.alice, "run", "--", *agents("rawbytes"))
    human.wait("READY")
    human.send(b"\x1d")
    human.wait("<1d>", 5)
    human.send(b"\x1dx")
    human.wait("<1d><78>")
    human.send(b"\x1d\x1d")
    human.wait_until(lambda: human.text().count("<1d>") >= 3)


@pytest.mark.quick
def test_other_detach_keys_and_none(server, terminal, people, agents):
    for arguments, env in ((["--detach-keys", "ctrl-a,q"], {}), ([], {"AAAU_DETACH_KEYS": "ctrl-a,q"})):
        human = terminal(people.alice, *arguments, "run", "--", *agents("rawbytes"), env=env)
        human.wait("READY")
        human.send(b"\x1dd")
        human.wait("<1d><64>")
        human.send(b"\x01q")
        assert human.exit_status() == 0
    human = terminal(people.alice, "--detach-keys", "none", "run", "--", *agents("rawbytes"))
    human.wait("READY")
    human.send(b"\x1dd\x01q")
    human.wait("<1d><64><01><71>")


@pytest.mark.quick
def test_escape_alone_and_arrow_keys_pass_at_once(terminal, people, agents):
    human = terminal(people.alice, "run", "--", *agents("rawbytes"))
    human.wait("READY")
    human.send(b"\x1b")
    human.wait("<1b>")
    human.send(b"\x1b[A\x1bOP")
    human.wait("<1b><5b><41><1b><4f><50>")


@pytest.mark.quick
def test_pasted_detach_keys_are_text(server, terminal, people, agents):
    human = terminal(people.alice, "run", "--", "bash", "-c",
                     "printf '\\033[?2004h'; exec " + " ".join(agents("rawbytes")))
    human.wait("READY")
    human.send(b"\x1b[200~\x1dd\x1b[201~")
    human.wait("<1d><64>")
    assert attached(server, people.alice) == [1]


def test_two_humans_at_one_session(server, terminal, people):
    first = terminal(people.alice, "run", "--name", "pair", "--", "bash", "--norc")
    first.wait(r"\$")
    second = terminal(people.bob, "attach", "pair")
    second.wait(r"\$")
    second.line("echo from-bob-$((40+2))")
    first.wait("^from-bob-42")
    first.line("exit 3")
    assert first.exit_status() == second.exit_status() == 3


@pytest.mark.quick
def test_resize_while_running(terminal, people):
    human = terminal(people.alice, "run", "--", "bash", "--norc", rows=24, cols=80)
    human.wait(r"\$")
    for rows, cols in ((40, 132), (10, 40), (24, 80)):
        human.resize(rows, cols)

        def asked(rows=rows, cols=cols):
            human.line("stty size")
            return re.search(rf"^{rows} {cols}", human.text(), re.M)
        human.wait_until(asked)


# The terminal as it was found

MESS = ("\\033[?1049h\\033[?25l\\033[?1000h\\033[?1002h\\033[?1006h\\033[?2004h\\033[?1004h\\033[?1h\\033="
        "\\033[>1u\\033[>4;2m\\033[?7l\\033[4h\\033[?6h\\033[3;9r\\033[31;44;1m\\033[5 q\\033(0in-a-mess")


@pytest.mark.quick
@pytest.mark.parametrize("how", ["exit", "detach", "kill", "session lost", "SIGTERM", "SIGHUP", "server stopped"])
def test_the_terminal_is_left_as_it_was_found(server, people, directory, how):
    """A real emulator, tmux, is asked for its modes, and the kernel for the termios."""
    with Tmux(people.alice, directory, ["bash", "--norc"], keep_status=False,
              env={"AAAU_SOCKET": server.socket, "PS1": "ready> "}) as tmux:
        tmux.wait("ready>")
        script = os.path.join(directory, "mess.sh")
        with open(script, "w", encoding="ascii") as file:
            file.write(f"printf '{MESS}'; cat\n")
        os.chmod(script, 0o644)
        modes = tmux.modes()
        tty = tmux.ask("pane_tty")
        shell = int(tmux.ask("pane_pid"))

        def settings():
            fd = os.open(tty, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
            try:
                return termios.tcgetattr(fd)
            finally:
                os.close(fd)
        tmux.type(f"clear; {server.client} run -- bash {script}; echo back=$?\n")
        wait_for(lambda: tmux.ask("alternate_on") == "1", what=lambda: tmux.screen())
        wait_for(lambda: tmux.ask("cursor_flag") == "0")
        client = [pid for pid in procs.children(shell) if "run" in procs.cmdline(pid)][0]
        found_raw = settings()
        assert not found_raw[3] & (termios.ICANON | termios.ECHO | termios.ISIG)
        session, = sessions(server, people.alice)
        if how == "exit":
            tmux.keys("Enter", "C-d")
        elif how == "detach":
            tmux.type("\x1dd")
        elif how == "kill":
            V2Client.call(people.dan, server.socket, op="kill", session=session["id"])
        elif how == "session lost":
            os.kill(server.sessions[session["id"]], signal.SIGKILL)
        elif how == "server stopped":
            server.stop()
        else:
            os.kill(client, getattr(signal, how))
        tmux.wait("back=")
        tmux.wait("ready>")
        assert tmux.modes() == modes
        assert not procs.alive(client)
        tmux.type("printf 'plain-%s' text; stty -a | head -c 0\n")
        tmux.wait("plain-text")
        screen = tmux.screen(escapes=True)
        assert "plain-text" in screen and "in-a-mess" not in screen
        line = [one for one in screen.splitlines() if "plain-text" in one][-1]
        assert "\x1b[" not in line, repr(line)
        # bash switches bracketed paste and raw mode for its own prompt; the modes of a program are asked for.
        tmux.type("stty -a\n")
        tmux.wait("echo echoe")
        assert re.search(r"\bicanon\b", tmux.screen()) and "-icanon" not in tmux.screen()


def test_stop_and_continue_of_the_client_itself(server, people, directory):
    with Tmux(people.alice, directory, ["bash", "--norc"], keep_status=False,
              env={"AAAU_SOCKET": server.socket, "PS1": "ready> "}) as tmux:
        tmux.wait("ready>")
        tmux.type(f"{server.client} run -- bash --norc\n")
        wait_for(lambda: attached(server, people.alice) == [1])
        shell = int(tmux.ask("pane_pid"))
        client = wait_for(lambda: [p for p in procs.children(shell) if "run" in procs.cmdline(p)])[0]
        tmux.type("echo in-$((40+2))\n")
        tmux.wait("in-42")
        os.kill(client, signal.SIGTSTP)
        tmux.wait("Stopped")
        tmux.type("echo out-$((40+2))\n")
        tmux.wait("out-42")
        tmux.type("fg\n")
        wait_for(lambda: procs.status(client)["State"].startswith("S"))
        tmux.type("echo again-$((40+2))\n")
        tmux.wait("again-42")
        tmux.type("exit 6\n")
        # What is typed before it is gone is typed to the session.
        wait_for(lambda: not procs.alive(client))
        tmux.type("echo status=$?\n")
        tmux.wait("status=6")


@pytest.mark.quick
def test_a_program_that_leaves_nothing_on_gets_nothing_undone(terminal, people):
    """A client that sprays resets would show in every pipe and log."""
    human = terminal(people.alice, "-q", "run", "--", "printf", "just this")
    assert human.exit_status() == 0
    assert bytes(human.raw) == b"just this"


def test_the_session_is_shown_at_detach(terminal, people, server):
    human = terminal(people.alice, "run", "--", "bash", "-c", "echo up; exec cat")
    human.wait("up")
    human.send(b"\x1dd")
    assert human.exit_status() == 0
    session, = sessions(server, people.alice)
    assert session["id"][:8] in human.text()


def test_the_client_says_what_it_decided_without_a_terminal(server, people):
    """Not a terminal: size, and that nothing is raw. On standard error, never in the output."""
    done = server.aaau(people.alice, "run", "--", "stty", "size")
    assert done.stdout.strip() == "24 80"
    with Terminal(people.alice, ["sh", "-c", f"echo x | {server.client} run -- sh -c 'read x; stty size'"],
                  env={"AAAU_SOCKET": server.socket}, rows=31, cols=91) as human:
        human.wait("31 91")
        human.exit_status()


def test_the_client_uses_no_processor_while_idle(server, people, terminal):
    human = terminal(people.alice, "run", "--", "cat")
    human.line("x")
    human.wait("x\nx")
    session, = server.sessions.values()
    quiet = [human.pid, session, server.broker, server.monitor]

    def settled():
        before = [procs.switches(pid) for pid in quiet]
        subprocess.run(["sleep", "2"], check=True)
        return before == [procs.switches(pid) for pid in quiet]
    wait_for(settled, 20, "wake-ups of idle processes")
