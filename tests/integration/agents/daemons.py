"""Leaves behind what survives a polite end: setsid, double fork, ignored signals, closed and kept
terminals. Prints DAEMONS[pids]END and exits, or waits where its argument says so."""
import json
import os
import signal
import sys
import time

read, write = os.pipe()


def leave(setsid, twice, ignore, keep_terminal):
    if os.fork() != 0:
        return
    if setsid:
        os.setsid()
    if twice and os.fork() != 0:
        os._exit(0)
    if ignore:
        for number in range(1, 65):
            if number not in (signal.SIGKILL, signal.SIGSTOP, 32, 33):
                signal.signal(number, signal.SIG_IGN)
    if not keep_terminal:
        null = os.open("/dev/null", os.O_RDWR)
        for fd in range(3):
            os.dup2(null, fd)
    os.write(write, f"{os.getpid()}\n".encode())
    os.close(write)
    while True:
        time.sleep(1000)


kinds = [(s, t, i, k) for s in (0, 1) for t in (0, 1) for i in (0, 1) for k in (0, 1)]
for kind in kinds:
    leave(*kind)
os.close(write)
pids = []
with os.fdopen(read) as lines:
    for _ in kinds:
        pids.append(int(lines.readline()))
print("DAEMONS" + json.dumps(pids) + "END", flush=True)
if sys.argv[1:] == ["wait"]:
    time.sleep(1000)
