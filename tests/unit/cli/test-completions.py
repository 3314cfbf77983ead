#!/usr/bin/python3
"""The completions, in the shells themselves, with an aaau that has two sessions. Shells that are
not installed are passed over.

Usage: test-completions.py DIRECTORY-OF-COMPLETIONS
"""

import os
import pty
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile

COMPLETIONS = os.path.abspath(sys.argv[1])
VERBS = {"run", "attach", "ls", "status", "kill", "detach", "freeze", "thaw", "panic", "help"}
AGENTS = {"claude", "codex", "gemini", "opencode"}
SESSIONS = {"3f2a91c0", "work", "77777777"}
STAND_IN = """#!/bin/sh
echo "ID        NAME  AGENT   COMMAND"
echo "3f2a91c0  work  claude  claude --name x"
echo "77777777  -     claude  bash"
"""

BASH = """
source "$1/aaau.bash"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_aaau
printf '%s\\n' "${COMPREPLY[@]}"
"""


def bash(environment, _, *words):
    return subprocess.run(["bash", "-c", BASH, "bash", COMPLETIONS, *words], env=environment,
                          capture_output=True, text=True, check=True).stdout.split()


def fish(environment, _, *words):
    script = "source $argv[1]/aaau.fish; complete -C $argv[2]"
    lines = subprocess.run(["fish", "--no-config", "-c", script, COMPLETIONS, " ".join(words)],
                           env=environment, capture_output=True, text=True,
                           check=True).stdout.splitlines()
    return [line.split("\t")[0] for line in lines]


ZSH = """
autoload -Uz compinit
fpath=(DIRECTORY $fpath)
compinit -u -D
LISTMAX=10000
bindkey '^I' list-choices
PROMPT='%{%}ready> '
"""


def zsh(environment, wanted, *words):
    """Through a terminal: the widgets of zsh run nowhere else. It lists nothing while there is more
    to read, so what is wanted is waited for."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe("zsh", ["zsh", "-f", "-i"], {**environment, "TERM": "dumb"})
    seen = ""

    def read_until(condition):
        nonlocal seen
        while not condition():
            if not select.select([terminal], [], [], 20)[0]:
                return
            seen += os.read(terminal, 65536).decode(errors="replace").replace("\r", " ")

    os.write(terminal, ZSH.replace("DIRECTORY", COMPLETIONS).strip().replace("\n", "; ").encode() + b"\n")
    read_until(lambda: " ready> " in seen)
    seen = ""
    os.write(terminal, " ".join(words).encode() + b"\t")
    read_until(lambda: wanted <= set(seen.split()))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(terminal)
    return seen.split()


with tempfile.TemporaryDirectory() as directory:
    path = os.path.join(directory, "aaau")
    with open(path, "w", encoding="utf-8") as file:
        file.write(STAND_IN)
    os.chmod(path, stat.S_IRWXU)
    environment = {"PATH": directory + ":" + os.environ["PATH"], "HOME": directory}
    for shell, complete in (("bash", bash), ("fish", fish), ("zsh", zsh)):
        if not shutil.which(shell):
            continue

        def check(wanted, *words):
            got = set(complete(environment, wanted, "aaau", *words))
            assert wanted <= got, f"{shell}: {words}: {wanted - got} not in {got}"
        check(VERBS | AGENTS, "")
        check(SESSIONS, "attach", "")
        check(SESSIONS, "kill", "")
        check(SESSIONS, "freeze", "")
        check(SESSIONS, "thaw", "")
        check({"--all"}, "thaw", "--")
        check({"--all"}, "panic", "--")
        check(SESSIONS, "-n", "")
        check({"--json"}, "ls", "--")
        check({"--detached", "--agent"}, "run", "--")
        check({"codex", "default"}, "run", "--agent", "")
        check({"awk"}, "run", "aw")
        print(shell, "fine")
