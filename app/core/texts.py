"""Words and statuses of every problem, from the tables of all rooms (`data/problems.csv`)."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

from adapters.contract.tables import rows
from adapters.contract.words import Advice, Words, advice_of, words_of
from app.core.errors import CATALOGUE

STATUS_OF_KIND = {
    "invalid": 422,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "throttled": 429,
    "unavailable": 503,
}
_ROOMS = Path(__file__).parents[1]
_DATA = Path(__file__).with_name("data")


class ProblemText(NamedTuple):
    """A problem's status, whether repeating helps, and its words."""

    status: int
    retryable: bool
    advice: Advice


@cache
def _advice() -> dict[str, Advice]:
    """Of all rooms. Raises ValueError for a code that two of them word."""
    found: dict[str, Advice] = {}
    for path in sorted(_ROOMS.glob("*/data/problems.csv")):
        for code, advice in advice_of(path).items():
            if code in found:
                raise ValueError(f"{code} has words in two tables")
            found[code] = advice
    return found


_STATUSES = {
    row["code"]: (int(row["status"]), row["retryable"] == "yes")
    for row in rows(_DATA / "statuses.csv", ("code", "status", "retryable"))
}
"""Of problems that no class stands for: transport-level refusals and refused callers."""
FAULTS: dict[str, Words] = words_of(_DATA / "faults.csv", "code")
"""What is wrong with one part of a request, by the rule that it breaks."""


def text_of(code: str) -> ProblemText:
    """The words of any problem code, whoever owns it. Raises KeyError for an unknown one."""
    if code in _STATUSES:
        return ProblemText(*_STATUSES[code], _advice()[code])
    known = CATALOGUE[code]
    return ProblemText(STATUS_OF_KIND[known.kind], known.retryable, _advice()[code])


def all_codes() -> list[str]:
    """Every problem code, sorted."""
    return sorted({*_STATUSES, *CATALOGUE})


def fault_words(code: str, bounds: dict[str, object]) -> Words:
    """What a rule says of what breaks it; one without words of its own is told as not fitting."""
    words = FAULTS.get(code, FAULTS["other"])
    try:
        return words.filled(**bounds)
    except (KeyError, IndexError):  # a bound that the validator did not tell
        return FAULTS["other"]
