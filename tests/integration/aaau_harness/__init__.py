"""What the integration tests and the benchmark share: users, servers, clients, terminals, records.

Standard library only, but for `terminal`, which needs pexpect and pyte.
"""
