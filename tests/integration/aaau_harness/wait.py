"""Waiting for conditions. Nothing in the tests sleeps for a guessed time."""

import time

POLL_SECONDS = 0.005


class Timeout(AssertionError):
    """The condition did not come true in time."""


def wait_for(condition, timeout=10.0, what=None):
    """Calls condition() every 5 ms until it gives something true, and returns that.

    `what` is text, or a function that gives text, for the message of the Timeout.
    """
    deadline = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            detail = what() if callable(what) else what
            raise Timeout(f"not within {timeout} s: {detail or condition}")
        time.sleep(POLL_SECONDS)
