"""How rooms open themselves: each is an async context manager over the house, in downhill order.

A room fills its slots, and hands in what runs in the background and what is counted. `lifespan`
lists the rooms; it knows nothing else of them.
"""

from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from fastapi import FastAPI
from prometheus_client.core import Metric

from app.core.clock import Clock
from app.core.settings import Settings

Step = Callable[[], Awaitable[int | bool]]
"""Background work: says whether it found something to do."""
Families = Callable[[], Iterable[Metric]]


@dataclass(slots=True)
class House:
    """What rooms are opened with, and what they hand in."""

    app: FastAPI
    settings: Settings
    clock: Clock
    steps: list[Step] = field(default_factory=list)
    """Run by the worker of this process, if it has one."""
    steady: list[Step] = field(default_factory=list)
    """Run four times a second, by every process."""
    checks: dict[str, Callable[[], bool]] = field(default_factory=dict)
    """What must hold for this process to be ready."""
    families: list[Families] = field(default_factory=list)
    """Read at each scrape of the metrics."""


Room = Callable[[House], AbstractAsyncContextManager[None]]
