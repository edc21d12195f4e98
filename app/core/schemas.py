"""The shape of every refusal (RFC 9457)."""

from msgspec import Struct

from adapters.contract.words import Words


class ProblemError(Struct, frozen=True):
    """One thing that is wrong: where (`/body/…`, `/query/…`, `/path/…`, `/header/…`), which rule it
    breaks, and the rule in words.
    """

    pointer: str
    code: str
    detail: str
    text: Words


class Problem(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """RFC 9457. `code` is stable; `text` and `what_now` are in Chinese and English; `detail` says
    what this occurrence has of its own.

    For an identifier: `position` (from 1) of what is wrong, the character `expected` there,
    `suggestions` of what may have been meant, and with which `unusual` it is taken all the same.
    For a token that was asked for: `error` as RFC 6749 names it.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    retryable: bool
    trace_id: str
    text: Words
    what_now: Words
    position: int | None = None
    expected: str | None = None
    suggestions: list[str] = []
    unusual: list[str] = []
    error: str | None = None
    errors: list[ProblemError] = []
