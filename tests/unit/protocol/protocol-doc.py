#!/usr/bin/python3
"""docs/protocol.md and aaau-protocol(7) say what src/protocol says, and the example in the page works.

Usage: protocol-doc.py SOURCE_ROOT
"""

import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

ROOT = sys.argv.pop(1)


def text(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


PAGE = text("docs/protocol.md")
MANUAL = text("man/aaau-protocol.7")
STRING = r'"((?:[^"\\]|\\.)*)"'


def section(title):
    """The part of the page below that heading, up to the next of its rank or above."""
    match = re.search(rf"^(#+) {re.escape(title)}$", PAGE, re.M)
    rest = PAGE[match.end():]
    end = re.search(rf"^#{{1,{len(match[1])}}} ", rest, re.M)
    return rest[:end.start()] if end else rest


def rows(part):
    """The cells of every table row of a part, headings and rulers left out."""
    for line in part.splitlines():
        if line.startswith("|") and not line.startswith("|---"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def define(header, name):
    return int(re.search(rf"^#define {name}\s+(\d+)", text(header), re.M)[1])


class Page(unittest.TestCase):
    maxDiff = None

    def test_errors(self):
        source = re.findall(rf"\] = \{{\s*{STRING},\s*{STRING},\s*{STRING},\s*(\d+)\}}", text("src/protocol/error.c"))
        source = [(code, status, message, remedy) for code, message, remedy, status in source if code != "ok"]
        values = re.search(r"enum protocol_error \{(.*?)\};", text("src/protocol/error.h"), re.S)[1]
        self.assertEqual(len(source), len(re.findall(r"^\tPROTOCOL_\w+", values, re.M)) - 2)
        page = [(row[0].strip("`"), *row[1:]) for row in rows(section("Errors")) if row[0].startswith("`")]
        self.assertEqual(page, source)
        manual = re.findall(r"^\.It Cm (\S+) Ta (\d+)", MANUAL, re.M)
        self.assertEqual(manual, [(code, status) for code, status, _, _ in source])

    def test_codes_named_in_the_text_are_those_of_the_header(self):
        header = re.findall(r'/\* "([a-z-]+)"', text("src/protocol/error.h"))
        self.assertEqual(sorted(header), sorted(row[0].strip("`") for row in rows(section("Errors"))
                                                if row[0].startswith("`")))

    def test_frame_types(self):
        source = dict(re.findall(r"^\tFRAME_([A-Z]+) =\s+'(.)'", text("src/protocol/frame.h"), re.M))
        self.assertGreater(len(source), 0)
        page = {row[0]: row[1].strip("`") for row in rows(section("Frames")) if row[0].isupper()}
        self.assertEqual(page, source)
        manual = dict(re.findall(r"^\.It ([A-Z]+) Pq Sq Li (.)$", MANUAL, re.M))
        self.assertEqual(manual, source)

    def test_request_keys(self):
        source = set(re.findall(r'\{"(\w+)",\s+(?:NEW_JSON|OP)', text("src/protocol/request-json.c"))) | {"op"}
        page = {key for row in rows(section("Request")) for key in re.findall(r"`(\w+)`", row[0])}
        self.assertEqual(page, source)
        self.assertEqual(set(re.findall(r"^\.It Cm (\w+) Pq", MANUAL, re.M)), source)

    def test_features(self):
        source = set(re.findall(r'/\* "(\w+)"', re.search(r"enum request_feature \{.*?\};",
                                                          text("src/protocol/request.h"), re.S)[0]))
        self.assertEqual({row[0].strip("`") for row in rows(section("Features")) if row[0].startswith("`")}, source)

    def test_limits(self):
        page = {row[0]: row[1] for row in rows(section("Limits and timeouts"))}
        self.assertEqual(page["first line, `\\n` included"], f"{define('src/protocol/request.h', 'REQUEST_MAX_LINE'):,} bytes")
        self.assertEqual(page["arguments"], f"{define('src/protocol/request.h', 'REQUEST_MAX_ARGS'):,}")
        self.assertEqual(page["a session's name"], f"{define('src/protocol/request.h', 'REQUEST_MAX_NAME')} bytes")
        payload = define("src/protocol/frame.h", "FRAME_MAX_PAYLOAD")
        self.assertEqual(payload, define("src/protocol/v1.h", "V1_MAX_PAYLOAD"))
        self.assertEqual(page["INPUT, OUTPUT, a frame of version 1"], f"{payload:,} bytes")
        self.assertEqual(page["any other frame of version 2"], f"{define('src/protocol/frame.h', 'FRAME_MAX_CONTROL'):,} bytes")

    def test_json_in_the_page_is_json(self):
        found = 0
        for line in PAGE.splitlines():
            line = re.sub(r"^(→ AAAU/2 |← )", "", line)
            if line.startswith('{"') and "…" not in line:
                json.loads(line)
                found += 1
        self.assertGreater(found, 5)

    def test_links(self):
        anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")
                   for title in re.findall(r"^#+ (.*)$", PAGE, re.M)}
        self.assertEqual(set(re.findall(r"\]\(#([^)]*)\)", PAGE)) - anchors, set())


def frame(kind, payload=b""):
    return struct.pack(">Ic", len(payload), kind) + payload


class Example(unittest.TestCase):
    """The program in the page, against a server that follows a script."""

    def run_example(self, script):
        source = re.search(r"```python\n(.*?)```", section("An example"), re.S)[1]
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "socket")
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(path)
            listener.listen()
            received = bytearray()

            def serve():
                connection = listener.accept()[0]
                with connection, connection.makefile("rb") as stream:
                    received.extend(stream.readline())
                    for byte in script:
                        connection.send(bytes([byte]))
                    connection.shutdown(socket.SHUT_WR)
                    received.extend(stream.read())

            server = threading.Thread(target=serve, daemon=True)
            server.start()
            done = subprocess.run([sys.executable, "-c", source], env={"AAAU_SOCKET": path}, timeout=20,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            server.join(20)
            listener.close()
        return done, bytes(received)

    def test_a_session(self):
        answer = b'{"ok":true,"session":"4b6c","name":"","level":"interactive","role":"operator","features":[]}\n'
        done, received = self.run_example(
            answer + frame(b"o", b"hel") + frame(b"?", b"skipped") + frame(b"o", b"lo\r\n")
            + frame(b"X", b'{"reason":"exited","exit_code":3,"exit_status":3}'))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (3, b"hello\r\n", b""))
        line, rest = received.split(b"\n", 1)
        self.assertEqual(line[:7], b"AAAU/2 ")
        self.assertEqual(json.loads(line[7:])["op"], "new")
        self.assertEqual(rest, frame(b"i", b"echo hello\rexit 3\r"))

    def test_a_refusal(self):
        done, _ = self.run_example(b'{"ok":false,"error":{"code":"busy","message":"m","remedy":"r","exit_status":255}}\n')
        self.assertEqual((done.returncode, done.stdout), (255, b""))
        self.assertIn(b"'m' 'r'", done.stderr)

    def test_a_lost_connection(self):
        done, _ = self.run_example(b'{"ok":true}\n' + frame(b"o", b"x") + b"\0\0")
        self.assertEqual((done.returncode, done.stdout), (254, b"x"))


if __name__ == "__main__":
    unittest.main()
