"""What was said before this process, or to another one: kept outside of its memory. Pure."""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from adapters.dispatch.cache import Key
from adapters.dispatch.question import Question
from adapters.dispatch.reply import Reply

LOOK_BEFORE_SECONDS = 0.15
"""So long before the deadline what those said last is fetched who have not answered: who fails
earlier has it fetched then.
"""


class Earlier(Protocol):
    """A second place for last-known answers. Nothing here waits."""

    news: deque[tuple[Question, Reply]]
    """What departments said, to be kept for as long as it may stand in: soon, and never in the way
    of anybody; the oldest falls out where it becomes too much. A reply without data ends what was
    known before.
    """

    def look(self, key: Key, looked: Callable[[], None]) -> None:
        """Bring what is kept into the memory of answers; `looked` is always called, soon, whether
        or not there was anything.
        """
