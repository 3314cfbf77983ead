"""A version 2 server without an agent behind it, for tests of the client."""

import json
import os
import select
import socket
import struct
import time

ID = "3f2a91c0-1111-4222-8333-444455556666"


class Connection:
    """One client that connected, taken apart by hand."""

    def __init__(self, connected):
        self.socket = connected
        self.received = b""

    def _more(self, timeout):
        if not select.select([self.socket], [], [], timeout)[0]:
            raise TimeoutError(f"nothing more from the client; have {self.received!r}")
        data = self.socket.recv(1 << 20)
        self.received += data
        return data

    def request(self, timeout=10):
        while b"\n" not in self.received:
            assert self._more(timeout), "the client closed before its request was whole"
        line, _, self.received = self.received.partition(b"\n")
        assert line.startswith(b"AAAU/2 "), line
        return json.loads(line[7:])

    def frame(self, timeout=10):
        """(type, payload), or None at the end of the connection."""
        while True:
            if len(self.received) >= 5:
                length, kind = struct.unpack_from(">Ic", self.received)
                if len(self.received) >= 5 + length:
                    payload = self.received[5:5 + length]
                    self.received = self.received[5 + length:]
                    return kind.decode(), payload
            if not self._more(timeout):
                return None

    def input(self, length, timeout=10):
        """That many bytes of input; other frames are passed over."""
        data = b""
        while len(data) < length:
            frame = self.frame(timeout)
            assert frame, f"closed after {data!r}"
            if frame[0] == "i":
                data += frame[1]
        return data

    def until(self, kind, timeout=10):
        """The payload of the next frame of this kind."""
        while True:
            frame = self.frame(timeout)
            assert frame, f"closed without a frame {kind}"
            if frame[0] == kind:
                return frame[1]

    def line(self, **members):
        self.socket.sendall(json.dumps(members).encode() + b"\n")

    def start(self, **members):
        self.line(**{"ok": True, "session": ID, "name": "", "level": "interactive",
                     "role": "operator", "features": [], **members})

    def send(self, kind, payload=b""):
        if isinstance(payload, dict):
            payload = json.dumps(payload).encode()
        self.socket.sendall(struct.pack(">Ic", len(payload), kind.encode()) + payload)

    def output(self, data):
        self.send("o", data)

    def end(self, reason="exited", exit_status=0, **members):
        self.send("X", {"reason": reason, "exit_status": exit_status, **members})
        self.close()

    def close(self):
        self.socket.close()


class FakeServer:
    def __init__(self, directory):
        self.path = os.path.join(directory, "aaau.sock")
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(self.path)
        self.listening.listen(8)

    def accept(self, timeout=10):
        self.listening.settimeout(timeout)
        return Connection(self.listening.accept()[0])

    def close(self):
        self.listening.close()
        os.unlink(self.path)


def wait_until(condition, timeout=10):
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the condition did not become true")
        time.sleep(0.005)
