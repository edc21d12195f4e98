"""The declarative mapping, compiled once: path -> converter -> code table -> canonical field.
Pure.
"""

import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec

from adapters.contract import convert
from adapters.contract.errors import AdapterMalformed
from adapters.contract.manifest import Condition, FieldRule, Mapping
from adapters.contract.reasons import REASONS
from adapters.departments.standard_rest.paths import compile_path

Build = Callable[[Any], Any]

_MISSING = object()


class MappingError(ValueError):
    """A mapping that cannot be compiled; `pointer` says where."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(f"{pointer}: {detail}")
        self.pointer = pointer
        self.detail = detail


def compile_fields(mapping: Mapping, known: frozenset[str] | None = None) -> Build:
    """A function from the department's record to canonical values. Raises `MappingError` for a rule
    that cannot work.
    """
    if mapping.fields is None:
        return lambda record: record
    _check_formats(mapping)
    rules = [(r.to, _rule(r, mapping, f"/fields/{i}")) for i, r in enumerate(mapping.fields)]
    for index, (name, _) in enumerate(rules):
        if known is not None and name not in known:
            raise MappingError(f"/fields/{index}/to", f"the section has no field {name}")
    return lambda record: _filled(rules, record, "")


def _check_formats(mapping: Mapping) -> None:
    for index, pattern in enumerate(mapping.date_formats):
        try:
            time.strptime(time.strftime(pattern, time.gmtime(0)), pattern)
        except (ValueError, re.error) as error:
            raise MappingError(
                f"/date_formats/{index}", f"{pattern!r} is no date format"
            ) from error


def _filled(rules: list[tuple[str, Build]], record: Any, pointer: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, build in rules:
        try:
            value = build(record)
        except (ValueError, TypeError, OverflowError) as error:
            raise AdapterMalformed(
                "schema_violation", f"{pointer}/{name}: {type(error).__name__}"
            ) from error
        if value is not None:
            values[name] = value
    return values


def _rule(rule: FieldRule, mapping: Mapping, pointer: str) -> Build:
    try:
        find = compile_path(rule.path)
    except ValueError as error:
        raise MappingError(f"{pointer}/path", str(error)) from error
    if rule.each is not None:
        return _each(
            rule,
            find,
            [(r.to, _rule(r, mapping, f"{pointer}/each/{i}")) for i, r in enumerate(rule.each)],
        )
    if rule.fields is not None:
        return _nested(
            rule,
            find,
            [(r.to, _rule(r, mapping, f"{pointer}/fields/{i}")) for i, r in enumerate(rule.fields)],
        )
    change = _converter(rule, mapping, pointer)
    if rule.convert == "none" and rule.default is None:
        return find

    def build(record: Any) -> Any:
        value = change(find(record))
        return rule.default if value is None else value

    return build


def _each(rule: FieldRule, find: Build, inner: list[tuple[str, Build]]) -> Build:
    def build(record: Any) -> Any:
        found = find(record)
        if found is None or found == "":
            return []
        items = found if isinstance(found, list) else [found]
        return [_filled(inner, item, f"/{rule.to}/{i}") for i, item in enumerate(items)]

    return build


def _nested(rule: FieldRule, find: Build, inner: list[tuple[str, Build]]) -> Build:
    def build(record: Any) -> Any:
        found = find(record)
        return None if not found else _filled(inner, found, f"/{rule.to}")

    return build


def _converter(rule: FieldRule, mapping: Mapping, pointer: str) -> Build:
    match rule.convert:
        case "none":
            return lambda value: value
        case "date":
            formats = tuple(mapping.date_formats)
            return lambda value: convert.to_date(value, formats)
        case "code":
            table = mapping.tables.get(rule.table or "")
            if table is None:
                raise MappingError(f"{pointer}/table", f"there is no table {rule.table!r}")
            return lambda value: _code(table, value)
        case _:
            return _SIMPLE[rule.convert]


_SIMPLE: dict[str, Build] = {
    "text": convert.to_text,
    "int": convert.to_int,
    "number": convert.to_number,
    "bool": convert.to_bool,
    "list": convert.to_list,
}


def _code(table: dict[str, Any], value: Any) -> Any:
    """Unmapped codes fall to the table's `*`; without one the field stays empty, never guessed."""
    found = table.get("" if value is None else str(value).strip(), _MISSING)
    return table.get("*") if found is _MISSING else found


def compile_condition(
    condition: Condition, pointer: str = "/response"
) -> Callable[[int, Any], bool]:
    """A test over (HTTP status, document). Raises `MappingError` for one that looks at no content,
    or gives an unknown reason.
    """
    if condition.path is None:
        raise MappingError(
            pointer, "a condition needs a path: an HTTP status alone says nothing about a business"
        )
    if condition.reason is not None and condition.reason not in REASONS:
        raise MappingError(pointer, f"there is no reason {condition.reason!r}")
    find = compile_path(condition.path)

    def holds(status: int, document: Any) -> bool:
        if condition.status is not None and condition.status != status:
            return False
        value = find(document)
        if condition.empty:
            return value in (None, "", [], {})
        return value == condition.equals or (
            value is not None and str(value) == str(condition.equals)
        )

    return holds


def fill(template: Any, values: dict[str, str], *, encode: bool = False) -> Any:
    """Replace `{name}` in texts of a template, however nested; `encode` percent-encodes for a path
    or query.
    """
    if isinstance(template, str):
        for name, value in values.items():
            template = template.replace(
                "{" + name + "}", quote(value, safe="") if encode else value
            )
        return template
    if isinstance(template, dict):
        return {key: fill(value, values, encode=encode) for key, value in template.items()}
    if isinstance(template, list):
        return [fill(value, values, encode=encode) for value in template]
    return template


def field_names(shape: type[msgspec.Struct]) -> frozenset[str]:
    """The canonical fields of a section."""
    return frozenset(f.encode_name for f in msgspec.structs.fields(shape))
