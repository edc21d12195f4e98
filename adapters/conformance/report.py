"""The report of a conformance run, as it is stored and shown to the department."""

from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from adapters.contract.errors import AdapterError
from adapters.contract.words import Words, words_of


class CaseResult(Struct, frozen=True, kw_only=True):
    """One case: passed, failed or not applicable; a failure says field, got, wanted and a one-line
    fix, with what was `sent` and what `came`. `same_as` names the case that failed of the same
    cause. A case that passed may have `advice`.
    """

    case: str
    status: Literal["passed", "failed", "not_applicable"]
    title: Words
    elapsed_ms: int = 0
    field: str | None = None
    got: str | None = None
    wanted: str | None = None
    fix: Words | None = None
    sent: str | None = None
    came: str | None = None
    same_as: str | None = None
    advice: list[Words] = []


class Report(Struct, frozen=True, kw_only=True):
    """All cases of a run; `passed` only if none failed."""

    adapter_id: str
    contract: str
    passed: bool
    cases: list[CaseResult]


_DATA = Path(__file__).with_name("data")
TITLES = words_of(_DATA / "cases.csv")
"""Of each case."""
FIXES = words_of(_DATA / "fixes.csv")
"""What to do about a finding: by the reason of a failure, or by what a case wanted."""


def refusal(error: Exception) -> CaseResult:
    """The one row of a report about an adapter that could not even be built."""
    return CaseResult(case="starts", status="failed", title=TITLES["starts"], **row_of(error))


def row_of(error: BaseException) -> dict[str, Any]:
    """The finding that an exception stands for."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, AdapterError):
        code, detail = error.code, error.detail
    else:
        code = "deadline_exceeded" if isinstance(error, TimeoutError) else "adapter_failed"
        detail = type(error).__name__
    return {
        "field": "answer",
        "got": f"{code} {detail}".strip(),
        "wanted": "a valid answer",
        "fix": FIXES.get(code, FIXES["other"]),
    }
