"""How rooms open themselves: each is an async context manager over the house, in downhill order.

A room fills its slots, and hands in what runs in the background and what is counted. `lifespan`
lists the rooms; it knows nothing else of them.
"""

from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fastapi import FastAPI
from prometheus_client.core import Metric
from sqlmodel import Session

from app.core.clock import Clock
from app.core.schedule import Schedule, Span
from app.core.settings import Settings

Step = Callable[[], Awaitable[int | bool]]
"""Background work: says whether it found something to do."""
Families = Callable[[], Iterable[Metric]]


class Turn(NamedTuple):
    """One run of a job: the days it is for. `finish` says, in the transaction of what it does, that
    they are done; it raises where somebody else has taken the job over.
    """

    span: Span
    finish: Callable[[Session], None]


class Job(NamedTuple):
    """What is done at its time, by one process of all. `run` is given its turn, and gives what it
    came to; what it raises is tried again.
    """

    name: str
    schedule: Schedule
    run: Callable[["Turn"], Awaitable[dict[str, Any]]]


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
    jobs: list[Job] = field(default_factory=list)
    """Done by the worker of one process."""
    checks: dict[str, Callable[[], bool]] = field(default_factory=dict)
    """What must hold for this process to be ready."""
    families: list[Families] = field(default_factory=list)
    """Read at each scrape of the metrics."""


Room = Callable[[House], AbstractAsyncContextManager[None]]
