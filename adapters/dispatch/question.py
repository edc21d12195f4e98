"""What is asked of a department, of whom, and who waits for it, as values. Pure."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from msgspec import Struct

from adapters.contract import AdapterError, AdapterQuery, Asking, OnAnswer, SectionAnswer
from adapters.dispatch.cache import Freshness, Key
from adapters.dispatch.lane import Lane
from adapters.dispatch.reply import Reply
from adapters.transport.heads import RoutedQuery

log = logging.getLogger("onevisit.dispatch")

Begin = Callable[[RoutedQuery, OnAnswer], Asking]
Fetch = Callable[[AdapterQuery], Awaitable[SectionAnswer]]


class Route(Struct, frozen=True):
    """What all questions to one adapter have in common."""

    section: str
    department: str
    label: str
    shape: type[Struct]
    lane: Lane
    begin: Begin
    freshness: Freshness = Freshness()
    repeatable: bool = True
    replicas: int = 0

    @property
    def kept(self) -> bool:
        """Whether an answer may be used again at all."""
        return bool(self.freshness.fresh or self.freshness.stale)


class Question(Struct, frozen=True):
    """What is asked of one department now. `key` is equal for questions that one answer serves."""

    route: Route
    query: RoutedQuery
    key: Key
    patient: bool = False
    """Wait for the department as long as the deadline lets, whatever it usually takes."""
    no_cache: bool = False
    """Ask even where a fresh enough answer is kept."""

    def fits(self, answer: SectionAnswer) -> bool:
        """Whether what an adapter gives is of the section's own shape."""
        return answer.data is None or type(answer.data) is self.route.shape


class Waiter(Protocol):
    """Who waits for a section."""

    deadline: float
    caller: str
    """Who it is, to tell callers apart; no department learns of it."""

    def section_settled(self, section: str, reply: Reply) -> None:
        """The section's outcome is known."""


class _TaskAsking:
    """A question to an adapter that awaits: its task."""

    __slots__ = ("_task",)

    def __init__(self, task: asyncio.Task[None]) -> None:
        self._task = task

    def cancel(self) -> None:
        self._task.cancel()


def awaiting(fetch: Fetch, label: str) -> Begin:
    """`begin` for an adapter that only offers `fetch`; what it raises becomes a failure with a
    reason.
    """

    async def run(query: AdapterQuery, told: OnAnswer) -> None:
        try:
            answer = await fetch(query)
        except AdapterError as error:
            told(None, error)
        except TimeoutError:
            told(None, AdapterError("deadline_exceeded"))
        except Exception as error:
            log.exception("%s failed in a way its adapter does not declare", label)
            told(None, AdapterError("adapter_failed", type(error).__name__))
        else:
            told(answer, None)

    def begin(query: RoutedQuery, told: OnAnswer) -> Asking:
        return _TaskAsking(asyncio.get_running_loop().create_task(run(query, told)))

    return begin
