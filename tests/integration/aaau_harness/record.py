"""Reading records, and holding every line to the specification."""

import base64
import json
import os
import re

KEYS = ["timestamp", "source", "user", "session_id", "command_type", "content", "metadata"]
TIMESTAMP = re.compile(rb'^\{"timestamp": ?\d+\.\d{6},')


def _no_duplicates(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f"a key twice: {keys}"
    return dict(pairs)


def check_line(line):
    """One line, strictly: valid UTF-8 JSON, the keys in their order, the types."""
    assert TIMESTAMP.match(line), f"no timestamp with microseconds first: {line[:80]!r}"
    entry = json.loads(line.decode("utf-8"), object_pairs_hook=_no_duplicates)
    assert list(entry)[:7] == KEYS, f"keys {list(entry)}"
    assert entry["source"] in ("human", "agent", "system"), entry["source"]
    for key in ("user", "session_id", "command_type", "content"):
        assert isinstance(entry[key], str), f"{key} of {entry}"
    assert all(isinstance(value, str) for value in entry["metadata"].values()), entry["metadata"]
    return entry


def content_bytes(entry):
    """The exact bytes: `raw` where the content is not the whole truth."""
    if "raw" in entry:
        return base64.b64decode(entry["raw"], validate=True)
    return entry["content"].encode("utf-8")


class Records:
    def __init__(self, log_dir):
        self.log_dir = log_dir

    def path(self, session_id):
        return os.path.join(self.log_dir, session_id + ".jsonl")

    def sessions(self):
        return sorted(name[:-6] for name in os.listdir(self.log_dir)
                      if name.endswith(".jsonl") and name != "server.jsonl")

    def _read(self, path):
        with open(path, "rb") as file:
            data = file.read()
        assert data == b"" or data.endswith(b"\n"), "the last line is not whole"
        entries = [check_line(line) for line in data.splitlines()]
        for before, after in zip(entries, entries[1:]):
            assert before["timestamp"] <= after["timestamp"], (before, after)
        return entries

    def session(self, session_id):
        """Every line of a session's record, checked."""
        entries = self._read(self.path(session_id))
        assert all(entry["session_id"] == session_id for entry in entries)
        return entries

    def server(self):
        """The server's own events."""
        return self._read(os.path.join(self.log_dir, "server.jsonl"))

    def of(self, session_id, command_type):
        return [e for e in self.session(session_id) if e["command_type"] == command_type]

    def output(self, session_id):
        """All that the agent printed, as bytes."""
        return b"".join(content_bytes(e) for e in self.of(session_id, "output"))

    def input(self, session_id):
        return b"".join(content_bytes(e) for e in self.of(session_id, "input"))

    def ended(self, session_id):
        """Whether the record has its session_end. For wait_for."""
        if not os.path.exists(self.path(session_id)):
            return False
        with open(self.path(session_id), "rb") as file:
            return b'"session_end"' in file.read()
