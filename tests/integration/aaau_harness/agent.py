"""Running the little programs of tests/integration/agents and reading what they found."""

import json

from .clients import V2Client


def marked(output, word):
    """The JSON an agent printed between WORD and END."""
    text = output.decode() if isinstance(output, (bytes, bytearray)) else output
    return json.loads(text.split(word, 1)[1].split("END", 1)[0].replace("\r\n", ""))


def report(server, user, word, argv, agent=None, **fields):
    """Runs an agent to its end: what it reported, and its session's id."""
    if agent:
        fields["agent"] = agent
    with V2Client.start(user, server.socket, *argv, **fields) as client:
        end = client.end(60)
        assert end["reason"] == "exited" and end["exit_code"] == 0, (end, bytes(client.output))
        return marked(client.output, word), client.session


def running(server, user, word, argv, **fields):
    """Starts an agent that reports and stays: its client and the report."""
    client = V2Client.start(user, server.socket, *argv, **fields)
    text = client.expect("END", 30)
    return client, marked(text, word)
