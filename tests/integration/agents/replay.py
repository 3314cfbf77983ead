"""Writes a recording to its terminal, raw: for each byte that it reads, the next piece of a random length."""
import os
import random
import sys
import termios
import tty

tty.setraw(0, termios.TCSANOW)
with open(sys.argv[1], "rb") as file:
    data = file.read()
random.seed(sys.argv[2])
at = 0
while True:
    for _ in os.read(0, 4096):
        length = random.choice((1, 3, 40, 400))
        piece = data[at:at + length]
        at += length
        while piece:
            piece = piece[os.write(1, piece):]
