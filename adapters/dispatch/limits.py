"""How many questions a department may have at once: found by watching its latency, never guessed
for good. Pure.

Gradient of short against long latency (Netflix concurrency-limits, Gradient2): while answers do not
slow down the limit grows, when they do it shrinks. Only a limit that is being used is judged.
"""

_TOLERANCE = 1.5
_SMOOTHING = 0.2
_LONG_SAMPLES = 600
_STEEPEST = 0.5
_DRIFT, _FORGET = 2.0, 0.95
_FEWEST_SAMPLES = 10


class AdaptiveLimit:
    """`value` is the limit now; `initial` and `most` are what the department declares it can
    take.
    """

    __slots__ = ("_count", "_estimate", "_least", "_long", "_most", "_sum", "_window", "value")

    def __init__(self, initial: int = 16, least: int = 4, most: int = 128) -> None:
        initial = min(initial, most)
        self._least = min(least, initial)
        self._most = most
        self._estimate = float(initial)
        self._long = 0.0
        self._sum, self._count = 0.0, 0
        self._window = _FEWEST_SAMPLES
        self.value = initial

    def record(self, seconds: float, in_flight: int) -> None:
        """An answer took this long while so many were in flight."""
        self._sum += seconds
        self._count += 1
        if self._count >= self._window:
            self._judge(in_flight)

    def dropped(self) -> None:
        """The department said that it is too busy: back off at once."""
        self._set(self._estimate * 0.9)

    def _judge(self, in_flight: int) -> None:
        short = self._sum / self._count
        weight = min(self._count / _LONG_SAMPLES, 0.5)
        self._long = short if self._long == 0 else self._long * (1 - weight) + short * weight
        if self._long / max(short, 1e-9) > _DRIFT:
            self._long *= _FORGET
        self._sum, self._count = 0.0, 0
        if in_flight * 2 < self._estimate:
            return
        gradient = max(_STEEPEST, min(1.0, _TOLERANCE * self._long / max(short, 1e-9)))
        wanted = self._estimate * gradient + max(4.0, self._estimate**0.5)
        self._set(self._estimate * (1 - _SMOOTHING) + wanted * _SMOOTHING)

    def _set(self, estimate: float) -> None:
        self._estimate = max(float(self._least), min(float(self._most), estimate))
        self.value = int(self._estimate)
        self._window = max(_FEWEST_SAMPLES, self.value // 2)
