#!/usr/bin/python3
"""docs/audit-format.md against the program: its examples are lines as audit_put_record() writes
them, and its tables name every command_type that the source writes, and no other.

    audit-format-doc.py SOURCE-ROOT
"""

import base64
import json
import pathlib
import re
import sys

KEYS = ['timestamp', 'source', 'user', 'session_id', 'command_type', 'content', 'metadata']

# Where a type is named in the source: the session's record and the broker's.
WRITTEN = {
    'session': r'\.command_type = "(\w+)"|put_client\(client, "(\w+)"|put_system\(session, "(\w+)"',
    'broker': r'\.type = "(\w+)"|record_session\(broker, session, "(\w+)"',
}
HEADINGS = {'session': "## Types in a session's file", 'broker': '## Types in `server.jsonl`'}


def check_example(line):
    record = json.loads(line)
    keys = KEYS + (['raw'] if 'raw' in record else [])
    assert list(record) == keys, line
    assert re.match(r'\{"timestamp":\d+\.\d{6},"', line), line
    assert all(isinstance(value, str) for value in record['metadata'].values()), line
    exact = base64.b64decode(record['raw'], validate=True) if 'raw' in record else None
    if exact is not None:
        # One U+FFFD a byte; the examples have no sequences that Python would join to one.
        assert exact.decode('utf-8', 'replace') == record['content'], line
        assert '\ufffd' in record['content'], line


def main():
    root = pathlib.Path(sys.argv[1])
    text = (root / 'docs/audit-format.md').read_text(encoding='utf-8')

    examples = re.findall(r'```json\n(.*?)```', text, re.S)
    assert len(examples) >= 2
    for block in examples:
        for line in block.splitlines():
            check_example(line)

    for process, heading in HEADINGS.items():
        section = text.split(heading)[1].split('\n## ')[0]
        described = set(re.findall(r'^\| `(\w+)` \|', section, re.M)) - {'command_type'}
        written = set()
        for path in sorted((root / 'src' / process).glob('*.c')):
            for groups in re.findall(WRITTEN[process], path.read_text(encoding='utf-8')):
                written |= set(filter(None, groups))
        assert written, f'no types found in src/{process}'
        assert described == written, \
            f'{process}: only described {described - written}, only written {written - described}'


if __name__ == '__main__':
    main()
