#!/usr/bin/python3
"""The shared library exports what its header declares, versioned, and nothing else.

Usage: symbols.py LIBRARY HEADER
"""

import re
import subprocess
import sys

table = subprocess.run(["nm", "-D", "--defined-only", sys.argv[1]], capture_output=True, text=True,
                       check=True).stdout
exported = {line.split()[2] for line in table.splitlines() if line.split()[1] != "A"}
with open(sys.argv[2], encoding="utf-8") as header:
    declared = set(re.findall(r"^AAAU_EXPORT [^;]*?(aaau_\w+)\(", header.read(), re.M))
assert declared, "no declaration found"
assert exported == {name + "@@AAAU_0" for name in declared}, exported ^ declared
