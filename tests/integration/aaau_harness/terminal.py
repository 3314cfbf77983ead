"""A human at a terminal: a program on a PTY with a screen that is really drawn."""

import os
import re
import signal

import pexpect
import pyte

from .wait import wait_for


class Terminal:
    """A program on a PTY of its own, run as a user. What it prints is drawn on `screen`."""

    def __init__(self, user, argv, rows=24, cols=80, env=None, **options):
        self.screen = pyte.Screen(cols, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = bytearray()
        self.child = pexpect.spawn(argv[0], list(argv[1:]), preexec_fn=user.become, cwd="/",
                                   env=user.environment(**(env or {})), dimensions=(rows, cols),
                                   echo=True, encoding=None, timeout=10, **options)
        self.child.delaybeforesend = None
        self.child.ptyproc.delayafterclose = 0
        self.child.ptyproc.delayafterterminate = 0

    @property
    def pid(self):
        return self.child.pid

    def pump(self):
        """Draws what has come. False at the end."""
        try:
            data = self.child.read_nonblocking(1 << 16, 0.02)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.raw += data
        self.stream.feed(data)
        return True

    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    def wait(self, wanted, timeout=15):
        """Until a regular expression matches the screen: the match."""
        def matches():
            alive = self.pump()
            match = re.search(wanted, self.text(), re.M)
            if not match and not alive:
                raise AssertionError(f"{wanted!r} never came; the screen:\n{self.text()}")
            return match
        return wait_for(matches, timeout, lambda: f"{wanted!r}; the screen:\n{self.text()}")

    def wait_raw(self, wanted, timeout=15):
        """Until bytes have come, drawn or not."""
        def has():
            alive = self.pump()
            if wanted not in self.raw and not alive:
                raise AssertionError(f"{wanted!r} never came; have {bytes(self.raw[-1000:])!r}")
            return wanted in self.raw
        return wait_for(has, timeout, lambda: f"{wanted!r}; have {bytes(self.raw[-1000:])!r}")

    def wait_until(self, condition, timeout=15, what=None):
        """Until a condition holds, drawing meanwhile."""
        def holds():
            self.pump()
            return condition()
        return wait_for(holds, timeout, what or (lambda: f"the screen:\n{self.text()}"))

    def send(self, data):
        data = data.encode() if isinstance(data, str) else data
        while data:
            data = data[os.write(self.child.child_fd, data[:4096]):]
            self.pump_once()

    def pump_once(self):
        try:
            data = self.child.read_nonblocking(1 << 16, 0)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return
        self.raw += data
        self.stream.feed(data)

    def line(self, text):
        self.send(text + "\r")

    def resize(self, rows, cols):
        self.screen.resize(rows, cols)
        self.child.setwinsize(rows, cols)

    def mode(self):
        """The terminal's termios, as the program left it."""
        import termios
        return termios.tcgetattr(self.child.child_fd)

    def kill(self, sig=signal.SIGKILL):
        os.kill(self.child.pid, sig)

    def exit_status(self, timeout=15):
        """Draws to the end and gives the status as a shell would."""
        wait_for(lambda: not self.pump(), timeout, lambda: f"no end; the screen:\n{self.text()}")
        self.child.wait()
        if self.child.exitstatus is not None:
            return self.child.exitstatus
        return 128 + self.child.signalstatus

    def close(self):
        if self.child.isalive():
            self.child.kill(signal.SIGKILL)
            self.child.wait()
        self.child.close(force=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
