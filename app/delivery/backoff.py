"""When to try again. Pure."""

from datetime import timedelta

FIRST = timedelta(seconds=1)
LONGEST = timedelta(minutes=15)
DEAD_AFTER = timedelta(hours=72)


def wait_after(attempts: int) -> timedelta:
    """1 s, 2 s, 4 s … 15 min."""
    return min(FIRST * float(2 ** min(max(attempts - 1, 0), 20)), LONGEST)
