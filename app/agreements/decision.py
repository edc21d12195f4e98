"""The decision: release, mask or withhold, field by field, at release time. Deny by default. Pure.

Lower class is stricter. A field is releasable if its class is not stricter than the grant; class 1
never is.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Any, cast

from msgspec import NODEFAULT, Struct, structs

from adapters.contract.sections import encode
from app.agreements.masking import mask
from app.catalogue.classification import ANALYSIS_ONLY, OPEN, PUBLIC_MASKED, SHARED, FieldClass
from app.tasks.purposes import Purpose

BY_AGREEMENT = "class_above_grant"
"""The agreement goes no deeper."""
REGION_UNKNOWN, REGION_FOREIGN = "region_unknown", "region_foreign"
TASK_MISSING, TASK_FOREIGN, TASK_ALONE = "task_missing", "task_foreign", "task_alone"
"""What keeps class 2 closed: see `standing`."""


@dataclass(frozen=True, slots=True)
class Terms:
    """An agreement in force, as far as decisions need it. `source` is a department or * for all."""

    agreement: str
    source: str
    purposes: frozenset[str]
    strictest_class: int
    headline: bool


@dataclass(frozen=True, slots=True)
class DatedTerms:
    """Terms and the days on which they are in force."""

    terms: Terms
    valid_from: date
    valid_to: date | None


def in_force(agreements: tuple[DatedTerms, ...], on: date) -> tuple[Terms, ...]:
    """Terms in force on a day."""
    return tuple(
        a.terms
        for a in agreements
        if a.valid_from <= on and (a.valid_to is None or on <= a.valid_to)
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """Who asks, as far as decisions need it.

    `department` is the one whose own data an officer asks about. `region` and `task` say why class
    2 stays closed, by the names of checks; empty where they open it: the business is where the
    caller acts; an open task of this caller for this business, that somebody else stands behind.
    """

    purpose: Purpose
    department: str | None
    region: str = REGION_UNKNOWN
    task: str = TASK_MISSING


@dataclass(frozen=True, slots=True)
class Grant:
    """What a caller may see of one department: down to `strictest_class`, and the headline or
    not.
    """

    strictest_class: int
    headline: bool
    agreement: str
    agreed: int = SHARED
    """The strictest class that the agreement gives."""
    why: str = BY_AGREEMENT
    """What keeps the classes closed that it does give."""


def reason_of(level: int, given: Grant) -> str:
    """Why a field of a class is withheld under a grant."""
    return BY_AGREEMENT if level < given.agreed else given.why


class Released(Struct, frozen=True):
    """What leaves: the values, their encoding, what was masked of them, and the classes among
    them.
    """

    values: Any
    encoded: bytes
    masked: tuple[FieldClass, ...] = ()
    classes: tuple[int, ...] = ()


def grant(standing: Standing, department: str, terms: Iterable[Terms]) -> Grant | None:
    """What the agreements give this caller at this department; None if no agreement covers the
    purpose.

    Class 2 needs a business of the caller's region, and an open task or an officer of the
    department itself. A purpose that is bound to a region leaves class 4 elsewhere.
    """
    covering = [
        t for t in terms if t.source in (department, "*") and standing.purpose.name in t.purposes
    ]
    if not covering:
        return None
    best = min(covering, key=lambda t: (t.strictest_class, t.agreement))
    own = standing.department == department
    deepest = SHARED if own else best.strictest_class
    most, why = SHARED, BY_AGREEMENT
    if standing.region:
        most, why = PUBLIC_MASKED, standing.region
        if standing.purpose.region_bound:
            most = OPEN
    elif not own and standing.task:
        most, why = PUBLIC_MASKED, standing.task
    reach = max(most, deepest)
    return Grant(reach, any(t.headline for t in covering), best.agreement, deepest, why)


class Release:
    """The decision on one section, compiled for a grant: apply it to as many records as come.

    What is withheld is told from the class table, not from the data: whether a hidden list is empty
    stays hidden. Class 1 and unlisted fields are left out in silence.
    """

    __slots__ = (
        "_dropped",
        "_levels",
        "_masked",
        "_renewed",
        "_shown",
        "given",
        "shape",
        "withheld",
        "withheld_names",
    )

    def __init__(
        self, shape: type[Struct], classes: Mapping[str, FieldClass], given: Grant
    ) -> None:
        self.shape = shape
        self.given = given
        verdicts = {name: field_verdict(row, given) for name, row in classes.items()}
        self.withheld = tuple(
            r for n, r in classes.items() if r.level > ANALYSIS_ONLY and verdicts[n] == "withhold"
        )
        self.withheld_names = frozenset(row.field for row in self.withheld)
        fields = {f.name: f for f in structs.fields(shape)}
        dropped = [f for n, f in fields.items() if verdicts.get(n, "withhold") == "withhold"]
        self._dropped = _Fields(dropped)
        self._renewed = tuple((f.name, _empty_of(f)) for f in dropped)
        self._masked = tuple((n, classes[n]) for n in fields if verdicts.get(n) == "mask")
        self._shown = frozenset(fields) - {f.name for f in dropped}
        levels: dict[int, list[str]] = {}
        for name in fields:
            if verdicts.get(name, "withhold") != "withhold":
                row = classes[name]
                level = row.level if verdicts[name] == "release" else row.masked_class or row.level
                levels.setdefault(level, []).append(name)
        self._levels = tuple(
            (level, _Fields([fields[n] for n in names])) for level, names in sorted(levels.items())
        )

    def shows(self, field: str) -> bool:
        """Whether a field leaves, masked or not."""
        return field in self._shown

    def apply(self, values: Struct, encoded: bytes) -> Released:
        """What of a record may leave; `encoded` is its own encoding. The record itself is not
        changed.
        """
        changed: dict[str, Any] = {}
        if self._dropped.say_anything(values):
            changed = {name: new_empty() for name, new_empty in self._renewed}
        masked: list[FieldClass] = []
        for name, row in self._masked:
            value = getattr(values, name)
            if value:
                shown = mask(row.mask, value)
                if shown is not value and shown != value:
                    changed[name] = shown
                    masked.append(row)
        if changed:
            values = structs.replace(values, **changed)
            encoded = encode(values)
        classes = tuple([level for level, of in self._levels if of.read(values) != of.empty])
        return Released(values, encoded, tuple(masked), classes)


class _Fields:
    """Some fields of a struct, read at once, and what is read where none of them says anything."""

    __slots__ = ("empty", "read")

    def __init__(self, fields: list[structs.FieldInfo]) -> None:
        self.empty: Any = tuple(_empty_of(field)() for field in fields)
        self.read: Callable[[Any], Any] = lambda _values: ()
        if fields:
            self.read = attrgetter(*[field.name for field in fields])
        if len(fields) == 1:
            (self.empty,) = self.empty

    def say_anything(self, values: Struct) -> bool:
        """Whether any of them holds something."""
        return bool(self.read(values) != self.empty)


def _empty_of(field: structs.FieldInfo) -> Callable[[], Any]:
    """What a field holds that says nothing."""
    if field.default_factory is not NODEFAULT:
        return cast("Callable[[], Any]", field.default_factory)
    return lambda: None


def field_verdict(row: FieldClass, given: Grant) -> str:
    """`release`, `mask` or `withhold` for one field."""
    if row.level <= ANALYSIS_ONLY:
        return "withhold"
    if row.level >= given.strictest_class:
        return "mask" if row.mask and row.masked_class == row.level else "release"
    if row.mask and row.masked_class is not None and row.masked_class >= given.strictest_class:
        return "mask"
    return "withhold"
