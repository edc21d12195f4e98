"""The report of a conformance run, as it is stored and shown to the department."""

from typing import Literal

from msgspec import Struct


class CaseResult(Struct, frozen=True, kw_only=True):
    """One case: passed, failed or not applicable; a failure says field, got, wanted and a one-line fix."""

    case: str
    status: Literal["passed", "failed", "not_applicable"]
    title_zh: str
    title_en: str
    elapsed_ms: int = 0
    field: str | None = None
    got: str | None = None
    wanted: str | None = None
    fix_zh: str | None = None
    fix_en: str | None = None


class Report(Struct, frozen=True, kw_only=True):
    """All cases of a run; `passed` only if none failed."""

    adapter_id: str
    contract: str
    passed: bool
    cases: list[CaseResult]
