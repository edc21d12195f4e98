"""What fields and code values of the canonical sections are called (`data/labels.csv`). Pure."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, structs

from adapters.contract.sections import SECTIONS
from adapters.contract.tables import rows
from adapters.contract.words import Words

_ANY = "*"
_TABLE = rows(
    Path(__file__).with_name("data") / "labels.csv",
    ("shape", "field", "value", "zh", "en"),
    frozenset({"field", "value"}),
)
_LABELS = {(r["shape"], r["field"], r["value"]): Words(r["zh"], r["en"]) for r in _TABLE}


def label_of(shape: type[Struct], field: str) -> Words:
    """What a field is called, the shape's own or one that it has from another. Raises KeyError."""
    for owner in shape.__mro__:
        found = _LABELS.get((owner.__name__, field, ""))
        if found is not None:
            return found
    raise KeyError(f"{shape.__name__}.{field} has no label")


def value_label(shape: type[Struct], field: str, value: str) -> Words:
    """What a code value of a field is called. Raises KeyError."""
    for owner in shape.__mro__:
        found = _LABELS.get((owner.__name__, field, value))
        if found is not None:
            return found
    return _LABELS[_ANY, "", value]


def values_of(kind: Any) -> list[str]:
    """The code values that a field's type allows, in their order; none where it is open."""
    if isinstance(kind, msgspec.inspect.LiteralType):
        return [str(value) for value in kind.values]
    if isinstance(kind, msgspec.inspect.UnionType):
        return [value for inner in kind.types for value in values_of(inner)]
    return []


@cache
def shapes() -> tuple[type[Struct], ...]:
    """All shapes of sections, those within others too."""
    found: dict[type[Struct], None] = {}
    waiting = list(SECTIONS.values())
    while waiting:
        shape = waiting.pop()
        if shape not in found:
            found[shape] = None
            waiting += [inner for f in structs.fields(shape) for inner in _shapes_in(f.type)]
    return tuple(found)


def named_fields(
    shape: type[Struct], above: str = ""
) -> Iterator[tuple[str, type[Struct], str, list[str]]]:
    """Every field of a shape and of the shapes within it: its path (`field.part`), the shape that
    has it, its name, and the code values that it allows.
    """
    known = {f.name: f for f in msgspec.inspect.type_info(shape).fields}  # type: ignore[attr-defined]  # a struct's
    for field in structs.fields(shape):
        path = f"{above}{field.name}"
        yield path, shape, field.name, values_of(known[field.name].type)
        for inner in _shapes_in(field.type):
            yield from named_fields(inner, f"{path}.")


def _shapes_in(annotation: Any) -> Iterator[type[Struct]]:
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _shapes_in(inner)
