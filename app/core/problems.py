"""One table renders every refusal as RFC 9457 `application/problem+json`, with words in both
languages and what to do now.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DataError, IntegrityError
from starlette.exceptions import HTTPException
from starlette.types import Scope

from adapters.contract.sections import encode
from app.core.db import AWAY
from app.core.errors import DomainError, Fault, RequestInvalid, Throttled
from app.core.schemas import Problem, ProblemError
from app.core.texts import STATUS_OF_KIND, fault_words, text_of
from auth.errors import AuthError

MEDIA_TYPE = "application/problem+json"
_MOST_ERRORS = 50
_CODE_OF_STATUS = {
    400: "request.bad_request",
    404: "request.not_found",
    405: "request.method_not_allowed",
    408: "request.timeout",
    413: "request.too_large",
    415: "request.media_type",
    503: "server.unavailable",
}


def problem(
    code: str,
    trace_id: str,
    detail: str = "",
    *,
    errors: list[ProblemError] | None = None,
    headers: dict[str, str] | None = None,
    status: int | None = None,
    hints: dict[str, Any] | None = None,
) -> Response:
    """A problem document as a response."""
    document = _document(code, trace_id, detail, errors, status, hints)
    extra_headers = {**(headers or {}), "Cache-Control": "no-store"}
    if document.retryable and document.status == STATUS_OF_KIND["unavailable"]:
        extra_headers.setdefault("Retry-After", "1")
    return Response(encode(document), document.status, extra_headers, MEDIA_TYPE)


def _document(
    code: str,
    trace_id: str,
    detail: str,
    errors: list[ProblemError] | None,
    status: int | None,
    hints: dict[str, Any] | None,
) -> Problem:
    text = text_of(code)
    return Problem(
        type=f"/problems/{code}",
        title=text.advice.words.en,
        status=status or text.status,
        code=code,
        detail=detail or text.advice.words.en,
        retryable=text.retryable,
        trace_id=trace_id,
        text=text.advice.words,
        what_now=text.advice.what_now,
        errors=errors or [],
        **(hints or {}),
    )


def document_of(error: DomainError, trace_id: str) -> Problem:
    """A refusal as a problem document inside a stream, where no response of its own can carry
    it.
    """
    return _document(error.code, trace_id, error.detail, _errors_of(error), None, error.hints)


def _errors_of(error: DomainError) -> list[ProblemError] | None:
    if isinstance(error, RequestInvalid):
        return [_fault_row(fault) for fault in error.faults[:_MOST_ERRORS]]
    if error.pointer is None:
        return None
    words = text_of(error.code).advice.words
    return [ProblemError(error.pointer, error.code, error.detail or words.en, words)]


def _fault_row(fault: Fault) -> ProblemError:
    words = fault_words(fault.code, dict(fault.bounds))
    return ProblemError(fault.pointer, fault.code, words.en, words)


def trace_id_of(request: Request) -> str:
    """The id the request context gave this request."""
    return str(getattr(request.state, "trace_id", ""))


def trace_id_in(scope: Scope) -> str:
    """The id the request context gave the request of this scope."""
    return str(scope.get("state", {}).get("trace_id", ""))


async def _domain(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)  # noqa: S101 - registered for this class
    errors = _errors_of(error)
    headers = (
        {"Retry-After": str(error.retry_after), **error.left}
        if isinstance(error, Throttled)
        else None
    )
    return problem(
        error.code,
        trace_id_of(request),
        error.detail,
        errors=errors,
        hints=error.hints,
        headers=headers,
    )


def problem_of(error: AuthError, trace_id: str) -> Response:
    """The refusal of a caller; one that is unknown learns which scheme is spoken (RFC 6750, 3)."""
    is_unknown = text_of(error.code).status == HTTPStatus.UNAUTHORIZED
    headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'} if is_unknown else None
    return problem(error.code, trace_id, error.detail, headers=headers)


async def _auth(request: Request, error: Exception) -> Response:
    assert isinstance(error, AuthError)  # noqa: S101 - registered for this class
    return problem_of(error, trace_id_of(request))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    code = _CODE_OF_STATUS.get(error.status_code, "request.failed")
    headers = dict(error.headers or {})
    return problem(
        code, trace_id_of(request), str(error.detail), headers=headers, status=error.status_code
    )


def _pointer(location: tuple[Any, ...]) -> str:
    parts = [str(p).replace("~", "~0").replace("/", "~1") for p in location]
    return "/" + "/".join(parts)


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    rows = error.errors()
    if _is_foreign_content(request, rows):
        return problem("request.media_type", trace_id_of(request))
    told = {(_pointer(e["loc"]), e["type"]): e.get("ctx", {}) for e in rows}
    faults = [Fault(pointer, kind, bounds) for (pointer, kind), bounds in told.items()]
    errors = [_fault_row(fault) for fault in faults[:_MOST_ERRORS]]
    return problem("request.invalid", trace_id_of(request), errors=errors)


def _is_foreign_content(request: Request, rows: Sequence[Any]) -> bool:
    """Whether a body was not even read, because it does not say that it is JSON."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = media_type == "application/json" or media_type.endswith("+json")
    sent = (
        request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    )
    return sent and not is_json and any(row["loc"][:1] == ("body",) for row in rows)


async def _unstorable(request: Request, _error: Exception) -> Response:
    detail = (
        "A text holds a character that cannot be stored, such as NUL, or a number is out of range."
    )
    return problem("request.invalid", trace_id_of(request), detail)


async def _crossed(request: Request, _error: Exception) -> Response:
    return problem("request.crossed", trace_id_of(request))


async def _unreachable(request: Request, _error: Exception) -> Response:
    return problem(
        "server.unavailable",
        trace_id_of(request),
        "The database is away, or its other writers take too long.",
    )


def install(app: FastAPI) -> None:
    """Register the handlers. What escapes them becomes `server.internal` in the request context
    middleware.
    """
    app.add_exception_handler(DomainError, _domain)
    app.add_exception_handler(AuthError, _auth)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(DataError, _unstorable)
    app.add_exception_handler(IntegrityError, _crossed)
    for away in AWAY:
        app.add_exception_handler(away, _unreachable)
