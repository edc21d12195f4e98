"""One deadline for the whole answer, handed down smaller. Pure; milliseconds in headers, seconds inside."""

SHORTEST_MS, LONGEST_MS, LONGEST_BATCH_MS, LONGEST_WAIT_MS = 100, 2000, 10_000, 8000
RESERVE_SECONDS = 0.03
"""Kept back from the caller's deadline for deciding, tracing and encoding."""
LEAST_ATTEMPT_SECONDS = 0.1
"""No attempt is begun with less time left than this."""
UNHURRIED_SHARE = 0.7
"""Of the deployment's deadline: what is left to an attempt of a caller in no hurry, even after waiting for a place."""
LATE_SECONDS = 3.0
"""How long after the deadline a late answer may still refill the cache."""


def clamp_ms(asked: int | None, default: int, longest: int = LONGEST_MS) -> int:
    """The deadline in milliseconds: what the caller asked for, within what the deployment allows."""
    return max(SHORTEST_MS, min(default if asked is None else asked, longest))
