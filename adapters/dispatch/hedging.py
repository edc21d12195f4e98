"""When a second replica of a department is asked the same: only where it declares replicas, late,
seldom. Pure.
"""

from adapters.dispatch.timeouts import Latencies

LEAST_SECONDS = 0.03
BUDGET_SHARE = 0.03
_LATE = 0.95
_FEWEST_SAMPLES = 50


def hedge_after(
    latencies: Latencies, replicas: int, *, breaker_closed: bool, utilisation: float
) -> float | None:
    """Seconds after which a replica is asked too, or None: no replica, too little known, a
    department in trouble or busy.
    """
    if not replicas or not breaker_closed or utilisation > 0.7:  # noqa: PLR2004 - off above 70 %
        return None
    usual = latencies.quantile(_LATE, _FEWEST_SAMPLES)
    return None if usual is None else max(usual, LEAST_SECONDS)
