"""Ask every department in parallel under one deadline; a bad one costs only its section. Pure."""

import asyncio
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

from adapters.dispatch.dispatcher import Dispatcher
from adapters.dispatch.earlier import LOOK_BEFORE_SECONDS
from adapters.dispatch.flight import Flight
from adapters.dispatch.question import Question
from adapters.dispatch.reply import Reply

OnSection = Callable[[str, Reply], None]


class FanOut:
    """The replies to one look-up. `whole` is resolved when every section has its outcome, at the
    latest at `deadline` (a loop time).
    """

    __slots__ = (
        "_dispatcher", "_flights", "_has_recalled", "_left", "_on_section", "_timer", "_unasked",
        "caller", "deadline", "replies", "whole",
    )  # fmt: skip

    def __init__(
        self,
        dispatcher: Dispatcher,
        deadline: float,
        on_section: OnSection | None = None,
        caller: str = "",
    ) -> None:
        self.caller = caller
        self._dispatcher = dispatcher
        self._flights: dict[str, Flight] = {}
        self._left = 0
        self._unasked: set[str] = set()
        self._on_section = on_section
        self._timer: asyncio.TimerHandle | None = None
        self._has_recalled = False
        self.replies: dict[str, Reply] = {}
        self.deadline = deadline
        loop = asyncio.get_running_loop()
        self.whole: asyncio.Future[None] = loop.create_future()

    def begin(self, questions: Sequence[Question]) -> None:
        """Ask; `on_section` may hear of answers that are kept before this returns."""
        self._ask_all(questions)
        if self._left:
            loop = asyncio.get_running_loop()
            if self._dispatcher.recalls:
                self._timer = loop.call_at(self.deadline - LOOK_BEFORE_SECONDS, self._recall)
            else:
                self._timer = loop.call_at(self.deadline, self._late)
        elif not self.whole.done():
            self.whole.set_result(None)

    def _ask_all(self, questions: Sequence[Question]) -> None:
        """All count as missing before the first is asked: an answer that is kept settles at once,
        and what it leads to may withdraw those that follow.
        """
        now = self._dispatcher.time()
        self._left += len(questions)
        self._unasked |= {question.route.section for question in questions}
        for question in questions:
            if question.route.section in self._unasked:
                self._unasked.discard(question.route.section)
                self._ask(question, now)

    def _ask(self, question: Question, now: float) -> None:
        begun = self._dispatcher.ask(question, self, now)
        if isinstance(begun, Reply):
            self.section_settled(question.route.section, begun)
        elif not begun.settled:
            self._flights[question.route.section] = begun

    def instead(self, sections: AbstractSet[str], questions: Sequence[Question]) -> None:
        """Ask others about these sections, or nobody, in place of whoever was asked before. May be
        called from `on_section`, while the deadline has not come.
        """
        for section in sections:
            self._withdraw(section)
        self._ask_all(questions)
        if self._dispatcher.recalls and self._has_recalled:
            for flight in tuple(self._flights.values()):
                flight.recalls()

    def _withdraw(self, section: str) -> None:
        """Wait no longer for a section, and forget what was said of it; whoever was asked is
        neither praised nor blamed.
        """
        self.replies.pop(section, None)
        if section in self._unasked:
            self._unasked.discard(section)
            self._left -= 1
        flight = self._flights.pop(section, None)
        if flight is not None:
            self._left -= 1
            flight.leave(self, self._dispatcher.time(), gone=True)

    def section_settled(self, section: str, reply: Reply) -> None:
        """A section's outcome is known."""
        self.replies[section] = reply
        self._flights.pop(section, None)
        self._left -= 1
        if self._on_section is not None:
            self._on_section(section, reply)
        if not self._left:
            if self._timer is not None:
                self._timer.cancel()
            if not self.whole.done():
                self.whole.set_result(None)

    def _recall(self) -> None:
        """Some have not answered at once: what they said last is looked for, should they fail."""
        self._timer = asyncio.get_running_loop().call_at(self.deadline, self._late)
        self._has_recalled = True
        for flight in tuple(self._flights.values()):
            flight.recalls()

    def _late(self) -> None:
        """The deadline: what is missing by now is answered by its reason."""
        now = self._dispatcher.time()
        for section, flight in tuple(self._flights.items()):
            if self._flights.get(section) is not flight:
                continue  # what was settled before it led elsewhere
            reply = flight.unanswered("deadline_exceeded", now)
            flight.question.route.lane.outcomes[reply.outcome] += 1
            # Not `gone`: the caller got its answer, so a late one may still refill the cache.
            flight.leave(self, now, gone=False)
            self.section_settled(section, reply)

    def cancel(self) -> None:
        """The caller is gone: departments are no longer asked on its behalf."""
        if self._timer is not None:
            self._timer.cancel()
        now = self._dispatcher.time()
        for flight in tuple(self._flights.values()):
            flight.leave(self, now, gone=True)
        self._flights.clear()
