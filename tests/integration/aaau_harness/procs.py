"""Looking at processes, by /proc."""

import os
import signal

from .wait import wait_for


def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def status(pid):
    """/proc/PID/status as a dict, or None where the process is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    except (FileNotFoundError, ProcessLookupError):
        return None


def alive(pid):
    state = status(pid)
    return state is not None and not state["State"].startswith(("Z", "X"))


def cmdline(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return [part.decode(errors="replace") for part in file.read().split(b"\0")[:-1]]
    except (FileNotFoundError, ProcessLookupError):
        return []


def processes_of(uid):
    """Living processes with this real or effective uid."""
    found = []
    for pid in pids():
        state = status(pid)
        if state and not state["State"].startswith(("Z", "X")):
            if str(uid) in state["Uid"].split("\t")[:2]:
                found.append(pid)
    return found


def children(pid):
    found = []
    for other in pids():
        state = status(other)
        if state and int(state["PPid"]) == pid:
            found.append(other)
    return found


def tree(pid):
    """A process and all its descendants."""
    parents = {}
    for other in pids():
        state = status(other)
        if state:
            parents.setdefault(int(state["PPid"]), []).append(other)
    found, queue = [], [pid]
    while queue:
        one = queue.pop()
        found.append(one)
        queue += parents.get(one, [])
    return found


def descriptors(pid):
    """{number: what it points to}"""
    found = {}
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            try:
                found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
            except FileNotFoundError:
                pass
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


def pss_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        for line in file:
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def cpu_ns(pid):
    """Time on a processor so far, to the nanosecond."""
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0])


def switches(pid):
    """How often the process was put on a processor: it woke up, or was pushed off."""
    state = status(pid)
    return int(state["voluntary_ctxt_switches"]) + int(state["nonvoluntary_ctxt_switches"])


def kill_processes_of(uid):
    """For the end of a run: the uid is one that the run made."""
    assert uid != 0

    def none_left():
        left = processes_of(uid)
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return not left
    wait_for(none_left, 10, f"processes of uid {uid} cannot be killed")
