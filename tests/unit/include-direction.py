#!/usr/bin/python3
"""Who may include whom (docs/architecture.md): reads every #include below src/ and fails on a
forbidden one with its file and line. First of all it tries itself on a small tree of offenders.

    include-direction.py SOURCE-ROOT
"""

import pathlib
import re
import sys
import tempfile

# folder: the folders it may include, beside itself. <aaau/...> is include/aaau, the public library.
LIBRARIES = {'util', 'protocol', 'audit', 'ipc'}
ALLOWED = {
    'util': set(),
    'term': {'util'},
    'protocol': {'util'},
    'audit': {'util'},
    'ipc': {'util'},
    'monitor': {'util', 'ipc'},  # root parses no text and writes no record
    'broker': LIBRARIES,
    'session': LIBRARIES | {'term'},
    'libaaau': LIBRARIES | {'aaau', 'term'},
    'server': LIBRARIES,
    'cli': {'util', 'aaau'},
}

# Single headers that a folder must not have although it may have the rest: NSS runs strangers'
# modules, and the client's JSON is no business of root.
FORBIDDEN_HEADERS = {
    'monitor': {'util/users.h', 'util/json-write.h', 'util/shell-words.h'},
}

# Headers of libraries other than libc, and who links those.
THIRD_PARTY = {
    'jansson.h': {'protocol', 'libaaau', 'cli'},
    'event2/': {'broker', 'session'},
    'confuse.h': {'server'},
    'seccomp.h': set(),  # the build alone
}

INCLUDE = re.compile(r'\s*#\s*include(?:_next)?\b\s*(?:"([^"]*)"|<([^>]*)>|(.*))')


def without_comments(text):
    """The text with comments blanked and its lines in place, so that line numbers stay true."""
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)
    return pattern.sub(
        lambda m: m[0] if m[0][0] == '"' else re.sub(r'[^\n]', ' ', m[0]), text)


def problem(folder, quoted, angled, other):
    """What is wrong with an include in a file of that folder, or None."""
    if other is not None:
        return f'the name of an included file must stand there, not {other.strip() or "nothing"}'
    name = quoted if quoted is not None else angled
    parts = name.split('/')
    if '..' in parts or '.' in parts or name.startswith('/'):
        return f'{name}: name it from src/'
    if parts[0] == 'aaau' and len(parts) > 1:
        if quoted is not None:
            return f'{name}: written <{name}>'
        return None if 'aaau' in ALLOWED[folder] else f'{folder} may not include {name}'
    if parts[0] in ALLOWED and len(parts) > 1:
        if angled is not None:
            return f'{name}: written "{name}"'
        if parts[0] != folder and parts[0] not in ALLOWED[folder]:
            return f'{folder} may not include {name}'
        if name in FORBIDDEN_HEADERS.get(folder, ()):
            return f'{folder} may not include {name}'
        return None
    if quoted is not None:
        # Made by the build: the process's own seccomp filter.
        return None if name == f'{folder}-filter.h' else f'{name}: name it from src/'
    for header, users in THIRD_PARTY.items():
        if (name == header or (header.endswith('/') and name.startswith(header))) \
                and folder not in users:
            return f'{folder} may not include <{name}>'
    return None


def check(source):
    """All problems below source/, as `file:line: what`, and the number of includes seen."""
    problems, seen = [], 0
    for path in sorted(source.rglob('*')):
        if path.suffix not in ('.c', '.h') or not path.is_file():
            continue
        relative = path.relative_to(source)
        folder = relative.parts[0]
        if len(relative.parts) < 2 or folder not in ALLOWED:
            problems.append(f'{path}:1: {relative} is in no folder that the architecture knows')
            continue
        lines = without_comments(path.read_text(encoding='utf-8')).split('\n')
        for number, line in enumerate(lines, 1):
            match = INCLUDE.match(line)
            if match:
                seen += 1
                what = problem(folder, *match.groups())
                if what:
                    problems.append(f'{path}:{number}: {what}')
    return problems, seen


# file, its text, and the lines on which something must be found
TRIALS = [
    ('util/a.c', '#include "util/b.h"\n#include <stdio.h>\n', []),
    ('util/b.c', '#include "audit/record.h"\n', [1]),
    ('protocol/a.c', '\n#include "util/str.h"\n# include "ipc/wire.h"\n', [3]),
    ('audit/a.c', '#include "protocol/error.h"\n', [1]),
    ('ipc/a.c', '#include "audit/record.h"\n', [1]),
    ('term/a.c', '#include "util/str.h"\n#include "protocol/frame.h"\n', [2]),
    ('monitor/a.c', '#include "ipc/launch.h"\n#include "util/fd.h"\n#include "protocol/frame.h"\n'
     '#include "audit/writer.h"\n#include "server/config.h"\n#include <jansson.h>\n'
     '#include <event2/event.h>\n#include "util/users.h"\n', [3, 4, 5, 6, 7, 8]),
    ('broker/b.c', '#include "term/term.h"\n', [1]),
    ('session/b.c', '#include "term/term.h"\n', []),
    ('broker/a.c', '#include "session/client.h"\n#include "monitor/cgroup.h"\n#include "ipc/fds.h"\n'
     '#include "broker-filter.h"\n#include <event2/event.h>\n', [1, 2]),
    ('session/a.c', '#include "session-filter.h"\n#include "broker-filter.h"\n', [2]),
    ('cli/a.c', '#include <aaau/aaau.h>\n#include "util/str.h"\n#include "libaaau/client.h"\n'
     '#include "protocol/frame.h"\n#include "aaau/aaau.h"\n', [3, 4, 5]),
    ('libaaau/a.c', '#include <aaau/aaau.h>\n#include "protocol/frame.h"\n#include "cli/a.h"\n', [3]),
    ('server/a.c', '#include <confuse.h>\n#include "broker/a.h"\n#include <aaau/aaau.h>\n', [2, 3]),
    ('util/c.h', '/* #include "audit/record.h"\n#include "ipc/wire.h" */\n// #include "ipc/wire.h"\n'
     'const char *s = "/*";\n#include "ipc/wire.h" /* why */\n', [5]),
    ('util/d.c', '#include "../audit/record.h"\n#include "fd.h"\n#include <util/fd.h>\n#include HEADER\n',
     [1, 2, 3, 4]),
    ('stray/a.c', '', [1]),
    ('stray.c', '', [1]),
    ('util/deeper/a.c', '#include "broker/a.h"\n', [1]),
    ('util/notes.txt', '#include "broker/a.h"\n', []),
]


def self_test():
    with tempfile.TemporaryDirectory() as directory:
        source = pathlib.Path(directory)
        expected = []
        for name, text, lines in TRIALS:
            path = source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding='utf-8')
            expected += [f'{path}:{line}' for line in lines]
        found = [':'.join(problem.split(':')[:2]) for problem in check(source)[0]]
        if sorted(found) != sorted(expected):
            for line in sorted(set(expected) - set(found)):
                print(f'self-test: not found: {line}')
            for line in sorted(set(found) - set(expected)):
                print(f'self-test: wrongly found: {line}')
            return False
    return True


def main():
    if len(sys.argv) != 2:
        sys.exit('usage: include-direction.py SOURCE-ROOT')
    if not self_test():
        return 1
    problems, seen = check(pathlib.Path(sys.argv[1]) / 'src')
    for line in problems:
        print(line)
    print(f'{seen} includes, {len(problems)} forbidden')
    return 1 if problems or seen == 0 else 0


if __name__ == '__main__':
    sys.exit(main())
