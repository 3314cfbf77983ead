#!/usr/bin/python3
"""The example program, on the shared library, with a server that does as it is told.

Usage: test-example.py WATCH DIRECTORY-OF-fake_server.py
"""

import subprocess
import sys
import tempfile

sys.path.insert(0, sys.argv[2])
from fake_server import ID, FakeServer  # noqa: E402

with tempfile.TemporaryDirectory() as directory:
    server = FakeServer(directory)
    child = subprocess.Popen([sys.argv[1], server.path, "make", "all"], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
    connection = server.accept()
    request = connection.request()
    assert request == {"op": "new", "program": "make", "args": ["all"], "role": "observer"}, request
    connection.start(role="observer")
    connection.output(b"one\r\n")
    connection.output(b"two\r\n")
    connection.end(exit_status=2)
    out, err = child.communicate(timeout=10)
    assert (child.returncode, out) == (2, b"one\r\ntwo\r\n"), (child.returncode, out, err)
    assert ID.encode() in err, err

    child = subprocess.Popen([sys.argv[1], server.path, "nosuch"], stderr=subprocess.PIPE)
    connection = server.accept()
    connection.request()
    connection.line(ok=False, error={"code": "program-not-found", "message": "no", "remedy": "yes",
                                     "exit_status": 127})
    assert child.communicate(timeout=10)[1] == b"no; yes\n"
    assert child.returncode == 127, child.returncode
    server.close()
