"""Many at once, and nothing left of them."""

import os
import resource

import pytest

from aaau_harness import procs
from aaau_harness.clients import V2Client, connect_as
from aaau_harness.wait import wait_for

pytestmark = pytest.mark.heavy


@pytest.fixture(autouse=True)
def many_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def files_below(*roots):
    return sorted(os.path.join(folder, name) for root in roots for folder, _, names in os.walk(root)
                  for name in names)


class Census:
    """Everything that could leak, counted."""

    def __init__(self, server):
        self.server = server

    def take(self):
        server = self.server
        with open("/proc/sys/kernel/pty/nr", encoding="ascii") as file:
            terminals = int(file.read())
        people = server.people
        return {
            "monitor descriptors": len(procs.descriptors(server.monitor)),
            "broker descriptors": len(procs.descriptors(server.broker)),
            "processes": sum(len(procs.processes_of(user.uid)) for user in (people.service, people.a1, people.a2)),
            "children of the monitor": len(procs.children(server.monitor)),
            "terminals": terminals,
            "cgroups": len(server.session_cgroups()),
            "files": files_below(server.runtime_dir),
            "mounts": sum(1 for _ in open("/proc/self/mounts", encoding="utf-8")),
        }

    def memory(self):
        return procs.pss_kib(self.server.monitor), procs.pss_kib(self.server.broker)


def test_500_sessions_at_once_leave_nothing_but_their_records(server, people):
    """Opened, used and closed; the second time shows what the first only warmed up."""
    census = Census(server)
    memory = []

    def once(count):
        clients = [V2Client(people.alice, server.socket, connected=one, op="new", program="cat")
                   for one in connect_as(people.alice, server.socket, count)]
        for client in clients:
            assert client.answered(60)["ok"]
        assert len({client.session for client in clients}) == count
        assert len(server.sessions) == len(server.session_cgroups()) == count
        assert len(V2Client.call(people.alice, server.socket, op="list")["sessions"]) == count
        for number, client in enumerate(clients):
            client.type(f"session {number}\r")
        for number, client in enumerate(clients):
            client.expect(f"session {number}\r\nsession {number}\r\n", 30)
        for number, client in enumerate(clients):
            # Some end by themselves, some are killed, some are left behind and killed later.
            if number % 3 == 0:
                client.type("\x04")
            elif number % 3 == 1:
                client.frame("k")
            else:
                client.close()
        for number, client in enumerate(clients):
            if number % 3 == 2:
                assert V2Client.call(people.alice, server.socket, op="kill", session=client.session)["ok"]
            else:
                assert client.end(60)["reason"] == ("exited" if number % 3 == 0 else "killed")
                client.close()
        wait_for(lambda: not server.sessions and not server.session_cgroups(), 30, "sessions stay")
        for client in clients:
            assert server.records.ended(client.session)
        memory.append(census.memory())
    once(20)
    before = census.take()
    once(500)
    wait_for(lambda: census.take() == before, 10, lambda: f"before {before}, after {census.take()}")
    once(100)
    wait_for(lambda: census.take() == before, 10, lambda: f"before {before}, after {census.take()}")
    assert memory[2][0] <= memory[1][0] + 64 and memory[2][1] <= memory[1][1] + 64, memory
    assert len(server.records.sessions()) == 620


def test_1000_observers_of_one_session(server, people):
    """No limit of ten. Each gets everything; the session's memory does not grow with them."""
    with V2Client.start(people.alice, server.socket, "bash") as client:
        session = server.sessions[client.session]
        client.type("stty -echo; echo ready-$((40+2))\r")
        client.expect("ready-42\r\n")
        before = procs.pss_kib(session)
        watchers = [V2Client(people.carol, server.socket, connected=one, op="attach", session=client.session)
                    for one in connect_as(people.carol, server.socket, 1000)]
        for watcher in watchers:
            assert watcher.answered(30)["role"] == "observer"
        shown = V2Client.call(people.bob, server.socket, op="status", session=client.session)["session"]
        assert (shown["operators"], shown["observers"]) == (1, 1000)
        client.type("seq 1 2000; echo over-$((40+2))\r")
        client.expect("over-42\r\n", 30)
        for watcher in watchers:
            assert b"\r\n1999\r\n2000\r\nover-42\r\n" in watcher.expect("over-42\r\n", 30)
        assert procs.pss_kib(session) - before < 4096
        client.frame("k")
        for watcher in watchers:
            assert watcher.end(30)["reason"] == "killed"
            watcher.close()
    wait_for(lambda: not server.sessions)


def test_connections_that_come_and_go_leak_nothing(server, people):
    census = Census(server)

    def once():
        for one in connect_as(people.alice, server.socket, 200):
            one.close()
        for first in (b"junk\n", b"AAAU/2 {}\n", b"SESSION:none\n", b'AAAU/2 {"op":"list"}\n'):
            for one in connect_as(people.alice, server.socket, 50):
                one.send(first)
                one.close()
    once()
    V2Client.call(people.alice, server.socket, op="list")
    before = census.take()
    once()
    wait_for(lambda: census.take() == before, 10, lambda: f"before {before}, after {census.take()}")
    assert V2Client.call(people.alice, server.socket, op="list")["ok"]


def test_unfinished_handshakes_do_not_keep_others_out(server, people):
    idle = connect_as(people.bob, server.socket, 300)
    for number, one in enumerate(idle):
        one.send(b"AAAU/2 {"[:number % 8])
    with V2Client.start(people.alice, server.socket, "echo", "through") as client:
        client.end()
        assert client.output == b"through\r\n"
    for one in idle:
        one.close()
