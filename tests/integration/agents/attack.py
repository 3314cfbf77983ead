"""Attempts, from inside a session, on processes and files given by number and path.

    attack.py process PID…      signal, trace, read memory and descriptors of
    attack.py connect PATH…     connect to sockets
    attack.py open PATH…        open for reading, then for writing
    attack.py terminals         open every other terminal there is
    attack.py tiocsti TEXT      push input into whatever terminal can be found

Prints ATTACK{json}END: {attempt: "done" or the errno's name}.
"""
import ctypes
import errno
import fcntl
import json
import os
import signal
import socket
import stat
import sys
import termios

libc = ctypes.CDLL(None, use_errno=True)
results = {}


def attempt(name, function):
    try:
        function()
        results[name] = "done"
    except OSError as error:
        results[name] = errno.errorcode.get(error.errno, str(error.errno))


def call(value):
    if value < 0:
        raise OSError(ctypes.get_errno(), "")
    return value


def getfd(pid):
    pidfd = os.pidfd_open(pid)
    call(libc.syscall(438, pidfd, 3, 0))        # pidfd_getfd


def read_memory(pid):
    buffer = ctypes.create_string_buffer(8)

    class Iovec(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
    local = Iovec(ctypes.addressof(buffer), 8)
    remote = Iovec(0x400000, 8)
    if libc.process_vm_readv(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0) < 0:
        if ctypes.get_errno() != errno.EFAULT:      # EFAULT: permitted, nothing mapped there
            raise OSError(ctypes.get_errno(), "")


def trace(request, pid):
    call(libc.ptrace(request, pid, 0, 0))
    os.waitpid(pid, 0)
    libc.ptrace(17, pid, 0, 0)


def processes(pids):
    for pid in map(int, pids):
        for number in (0, signal.SIGCONT, signal.SIGUSR1, signal.SIGTERM, signal.SIGKILL):
            attempt(f"{pid} kill {int(number)}", lambda: os.kill(pid, number))
        attempt(f"{pid} pidfd signal", lambda: signal.pidfd_send_signal(os.pidfd_open(pid), 0))
        attempt(f"{pid} attach", lambda: trace(16, pid))
        attempt(f"{pid} seize", lambda: trace(0x4206, pid))
        attempt(f"{pid} mem", lambda: os.open(f"/proc/{pid}/mem", os.O_RDWR))
        attempt(f"{pid} mem read", lambda: os.open(f"/proc/{pid}/mem", os.O_RDONLY))
        attempt(f"{pid} vm", lambda: read_memory(pid))
        attempt(f"{pid} environ", lambda: os.open(f"/proc/{pid}/environ", os.O_RDONLY))
        attempt(f"{pid} fd", lambda: os.listdir(f"/proc/{pid}/fd"))
        for number in range(3, 12):
            attempt(f"{pid} fd/{number}", lambda: os.open(f"/proc/{pid}/fd/{number}", os.O_RDWR))
        attempt(f"{pid} cwd", lambda: os.listdir(f"/proc/{pid}/cwd"))
        attempt(f"{pid} getfd", lambda: getfd(pid))
        attempt(f"{pid} limits", lambda: libc_prlimit(pid))
        attempt(f"{pid} oom", lambda: os.open(f"/proc/{pid}/oom_score_adj", os.O_WRONLY))
        attempt(f"{pid} priority", lambda: os.setpriority(os.PRIO_PROCESS, pid, 19))


def libc_prlimit(pid):
    limit = (ctypes.c_uint64 * 2)(1, 1)
    call(libc.prlimit(pid, 7, ctypes.byref(limit), None))


def connect(path):
    if len(path) > 107:     # longer than an address can be: from beside it
        os.chdir(os.path.dirname(path))
        path = os.path.basename(path)
    for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
        one = socket.socket(socket.AF_UNIX, kind)
        try:
            one.connect(path)
            return
        except OSError as error:
            if error.errno != errno.EPROTOTYPE:
                raise


def terminals():
    """Every terminal device that can be named, but our own."""
    own = os.fstat(0)
    names = [f"/dev/pts/{n}" for n in range(512)] + [f"/dev/tty{n}" for n in range(64)]
    names += ["/dev/console"]
    for pid in filter(str.isdigit, os.listdir("/proc")):
        names += [f"/proc/{pid}/fd/{n}" for n in range(3)]
        names += [f"/proc/{pid}/root/dev/pts/{n}" for n in range(4)]
    for name in names:
        try:
            if not stat.S_ISCHR(os.stat(name).st_mode):
                continue
            # O_NOCTTY: ours stays ours. /dev/null and the like are no terminals.
            fd = os.open(name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError:
            continue
        there = os.fstat(fd)
        if os.isatty(fd) and (there.st_dev, there.st_ino) != (own.st_dev, own.st_ino):
            results[name] = f"{os.ttyname(fd) if name.startswith('/dev') else os.readlink(name)}"
        os.close(fd)


def tiocsti(text):
    targets = {"0": 0, "1": 1, "2": 2}
    attempt("open /dev/tty", lambda: targets.update(tty=os.open("/dev/tty", os.O_RDWR)))
    for name, fd in targets.items():
        for high in (0, 1 << 32):
            def push():
                for char in text:
                    byte = ctypes.c_char(char.encode())
                    call(libc.ioctl(fd, ctypes.c_ulong(termios.TIOCSTI | high), ctypes.byref(byte)))
            attempt(f"{name} {high}", push)
    # And the terminal's own answer-back, which a shell after us would read as typed.
    fcntl.fcntl(1, fcntl.F_SETFL, fcntl.fcntl(1, fcntl.F_GETFL) & ~os.O_NONBLOCK)


what, rest = sys.argv[1], sys.argv[2:]
if what == "process":
    processes(rest)
elif what == "connect":
    for path in rest:
        attempt(path, lambda: connect(path))
elif what == "open":
    for path in rest:
        attempt(f"{path} r", lambda: os.open(path, os.O_RDONLY))
        attempt(f"{path} w", lambda: os.open(path, os.O_WRONLY))
elif what == "terminals":
    terminals()
elif what == "tiocsti":
    tiocsti(rest[0])
print("ATTACK" + json.dumps(results) + "END", flush=True)
