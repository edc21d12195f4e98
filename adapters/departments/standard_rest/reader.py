"""What an answer says, in the order in which it may be believed: status, content type, declared
success, echo, "no record", record. Pure.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from msgspec import Struct

from adapters.contract.adapter import SectionAnswer
from adapters.contract.errors import (
    AdapterError,
    AdapterMalformed,
    AdapterUnavailable,
    NothingTold,
)
from adapters.contract.manifest import MOST_DATE_FORMATS, Condition, Mapping
from adapters.departments.standard_rest.mapping import (
    compile_condition,
    compile_fields,
    meanings,
    path_at,
)
from adapters.departments.standard_rest.price import begin_spending, end_spending, spending
from adapters.transport.answers import (
    NO_CONTENT,
    Now,
    is_echo,
    read_shape,
    require_as_of,
    require_echo,
    require_media_type,
    require_named,
    require_whole,
    section_answer,
    status_failure,
)
from adapters.transport.documents import decode_json, decode_text, parse_json, parse_xml
from adapters.transport.exchange import Response
from adapters.transport.guard import Limits
from adapters.transport.preview import Preview

RECEIVED = "@received"
"""Declared as `as_of` where the source tells no time."""
_NOT_FOUND = 404
_FOUND = frozenset({"found", None})
_ABSENCES = {"not_found": "no_record", "not_applicable": "not_applicable"}
"""What the contract's own envelope says in `status`, and the reason it becomes."""
_MOST_KEYS = 8
_SAMPLE_BYTES = 64 << 10
"""As much work as an answer of this size is worth, for a pasted sample."""


class _Absence(NamedTuple):
    """A way to say that there is no record."""

    holds: Callable[[int, Any], bool]
    reason: str
    needs_echo: bool


class Reader:
    """Reads the answers of one department as its mapping says. Raises `MappingError` where that
    cannot be compiled.
    """

    def __init__(self, mapping: Mapping, shape: type[Struct], limits: Limits, now: Now) -> None:
        answer = self._answer = mapping.response
        self._shape = shape
        self._limits = limits
        self._now = now
        self._formats = tuple(mapping.date_formats[:MOST_DATE_FORMATS])
        self._media_types = _media_types(answer.content_type)
        self._find_id = path_at(answer.business_id, "/response/business_id").find
        self._received = answer.as_of == RECEIVED
        self._find_time = path_at("@" if self._received else answer.as_of, "/response/as_of").find
        self._find_record = path_at(answer.record, "/response/record").find
        self._build = compile_fields(mapping, shape)
        self._absences = [
            *_absences(answer.no_record, "no_record"),
            *_absences(answer.not_applicable, "not_applicable"),
        ]
        self._closed = answer.no_record == type(answer)().no_record
        """Whether the answer's `status` is that of the contract's own envelope."""
        self._success = _success(mapping)
        self.is_canonical = mapping.fields is None and answer == type(answer)()

    def read(self, response: Response, asked: str, digest: str) -> SectionAnswer:
        """What a complete answer to a question about `asked` says. Raises `AdapterError`."""
        before = begin_spending(len(response.body))
        try:
            return self._read(response, asked, digest)
        finally:
            end_spending(before)

    def _read(self, response: Response, asked: str, digest: str) -> SectionAnswer:
        failure = status_failure(response.status, response.headers, self._now)
        if failure is not None:
            return self._not_found(response, asked, digest, failure)
        if response.status in NO_CONTENT:
            for absence in self._absences:
                if absence.holds(response.status, None):
                    return SectionAnswer(None, None, digest, absence.reason)
        require_whole(response.status)
        document = self._document(response)
        if self._success is not None and not self._success(response.status, document):
            raise AdapterUnavailable(
                "upstream_error", f"the answer does not say that it succeeded{_keys(document)}"
            )
        told = self._find_id(document)
        found = self._absence(response.status, document)
        if found is not None:
            if found.needs_echo or told not in (None, ""):
                require_named(asked, told, _keys(document))
            return SectionAnswer(None, self._time_or_none(document), digest, found.reason)
        require_echo(asked, told, _keys(document))
        self._require_known_status(document)
        return self._record(document, digest)

    def _record(self, document: Any, digest: str) -> SectionAnswer:
        values = self._values(self._find_record(document))
        as_of = (
            self._now()
            if self._received
            else require_as_of(self._find_time(document), self._now, self._formats)
        )
        return section_answer(values, self._shape, as_of, digest, received=self._received)

    def _values(self, record: Any) -> Any:
        if record is None:
            raise NothingTold(f"nothing at {self._answer.record}")
        values = self._build(record)
        if values is None:
            raise AdapterMalformed(
                "schema_violation", f"none of the declared fields is in the record{_keys(record)}"
            )
        return values

    def _absence(self, status: int, document: Any) -> _Absence | None:
        return next((a for a in self._absences if a.holds(status, document)), None)

    def _not_found(
        self, response: Response, asked: str, digest: str, failure: AdapterError
    ) -> SectionAnswer:
        """A failing status says nothing about a business, whatever comes with it; but for a 404
        with the contract's own envelope, or with what the manifest declares for a 404, that names
        the business asked.
        """
        if response.status != _NOT_FOUND:
            raise failure
        try:
            document = self._document(response)
        except AdapterError:
            raise failure from None
        if self._success is not None and not self._success(response.status, document):
            raise failure
        if isinstance(document, dict):
            reason = _ABSENCES.get(str(document.get("status")))
            if reason is not None and is_echo(asked, document.get("business_id")):
                return SectionAnswer(None, self._time_or_none(document), digest, reason)
        told = self._find_id(document)
        for condition, absence in zip(
            (*self._answer.no_record, *self._answer.not_applicable), self._absences, strict=True
        ):
            named = condition.status == _NOT_FOUND and absence.holds(_NOT_FOUND, document)
            if named and (is_echo(asked, told) or (told is None and not absence.needs_echo)):
                return SectionAnswer(None, self._time_or_none(document), digest, absence.reason)
        raise failure

    def _require_known_status(self, document: Any) -> None:
        if not self._closed or not isinstance(document, dict):
            return
        status = document.get("status")
        if not isinstance(status, str | None) or status not in _FOUND:
            raise AdapterMalformed("schema_violation", f"status is {status!s:.40}")

    def _document(self, response: Response) -> Any:
        require_media_type(response.media_type, self._answer.format, self._media_types)
        if self._answer.format == "json" and self._answer.charset == "utf-8":
            return decode_json(response.body, self._limits)
        return self._parsed(decode_text(response.body, self._answer.charset))

    def _parsed(self, text: str) -> Any:
        parse = parse_xml if self._answer.format == "xml" else parse_json
        return parse(text, self._limits)

    def _time_or_none(self, document: Any) -> Any:
        """The time of "no record", where one is told that can be read: none is demanded."""
        value = None if self._received else self._find_time(document)
        try:
            return None if value is None else require_as_of(value, self._now, self._formats)
        except AdapterMalformed:
            return None

    def preview(self, sample: Any) -> Preview:
        """What a pasted sample becomes: the text of an answer, or what it holds."""
        decoded = self._parsed(sample) if isinstance(sample, str) else sample
        with spending(_SAMPLE_BYTES):
            record = self._find_record(decoded)
            values = self._values(decoded if record is None else record)
        return Preview(decoded, read_shape(values, self._shape))


def _media_types(declared: str | list[str] | None) -> frozenset[str] | None:
    if declared is None:
        return None
    return frozenset([declared] if isinstance(declared, str) else declared)


def _absences(conditions: list[Condition], usual: str) -> list[_Absence]:
    return [
        _Absence(
            compile_condition(c, f"/response/{usual}/{i}"),
            c.reason or usual,
            c.without_echo is None and c.path is not None,
        )
        for i, c in enumerate(conditions)
    ]


def _success(mapping: Mapping) -> Callable[[int, Any], bool] | None:
    """Whether an answer says that it succeeded: as declared, or with another value at the same
    place that the manifest gives a meaning of its own.
    """
    answer = mapping.response
    if answer.success is None:
        return None
    declared = [
        answer.success,
        *meanings([*answer.no_record, *answer.not_applicable], answer.success),
    ]
    tests = [compile_condition(c, "/response/success") for c in declared]
    return lambda status, document: any(test(status, document) for test in tests)


@lru_cache(maxsize=256)
def _listed(keys: tuple[str, ...]) -> str:
    return f": the answer has {', '.join(key[:40] for key in keys[:_MOST_KEYS])}"


def _keys(document: Any) -> str:
    """The names of what came, for the department's engineers; never a value."""
    if isinstance(document, dict):
        return _listed(tuple(map(str, document))) if document else ": the answer is empty"
    return f": the answer is a {type(document).__name__}"
