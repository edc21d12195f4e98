"""The declarative mapping, compiled once: path -> converter -> code table -> canonical field.
Pure.
"""

import re
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from msgspec import Struct, structs

from adapters.contract import convert
from adapters.contract.convert import Unread, Wanted
from adapters.contract.days import SECONDS, complete_format
from adapters.contract.errors import AdapterMalformed
from adapters.contract.manifest import MOST_DATE_FORMATS, Condition, FieldRule, Mapping
from adapters.contract.reasons import REASONS
from adapters.contract.spelling import bare, says
from adapters.departments.standard_rest.paths import Path, compile_path, scalar_of
from adapters.departments.standard_rest.price import TooDear, spend
from adapters.transport.answers import NO_CONTENT

Build = Callable[[Any], Any]
_NAME_FIRST = re.compile(r'[A-Za-z_]\w*(?!\w*\()|"')
"""A path that begins with a name, and so reads objects alone."""


class MappingError(ValueError):
    """A mapping that cannot be compiled; `pointer` says where."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(f"{pointer}: {detail}")
        self.pointer = pointer
        self.detail = detail


_SIGNS_PER_UNIT = 8
"""What a conversion looks at for the price of one unit."""


class _Rule(NamedTuple):
    """`tells`: whether any of its paths leads to something in a record."""

    name: str
    build: Build
    tells: Callable[[Any], bool]


def compile_fields(mapping: Mapping, shape: type[Struct], *, strict: bool = False) -> Build:
    """A function from the department's record to canonical values, or None where the record tells
    none of the declared fields. A value that cannot be read is `Unread`. Raises `MappingError` for
    a rule that cannot work; what was taken before it was known to be wrong is refused only where
    `strict`, so that no published department falls silent.
    """
    if mapping.fields is None:
        names = frozenset(f.encode_name for f in structs.fields(shape))
        return lambda record: (
            record if not isinstance(record, dict) or not names.isdisjoint(record) else None
        )
    _check_formats(mapping, strict=strict)
    rules = _rules(mapping.fields, _Given(mapping, strict), shape, "/fields")

    def build(record: Any) -> Any:
        if not any(_tells(rule, record) for rule in rules):
            return None
        return _filled(rules, record)

    return build


def _tells(rule: _Rule, record: Any) -> bool:
    try:
        return rule.tells(record)
    except TooDear:
        raise
    except AdapterMalformed:  # something is told that does not fit
        return True


def path_at(expression: str, pointer: str, *, strict: bool = False) -> Path:
    """A compiled path. Raises `MappingError` that says where the expression stands."""
    try:
        return compile_path(expression, strict=strict)
    except ValueError as error:
        raise MappingError(pointer, str(error)) from error


class _Given(NamedTuple):
    mapping: Mapping
    strict: bool


def _check_formats(mapping: Mapping, *, strict: bool) -> None:
    if strict and len(mapping.date_formats) > MOST_DATE_FORMATS:
        raise MappingError("/date_formats", f"at most {MOST_DATE_FORMATS} formats are tried")
    for index, pattern in enumerate(mapping.date_formats[:MOST_DATE_FORMATS]):
        pointer = f"/date_formats/{index}"
        if strict and not complete_format(pattern):
            raise MappingError(pointer, f"{pattern!r} does not tell year, month and day")
        try:
            if pattern != SECONDS:
                time.strptime(time.strftime(pattern, time.gmtime(0)), pattern)
        except (ValueError, re.error) as error:
            raise MappingError(pointer, f"{pattern!r} is no date format") from error


def _filled(rules: list[_Rule], record: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, build, _ in rules:
        try:
            value = build(record)
        except TooDear:
            raise
        except AdapterMalformed:  # the path does not fit what stands there
            value = Unread(Wanted.TEXT)
        if value is not None:
            values[name] = value
    return values


def _rules(
    rules: Iterable[FieldRule], given: _Given, shape: type[Struct], pointer: str
) -> list[_Rule]:
    known = {f.encode_name: f for f in structs.fields(shape)}
    found: list[_Rule] = []
    for index, rule in enumerate(rules):
        place = f"{pointer}/{index}"
        if rule.to not in known:
            if pointer != "/fields" and not given.strict:
                continue
            raise MappingError(
                f"{place}/to",
                f"{shape.__name__} has no field {rule.to}; it has {', '.join(sorted(known))}",
            )
        if given.strict and any(one.name == rule.to for one in found):
            raise MappingError(f"{place}/to", f"{rule.to} is told twice")
        found = [one for one in found if one.name != rule.to]  # the last one counts, and alone runs
        found.append(_rule(rule, given, known[rule.to].type, place))
    return found


def _rule(rule: FieldRule, given: _Given, kind: Any, pointer: str) -> _Rule:
    path = path_at(rule.path, f"{pointer}/path", strict=given.strict)
    if rule.each is not None:
        shape = _inner(kind, rule, f"{pointer}/each", listed=True)
        inner = _rules(rule.each, given, shape, f"{pointer}/each")
        scalars = _reads_scalars(rule.each)
        return _Rule(rule.to, _each(path.find, inner, scalars=scalars), path.tells)
    if rule.fields is not None:
        shape = _inner(kind, rule, f"{pointer}/fields", listed=False)
        inner = _rules(rule.fields, given, shape, f"{pointer}/fields")

        def tells(record: Any) -> bool:
            return path.tells(record) and any(_tells(r, path.find(record)) for r in inner)

        return _Rule(rule.to, _nested(path.find, inner), tells)
    change, find = _converter(rule, given.mapping, pointer), path.find

    def build(record: Any) -> Any:
        found = find(record)
        spend(1 + len(found) // _SIGNS_PER_UNIT if isinstance(found, str) else 1)
        value = change(scalar_of(found) if isinstance(found, list | dict) else found)
        return rule.default if value is None else value

    return _Rule(rule.to, build, path.tells)


def _reads_scalars(rules: Iterable[FieldRule]) -> bool:
    return any(not _NAME_FIRST.match(rule.path) for rule in rules)


def _inner(kind: Any, rule: FieldRule, pointer: str, *, listed: bool) -> type[Struct]:
    """The shape of what stands in a field."""
    for part in (kind, *getattr(kind, "__args__", ())):
        if (getattr(part, "__origin__", None) is list) is listed:
            for one in (part, *getattr(part, "__args__", ())):
                if isinstance(one, type) and issubclass(one, Struct):
                    return one
    wanted = "a list of objects" if listed else "an object"
    raise MappingError(pointer, f"{rule.to} is not {wanted}")


def _each(find: Build, inner: list[_Rule], *, scalars: bool) -> Build:
    """`scalars`: whether the rules read an item that is no object, with the path `@`."""

    def one(item: Any) -> Any:
        if isinstance(item, dict) or scalars:
            return _filled(inner, item)
        return Unread(Wanted.OBJECT)

    def build(record: Any) -> Any:
        found = find(record)
        items = found if isinstance(found, list) else [found]
        spend(len(items) * len(inner))
        return [one(item) for item in items if not _tells_nothing(item)]

    return build


def _nested(find: Build, inner: list[_Rule]) -> Build:
    def build(record: Any) -> Any:
        found = find(record)
        if _tells_nothing(found):
            return None
        return _filled(inner, found) if isinstance(found, dict) else Unread(Wanted.OBJECT)

    return build


def _tells_nothing(value: Any) -> bool:
    """Whether what stands where an object belongs is nothing, or a word or sign for it."""
    if isinstance(value, str):
        return not bare(value) or says("not_told", value) or says("false", value)
    return value is None or value in ({}, [])


def _converter(rule: FieldRule, mapping: Mapping, pointer: str) -> Build:
    match rule.convert:
        case "none":
            return lambda value: value
        case "date":
            formats = tuple(mapping.date_formats[:MOST_DATE_FORMATS])
            return lambda value: convert.to_date(value, formats)
        case "code":
            table = mapping.tables.get(rule.table or "")
            if table is None:
                raise MappingError(f"{pointer}/table", f"there is no table {rule.table!r}")
            return lambda value: convert.to_code(table, value)
        case "number":  # in which unit an amount is told, the section's shape knows
            return lambda value: value
        case _:
            return _SIMPLE[rule.convert]


_SIMPLE: dict[str, Build] = {
    "text": convert.to_text,
    "int": convert.to_int,
    "bool": convert.to_bool,
    "list": convert.to_list,
}


def compile_condition(
    condition: Condition, pointer: str = "/response"
) -> Callable[[int, Any], bool]:
    """A test over (HTTP status, document). Raises `MappingError` for one that looks at no content,
    or gives an unknown reason.
    """
    if condition.reason is not None and condition.reason not in REASONS:
        raise MappingError(f"{pointer}/reason", f"there is no reason {condition.reason!r}")
    if condition.path is None:
        if condition.status not in NO_CONTENT:
            raise MappingError(
                pointer,
                "a condition needs a path: an HTTP status alone says nothing about a business "
                "(only 204 and 205 have no content by definition)",
            )
        return lambda status, _document: status == condition.status
    path = path_at(condition.path, f"{pointer}/path")
    equals = condition.equals if isinstance(condition.equals, list) else [condition.equals]
    wanted = frozenset(_as_told(value) for value in equals if value is not None)

    def holds(status: int, document: Any) -> bool:
        if condition.status is not None and condition.status != status:
            return False
        value = path.find(document)
        if condition.empty:
            return value in (None, "", [], {}) and path.tells(document)
        return (
            value is not None and not isinstance(value, dict | list) and _as_told(value) in wanted
        )

    return holds


def _as_told(value: Any) -> str:
    """A code as text: `0`, `"0"` and `0.0` are one, as are true and `"true"`."""
    return str(value).casefold() if isinstance(value, bool) else convert.plain_text(value)


def meanings(conditions: Iterable[Condition], of: Condition) -> list[Condition]:
    """Conditions that give another value of the path of `of` a meaning of its own: a code that is
    declared is no failure.
    """
    return [c for c in conditions if c.path == of.path and c.equals is not None]
