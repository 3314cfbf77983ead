"""Raw mode: counts and hashes N bytes of input, then prints COUNT N SHA."""
import hashlib
import os
import sys
import termios
import tty

wanted = int(sys.argv[1])
tty.setraw(0, termios.TCSANOW)      # what was typed before stays
os.write(1, b"READY\r\n")
digest, seen = hashlib.sha256(), 0
while seen < wanted:
    data = os.read(0, 65536)
    digest.update(data)
    seen += len(data)
os.write(1, f"COUNT {seen} {digest.hexdigest()}\r\n".encode())
