"""Both wire versions, written from the specification and not from the product's code."""

import array
import json
import os
import select
import socket
import struct
import time

from .wait import Timeout


def connect_as(user, path, count=1):
    """`count` connected sockets whose peer, for the server, is `user`.

    The kernel notes a peer's credentials when it connects, so a child becomes the user, connects,
    and passes the sockets back. Raises what connect(2) raised there.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            ours.close()
            user.become()
            for _ in range(count):
                one = socket.socket(socket.AF_UNIX)
                try:
                    if len(path) > 107:     # longer than an address can be: from beside it
                        os.chdir(os.path.dirname(path))
                    one.connect(path if len(path) <= 107 else os.path.basename(path))
                    theirs.sendmsg([b"+"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                             array.array("i", [one.fileno()]))])
                except OSError as error:
                    theirs.send(str(error.errno).encode())
                one.close()
            status = 0
        finally:
            os._exit(status)
    theirs.close()
    sockets, failure = [], None
    for _ in range(count):
        data, ancillary, _, _ = ours.recvmsg(64, socket.CMSG_SPACE(4))
        if data == b"+":
            sockets.append(socket.socket(fileno=struct.unpack("i", ancillary[0][2])[0]))
        else:
            failure = OSError(int(data or b"5"), os.strerror(int(data or b"5")))
    os.waitpid(child, 0)
    ours.close()
    if failure:
        for one in sockets:
            one.close()
        raise failure
    return sockets if count != 1 else sockets[0]


class RawClient:
    """A connection, and all that came over it so far."""

    def __init__(self, user, path, connected=None):
        self.socket = connected or connect_as(user, path)
        self.socket.setblocking(False)
        self.received = bytearray()
        self.closed = False

    def fileno(self):
        return self.socket.fileno()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data, timeout=10):
        """All of it, taking in what arrives meanwhile so that neither side is stuck."""
        view = memoryview(data)
        deadline = time.monotonic() + timeout
        while view:
            readable, writable, _ = select.select([] if self.closed else [self], [self], [],
                                                  max(0, deadline - time.monotonic()))
            if readable:
                self._take()
            if writable:
                view = view[self.socket.send(view):]
            if not readable and not writable:
                raise Timeout(f"{len(view)} bytes could not be sent")

    def _take(self):
        try:
            data = self.socket.recv(1 << 20)
        except BlockingIOError:
            return
        except ConnectionResetError:
            data = b""
        if data:
            self.received += data
            self._arrived()
        else:
            self.closed = True

    def _arrived(self):
        """For those that take the stream apart as it comes."""

    def pump(self, condition, timeout=10, what=None):
        """Takes in what comes until condition() is true; its result."""
        deadline = time.monotonic() + timeout
        while True:
            result = condition()
            if result:
                return result
            left = deadline - time.monotonic()
            if self.closed or left <= 0:
                why = "closed" if self.closed else f"not within {timeout} s"
                raise Timeout(f"{what or 'wanted'}: {why}; have {bytes(self.received[-2000:])!r}")
            if select.select([self], [], [], left)[0]:
                self._take()

    def line(self, timeout=10):
        """The next whole line, without its newline, taken out of what was received."""
        self.pump(lambda: b"\n" in self.received, timeout, "a line")
        line, _, rest = bytes(self.received).partition(b"\n")
        self.received = bytearray(rest)
        return line

    def until_closed(self, timeout=10):
        """Everything up to the server's close."""
        self.pump(lambda: self.closed, timeout, "the end of the connection")
        return bytes(self.received)


class V1Client(RawClient):
    """Version 1, the original's."""

    def __init__(self, user, path, first=None, connected=None):
        super().__init__(user, path, connected)
        self.session = None
        if first is not None:
            self.send(first if isinstance(first, bytes) else first.encode())

    @classmethod
    def start(cls, user, path, program="bash", *args, rows=24, cols=80):
        request = {"program": program, "args": list(args), "rows": rows, "cols": cols}
        client = cls(user, path, "NEW_JSON:" + json.dumps(request) + "\n")
        client.opened()
        return client

    def opened(self):
        """The answer, which has to be a success."""
        line = self.line()
        assert line.startswith(b"SESSION:"), line
        self.session = line[8:].decode()
        return self.session

    def refused(self):
        """The answer, which has to be an error line and the end of the connection."""
        data = self.until_closed()
        assert data.endswith(b"\n") and data.count(b"\n") == 1, data
        assert not data.startswith(b"SESSION:"), data
        return data[:-1].decode()

    def frame(self, payload):
        self.send(struct.pack(">I", len(payload)) + payload)

    def expect(self, wanted, timeout=10):
        """Waits for bytes in the output; gives and forgets everything up to their end."""
        self.pump(lambda: wanted in self.received, timeout, repr(wanted))
        end = self.received.index(wanted) + len(wanted)
        before = bytes(self.received[:end])
        del self.received[:end]
        return before


class V2Client(RawClient):
    """Version 2: one JSON line each way, then typed frames (u32 length, u8 type, payload)."""

    def __init__(self, peer, path, request=None, connected=None, **fields):
        super().__init__(peer, path, connected)
        self.output = bytearray()
        self.output_total = 0
        self.keep_output = True
        self.frames = []        # every other frame: (type, payload)
        self.framed = False
        self.answer = None
        if request is not None or fields:
            self.ask(request, **fields)

    def ask(self, request=None, **fields):
        body = request if isinstance(request, bytes) else json.dumps({**(request or {}), **fields}).encode()
        self.send(b"AAAU/2 " + body + b"\n")

    def answered(self, timeout=10):
        self.answer = json.loads(self.line(timeout))
        assert isinstance(self.answer["ok"], bool)
        self.framed = True
        self._arrived()
        return self.answer

    @property
    def session(self):
        return self.answer["session"]

    @classmethod
    def open(cls, user, path, **fields):
        """A request that has to succeed and leaves a terminal connection."""
        client = cls(user, path, **fields)
        answer = client.answered()
        assert answer["ok"], answer
        return client

    @classmethod
    def start(cls, user, path, *argv, **fields):
        """A program in the default profile; with agent=…, arguments to that profile's program."""
        if "agent" in fields:
            return cls.open(user, path, op="new", args=list(argv), **fields)
        return cls.open(user, path, op="new", program=argv[0], args=list(argv[1:]), **fields)

    @classmethod
    def attach(cls, user, path, session, **fields):
        return cls.open(user, path, op="attach", session=session, **fields)

    @classmethod
    def call(cls, user, path, **fields):
        """A request whose answer closes the connection: the answer."""
        with cls(user, path, **fields) as client:
            answer = json.loads(client.line())
            client.until_closed()
            return answer

    def _arrived(self):
        if not self.framed:
            return
        at, data = 0, self.received
        while len(data) - at >= 5:
            length, kind = struct.unpack_from(">Ic", data, at)
            if len(data) - at < 5 + length:
                break
            payload = bytes(data[at + 5:at + 5 + length])
            at += 5 + length
            if kind == b"o":
                self.output_total += length
                if self.keep_output:
                    self.output += payload
            else:
                self.frames.append((kind.decode(), payload))
        del data[:at]

    def frame(self, kind, payload=b""):
        self.send(struct.pack(">Ic", len(payload), kind.encode()) + payload)

    def type(self, data):
        """Input, in as many frames as it takes."""
        data = data.encode() if isinstance(data, str) else data
        for at in range(0, len(data), 65536):
            self.frame("i", data[at:at + 65536])

    def expect(self, wanted, timeout=10):
        """Waits for bytes in the output; gives and forgets everything up to their end."""
        wanted = wanted.encode() if isinstance(wanted, str) else wanted
        try:
            self.pump(lambda: wanted in self.output, timeout, repr(wanted))
        except Timeout as error:
            raise Timeout(f"{error}; output {bytes(self.output[-2000:])!r}; {self.frames}") from None
        end = self.output.index(wanted) + len(wanted)
        before = bytes(self.output[:end])
        del self.output[:end]
        return before

    def next(self, kind, timeout=10):
        """The payload of the next frame of a kind, taken out; JSON where the kind is."""
        def taken():
            for index, (have, payload) in enumerate(self.frames):
                if have == kind:
                    del self.frames[index]
                    return (payload,)
            return None
        try:
            payload, = self.pump(taken, timeout, f"a frame {kind!r}")
        except Timeout as error:
            raise Timeout(f"{error}; {self.frames}; output {bytes(self.output[-500:])!r}") from None
        return json.loads(payload) if kind in "SENX" else payload

    def end(self, timeout=20):
        """The END frame, after which the server closes and nothing else comes."""
        end = self.next("X", timeout)
        self.until_closed()
        assert not self.received, bytes(self.received)
        return end
