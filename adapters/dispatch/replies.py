"""What an answer or its absence becomes: received, unanswered, remembered, used again. Pure."""

from collections.abc import Callable
from datetime import datetime, timedelta

from adapters.contract import REASONS, Outcome, SectionAnswer
from adapters.contract.sections import encode
from adapters.dispatch.cache import AnswerCache, Kept
from adapters.dispatch.earlier import Earlier
from adapters.dispatch.question import Question
from adapters.dispatch.reply import Reply, decoded


class Replies:
    """Makes replies and keeps them. `now` is the wall clock; seconds are those since the question
    was asked.
    """

    def __init__(
        self, cache: AnswerCache, now: Callable[[], datetime], earlier: Earlier | None = None
    ) -> None:
        self.cache = cache
        self.earlier = earlier
        self._news = None if earlier is None else earlier.news
        self._now = now

    def fresh(self, question: Question) -> Reply | None:
        """A kept answer that is young enough to stand for the department's word now."""
        route = question.route
        if not route.freshness.fresh or question.no_cache:
            return None
        kept = self.cache.fresh(question.key, route.freshness, self._now())
        if kept is None:
            return None
        route.lane.outcomes[Outcome.CACHED] += 1
        return _used_again(question, kept, Outcome.CACHED)

    def remembers(self, question: Question) -> bool:
        """Whether what this process knows is all there is to know: an answer that may stand in, or
        that there is nothing.
        """
        kept = self.cache.stale(question.key, question.route.freshness, self._now())
        return kept is not None or self.cache.has_ended(question.key)

    def received(
        self,
        question: Question,
        answer: SectionAnswer,
        seconds: float,
        attempts: int,
        *,
        late: bool,
    ) -> Reply:
        """What an answer becomes; it is remembered. `late`: the question was settled before it."""
        data, reason = answer.data, answer.reason
        outcome = Outcome.FRESH
        if data is None:
            reason = reason or "no_record"
            outcome = REASONS[reason].outcome
        reply = Reply(
            outcome,
            reason,
            round(seconds * 1000),
            data,
            None if data is None else answer.encoded or encode(data),
            answer.as_of,
            self._now(),
            max(attempts, answer.attempts),
            answer.source_digest,
            answer.unreadable,
            answer.received,
        )
        self._remember(question, reply, seconds, late=late)
        return reply

    def _remember(self, question: Question, reply: Reply, seconds: float, *, late: bool) -> None:
        """Keep what was said last: "no record" ends what was known before, and a late answer
        replaces no newer one.
        """
        key, at = question.key, reply.fetched_at
        asked_at = None if at is None else at - timedelta(seconds=seconds)
        if late and asked_at is not None and self.cache.holds_newer(key, asked_at):
            return
        if reply.encoded is None:
            self.cache.forget(key, at or self._now())
        elif not (question.route.kept and self.cache.keep(key, reply)):
            return
        if self._news is not None:
            self._news.append((question, reply))

    def unanswered(self, question: Question, code: str, seconds: float, attempts: int) -> Reply:
        """What a failure becomes: the last-known answer, marked, or the outcome of its reason."""
        route, elapsed = question.route, round(seconds * 1000)
        kept = None
        if route.freshness.stale:
            kept = self.cache.stale(question.key, route.freshness, self._now())
        if kept is not None:
            return _used_again(question, kept, Outcome.STALE, code, elapsed, attempts)
        return Reply(REASONS[code].outcome, code, elapsed, attempts=attempts)


def _used_again(
    question: Question,
    kept: Kept,
    outcome: Outcome,
    reason: str | None = None,
    elapsed: int = 0,
    attempts: int = 0,
) -> Reply:
    data = decoded(question.route.shape, kept.encoded)
    return Reply(
        outcome,
        reason,
        elapsed,
        data,
        kept.encoded,
        kept.as_of,
        kept.fetched_at,
        attempts,
        kept.digest,
        kept.unreadable,
        kept.received,
    )
