#!/usr/bin/python3
"""The benchmark: a terminal program alone on its PTY, through AaaU, and through what else there is.

    sudo tests/bench/bench.py [--only ROW,…] [--with NAME,…] [--rounds N] [--json FILE]

Each figure is taken from outside, on a PTY of its own, as the user at the terminal would see it
(pty-meter.c); the program at the inner end is always the same (pty-agent.c). Contestants take turns
in random order, in many short rounds, so that a busy moment of the machine hits all alike. Medians
are shown, and in brackets the median of the rounds' ratios to the bare PTY. The processors are kept
from idling deeply (/dev/cpu_dma_latency), which on virtual machines moves everything tenfold.
docs/performance.md says how to read the figures.

AaaU records everything while it is measured. Needs root: it makes a user and a server of its own.
"""

import argparse
import ctypes
import json
import os
import platform
import random
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))

from aaau_harness import procs  # noqa: E402
from aaau_harness.server import Server, copy_install, prefix  # noqa: E402
from aaau_harness.users import People  # noqa: E402
from aaau_harness.wait import wait_for  # noqa: E402

MIB = 1 << 20
ROWS = {
    "start": "exec to the agent's first output, ms",
    "echo": "a key and its echo, p50 us",
    "echo99": "a key and its echo, p99 us",
    "typing": "a key and its echo, a key every 5 ms, p50 us",
    "plain": "flood of plain text, MiB/s",
    "escapes": "flood of escape sequences, MiB/s",
    "cpu": "processor time of all processes between, ms a MiB of plain text",
    "memory": "memory of an idle session, PSS KiB",
    "wakes": "times a process was woken in idle seconds",
}


class Contestant:
    """A way to run the agent. `command` puts the agent's own arguments into the whole command."""

    exact = True            # every byte comes through as it is
    servers = staticmethod(lambda: [])   # processes beside the command's own descendants

    def __init__(self, name, command, **more):
        self.name = name
        self.command = command
        self.__dict__.update(more)


class Failed(Exception):
    pass


class Meter:
    """One run of pty-meter."""

    def __init__(self, bench, contestant, what, agent_arguments=()):
        agent = [bench.agent, *agent_arguments]
        self.process = subprocess.Popen([bench.meter, *what, *contestant.command(agent)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, cwd="/tmp")
        self.values = {}
        self.contestant = contestant

    def read_until(self, name=None):
        for line in self.process.stdout:
            key, value = line.split()
            self.values[key] = int(value)
            if key == name:
                return self
        self.process.wait()
        if self.process.returncode != 0 or name:
            raise Failed(f"{self.contestant.name}: {self.process.stderr.read().strip()}")
        return self

    def between(self):
        """The processes between the meter's terminal and the agent."""
        found = procs.tree(self.process.pid)[1:] + self.contestant.servers()
        return [pid for pid in found if (procs.cmdline(pid) or [""])[0].rsplit("/", 1)[-1]
                not in ("pty-agent", "pty-agent-logged", "")]

    def release(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.read_until()
        if self.values.get("status", 1) != 0:
            raise Failed(f"{self.contestant.name}: ended with {self.values.get('status')}")


class Bench:
    def __init__(self, directory, options):
        self.directory = directory
        self.options = options
        self.meter = self._program("pty-meter", options.programs)
        self.agent = self._program("pty-agent", options.programs)
        self.server = None
        self.people = None
        self.contestants = []
        self.made = []          # files to remove at the end

    def _program(self, name, where):
        """A copy that every user can run; compiled here where the build has none."""
        path = os.path.join(self.directory, name)
        built = os.path.join(where, name)
        if os.access(built, os.X_OK):
            shutil.copy(built, path)
        else:
            subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", path,
                            os.path.join(HERE, name + ".c"), "-lutil"], check=True)
        return path

    # Who takes part

    def gather(self):
        homes = os.path.join(self.directory, "homes")
        os.mkdir(homes, 0o755)
        self.people = People(f"aaaub{os.getpid()}", homes)
        install = copy_install(os.path.join(self.directory, "install"))
        self._add("bare", None, lambda agent: agent)
        if install:
            self.server = Server(self.people, install, os.path.join(self.directory, "server"),
                                 agents={}).start()
            client = [self.server.client, "-s", self.server.socket, "run", "--"]
            self._add("aaau", None, lambda agent: client + agent, servers=self._our_processes)
        else:
            print(f"no staged install in {prefix()} (make stage): without aaau", file=sys.stderr)
        user = self.people.a1.name
        self._add("setpriv", "setpriv", lambda agent: [
            "setpriv", "--reuid", user, "--regid", user, "--clear-groups", *agent])
        self._add("su --pty", "su", lambda agent: [
            "su", "--pty", "-s", "/bin/sh", user, "-c", "exec " + " ".join(agent)])
        if shutil.which("sudo"):
            self._sudoers(user)
        self._add("script", "script", lambda agent: [
            "script", "-q", "-c", "exec " + " ".join(agent), self._fresh("script")])
        self._utmp()
        self._add("tlog", "tlog-rec", lambda agent: [
            "tlog-rec", "--writer=file", "--file-path=" + self._fresh("tlog"), *agent])
        self._add("dtach", "dtach", lambda agent: [
            "dtach", "-c", self._fresh("dtach"), "-r", "none", "-E", "-z", *agent])
        settings = os.path.join(self.directory, "tmux.conf")
        with open(settings, "w", encoding="ascii") as file:
            file.write("set -g status off\nset -g escape-time 0\n")
        self._add("tmux", "tmux", lambda agent: [
            "env", "-u", "TMUX", "TERM=xterm-256color", "tmux", "-S", self._fresh("tmux"),
            "-f", settings, "new-session", *agent], exact=False)

    def _add(self, name, needs, command, **more):
        wanted = self.options.contestants
        if (needs is None or shutil.which(needs)) and (not wanted or name in (*wanted, "bare")):
            self.contestants.append(Contestant(name, command, **more))

    def _sudoers(self, user):
        """sudo with and without its I/O log, by a sudoers file only this process tree sees."""
        logged = self.agent + "-logged"
        shutil.copy(self.agent, logged)
        path = os.path.join(self.directory, "sudoers")
        with open(path, "w", encoding="ascii") as file:
            file.write(f"Defaults use_pty\nDefaults iolog_dir={self.directory}/sudo-io\n"
                       f"Defaults!{logged} log_output\nroot ALL=(ALL:ALL) NOPASSWD: ALL\n")
        os.chmod(path, 0o440)
        libc = ctypes.CDLL(None, use_errno=True)
        clone_newns, ms_bind, ms_private_rec = 0x20000, 0x1000, 0x44000
        if (libc.unshare(clone_newns) or libc.mount(b"none", b"/", None, ms_private_rec, None)
                or libc.mount(path.encode(), b"/etc/sudoers", None, ms_bind, None)):
            print(f"without sudo: {os.strerror(ctypes.get_errno())}", file=sys.stderr)
            return
        self._add("sudo", "sudo", lambda agent: ["sudo", "-n", "-u", user, *agent])
        self._add("sudo, I/O log", "sudo", lambda agent: [
            "sudo", "-n", "-u", user, logged, *agent[1:]])

    def _utmp(self):
        """tlog does not start on a machine without this file, as containers are."""
        try:
            os.close(os.open("/run/utmp", os.O_CREAT | os.O_EXCL, 0o664))
            self.made.append("/run/utmp")
        except FileExistsError:
            pass

    def _fresh(self, name):
        return tempfile.mktemp(prefix=name + "-", dir=self.directory)

    def _our_processes(self):
        server = self.server
        return [server.monitor, server.broker, *server.sessions.values()]

    # What is measured: each gives {row: value}

    def measure_start(self, one):
        run = Meter(self, one, ["start"]).read_until()
        return {"start": run.values["start_ns"] / 1e6}

    def measure_echo(self, one):
        run = Meter(self, one, ["echo", str(self.options.keys)]).read_until()
        return {"echo": run.values["p50_ns"] / 1e3, "echo99": run.values["p99_ns"] / 1e3}

    def measure_typing(self, one):
        run = Meter(self, one, ["typing", str(self.options.keys // 10)]).read_until()
        return {"typing": run.values["p50_ns"] / 1e3}

    def _flood(self, one, kind):
        total = self.options.mib * MIB
        run = Meter(self, one, ["flood", kind, str(total), "exact" if one.exact else "redrawn"],
                    [kind, str(total)])
        # The time before the flood is part of the sum, and is nothing beside it.
        before = {pid: procs.cpu_ns(pid) for pid in one.servers()}
        run.read_until("idle")
        used = 0
        for pid in run.between():
            used += procs.cpu_ns(pid) - before.get(pid, 0)
        run.release()
        seconds = run.values["flood_ns"] / 1e9
        result = {kind: self.options.mib / seconds}
        if kind == "plain" and one.name not in ("bare", "setpriv"):
            result["cpu"] = used / 1e6 / self.options.mib
        return result

    def measure_plain(self, one):
        return self._flood(one, "plain")

    def measure_escapes(self, one):
        return self._flood(one, "escapes")

    def measure_memory(self, one):
        if one.name in ("bare", "setpriv"):
            return {}
        run = Meter(self, one, ["hold"]).read_until("idle")
        shared = {self.server.monitor, self.server.broker} if self.server else set()
        used = sum(procs.pss_kib(pid) for pid in run.between() if pid not in shared)
        run.release()
        return {"memory": used}

    def measure_wakes(self, one):
        if one.name in ("bare", "setpriv"):
            return {}
        run = Meter(self, one, ["hold"]).read_until("idle")
        between = run.between()

        def count():
            return sum(procs.switches(pid) for pid in between)
        # Starting up has its own wake-ups: idle begins when a second has none, or after five.
        settled = time.monotonic() + 5
        while time.monotonic() < settled:
            last = count()
            time.sleep(1)
            if count() == last:
                break
        last = count()
        time.sleep(self.options.idle)
        woken = count() - last
        run.release()
        return {"wakes": woken}

    MEASURES = {"start": (measure_start, 30), "echo": (measure_echo, 9),
                "typing": (measure_typing, 9), "plain": (measure_plain, 6),
                "escapes": (measure_escapes, 6), "memory": (measure_memory, 3),
                "wakes": (measure_wakes, 1)}

    def _measure(self, measure, one):
        """Others are given a second try; we are not."""
        try:
            return measure(self, one)
        except Failed:
            if one.name == "aaau":
                raise
            return measure(self, one)

    def run(self):
        found = {}
        failed = {}
        for name, (measure, times) in self.MEASURES.items():
            if self.options.only and name not in self.options.only:
                continue
            for _ in range(max(1, times * self.options.rounds // 3)):
                turns = [one for one in self.contestants if one.name not in failed]
                random.shuffle(turns)
                for one in turns:
                    try:
                        values = self._measure(measure, one)
                    except Failed as error:
                        failed[one.name] = str(error)
                        print(f"{one.name} drops out of {name}: {error}", file=sys.stderr)
                        continue
                    for row, value in values.items():
                        found.setdefault(row, {}).setdefault(one.name, []).append(value)
                if self.server:
                    wait_for(lambda: not self.server.sessions, 10, "sessions stay")
            print(f"{name} done", file=sys.stderr)
        return found, failed

    def end(self):
        try:
            if self.server:
                self.server.stop()
        finally:
            if self.people:
                self.people.remove()
            for path in self.made:
                os.unlink(path)


def machine():
    model = "unknown"
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {"kernel": platform.release(), "processors": os.cpu_count(), "model": model,
            "system": platform.freedesktop_os_release().get("PRETTY_NAME", "")}


def show(found, names):
    names = [name for name in names if any(name in row for row in found.values())]
    print("| |", " | ".join(names), "|")
    print("|---|" + "---|" * len(names))
    for row, text in ROWS.items():
        if row not in found:
            continue
        bare = found[row].get("bare")
        cells = []
        for name in names:
            if name not in found[row]:
                cells.append("")
                continue
            value = statistics.median(found[row][name])
            cell = f"{value:.2f}" if value < 10 else f"{value:.0f}"
            if bare and name != "bare":
                ratios = [one / alone for one, alone in zip(found[row][name], bare)]
                cell += f" ({statistics.median(ratios):.2f})"
            cells.append(cell)
        print(f"| {text} |", " | ".join(cells), "|")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--only", type=lambda text: text.split(","),
                        help="rows, of " + ",".join(Bench.MEASURES))
    parser.add_argument("--with", dest="contestants", type=lambda text: text.split(","),
                        help="contestants beside the bare PTY")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mib", type=int, default=32, help="size of a flood")
    parser.add_argument("--keys", type=int, default=500, help="keys an echo round")
    parser.add_argument("--idle", type=float, default=5, help="seconds of idling")
    parser.add_argument("--json", help="write every single value there")
    parser.add_argument("--programs", default=os.path.join(os.path.dirname(os.path.dirname(HERE)),
                                                           "build", "tests", "bench"),
                        help="where pty-meter and pty-agent were built")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("bench.py: needs root")
    directory = tempfile.mkdtemp(prefix="aaaub-", dir="/tmp")
    os.chmod(directory, 0o755)
    bench = Bench(directory, options)
    latency = -1
    try:
        latency = os.open("/dev/cpu_dma_latency", os.O_WRONLY)
        os.write(latency, struct.pack("i", 0))
    except OSError as error:
        print(f"processors idle as they like: {error}", file=sys.stderr)
    try:
        bench.gather()
        found, failed = bench.run()
    finally:
        bench.end()
        if latency >= 0:
            os.close(latency)
        shutil.rmtree(directory, ignore_errors=True)
    about = machine()
    print(f"{about['model']}, {about['processors']} processors, Linux {about['kernel']}, "
          f"{about['system']}; medians, (ratio to bare); every byte checked\n")
    show(found, [one.name for one in bench.contestants])
    for name, why in failed.items():
        print(f"\n{name} dropped out: {why}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"machine": about, "values": found, "failed": failed}, file, indent=1)
    return 1 if "aaau" in failed or "bare" in failed else 0


if __name__ == "__main__":
    sys.exit(main())
