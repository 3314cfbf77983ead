#!/usr/bin/python3
"""The real client on a real terminal, with a server that does as it is told.

Usage: test-client.py AAAU
"""

import fcntl
import json
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_server import ID, FakeServer, wait_until  # noqa: E402

AAAU = None
SHORT = ID[:8]

# Run by nohup(1) or the like, the client would ignore it as we do.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def environment(**more):
    keep = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    if "ASAN_OPTIONS" in os.environ:
        keep["ASAN_OPTIONS"] = os.environ["ASAN_OPTIONS"]
    return {**keep, **more}


class OnTerminal:
    """The client as the foreground process of a terminal of its own. The shell's place is taken by
    a process that only waits, so that the terminal can be looked at afterwards."""

    def __init__(self, server, *arguments, rows=30, columns=100, **variables):
        self.master, self.slave = pty.openpty()
        self.resize(rows, columns, tell=False)
        self.found = termios.tcgetattr(self.slave)
        self.seen = b""
        self.child = subprocess.Popen([AAAU, "-s", server.path, *arguments],
                                      stdin=self.slave, stdout=self.slave, stderr=self.slave,
                                      start_new_session=True, env=environment(**variables),
                                      preexec_fn=self._take_terminal)

    def _take_terminal(self):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def resize(self, rows, columns, tell=True):
        fcntl.ioctl(self.master if tell else self.slave, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, data):
        os.write(self.master, data)

    def see(self, wanted, timeout=10):
        """Everything up to and with what was wanted."""
        while wanted not in self.seen:
            if not select.select([self.master], [], [], timeout)[0]:
                raise TimeoutError(f"never seen {wanted!r}; seen {self.seen!r}")
            self.seen += os.read(self.master, 65536)
        at = self.seen.index(wanted) + len(wanted)
        before, self.seen = self.seen[:at], self.seen[at:]
        return before

    def rest(self):
        """What is left to be seen after the client's end."""
        while select.select([self.master], [], [], 0)[0]:
            self.seen += os.read(self.master, 65536)
        seen, self.seen = self.seen, b""
        return seen

    def is_raw(self):
        return not termios.tcgetattr(self.slave)[3] & termios.ICANON

    def is_as_found(self):
        return termios.tcgetattr(self.slave) == self.found

    def wait(self, timeout=10):
        return self.child.wait(timeout)

    def close(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        os.close(self.master)
        os.close(self.slave)


class ClientTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.server = FakeServer(self.directory.name)
        self.addCleanup(self.directory.cleanup)
        self.addCleanup(self.server.close)

    def terminal(self, *arguments, **options):
        made = OnTerminal(self.server, *arguments, **options)
        self.addCleanup(made.close)
        return made

    def piped(self, *arguments, stdin=subprocess.DEVNULL, **variables):
        made = subprocess.Popen([AAAU, "-s", self.server.path, *arguments], stdin=stdin,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env=environment(**variables))

        def end():
            if made.poll() is None:
                made.kill()
            made.communicate()
        self.addCleanup(end)
        return made

    def accept(self):
        connection = self.server.accept()
        self.addCleanup(connection.close)
        return connection

    def started(self, terminal, **members):
        """A session that the client is in."""
        connection = self.accept()
        request = connection.request()
        connection.start(**members)
        wait_until(terminal.is_raw)
        return connection, request


class Sessions(ClientTest):
    def test_exit_status_and_terminal_after_exit(self):
        terminal = self.terminal("run", "--", "make", "-j2", "all")
        connection, request = self.started(terminal)
        self.assertEqual(request["op"], "new")
        self.assertEqual((request["program"], request["args"]), ("make", ["-j2", "all"]))
        self.assertEqual((request["rows"], request["cols"]), (30, 100))
        self.assertEqual(request["env"], {"TERM": "xterm-256color", "LANG": "C.UTF-8"})
        hello = terminal.see(b"\r\n").decode()
        self.assertIn(f"aaau: session {SHORT} · detach: Ctrl-] d", hello)
        connection.output(b"hello\r\n")
        terminal.see(b"hello\r\n")
        connection.end(exit_status=7, exit_code=7)
        self.assertEqual(terminal.wait(), 7)
        self.assertTrue(terminal.is_as_found())
        self.assertEqual(terminal.rest(), b"")

    def test_output_is_not_touched(self):
        terminal = self.terminal()
        connection, _ = self.started(terminal)
        terminal.see(b"\r\n")
        data = bytes(range(256)) + b"\0\r\n" + "żółć".encode()
        connection.output(data)
        self.assertEqual(terminal.see(data[-8:]), data)
        connection.end()
        self.assertEqual(terminal.wait(), 0)

    def test_every_byte_can_be_typed(self):
        terminal = self.terminal("--detach-keys", "none")
        connection, _ = self.started(terminal)
        data = bytes(range(256))
        terminal.type(data)
        self.assertEqual(connection.input(256), data)
        connection.end()
        self.assertEqual(terminal.wait(), 0)

    def test_statuses(self):
        for reason, members, status, words in [
                ("signaled", {"signal": 15, "exit_status": 143}, 143, b""),
                ("killed", {"by": "al\x1bice", "exit_status": 137}, 137, b"was killed by al?ice]"),
                ("server-shutdown", {"exit_status": 137}, 137, b"the server was shut down]"),
                ("detached", {"by": "bob", "exit_status": 0}, 0, b"by bob; back with: aaau attach"),
                ("too-slow", {"missed_bytes": 99, "exit_status": 254}, 254, b"missed 99 bytes"),
                ("moon", {"exit_status": 9999}, 254, b"ended: moon")]:
            with self.subTest(reason):
                terminal = self.terminal()
                connection, _ = self.started(terminal)
                terminal.see(b"\r\n")
                connection.end(reason, **members)
                self.assertEqual(terminal.wait(), status)
                self.assertTrue(terminal.is_as_found())
                rest = terminal.rest()
                self.assertIn(words, rest)
                self.assertEqual(rest == b"", words == b"")

    def test_lost_connection(self):
        terminal = self.terminal()
        connection, _ = self.started(terminal)
        connection.output(b"\x1b[?1049h\x1b[?25l\x1b[?1003h\x1b[>7u")
        terminal.see(b"\x1b[>7u")
        connection.close()
        self.assertEqual(terminal.wait(), 254)
        self.assertTrue(terminal.is_as_found())
        rest = terminal.rest()
        for undone in (b"\x1b[<1u", b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1003l"):
            self.assertIn(undone, rest)
        self.assertIn(b"lost", rest)

    def test_half_a_frame_and_half_a_sequence_at_the_end(self):
        terminal = self.terminal()
        connection, _ = self.started(terminal)
        connection.output(b"\x1b[?2004h\x1b]0;half a ti")
        connection.socket.sendall(b"\0\0\0\x10o123")
        terminal.see(b"123")
        connection.close()
        self.assertEqual(terminal.wait(), 254)
        self.assertTrue(terminal.rest().startswith(b"\x1b\\\x1b[?2004l"))

    def test_server_that_breaks_the_protocol(self):
        terminal = self.terminal()
        connection, _ = self.started(terminal)
        connection.socket.sendall(struct.pack(">Ic", 1 << 31, b"o"))
        self.assertEqual(terminal.wait(), 254)
        self.assertTrue(terminal.is_as_found())

    def test_refusal(self):
        child = self.piped("run", "--", "nosuch")
        connection = self.accept()
        connection.request()
        connection.line(ok=False, error={"code": "program-not-found", "message": "nosuch: not found\x1b[m",
                                         "remedy": "install it", "exit_status": 127})
        out, err = child.communicate(timeout=10)
        self.assertEqual((child.returncode, out), (127, b""))
        self.assertEqual(err, b"aaau: nosuch: not found?[m; install it\n")

    def test_closed_before_the_answer(self):
        child = self.piped()
        self.accept().close()
        _, err = child.communicate(timeout=10)
        self.assertEqual(child.returncode, 255)
        self.assertIn(b"before it answered", err)

    def test_server_of_another_kind(self):
        child = self.piped()
        self.accept().socket.sendall(b"220 mail.example ESMTP\r\n")
        _, err = child.communicate(timeout=10)
        self.assertEqual(child.returncode, 255)
        self.assertIn(b"not a server of this protocol", err)


class Detaching(ClientTest):
    def test_detach(self):
        terminal = self.terminal()
        connection, _ = self.started(terminal)
        terminal.see(b"\r\n")
        connection.output(b"$ \x1b[?2004h")
        terminal.see(b"\x1b[?2004h")
        terminal.type(b"abc\x1d")
        self.assertEqual(connection.input(3), b"abc")
        terminal.type(b"dxyz")
        connection.until("d")
        wait_until(terminal.is_as_found)
        connection.end("detached", by="me")
        self.assertEqual(terminal.wait(), 0)
        self.assertEqual(terminal.rest().decode(),
                         f"\x1b[?2004l\r\n[detached from {SHORT}; back with: "
                         f"aaau attach {SHORT} -s {self.server.path}]\r\n")

    def test_detach_from_a_server_that_does_not_answer(self):
        terminal = self.terminal("-q")
        connection, _ = self.started(terminal)
        terminal.type(b"\x1b[93;133u\x1b[93;5:3u\x1b[100;129u")
        connection.until("d")
        self.assertEqual(terminal.wait(), 0)
        self.assertEqual(terminal.rest(), b"")

    def test_a_lone_prefix_passes(self):
        terminal = self.terminal()
        connection, _ = self.started(terminal)
        terminal.type(b"\x1d")
        self.assertEqual(connection.input(1), b"\x1d")
        terminal.type(b"\x1dx")
        self.assertEqual(connection.input(2), b"\x1dx")
        connection.end()
        self.assertEqual(terminal.wait(), 0)

    def test_other_keys(self):
        for variables, arguments in [({"AAAU_DETACH_KEYS": "ctrl-a,q"}, []),
                                     ({"AAAU_DETACH_KEYS": "ctrl-x"}, ["--detach-keys", "^a q"])]:
            terminal = self.terminal(*arguments, **variables)
            connection, _ = self.started(terminal)
            terminal.type(b"\x01q")
            connection.until("d")
            connection.end("detached")
            self.assertEqual(terminal.wait(), 0)

    def test_a_paste_is_no_key(self):
        terminal = self.terminal()
        connection, _ = self.started(terminal)
        paste = b"\x1b[200~" + b"\x1dd" * 2000 + b"\x1b[201~"
        sent = 0
        while sent < len(paste):
            sent += os.write(terminal.master, paste[sent:sent + 1000])
        self.assertEqual(connection.input(len(paste)), paste)
        connection.end()
        self.assertEqual(terminal.wait(), 0)


class Signals(ClientTest):
    def test_leave_by_signal(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            with self.subTest(number):
                terminal = self.terminal()
                connection, _ = self.started(terminal)
                connection.output(b"\x1b[?1000;1006h\x1b[31m\x1b[5;10r")
                terminal.see(b"\x1b[5;10r")
                terminal.child.send_signal(number)
                self.assertEqual(terminal.wait(), 128 + number)
                self.assertTrue(terminal.is_as_found())
                self.assertEqual(terminal.rest(), b"\x1b[?1000l\x1b[?1006l\x1b7\x1b[r\x1b8\x1b[0m")
                connection.until("d")

    def test_signal_while_the_terminal_takes_nothing(self):
        terminal = self.terminal()
        connection, _ = self.started(terminal)
        connection.socket.setblocking(False)

        def stuck():
            try:
                connection.output(b"x" * 60000)
                return False
            except BlockingIOError:
                return True
        wait_until(stuck)
        terminal.child.send_signal(signal.SIGTERM)
        self.assertEqual(terminal.wait(), 143)
        self.assertTrue(terminal.is_as_found())

    def test_hangup_of_the_terminal(self):
        terminal = self.terminal()
        connection, _ = self.started(terminal)
        os.close(terminal.master)
        terminal.master = os.open("/dev/null", os.O_RDONLY)
        self.assertEqual(terminal.wait(), 129)

    def test_window_size(self):
        terminal = self.terminal()
        connection, _ = self.started(terminal)
        terminal.resize(40, 132)
        self.assertEqual(connection.until("r"), struct.pack(">HH", 40, 132))
        connection.end()
        self.assertEqual(terminal.wait(), 0)

    def test_stop_and_continue(self):
        terminal = self.terminal()
        connection, _ = self.started(terminal)
        terminal.see(b"\r\n")
        connection.output(b"\x1b[?1049h\x1b[?1002h\x1b[>5u")
        terminal.see(b"\x1b[>5u")
        # A session leader is never stopped by SIGTSTP (its group is orphaned), so the terminal's
        # change is what can be seen of it; SIGSTOP does the rest.
        terminal.child.send_signal(signal.SIGTSTP)
        terminal.see(b"\x1b[<1u\x1b[?1049l\x1b[?1002l")
        terminal.see(b"\x1b[?1049h\x1b[>5u\x1b[?1002h")
        self.assertEqual(connection.until("r"), struct.pack(">HH", 29, 100))
        self.assertEqual(connection.until("r"), struct.pack(">HH", 30, 100))
        wait_until(terminal.is_raw)

        terminal.child.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, terminal.child.pid, os.WSTOPPED | os.WNOWAIT)
        changed = termios.tcgetattr(terminal.slave)
        termios.tcsetattr(terminal.slave, termios.TCSANOW, terminal.found)
        terminal.child.send_signal(signal.SIGCONT)
        wait_until(terminal.is_raw)
        self.assertEqual(termios.tcgetattr(terminal.slave), changed)
        connection.end()
        self.assertEqual(terminal.wait(), 0)
        self.assertTrue(terminal.is_as_found())


class Observing(ClientTest):
    def test_nothing_typed_goes_out(self):
        terminal = self.terminal("attach", SHORT, "-r")
        connection = self.accept()
        request = connection.request()
        self.assertEqual(request, {"op": "attach", "session": SHORT, "role": "observer"})
        connection.start(role="observer", level="admin")
        wait_until(terminal.is_raw)
        terminal.see(b"watching session")
        terminal.type(b"rm -rf /\r\x04")
        terminal.resize(50, 50)
        terminal.child.send_signal(signal.SIGTSTP)
        terminal.type(b"\x1dd")
        self.assertEqual(connection.frame(), ("d", b""))
        connection.end("detached")
        self.assertEqual(terminal.wait(), 0)

    def test_read_only_level(self):
        terminal = self.terminal("attach")
        connection = self.accept()
        self.assertEqual(connection.request(), {"op": "attach", "rows": 30, "cols": 100})
        connection.start(level="read-only")
        wait_until(terminal.is_raw)
        terminal.type(b"x\x03")
        self.assertEqual(terminal.wait(), 130)
        self.assertTrue(terminal.is_as_found())
        self.assertEqual(connection.frame(), ("d", b""))

    def test_error_while_attached(self):
        terminal = self.terminal()
        connection, _ = self.started(terminal)
        terminal.see(b"\r\n")
        connection.output(b"\x1b[3")
        connection.send("E", {"code": "record-stalled", "message": "disk full", "remedy": "make room",
                              "exit_status": 255})
        connection.output(b"1mred")
        self.assertEqual(terminal.see(b"\x1b8"), b"\x1b[31mred\x1b7\x1b[30;1H\x1b[0;7m"
                         b"aaau: disk full; make room\x1b[0m\x1b[K\x1b8")
        connection.end()
        self.assertEqual(terminal.wait(), 0)


class NoTerminal(ClientTest):
    def test_input_from_a_pipe_and_its_end(self):
        child = self.piped("-p", "bash -c 'read x; echo $x'", stdin=subprocess.PIPE)
        connection = self.accept()
        request = connection.request()
        self.assertEqual((request["program"], request["args"]), ("bash", ["-c", "read x; echo $x"]))
        self.assertNotIn("rows", request)
        child.stdin.write(b"one\x1dd\n")
        child.stdin.flush()
        connection.start()
        self.assertEqual(connection.input(6), b"one\x1dd\n")
        child.stdin.write(b"two")
        child.stdin.close()
        child.stdin = None
        self.assertEqual(connection.input(5), b"two\x04\x04")
        connection.output(b"done\r\n")
        connection.end(exit_status=3)
        out, err = child.communicate(timeout=10)
        self.assertEqual((child.returncode, out, err), (3, b"done\r\n", b""))

    def test_dev_null(self):
        child = self.piped()
        connection = self.accept()
        connection.request()
        connection.start()
        # Once, and again only where the session says nothing.
        self.assertEqual(connection.frame(), ("i", b"\x04"))
        self.assertEqual(connection.frame(), ("i", b"\x04"))
        connection.end()
        self.assertEqual(child.wait(10), 0)

    def test_the_end_of_input_is_not_that_of_a_session_that_was_there_before(self):
        reader, writer = os.pipe()
        child = self.piped("attach", "x", stdin=reader)
        os.close(reader)
        connection = self.accept()
        connection.request()
        connection.start()
        os.write(writer, b"ls")
        os.close(writer)
        self.assertEqual(connection.frame(), ("i", b"ls"))
        # A Ctrl-D would come with it, or after a quarter of a second.
        self.assertRaises(TimeoutError, connection.frame, 0.4)
        connection.end()
        self.assertEqual(child.wait(10), 0)

    def test_a_megabyte_through_a_session_that_is_slow(self):
        child = self.piped(stdin=subprocess.PIPE)
        connection = self.accept()
        connection.request()
        connection.start()
        data = os.urandom(1 << 20)
        pipe, child.stdin = child.stdin, None

        def write():
            with pipe:
                pipe.write(data)
        writer = threading.Thread(target=write)
        writer.start()
        self.assertEqual(connection.input(len(data)), data)
        writer.join()
        connection.end()
        self.assertEqual(child.wait(10), 0)

    def test_broken_pipe(self):
        child = self.piped()
        connection = self.accept()
        connection.request()
        connection.start()
        child.stdout.close()
        child.stdout = None
        connection.output(b"for nobody")
        connection.until("d")
        self.assertEqual(child.wait(10), 141)

    def test_full_disk(self):
        with open("/dev/full", "wb") as full:
            child = subprocess.Popen([AAAU, "-s", self.server.path], stdin=subprocess.DEVNULL,
                                     stdout=full, stderr=subprocess.PIPE, env=environment())
        connection = self.accept()
        connection.request()
        connection.start()
        connection.output(b"x")
        _, err = child.communicate(timeout=10)
        self.assertEqual(child.returncode, 254)
        self.assertIn(b"No space left on device; the session goes on: aaau attach " + SHORT.encode(), err)

    def test_standard_descriptors_closed(self):
        child = subprocess.Popen(["sh", "-c", f"exec {AAAU} -s {self.server.path} <&- >&- 2>&-"],
                                 env=environment())
        connection = self.accept()
        connection.request()
        connection.start()
        connection.output(b"x")
        self.assertEqual(connection.input(1), b"\x04")
        connection.end(exit_status=5)
        self.assertEqual(child.wait(10), 5)

    def test_notices(self):
        child = self.piped()
        connection = self.accept()
        self.assertEqual(connection.request()["features"], ["notices"])
        connection.start(features=["notices"])
        connection.send("N", {"event": "attached", "message": "alice attached"})
        connection.end()
        self.assertEqual(child.communicate(timeout=10)[1], b"aaau: alice attached\n")

    def test_flood(self):
        child = self.piped(stdin=subprocess.DEVNULL)
        connection = self.accept()
        connection.request()
        chunk = bytes(range(256)) * 250

        def write():
            connection.start()
            for _ in range(500):
                connection.output(chunk)
            connection.send("X", {"reason": "exited", "exit_status": 0})
        writer = threading.Thread(target=write)
        writer.start()
        out, _ = child.communicate(timeout=60)
        writer.join()
        self.assertEqual(len(out), 500 * len(chunk))
        self.assertTrue(out == chunk * 500)


class Verbs(ClientTest):
    S = {"id": ID, "name": "work", "agent": "claude", "user": "agent", "creator": "alice",
         "command": "claude \x1b]0;evil\x07 --go", "created": 1764000000.123456, "idle_ms": 61000,
         "operators": 1, "observers": 2, "rows": 24, "cols": 80, "state": "running",
         "output_bytes": 123456, "input_bytes": 7, "new-member": [1]}

    def ask(self, *arguments, answer):
        child = self.piped(*arguments)
        connection = self.accept()
        request = connection.request()
        connection.line(**answer)
        connection.close()
        out, err = child.communicate(timeout=10)
        return request, child.returncode, out.decode(), err.decode()

    def test_ls(self):
        other = dict(self.S, id="3f2a91c0-2222-4222-8333-444455556666", name="", observers=0)
        request, status, out, _ = self.ask("ls", answer={"ok": True, "sessions": [self.S, other]})
        self.assertEqual((request, status), ({"op": "list"}, 0))
        lines = out.splitlines()
        self.assertEqual(lines[0].split(), "ID NAME AGENT USER CREATOR AGE IDLE CLIENTS SIZE STATE COMMAND".split())
        self.assertRegex(lines[1], r"^3f2a91c0-1  work  claude  agent  alice    \d+d  1m    1\+2r     24x80  "
                                   r"running  claude \?\]0;evil\? --go$")
        self.assertRegex(lines[2], r"^3f2a91c0-2  -     claude  agent  alice    \d+d  1m    1        24x80 ")

    def test_ls_empty(self):
        _, status, out, err = self.ask("ls", answer={"ok": True, "sessions": []})
        self.assertEqual((status, out, err), (0, "", "aaau: no sessions\n"))

    def test_ls_json(self):
        _, status, out, _ = self.ask("ls", "--json", answer={"ok": True, "sessions": [self.S]})
        self.assertEqual((status, json.loads(out)), (0, [self.S]))
        self.assertIn("1764000000.123456", out)
        self.assertNotIn("\x1b", out)
        _, status, out, err = self.ask("ls", "--json", answer={"ok": True, "sessions": []})
        self.assertEqual((status, json.loads(out), err), (0, [], ""))

    def test_ls_fits_the_terminal(self):
        terminal = self.terminal("ls", columns=90)
        connection = self.accept()
        connection.request()
        connection.line(ok=True, sessions=[dict(self.S, command="x" * 500)])
        self.assertEqual(terminal.wait(), 0)
        lines = terminal.rest().decode().splitlines()
        self.assertEqual(len(lines[1]), 90)
        self.assertTrue(lines[1].endswith("x…"))

    def test_many_sessions(self):
        many = [dict(self.S, id=f"{i:08x}-1111-4222-8333-444455556666") for i in range(3000)]
        _, status, out, _ = self.ask("ls", answer={"ok": True, "sessions": many})
        self.assertEqual((status, len(out.splitlines())), (0, 3001))

    def test_status(self):
        request, status, out, _ = self.ask("status", "work", answer={"ok": True, "session": self.S})
        self.assertEqual((request, status), ({"op": "status", "session": "work"}, 0))
        values = dict(line.split(": ", 1) for line in out.splitlines())
        self.assertEqual(values["session"], ID)
        self.assertEqual(values["size"], "24x80")
        self.assertEqual(values["output"], "123456 (120.6 KiB)")
        self.assertNotIn("\x1b", out)
        _, _, out, _ = self.ask("status", "work", "--json", answer={"ok": True, "session": self.S})
        self.assertEqual(json.loads(out), self.S)

    def test_kill_and_detach(self):
        request, status, out, err = self.ask("kill", "work", answer={"ok": True, "session": ID})
        self.assertEqual((request, status, out, err), ({"op": "kill", "session": "work"}, 0, "", ""))
        request, status, _, err = self.ask("detach", "work", "--all",
                                           answer={"ok": True, "session": ID, "detached": 2})
        self.assertEqual(request, {"op": "detach", "session": "work", "everyone": True})
        self.assertEqual((status, err), (0, "aaau: 2 clients disconnected\n"))

    def test_detached_run(self):
        request, status, out, _ = self.ask("run", "-d", "--name", "x", "--agent", "codex", answer={
            "ok": True, "session": ID, "level": "interactive", "role": "operator"})
        self.assertEqual((request["agent"], request["name"], request["detached"]), ("codex", "x", True))
        self.assertEqual((status, out), (0, ID + "\n"))

    def test_answer_of_wrong_types(self):
        for answer in ({"ok": True, "sessions": {}}, {"ok": True, "sessions": [{"id": 7}]},
                       {"ok": 1}, {"ok": False, "error": "no"}, {"ok": True}):
            _, status, out, err = self.ask("ls", answer=answer)
            self.assertEqual((status, out), (255, ""))
            self.assertIn("not a server of this protocol", err)


class Usage(ClientTest):
    def run_client(self, *arguments, **variables):
        done = subprocess.run([AAAU, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                              env=environment(**variables), timeout=10, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def test_usage_errors(self):
        for arguments in (["-p", "x", "claude"], ["-n", "x", "-p", "y"], ["-n", "x", "claude"], ["-r"],
                          ["-n", "x", "--name", "y"], ["--bogus"], ["-x"], ["-p"], ["run", "--name"],
                          ["ls", "-p", "x"], ["-p", "x", "ls"], ["ls", "x"], ["kill"], ["attach", "a", "b"],
                          ["claude", "x"], ["-p", "'a"], ["-p", " "], ["help", "bogus"],
                          ["--detach-keys", "ctrl-[", "claude"], ["attach", "--detach-keys", "x"]):
            with self.subTest(arguments):
                status, out, err = self.run_client(*arguments)
                self.assertEqual((status, out), (64, ""))
                self.assertTrue(err.startswith("aaau: "), err)

    def test_inside_of_a_session(self):
        for verb in ("attach", "status", "detach"):
            status, _, err = self.run_client(verb, AAAU_SESSION=ID)
            self.assertEqual(status, 64)
            self.assertIn("inside of session " + ID, err)

    def test_help_and_version(self):
        status, out, _ = self.run_client("--help")
        self.assertEqual(status, 0)
        self.assertIn("usage: aaau [-s SOCKET]", out)
        for verb in ("run", "attach", "ls", "status", "kill", "detach"):
            self.assertIn("aaau " + verb, out)
            self.assertEqual(self.run_client("help", verb), self.run_client(verb, "--help"))
        self.assertRegex(self.run_client("--version")[1], r"^aaau \d+\.\d+\.\d+\n$")

    def test_no_server(self):
        for path in (self.directory.name + "/none", self.server.path + "/below"):
            status, _, err = self.run_client("ls", AAAU_SOCKET=path)
            self.assertEqual(status, 255)
            self.assertEqual(err, f"aaau: no server at {path}: start it with: sudo aaau-server run\n")
        self.assertEqual(self.run_client("ls", "-s", "x" * 200)[0], 255)

    @unittest.skipIf(os.geteuid() != 0, "needs another user")
    def test_not_permitted(self):
        os.chmod(self.directory.name, 0o755)
        os.chown(self.server.path, 0, 4)
        os.chmod(self.server.path, 0o660)
        # Nobody else may reach a build in somebody's home.
        aaau = shutil.copy(AAAU, self.directory.name)
        done = subprocess.run([aaau, "-s", self.server.path, "ls"], capture_output=True, user=65534,
                              group=65534, extra_groups=[], env=environment(), timeout=10, check=False)
        self.assertEqual(done.returncode, 255)
        self.assertIn(b"you are not in group adm, which may use the server", done.stderr)
        self.assertIn(b"sudo usermod -aG adm $USER, then log in again", done.stderr)


if __name__ == "__main__":
    AAAU = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=1)
