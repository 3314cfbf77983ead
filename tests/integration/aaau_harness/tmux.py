"""A tmux server of its own: a real terminal emulator whose screen and modes can be asked for."""

import os
import shutil

from .wait import wait_for


class Tmux:
    """One window, one program, run as a user."""

    def __init__(self, user, directory, argv, rows=24, cols=80, env=None, keep_status=True):
        self.user = user
        # Socket paths are short, and the directory has to be the user's.
        self.directory = os.path.join(directory, f"tmux-{os.urandom(4).hex()}")
        os.mkdir(self.directory, 0o700)
        os.chown(self.directory, user.uid, user.gid)
        config = os.path.join(self.directory, "conf")
        with open(config, "w", encoding="ascii") as file:
            file.write("set -g status off\nset -g escape-time 0\nset -g remain-on-exit on\n"
                       "set -g default-terminal tmux-256color\nset -ga terminal-overrides ',*:Tc'\n"
                       "set -g extended-keys on\nset -g history-limit 5000\n"
                       "set -g remain-on-exit-format ''\n")
        os.chmod(config, 0o644)
        self.base = ["tmux", "-S", os.path.join(self.directory, "s"), "-f", config]
        self.env = env or {}
        self.status = os.path.join(self.directory, "status")
        if keep_status:     # tmux itself forgets it now and then (pane_dead_status)
            argv = ["sh", "-c", f'"$@"; echo $? >{self.status}', "sh", *argv]
        done = user.run(*self.base, "new-session", "-d", "-x", str(cols), "-y", str(rows), *argv,
                        env={"TERM": "xterm-256color", "COLORTERM": "truecolor", **self.env})
        assert done.returncode == 0, done.stderr

    def call(self, *arguments, **options):
        done = self.user.run(*self.base, *arguments, **options)
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout

    def screen(self, escapes=False):
        return self.call("capture-pane", "-p", *(["-e"] if escapes else []))

    def ask(self, name):
        """A format, e.g. alternate_on."""
        return self.call("display-message", "-p", "#{" + name + "}").strip()

    def modes(self):
        names = ("alternate_on", "cursor_flag", "insert_flag", "keypad_cursor_flag", "keypad_flag",
                 "mouse_any_flag", "mouse_sgr_flag", "mouse_utf8_flag", "wrap_flag", "origin_flag")
        return {name: self.ask(name) for name in names}

    def keys(self, *keys):
        self.call("send-keys", *keys)

    def type(self, text):
        self.call("send-keys", "-l", text)

    def exit_status(self, timeout=15):
        """Of the program in the window, once it has ended."""
        def told():
            try:
                with open(self.status, encoding="ascii") as file:
                    return file.read()
            except FileNotFoundError:
                return ""
        return int(wait_for(told, timeout, self.screen))

    def wait(self, text, timeout=15, escapes=False):
        def there():
            return text in self.screen(escapes)
        wait_for(there, timeout, lambda: f"{text!r} on the screen:\n{self.screen()}")

    def settled(self, text="", timeout=20, still=0.4, escapes=True):
        """The screen, once it holds the text and has not changed for a while."""
        import time
        seen = {"screen": None, "since": time.monotonic()}

        def stable():
            now = self.screen(escapes)
            if now != seen["screen"]:
                seen.update(screen=now, since=time.monotonic())
            return text in now and time.monotonic() - seen["since"] > still
        wait_for(stable, timeout, lambda: f"no rest, or no {text!r}:\n{self.screen()}")
        return seen["screen"]

    def close(self):
        self.user.run(*self.base, "kill-server")
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
