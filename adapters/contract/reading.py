"""From plain values to a section's shape: what cannot be read costs its own field and is named,
also inside lists. Pure.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, cast

import msgspec
from msgspec import NODEFAULT, Struct, inspect

from adapters.contract import convert
from adapters.contract.convert import YUAN, Unread, Wanted
from adapters.contract.sections import UNIT, encode
from adapters.contract.spelling import code_of_label, folded

ODD_DAY = re.compile(rb'"(?:000[012]|2[2-9]\d\d|[3-9]\d{3})-\d\d-\d\d"')
"""A day that stands for none, or text that looks like one."""
_NO_NUMBER = b":null"
"""A field without a value is left out; this is one whose number is none."""
_LARGEST = 1 << 53
_MOST_NAMED = 100
"""Fields of one answer that are named; a record of nothing else says enough by then."""
UNKNOWN = "unknown"


class Unreadable(Struct, frozen=True):
    """A field that was left out: where, and what was wanted there (`Unread`). `told` is a code that
    a table lacks; it is for the department, never for an inspector.
    """

    pointer: str
    wanted: Wanted
    told: str | None = None


class Lost(ValueError):
    """What is no record at all, or lacks what the contract demands."""


class ReadRecord(NamedTuple):
    """A record in its shape, its encoding, and what was left out of it."""

    data: Struct
    encoded: bytes
    unreadable: tuple[Unreadable, ...] = ()


def read_record(values: Any, shape: type[Struct]) -> ReadRecord:
    """Read a record. Raises `Lost` where it is no object, or nothing that it tells can be read."""
    if not isinstance(values, dict):
        raise Lost("the record is no object")
    try:
        data = msgspec.convert(values, shape)
    except msgspec.ValidationError:
        return _read_apart(values, shape)
    encoded = encode(data)
    if ODD_DAY.search(encoded) or _NO_NUMBER in encoded:
        return _read_apart(values, shape)
    return ReadRecord(data, encoded)


def _read_apart(values: dict[str, Any], shape: type[Struct]) -> ReadRecord:
    named: list[Unreadable] = []
    data = _struct(shape, values, "", named)
    encoded = encode(data)
    if named and encoded == b"{}":
        raise Lost(f"{named[0].pointer}: wanted {named[0].wanted}")
    return ReadRecord(data, encoded, tuple(named))


def _struct(
    shape: type[Struct], values: dict[str, Any], pointer: str, named: list[Unreadable]
) -> Struct:
    found: dict[str, Any] = {}
    for field in _fields(shape):
        told = values.get(field.name)
        if told is None:
            continue
        value = field.read(told, f"{pointer}/{field.name}", named)
        if value is not None:
            found[field.name] = value
    for field in _fields(shape):
        if field.required and field.name not in found:
            raise Lost(f"{pointer}/{field.name}")
    return shape(**found)


def _leave_out(pointer: str, unread: Unread, named: list[Unreadable]) -> None:
    if len(named) < _MOST_NAMED:
        named.append(Unreadable(pointer, unread.wanted, unread.told))


Read = Callable[[Any, str, list[Unreadable]], Any]


class _Field(NamedTuple):
    name: str
    required: bool
    read: Read


@cache
def _fields(shape: type[Struct]) -> tuple[_Field, ...]:
    kind = cast("inspect.StructType", inspect.type_info(shape))
    return tuple(
        _Field(
            f.name,
            f.default is NODEFAULT and f.default_factory is NODEFAULT,
            _reader(f.name, f.type),
        )
        for f in kind.fields
    )


def _reader(name: str, kind: inspect.Type, unit: int = YUAN) -> Read:
    """How a value of a type is read."""
    match kind:
        case inspect.UnionType():
            (inner,) = (t for t in kind.types if not isinstance(t, inspect.NoneType))
            return _reader(name, inner, unit)
        case inspect.Metadata():
            return _reader(name, kind.type, (kind.extra or {}).get(UNIT, unit))
        case inspect.ListType():
            return _list(_reader(name, kind.item_type))
        case inspect.StructType():
            return _object(kind.cls)
        case inspect.LiteralType():
            known = frozenset(kind.values)
            instead = UNKNOWN if UNKNOWN in known else None
            return _scalar(lambda told: _code(name, known, told), instead=instead)
        case inspect.FloatType():
            return _scalar(lambda told: convert.to_amount(told, unit))
        case _:
            return _bounded(name, kind)


def _bounded(name: str, kind: inspect.Type) -> Read:
    match kind:
        case inspect.DateType():
            return _scalar(convert.to_date)
        case inspect.BoolType():
            return _scalar(convert.to_bool)
        case inspect.IntType():
            least, most = kind.ge or 0, kind.le or _LARGEST
            return _scalar(convert.to_int, lambda n: least <= n <= most, Wanted.WHOLE_NUMBER)
        case inspect.StrType():
            longest = kind.max_length or _LARGEST
            return _scalar(convert.to_text, lambda text: len(text) <= longest)
        case _:
            raise TypeError(f"{name}: no reading for {kind}")


def _scalar(
    change: Callable[[Any], Any],
    fits: Callable[[Any], bool] | None = None,
    wanted: Wanted = Wanted.TEXT,
    instead: Any = None,
) -> Read:
    """`instead` is what a value that cannot be read becomes, where the shape has a word for it."""

    def read(told: Any, pointer: str, named: list[Unreadable]) -> Any:
        value = told if isinstance(told, Unread) else change(told)
        if value is None:
            return None
        if not isinstance(value, Unread):
            if fits is None or fits(value):
                return value
            value = Unread(wanted)
        _leave_out(pointer, value, named)
        return instead

    return read


def _code(name: str, known: frozenset[Any], told: Any) -> Any:
    text = convert.to_text(told)
    if not isinstance(text, str) or text in known:
        return text
    plain = folded(text)
    return plain if plain in known else code_of_label(name, text) or Unread(Wanted.CODE, text[:40])


def _list(read_one: Read) -> Read:
    def read(told: Any, pointer: str, named: list[Unreadable]) -> Any:
        if isinstance(told, Unread | dict):
            _leave_out(pointer, told if isinstance(told, Unread) else Unread(Wanted.LIST), named)
            return None
        found: list[Any] = []
        for one in convert.to_list(told):
            if one is None:
                continue
            lost = len(named)
            value = read_one(one, f"{pointer}/{len(found)}", named)
            if value is not None:
                found.append(value)
            elif len(named) > lost:  # its place is the next one's: the list is named
                named[lost:] = [Unreadable(pointer, named[lost].wanted, named[lost].told)]
        return found

    return read


def _object(shape: type[Struct]) -> Read:
    def read(told: Any, pointer: str, named: list[Unreadable]) -> Any:
        if not isinstance(told, dict):
            _leave_out(pointer, told if isinstance(told, Unread) else Unread(Wanted.OBJECT), named)
            return None
        try:
            return _struct(shape, told, pointer, named)
        except Lost as error:
            _leave_out(str(error), Unread(Wanted.REQUIRED), named)
            return None

    return read
