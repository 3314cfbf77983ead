"""Counts in a file, as fast as it can: itself, its child, a setsid daemon and that one's child.

    busy.py FILE    a slot of 8 bytes for each; prints "up" when all four count

Each sleeps a moment between two steps, so that a machine with few processors counts them all.
"""

import mmap
import os
import struct
import sys
import time

SLOTS = 4


def count(memory, slot):
    number = 0
    while True:
        for _ in range(100):
            number += 1
            struct.pack_into("=Q", memory, 8 * slot, number)
        time.sleep(0.001)


with open(sys.argv[1], "w+b") as file:
    file.truncate(8 * SLOTS)
    memory = mmap.mmap(file.fileno(), 8 * SLOTS)
if os.fork() == 0:
    count(memory, 1)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        if os.fork() == 0:
            count(memory, 3)
        count(memory, 2)
    os._exit(0)
while not all(struct.unpack_from("=3Q", memory, 8)):
    time.sleep(0.001)
print("up", flush=True)
count(memory, 0)
