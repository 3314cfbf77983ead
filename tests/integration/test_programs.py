"""Real programs: what they draw through AaaU is what they draw alone, and keys do what they do."""

import hashlib
import json
import os
import re
import shutil

import pytest

from aaau_harness.clients import V2Client
from aaau_harness.procs import kill_processes_of
from aaau_harness.server import ROOT
from aaau_harness.tmux import Tmux
from aaau_harness.wait import wait_for


class Pair:
    """The same program twice: alone as the agent user, and through AaaU by alice."""

    def __init__(self, server, people, directory, argv, env=None, rows=24, cols=80):
        env = env or {}
        bare_env = {"HOME": people.a1.home, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "tmux-256color",
                    "COLORTERM": "truecolor", "SHELL": "/bin/sh", "USER": people.a1.name,
                    "LOGNAME": people.a1.name, **env}
        words = [f"{key}={value}" for key, value in bare_env.items()]
        # tmux sets TERM for what it runs; cwd and umask as in a session.
        self.bare = Tmux(people.a1, directory, ["env", "-i", *words, "sh", "-c", 'cd && umask 027 && exec "$@"', "sh",
                                                *argv], rows, cols)
        try:
            self.aaau = Tmux(people.alice, directory, [server.client, "-q", "-s", server.socket, "run", "--", *argv],
                             rows, cols)
        except BaseException:
            self.bare.close()
            raise

    def keys(self, *keys):
        for tmux in (self.bare, self.aaau):
            tmux.keys(*keys)

    def type(self, text):
        for tmux in (self.bare, self.aaau):
            tmux.type(text)

    def same(self, text="", ignore=None, timeout=20):
        """Both at rest, both with the text, and alike to the last colour."""
        def clean(screen):
            return re.sub(ignore, "~", screen) if ignore else screen
        wanted = clean(self.bare.settled(text, timeout))
        wait_for(lambda: clean(self.aaau.screen(True)) == wanted, timeout,
                 lambda: f"alone:\n{self.bare.screen()}\nthrough aaau:\n{self.aaau.screen()}\n"
                         f"{wanted!r}\n{clean(self.aaau.screen(True))!r}")
        assert self.bare.modes() == self.aaau.modes()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.bare.close()
        self.aaau.close()


@pytest.fixture
def pair(server, people, directory):
    def make(*argv, **options):
        return Pair(server, people, directory, argv, **options)
    return make


def need(program):
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")


@pytest.fixture
def text_file(directory):
    path = os.path.join(directory, "text")
    with open(path, "w", encoding="utf-8") as file:
        for number in range(500):
            file.write(f"{number:4} żółć ☃ 日本語 \t the quick brown fox {'=' * (number % 60)}\n")
    os.chmod(path, 0o644)
    return path


def test_vim(pair, text_file):
    need("vim")
    with pair("vim", "-u", "NONE", "-N", "-n", "-R", text_file) as both:
        both.same("quick brown")
        both.keys("G", "C-b", "w", "w", "v", "j", "j")
        both.same("VISUAL")
        both.keys("Escape", ":", "s", "y", "n", "Space", "o", "n", "Enter", "/", "4", "2", "Enter")
        both.same("42")
        both.keys("i", "a", "Left", "Up", "End", "b", "C-v", "u", "2", "6", "0", "3", "Escape")
        both.same("☃")
        both.keys(":", "q", "!", "Enter")
        assert both.bare.exit_status() == both.aaau.exit_status() == 0


def test_less(pair, text_file):
    need("less")
    with pair("less", text_file) as both:
        both.same("quick brown")
        both.keys("Space", "Space", "b", "/", "9", "9", "Enter")
        both.same("99")
        both.keys("G")
        both.same("(END)")
        both.keys("q")
        assert both.aaau.exit_status() == 0


def test_htop(pair):
    need("htop")
    with pair("htop") as both:
        both.bare.wait("F10")
        both.aaau.wait("F10")
        rows = both.bare.screen(), both.aaau.screen()
        last = [screen.rstrip("\n").splitlines()[-1] for screen in rows]
        assert last[0] == last[1]
        head = [re.search(r"^ *PID USER.*$", screen, re.M).group() for screen in rows]
        assert head[0] == head[1]
        assert both.bare.modes() == both.aaau.modes()
        both.keys("F2")
        both.bare.wait("Setup")
        both.aaau.wait("Setup")
        both.keys("F10")
        both.keys("q")
        assert both.aaau.exit_status() == 0


def test_bash_with_a_prompt_history_and_completion(pair):
    with pair("bash", "--norc", env={"PS1": "\\$ "}) as both:
        for tmux in (both.bare, both.aaau):
            tmux.wait("$")
        both.type("PS1='$ '; clear\n")
        both.same("$")
        both.type("echo one two thre\be; printf '\\033[1;35mx\\033[m\\n'\n")
        both.same("one two")
        both.keys("Up", "C-a", "C-k")
        both.type("ls /usr/inclu\t")
        both.keys("C-u")
        both.type("echo ünïcödé ☃\n")
        both.same("☃")


def test_24_bit_colour_and_unicode(pair, directory):
    path = os.path.join(directory, "colours")
    with open(path, "w", encoding="utf-8") as file:
        for row in range(12):
            file.write("".join(f"\x1b[38;2;{n * 3};{255 - n * 3};{row * 20}m\x1b[48;2;{row * 20};0;{n * 3}m▀"
                               for n in range(78)) + "\x1b[0m\r\n")
        file.write("\x1b[1mbold\x1b[0m \x1b[3mitalic\x1b[0m \x1b[4munder\x1b[0m \x1b[7mreverse\x1b[0m "
                   "\x1b[9mstrike\x1b[0m \x1b[38;5;208m256\x1b[0m\r\n")
        file.write("日本語 한국어 ελληνικά русский עברית العربية हिन्दी ñ́ 👩‍💻 🏳️‍🌈 ┏━┓ ⣿⣶ \U0001F600\r\n")
        file.write("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\ done\r\n")
    os.chmod(path, 0o644)
    with pair("sh", "-c", f"cat {path}; exec sleep 1000") as both:
        both.same("done")


def test_bash_job_control(terminal, people):
    """Ctrl-C, Ctrl-Z, fg, Ctrl-\\ and Ctrl-D, each at its program."""
    human = terminal(people.alice, "run", "--", "bash", "--norc")
    human.wait(r"\$")
    human.line("sh -c 'echo running; exec sleep 1000'")
    human.wait("^running")
    human.send(b"\x03")
    human.wait(r"\^C\n.*\$ *$")
    human.line("echo interrupted=$?")
    human.wait("^interrupted=130")
    # readline gives the terminal back before a command runs; what is typed earlier is typed to readline.
    human.line("echo meow; cat")
    human.wait("^meow")
    human.line("to the cat")
    human.wait("to the cat\nto the cat")
    human.send(b"\x1a")
    human.wait(r"Stopped.*\n.*\$ *$")
    human.line("jobs; echo jobs-$((40+2))")
    human.wait("^jobs-42")
    human.line("fg")
    human.wait("^cat$")
    human.line("again")
    human.wait("again\nagain")
    human.send(b"\x04")
    human.line("echo end=$?")
    human.wait("^end=0")
    # What says it is the one that gets the key, not the shell before it forked.
    human.line("sh -c 'echo asleep; exec sleep 1000'")
    human.wait("^asleep")
    human.send(b"\x1c")
    human.wait(r"Quit.*\n.*\$ *$")
    human.line("exit 9")
    assert human.exit_status() == 9


def test_resize_of_a_full_screen_program(server, people, directory, text_file):
    need("less")
    with Tmux(people.alice, directory, [server.client, "-q", "-s", server.socket, "run", "--", "less", text_file]) as tmux, \
            Tmux(people.a1, directory, ["env", "TERM=tmux-256color", "less", text_file]) as bare:
        for one in (tmux, bare):
            one.wait("quick brown")
            one.call("resize-window", "-x", "50", "-y", "12")
        wanted = bare.settled("quick")
        wait_for(lambda: tmux.screen(True) == wanted, 10, lambda: f"{wanted}\n---\n{tmux.screen(True)}")
        for one in (tmux, bare):
            one.call("resize-window", "-x", "120", "-y", "40")
        wanted = bare.settled("quick")
        wait_for(lambda: tmux.screen(True) == wanted, 10, lambda: f"{wanted}\n---\n{tmux.screen(True)}")


# A mebibyte pasted

PASTE_START, PASTE_END = b"\x1b[200~", b"\x1b[201~"


def test_a_bracketed_paste_of_one_mib_into_a_raw_reader(server, people, agents):
    paste = PASTE_START + bytes(32 + n * 7 % 95 for n in range(1 << 20)) + PASTE_END
    with V2Client.start(people.alice, server.socket, *agents("count", str(len(paste)))) as client:
        client.expect("READY\r\n")
        client.type(paste)
        client.end(60)
        assert client.output == f"COUNT {len(paste)} {hashlib.sha256(paste).hexdigest()}\r\n".encode()
    assert server.records.input(client.session) == paste


def test_a_bracketed_paste_of_one_mib_through_the_terminal_client(terminal, people, agents):
    """The bytes of a terminal, with the client's own key reader between. No detach keys in a paste."""
    paste = PASTE_START + (b"0123456789abcde\x1d" * 65536)[:1 << 20] + PASTE_END
    human = terminal(people.alice, "run", "--", *agents("count", str(len(paste))))
    human.wait("READY")
    human.send(paste)
    human.wait("COUNT", 60)
    assert hashlib.sha256(paste).hexdigest()[:40] in human.text().replace("\n", "")


def test_a_paste_of_one_mib_into_cat_by_lines(server, people):
    """The line discipline cuts lines at 4096 bytes; these are shorter, and none is lost."""
    lines = b"".join(b"%07d %s\r" % (n, b"x" * (n % 90)) for n in range(20000))
    assert len(lines) >= 1 << 20
    with V2Client.start(people.alice, server.socket, "sh", "-c", "stty -echo; echo READY; exec cat") as client:
        client.expect("READY\r\n")
        client.type(lines)
        client.expect(b"0019999 " + b"x" * (19999 % 90) + b"\r\n", 60)
    # In canonical mode the kernel takes what it has room for; nothing may be dropped by anybody.
    with V2Client.attach(people.alice, server.socket, client.session) as again:
        again.frame("k")
        again.end()
    assert server.records.output(client.session).replace(b"\r\n", b"\r") == b"READY\r" + lines


def test_nothing_is_lost_while_the_agent_does_not_read(server, people, agents):
    """The queue is bounded, the client waits, and in the end all arrives."""
    wanted = bytes(n * 11 % 251 for n in range(600_000))
    script = f"stty raw -echo; printf UP; sleep 1; exec {' '.join(agents('count', str(len(wanted))))}"
    with V2Client.start(people.alice, server.socket, "bash", "-c", script) as client:
        client.expect("UP")
        client.type(wanted)
        client.end(60)
        assert hashlib.sha256(wanted).hexdigest().encode() in client.output


# Real agents

AGENTS = os.environ.get("AAAU_TEST_AGENTS") or os.path.join(ROOT, "build", "agents", "node_modules", ".bin")


def agent_program(name):
    path = os.path.join(AGENTS, name)
    if not os.access(path, os.X_OK):
        pytest.skip(f"{name} is not in {AGENTS} (AAAU_TEST_AGENTS)")
    return os.path.realpath(path) if name != "codex" else path


def claude_home(home):
    with open(os.path.join(home, ".claude.json"), "w", encoding="utf-8") as file:
        json.dump({"hasCompletedOnboarding": True, "theme": "dark", "numStartups": 3,
                   "customApiKeyResponses": {"approved": ["dummy"], "rejected": []}, "autoUpdates": False,
                   "projects": {home: {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}}}, file)


def codex_home(home):
    os.makedirs(os.path.join(home, ".codex"), exist_ok=True)
    with open(os.path.join(home, ".codex", "config.toml"), "w", encoding="utf-8") as file:
        file.write('model = "none"\nmodel_provider = "nowhere"\ncheck_for_update_on_startup = false\n'
                   '[model_providers.nowhere]\nname = "nowhere"\nbase_url = "http://127.0.0.1:9/v1"\n'
                   f'[projects."{home}"]\ntrust_level = "trusted"\n')


# name: (what prepares its home, what stands on its first screen, what differs from run to run)
FIRST_SCREENS = {
    "claude": (claude_home, r"Claude Code", r"(?m)^.*([Tt]ip|※|•).*$"),
    "codex": (codex_home, r"OpenAI Codex|Codex", r"(?m)^.*([Tt]ip|›|/).*$"),
    "opencode": (None, r"Ask anything|opencode|/help", r"(?m)^.*([Tt]ip|●|Ask anything).*$"),
}


@pytest.mark.agents
@pytest.mark.heavy
@pytest.mark.parametrize("name", FIRST_SCREENS)
def test_first_screens_of_real_agents(make_server, people, directory, name):
    """Drawn as alone, taken keys, resized, left and rejoined, and gone at the end without a trace."""
    program = agent_program(name)
    prepare, first, ignore = FIRST_SCREENS[name]
    env = {"ANTHROPIC_API_KEY": "dummy", "DISABLE_AUTOUPDATER": "1", "DISABLE_TELEMETRY": "1",
           "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "OPENCODE_DISABLE_AUTOUPDATE": "1"}
    if prepare:
        prepare(people.a1.home)
        for folder, _, files in os.walk(people.a1.home):
            for path in [folder] + [os.path.join(folder, one) for one in files]:
                os.lchown(path, people.a1.uid, -1)
    server = make_server(agents={"real": {"user": people.a1.name, "program": program, "path": "/usr/bin:/bin",
                                          "env": [f"{key}={value}" for key, value in env.items()]}})

    def words(screen):
        """What is drawn, without frames, blinking, hints and the room around."""
        return [line.strip(" │╭╮╰╯─▀▄█▌▐┃╹╻") for line in re.sub(ignore, "", screen).splitlines() if line.strip()]
    # HOME has to be left by the first before the second comes, so they take turns, not sides.
    words_env = [f"{key}={value}" for key, value in {
        "HOME": people.a1.home, "PATH": "/usr/bin:/bin", "TERM": "tmux-256color", "COLORTERM": "truecolor",
        "USER": people.a1.name, "SHELL": "/bin/sh", "LANG": "C.UTF-8", **env}.items()]
    with Tmux(people.a1, directory, ["env", "-i", *words_env, "sh", "-c", f"cd && exec {program}"], 30, 100) as bare:
        wait_for(lambda: re.search(first, bare.screen()), 60, bare.screen)
        alone = words(bare.settled(still=1.5, escapes=False, timeout=60))
        modes = bare.modes()
    # Run bare, an agent may leave daemons behind; the other one's are the server's to end.
    kill_processes_of(people.a1.uid)
    with Tmux(people.alice, directory, [server.client, "-q", "-s", server.socket, "real"], 30, 100) as tmux:
        wait_for(lambda: re.search(first, tmux.screen()), 60, tmux.screen)
        through = words(tmux.settled(still=1.5, escapes=False, timeout=60))
        common = [line for line in alone if line in through]
        assert len(common) >= 0.7 * len(alone), (alone, through)
        assert tmux.modes() == modes
        tmux.type("hello-agent")
        tmux.wait("hello-agent", 20)
        tmux.call("resize-window", "-x", "80", "-y", "24")
        tmux.settled(still=1, escapes=False, timeout=60)
        assert "hello-agent" in tmux.screen()
        tmux.type("\x1dd")
        assert tmux.exit_status() == 0
        assert tmux.ask("alternate_on") == "0"
    with Tmux(people.bob, directory, [server.client, "-s", server.socket, "attach"], 24, 80) as tmux:
        wait_for(lambda: "hello-agent" in tmux.screen(), 20, tmux.screen)
        session, = V2Client.call(people.alice, server.socket, op="list")["sessions"]
        assert V2Client.call(people.alice, server.socket, op="kill", session=session["id"])["ok"]
        assert tmux.exit_status() == 137
