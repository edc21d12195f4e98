"""One deadline for the whole answer, handed down smaller. Pure; milliseconds in headers, seconds
inside.
"""

SHORTEST_MS, LONGEST_MS, LONGEST_BATCH_MS, LONGEST_WAIT_MS = 100, 2000, 10_000, 8000
RESERVE_SECONDS = 0.03
"""Kept back from the caller's deadline for deciding, tracing and encoding."""


def clamp_ms(asked: int | None, default: int, longest: int = LONGEST_MS) -> int:
    """The deadline in milliseconds: what the caller asked for, within what the deployment
    allows.
    """
    return max(SHORTEST_MS, min(default if asked is None else asked, longest))
