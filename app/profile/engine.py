"""Ask every department in parallel under one deadline; a bad department costs only its own section. Pure of frameworks."""

import asyncio
from collections.abc import Callable, Sequence

from app.profile.answered import Answered
from app.profile.board import Board
from app.profile.flight import Flight, Question

OnSection = Callable[[str, Answered], None]


class Gathering:
    """The answers to one look-up. `whole` is resolved when every section has its outcome, at the latest at `deadline`."""

    __slots__ = ("_board", "_flights", "_left", "_on_section", "_timer", "answers", "deadline", "whole")

    def __init__(self, board: Board, questions: Sequence[Question], deadline: float, on_section: OnSection | None = None) -> None:
        loop = asyncio.get_running_loop()
        self._board = board
        self._flights: dict[str, Flight] = {}
        self._left = len(questions)
        self._on_section = on_section
        self._timer: asyncio.TimerHandle | None = None
        self.answers: dict[str, Answered] = {}
        self.deadline = deadline
        self.whole: asyncio.Future[None] = loop.create_future()
        now = loop.time()
        for question in questions:
            begun = board.ask(question, self, now)
            if isinstance(begun, Answered):
                self.section_settled(question.route.section, begun)
            elif not begun.settled:
                self._flights[question.route.section] = begun
        if self._left:
            self._timer = loop.call_at(deadline, self._late)
        elif not self.whole.done():
            self.whole.set_result(None)

    def section_settled(self, section: str, answered: Answered) -> None:
        """A section's outcome is known."""
        self.answers[section] = answered
        self._flights.pop(section, None)
        self._left -= 1
        if self._on_section is not None:
            self._on_section(section, answered)
        if not self._left:
            if self._timer is not None:
                self._timer.cancel()
            if not self.whole.done():
                self.whole.set_result(None)

    def _late(self) -> None:
        """The deadline: what is missing by now is answered by its reason."""
        now = self._board.time()
        for section, flight in tuple(self._flights.items()):
            answered = self._board.unanswered(flight, "deadline_exceeded", now)
            flight.question.route.lane.outcomes[answered.outcome] += 1
            flight.leave(self, now, gone=False)
            self.section_settled(section, answered)

    def cancel(self) -> None:
        """The caller is gone: departments are no longer asked on its behalf."""
        if self._timer is not None:
            self._timer.cancel()
        now = self._board.time()
        for flight in tuple(self._flights.values()):
            flight.leave(self, now, gone=True)
        self._flights.clear()
