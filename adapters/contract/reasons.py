"""Outcomes of a section, and why: every reason leads to an outcome, and has words in both languages
that say what to do now (`data/reasons.csv`).
"""

from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from adapters.contract.tables import rows
from adapters.contract.words import Advice, advice_in


class Outcome(StrEnum):
    """What became of the question to one department."""

    FRESH = "fresh"
    CACHED = "cached"
    STALE = "stale"
    NOT_FOUND = "not_found"
    NOT_APPLICABLE = "not_applicable"
    DENIED = "denied"
    TIMED_OUT = "timed_out"
    UNAVAILABLE = "unavailable"
    BREAKER_OPEN = "breaker_open"
    MALFORMED = "malformed"
    SHED = "shed"


ANSWERED = frozenset({Outcome.FRESH, Outcome.CACHED, Outcome.NOT_FOUND, Outcome.NOT_APPLICABLE})
"""Outcomes in which the department itself has spoken; `stale` is a memory, not an answer."""


class Reason(NamedTuple):
    """The outcome a reason leads to, its words, and what the reader can do now."""

    outcome: Outcome
    advice: Advice


_COLUMNS = ("code", "outcome", "zh", "en", "now_zh", "now_en")
REASONS: dict[str, Reason] = {
    row["code"]: Reason(Outcome(row["outcome"]), advice_in(row))
    for row in rows(Path(__file__).with_name("data") / "reasons.csv", _COLUMNS)
}
