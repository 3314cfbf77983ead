"""Prints READY, then every byte of its input as <hex>, on a raw terminal. `q` alone in a read ends it."""
import os
import sys
import termios
import tty

tty.setraw(0, termios.TCSANOW)      # what was typed before stays
os.write(1, b"READY\r\n")
while True:
    data = os.read(0, 4096)
    if not data or data == b"q":
        sys.exit(0)
    os.write(1, b"".join(b"<%02x>" % byte for byte in data))
