"""Ask every department in parallel under one deadline; a bad department costs only its own section. Pure of frameworks."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from adapters.contract import ANSWERED, REASONS, AdapterError, AdapterQuery, Outcome, SectionAnswer
from app.profile.memory import LastKnownAnswers

log = logging.getLogger("onevisit.engine")
LEAST_SECONDS = 0.1
"""No attempt is begun with less time left than this."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of one department, and how."""

    section: str
    label: str
    fetch: Callable[[AdapterQuery], Awaitable[SectionAnswer]]
    query: AdapterQuery

    @property
    def memory_key(self) -> tuple[str, ...]:
        """Under which the answer is remembered: a new adapter version starts without memories."""
        return (self.label, self.query.scheme, self.query.business_id, self.query.site or "")


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of a question. `data` are canonical values, or None."""

    outcome: Outcome
    reason: str | None
    elapsed_ms: int
    data: dict[str, Any] | None = None
    as_of: datetime | None = None
    fetched_at: datetime | None = None
    attempts: int = 0
    digest: str | None = None

    @property
    def is_current(self) -> bool:
        """Whether the department itself has spoken now."""
        return self.outcome in ANSWERED


Memory = LastKnownAnswers[Answered]


async def ask_all(
    questions: list[Question], memory: Memory, now: Callable[[], datetime], *, deadline: float
) -> dict[str, Answered]:
    """Answers by section, all of them by `deadline` (a loop time). Never raises for what a department does."""
    answers: dict[str, Answered] = {}

    async def ask(question: Question) -> None:
        answers[question.section] = await _ask(question, memory, now, deadline)

    async with asyncio.TaskGroup() as group:
        for question in questions:
            group.create_task(ask(question))
    return answers


async def _ask(question: Question, memory: Memory, now: Callable[[], datetime], deadline: float) -> Answered:
    loop = asyncio.get_running_loop()
    started = loop.time()
    if deadline - started < LEAST_SECONDS:
        return _failed(question, "too_little_time", 0, 0, memory, now)
    reason = "deadline_exceeded"
    try:
        async with asyncio.timeout_at(deadline):
            answer = await question.fetch(question.query)
            return _received(question, answer, _millis(loop.time() - started), memory, now)
    except TimeoutError:
        pass
    except AdapterError as error:
        reason = error.code
        log.info("%s: %s", question.label, error)
    except Exception:
        reason = "adapter_failed"
        log.exception("%s failed in a way its adapter does not declare", question.label)
    return _failed(question, reason, _millis(loop.time() - started), 1, memory, now)


def _millis(seconds: float) -> int:
    return round(seconds * 1000)


def _received(
    question: Question, answer: SectionAnswer, elapsed_ms: int, memory: Memory, now: Callable[[], datetime]
) -> Answered:
    at = now()
    reason = answer.reason
    outcome = Outcome.FRESH if answer.data is not None else REASONS[reason or "no_record"].outcome
    answered = Answered(
        outcome=outcome,
        reason=reason if answer.data is not None else reason or "no_record",
        elapsed_ms=elapsed_ms,
        data=None if answer.data is None else _values(answer.data),
        as_of=answer.as_of,
        fetched_at=at,
        attempts=answer.attempts,
        digest=answer.source_digest,
    )
    memory.keep(question.memory_key, answered, at)
    return answered


def _values(data: msgspec.Struct) -> dict[str, Any]:
    return {k: v for k, v in msgspec.to_builtins(data, builtin_types=()).items() if v is not None}


def _failed(
    question: Question, reason: str, elapsed_ms: int, attempts: int, memory: Memory, now: Callable[[], datetime]
) -> Answered:
    known = memory.find(question.memory_key, now())
    if known is not None and known.data is not None:
        return replace(known, outcome=Outcome.STALE, reason=reason, elapsed_ms=elapsed_ms, attempts=attempts)
    return Answered(REASONS[reason].outcome, reason, elapsed_ms, attempts=attempts)
