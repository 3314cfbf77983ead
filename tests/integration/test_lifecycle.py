"""Sessions outlive the server's processes, and end when the server is told to stop."""

import os
import random
import signal
import threading
import time

import pytest

from aaau_harness import procs
from aaau_harness.clients import V2Client
from aaau_harness.terminal import Terminal
from aaau_harness.wait import Timeout, wait_for


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def listed(server, user):
    try:
        return [one["id"] for one in V2Client.call(user, server.socket, op="list")["sessions"]]
    except (OSError, Timeout, ValueError):
        return None


def restart(server):
    """A new server over what a killed monitor left."""
    server.child.wait()
    server.start()


@pytest.mark.quick
def test_the_broker_is_replaced_and_no_session_notices(server, people):
    with V2Client.start(people.alice, server.socket, "cat", name="kept") as client:
        for _ in range(3):
            before = server.broker
            kill(before)
            client.type("there\r")
            client.expect("there\r\nthere\r\n")
            wait_for(lambda before=before: server.broker not in (None, before), what="a new broker")
            wait_for(lambda: listed(server, people.bob) == [client.session], what="the session is listed again")
        with V2Client.attach(people.bob, server.socket, "kept") as other:
            other.type("again\r")
            client.expect("again\r\nagain\r\n")
        shown = V2Client.call(people.bob, server.socket, op="status", session="kept")["session"]
        assert (shown["name"], shown["creator"], shown["agent"]) == ("kept", people.alice.name, "default")


def test_no_connection_is_refused_while_the_broker_is_replaced(server, people):
    for _ in range(4):      # each after a longer pause: the monitor does not spin
        kill(wait_for(lambda: server.broker))
        assert listed(server, people.alice) is not None or wait_for(
            lambda: listed(server, people.alice) is not None)
        assert server.accepts()


@pytest.mark.quick
def test_the_monitors_death_ends_the_broker_and_a_new_server_finds_the_sessions(server, people):
    with V2Client.start(people.alice, server.socket, "cat") as client:
        broker, session = server.broker, server.sessions[client.session]
        kill(server.monitor)
        wait_for(lambda: not procs.alive(broker), what="the broker outlives its monitor")
        client.type("there\r")
        client.expect("there\r\nthere\r\n")
        restart(server)
        wait_for(lambda: listed(server, people.bob) == [client.session], what="the session is found again")
        assert server.sessions[client.session] == session
        with V2Client.attach(people.bob, server.socket, client.session) as other:
            other.type("again\r")
            client.expect("again\r\nagain\r\n")
            client.frame("k")
            assert client.end()["reason"] == other.end()["reason"] == "killed"
        wait_for(lambda: not server.session_cgroups(), what="a session of the old monitor stays")


def test_the_exit_status_survives_both_deaths(server, people):
    with V2Client.start(people.alice, server.socket, "sh", "-c", "read x; echo bye; exit 42") as client:
        broker = server.broker
        kill(server.monitor)
        kill(broker)
        client.type("go\r")
        client.expect("bye\r\n")
        assert client.end()["exit_status"] == 42
        assert server.records.ended(client.session)
        restart(server)
        wait_for(lambda: not server.session_cgroups(), what="the ended session's cgroup")
        assert listed(server, people.alice) == []


@pytest.mark.heavy
def test_50_kills_at_random_under_load_lose_no_session_and_no_byte(server, people):
    """Broker, monitor, or both. Every number that is printed is seen, and is in the record."""
    rounds, seed = 50, random.randrange(1 << 32)
    chance = random.Random(seed)
    script = "i=0; while :; do i=$((i+1)); echo n$i; read -t 0.001 x; [ \"$x\" = q ] && exit 17; done"
    sessions = [V2Client.start(people.alice, server.socket, "bash", "-c", f"stty -echo; {script}", name=f"load{n}")
                for n in range(3)]
    stop = threading.Event()

    def drain(client):
        while not stop.is_set():
            try:
                client.pump(stop.is_set, 0.2)
            except Timeout:
                if client.closed:
                    return
    threads = [threading.Thread(target=drain, args=[client]) for client in sessions]
    for thread in threads:
        thread.start()
    try:
        for number in range(rounds):
            what = chance.choice(["broker", "monitor", "both", "both reversed"])
            broker, monitor = server.broker, server.monitor
            targets = {"broker": [broker], "monitor": [monitor], "both": [broker, monitor],
                       "both reversed": [monitor, broker]}[what]
            for pid in targets:
                if pid:
                    kill(pid)
            if monitor in targets:
                restart(server)
            wait_for(lambda: server.broker not in (None, broker), 10, f"no broker, {what}, seed {seed}")
            begin = time.monotonic()
            name = f"load{number % 3}"

            def attached():
                try:
                    with V2Client.attach(people.bob, server.socket, name) as other:
                        other.expect(b"\n")
                        return True
                except (AssertionError, OSError, ValueError):
                    return False
            wait_for(attached, 10, f"attach to {name} after {what}, seed {seed}")
            assert time.monotonic() - begin < 1.5, f"attach took long after {what}, seed {seed}"
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert sorted(listed(server, people.alice)) == sorted(client.session for client in sessions)
    for client in sessions:
        client.type("q\r")
        assert client.end()["exit_status"] == 17
        numbers = [int(line[1:]) for line in bytes(client.output).split(b"\r\n") if line]
        assert numbers == list(range(1, len(numbers) + 1)), f"seed {seed}"
        assert server.records.output(client.session) == client.output, f"seed {seed}"
        client.close()
    wait_for(lambda: not server.session_cgroups(), what="cgroups stay")


@pytest.mark.quick
def test_sigterm_ends_every_session_and_says_why(make_server, people, agents):
    server = make_server()
    clients = [V2Client.start(people.alice, server.socket, *agents("daemons", "wait")) for _ in range(5)]
    for client in clients:
        client.expect("END", 30)
    server.stop()
    for client in clients:
        end = client.end()
        assert (end["reason"], end["exit_status"]) == ("server-shutdown", 137)
        assert server.records.ended(client.session)
        client.close()


def test_sigterm_right_after_the_socket_accepts_leaves_nothing(make_server):
    """That is before the monitor runs."""
    for _ in range(10):
        server = make_server(start=False)
        server.start(ready=False)
        wait_for(server.accepts)
        server.stop()
        assert server.child.returncode == 0


def test_sigterm_ends_sessions_whose_clients_do_not_read(make_server, people):
    server = make_server()
    client = V2Client.start(people.alice, server.socket, "yes")
    begin = time.monotonic()
    server.stop()
    assert time.monotonic() - begin < 15
    client.close()


def test_sigterm_ends_a_session_whose_process_is_stopped(make_server, people):
    """What does not answer is killed by its cgroup."""
    server = make_server()
    client = V2Client.start(people.alice, server.socket, "sleep", "1000")
    os.kill(server.sessions[client.session], signal.SIGSTOP)
    server.stop()
    client.close()


def test_sigint_is_as_good(make_server, people):
    server = make_server()
    client = V2Client.start(people.alice, server.socket, "sleep", "1000")
    server.child.send_signal(signal.SIGINT)
    assert client.end()["reason"] == "server-shutdown"
    server.child.wait(20)
    client.close()


@pytest.mark.quick
def test_sighup_reads_the_configuration_again_and_touches_no_session(server, people):
    with V2Client.start(people.alice, server.socket, "cat") as client:
        monitor = server.monitor
        server.agents["third"] = {"user": people.a2.name, "program": "echo", "args": ["from the third"]}
        server.write_config()
        assert not V2Client.call(people.bob, server.socket, op="new", agent="third", detached=True)["ok"]
        server.child.send_signal(signal.SIGHUP)

        def served():
            try:
                with V2Client(people.bob, server.socket, op="new", agent="third") as other:
                    if not other.answered()["ok"]:
                        return False
                    other.end()
                    return other.output == b"from the third\r\n"
            except (Timeout, OSError, ValueError):
                return False
        wait_for(served, 10, "the new agent")
        assert server.monitor == monitor and server.child.poll() is None
        client.type("there\r")
        client.expect("there\r\nthere\r\n")
        wait_for(lambda: client.session in (listed(server, people.alice) or []))


def test_sighup_with_an_error_in_the_configuration_goes_on_with_the_old_one(server, people):
    with V2Client.start(people.alice, server.socket, "cat") as client:
        with open(server.config, "a", encoding="utf-8") as file:
            file.write("no_such_key = 7\n")
        server.child.send_signal(signal.SIGHUP)
        wait_for(lambda: "no_such_key" in server.stderr(), what="a word about the error")
        assert server.child.poll() is None
        client.type("there\r")
        client.expect("there\r\nthere\r\n")
        wait_for(lambda: listed(server, people.bob) == [client.session])


def test_a_session_dead_with_its_server_is_cleared_away_by_the_next(server, people):
    """Everything is killed but the agent: the new monitor knows from the cgroups what is left."""
    client = V2Client.start(people.alice, server.socket, "sh", "-c", "trap '' HUP; echo up; exec sleep 1000")
    client.expect("up")
    broker, session = server.broker, server.sessions[client.session]
    kill(server.monitor)
    kill(broker)
    kill(session)
    client.close()
    assert procs.processes_of(people.a1.uid)
    restart(server)
    wait_for(lambda: not procs.processes_of(people.a1.uid), what="the orphaned agent")
    wait_for(lambda: not server.session_cgroups(), what="its cgroup")
    assert os.listdir(os.path.join(server.instance_dir, "sessions")) == []


def test_a_client_attached_through_everything(server, people):
    """A drawn terminal: the broker and the monitor die under it, and nothing is seen of it."""
    with Terminal(people.alice, [server.client, "run", "--", "bash", "--norc"],
                  env={"AAAU_SOCKET": server.socket}) as human:
        human.wait(r"\$")
        kill(server.broker)
        human.line("echo one-$((40+2))")
        human.wait("^one-42")
        kill(server.monitor)
        human.line("echo two-$((40+2))")
        human.wait("^two-42")
        restart(server)
        human.line("exit 7")
        assert human.exit_status() == 7


def test_a_lost_session_is_exit_status_254(server, people):
    with Terminal(people.alice, [server.client, "run", "--", "cat"], env={"AAAU_SOCKET": server.socket}) as human:
        human.line("hello")
        human.wait("hello\nhello")
        kill(next(iter(server.sessions.values())))
        assert human.exit_status() == 254
