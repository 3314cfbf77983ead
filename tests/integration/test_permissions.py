"""Who is let in, as what, and who never is: by the kernel's word alone."""

import os
import stat

import pytest

from aaau_harness import procs
from aaau_harness.clients import V1Client, V2Client, connect_as
from aaau_harness.wait import wait_for

pytestmark = pytest.mark.quick


class Credentials:
    """Any uid and groups, for connect_as."""

    def __init__(self, uid, gid, groups=()):
        self.uid, self.gid, self.groups = uid, gid, list(groups)

    def become(self):
        os.setgroups(self.groups)
        os.setresgid(self.gid, self.gid, self.gid)
        os.setresuid(self.uid, self.uid, self.uid)


class Root:
    def become(self):
        pass


def level(server, who):
    with V2Client(who, server.socket, op="new", program="sleep", args=["1000"]) as client:
        answer = client.answered()
        assert answer["ok"], answer
        return answer["level"]


def refusal(server, who):
    """The code of the refusal, which both versions get and the record has."""
    before = len([e for e in server.records.server() if e["command_type"] == "denied"])
    with V2Client(who, server.socket, op="list") as client:
        answer = client.answered()
        assert not answer["ok"], answer
        client.until_closed()
    with V1Client(who, server.socket, "NEW\n") as client:
        client.refused()

    def recorded():
        return len([e for e in server.records.server() if e["command_type"] == "denied"]) >= before + 2
    wait_for(recorded, what="the refusals' records")
    return answer["error"]


def test_the_socket_is_for_root_and_the_group(server, people):
    state = os.stat(server.socket)
    assert stat.S_IMODE(state.st_mode) == 0o660
    assert (state.st_uid, state.st_gid) == (0, people.gid)


def test_a_stranger_cannot_reach_the_socket(server, people):
    with pytest.raises(PermissionError):
        connect_as(people.eve, server.socket)


def test_an_agent_user_out_of_the_group_cannot_reach_the_socket(server, people):
    with pytest.raises(PermissionError):
        connect_as(people.a1, server.socket)


def test_an_agent_user_in_the_group_is_refused(server, people):
    """The original lets it in, and as Admin: its uid is below 1000."""
    assert people.gid in people.a2.groups and people.a2.uid < 1000
    told = refusal(server, people.a2)
    assert told["code"] == "agent-refused" and told["exit_status"] == 255


def test_an_agent_user_with_every_group_is_refused(server, people):
    import grp
    groups = [people.gid, grp.getgrnam(people.admin_group).gr_gid, 0]
    assert refusal(server, Credentials(people.a1.uid, 0, groups))["code"] == "agent-refused"


def test_the_service_user_is_refused(server, people):
    told = refusal(server, Credentials(people.service.uid, people.gid))
    assert told["code"] in ("agent-refused", "not-authorized")


def test_a_stranger_who_gets_to_the_socket_is_still_refused(server, people):
    """The file's mode is the first door, the peer's groups are the second."""
    os.chmod(server.socket, 0o666)
    told = refusal(server, people.eve)
    assert told["code"] == "not-authorized" and people.group in told["message"] + told["remedy"]


@pytest.mark.parametrize("who,wanted", [("alice", "interactive"), ("dan", "admin"), ("svc", "admin")])
def test_levels(server, people, who, wanted):
    assert level(server, getattr(people, who)) == wanted


def test_root_is_admin(server):
    assert level(server, Root()) == "admin"


def test_a_process_counts_by_the_groups_it_has_now(server, people):
    assert level(server, Credentials(people.eve.uid, people.eve.gid, [people.gid])) == "interactive"
    assert level(server, Credentials(people.eve.uid, people.gid)) == "interactive"


def test_membership_in_the_database_alone_does_not_open_the_second_door(server, people):
    os.chmod(server.socket, 0o666)
    told = refusal(server, Credentials(people.alice.uid, people.alice.gid))
    assert told["code"] == "not-authorized"


def test_what_a_client_says_about_itself_changes_nothing(server, people):
    with V2Client(people.alice, server.socket, op="list", level="admin", uid=0, user="root") as client:
        assert client.answered()["ok"]
    with V2Client.start(people.alice, server.socket, "sleep", "1000") as mine:
        answer = V2Client.call(people.bob, server.socket, op="kill", session=mine.session, level="admin", uid=0)
        assert answer["error"]["code"] == "permission-denied"


def test_denials_are_recorded_with_who_and_why(server, people):
    refusal(server, people.a2)
    entry = [e for e in server.records.server() if e["command_type"] == "denied"][-1]
    assert entry["user"] == people.a2.name
    with V2Client.start(people.alice, server.socket, "sleep", "1000") as mine:
        V2Client.call(people.bob, server.socket, op="kill", session=mine.session)

        def told():
            everything = server.records.server() + server.records.session(mine.session)
            return [e for e in everything if e["command_type"] == "denied" and e["user"] == people.bob.name]
        wait_for(told, what="the record of the denied kill")


def test_the_client_says_which_group_to_join(server, people):
    done = server.aaau(people.eve, "run", "--", "true")
    assert done.returncode == 255
    assert people.group in done.stderr or "group" in done.stderr


def test_the_records_are_not_for_the_world(server, people):
    import grp
    with V2Client.start(people.alice, server.socket, "sleep", "1000") as mine:
        adm = grp.getgrnam("adm").gr_gid
        state = os.stat(server.log_dir)
        assert (stat.S_IMODE(state.st_mode), state.st_uid, state.st_gid) == (0o750, 0, adm)
        for name in (mine.session + ".jsonl", "server.jsonl"):
            state = os.stat(os.path.join(server.log_dir, name))
            assert (stat.S_IMODE(state.st_mode), state.st_uid, state.st_gid) == (0o640, 0, adm)
        for who in (people.a1, people.alice, people.service):
            assert who.run("cat", server.records.path(mine.session)).returncode != 0


def test_the_runtime_directory_has_no_way_in(server, people):
    with V2Client.start(people.alice, server.socket, "sleep", "1000") as mine:
        sessions = os.path.join(server.instance_dir, "sessions")
        state = os.stat(sessions)
        assert stat.S_IMODE(state.st_mode) == 0o700 and state.st_uid == people.service.uid
        wait_for(lambda: os.listdir(sessions) == [mine.session], what="the session's socket")
        for who in (people.alice, people.a1, people.eve):
            with pytest.raises(PermissionError):
                connect_as(who, os.path.join(sessions, mine.session))


def test_each_process_runs_as_who_it_should(server, people):
    with V2Client.start(people.alice, server.socket, "sleep", "1000") as mine:
        wanted = {server.monitor: 0, server.broker: people.service.uid,
                  server.sessions[mine.session]: people.service.uid}
        for pid, uid in wanted.items():
            state = procs.status(pid)
            assert set(state["Uid"].split("\t")) == {str(uid)}, procs.cmdline(pid)
            if uid:
                assert state["CapEff"] == state["CapPrm"] == "0" * 16
                assert state["NoNewPrivs"] == "1"
                assert set(state["Gid"].split("\t")) == {str(people.service.gid)}
                assert not state["Groups"].strip() or set(state["Groups"].split()) == {str(people.service.gid)}


@pytest.mark.skipif(os.environ.get("AAAU_SANDBOX") == "off", reason="built with -Dsandbox=false")
def test_broker_and_session_are_filtered(server, people):
    with V2Client.start(people.alice, server.socket, "sleep", "1000") as mine:
        for pid in (server.broker, server.sessions[mine.session]):
            # A session answers, locks itself in, and then reads what its clients send.
            wait_for(lambda: procs.status(pid)["Seccomp"] == "2", what="a filter")
