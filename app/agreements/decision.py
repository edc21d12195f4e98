"""The decision: release, mask or withhold, field by field, at release time. Deny by default. Pure.

Lower class is stricter. A field is releasable if its class is not stricter than the grant; class 1
never is.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Any, Literal, NamedTuple, cast

from msgspec import NODEFAULT, Struct, structs

from adapters.contract.sections import encode
from app.agreements.masking import mask
from app.catalogue.classification import ANALYSIS_ONLY, OPEN, PUBLIC_MASKED, SHARED, FieldClass
from app.core.rules import rule
from app.tasks.purposes import Purpose
from auth.principal import prefix_of
from auth.scope import NATION

Verdict = Literal["release", "mask", "withhold"]
BY_AGREEMENT, NOT_AGREED = "class_above_grant", "not_in_agreement"
"""The agreement goes no deeper; no agreement is about the field."""
REGION_UNKNOWN, REGION_FOREIGN = "region_unknown", "region_foreign"
TASK_MISSING, TASK_FOREIGN, TASK_ALONE = "task_missing", "task_foreign", "task_alone"
TASK_ELSEWHERE = "task_elsewhere"
"""What keeps class 2 closed: see `standing`."""


class Quota(NamedTuple):
    """So many sections an agreement gives in a day and in a second; 0 is no bound."""

    agreement_id: str
    daily: int = 0
    per_second: int = 0


@rule("D-13", without=True)
def is_agreed(purpose: str, agreed: frozenset[str]) -> bool:
    """Whether a purpose is one of those that were agreed on: data serves no other."""
    return purpose in agreed


@dataclass(frozen=True, slots=True)
class Terms:
    """An agreement in force, as far as decisions need it. `source` is the department whose data it
    is about, `application` the one that may use it; * is every one.

    `sections` are those it is about, each with its fields (None: all of them); None is every
    section of the source. Empty `regions` (where businesses lie) and `roles` bind nobody;
    `application_region` is where those who may use it act.
    """

    agreement: str
    source: str
    purposes: frozenset[str]
    strictest_class: int
    headline: bool
    application: str = "*"
    sections: Mapping[str, frozenset[str] | None] | None = None
    regions: tuple[str, ...] = ()
    roles: frozenset[str] = frozenset()
    application_region: str = NATION
    quota: Quota | None = None

    def serves(self, standing: "Standing") -> bool:
        """Whether it lets this caller ask at all, whatever is asked for. Where a business lies
        that nobody has told closes class 2 (`grant`), not the agreement.
        """
        return (
            is_agreed(standing.purpose.name, self.purposes)
            and self.application in ("*", standing.unit)
            and standing.acts_in.startswith(prefix_of(self.application_region))
            and (not self.roles or not self.roles.isdisjoint(standing.roles))
            and (not self.regions or not standing.lies_in or standing.lies_within(self.regions))
        )

    def is_about(self, department: str, section: str) -> bool:
        """Whether it is about a section of a department."""
        mine = self.source in (department, "*")
        return mine and (self.sections is None or section in self.sections)

    def has(self, section: str, field: str) -> bool:
        """Whether it is about a field of a section that it is about."""
        fields = None if self.sections is None else self.sections[section]
        return fields is None or field in fields


@dataclass(frozen=True, slots=True)
class DatedTerms:
    """Terms and the days on which they are in force."""

    terms: Terms
    valid_from: date
    valid_to: date | None


def in_force(agreements: tuple[DatedTerms, ...], on: date) -> tuple[Terms, ...]:
    """Terms in force on a day."""
    return tuple(a.terms for a in agreements if is_running(a.valid_from, a.valid_to, on))


@rule("D-16", without=True)
def is_running(valid_from: date, valid_to: date | None, on: date) -> bool:
    """Whether an agreement's term has begun and is not over: after it nothing is told by it."""
    return valid_from <= on and (valid_to is None or on <= valid_to)


class Standing(Struct, frozen=True):
    """Who asks, as far as decisions need it.

    `department` is the one whose own data an officer asks about, `unit` the one that he asks for,
    `acts_in` his region, `lies_in` the region of the business. `region` and `task` say why class 2
    stays closed, by the names of checks; empty where they open it: the business is where the caller
    acts; an open task of this caller for this business, that somebody else stands behind.
    """

    purpose: Purpose
    department: str | None
    region: str = REGION_UNKNOWN
    task: str = TASK_MISSING
    unit: str = ""
    roles: frozenset[str] = frozenset()
    acts_in: str = NATION
    lies_in: str = ""

    def lies_within(self, regions: Iterable[str]) -> bool:
        """Whether the business is known to lie in one of these."""
        return any(self.lies_in.startswith(prefix_of(region)) for region in regions)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a caller may see of one section: down to `strictest_class`, and the headline or not.
    `agreement` names all that are about it.
    """

    strictest_class: int
    headline: bool
    agreement: str
    why: str = BY_AGREEMENT
    """What keeps the classes closed that the agreements do give."""
    quotas: tuple[Quota, ...] = ()
    """What telling the section takes from."""
    agreed: tuple[tuple[int, frozenset[str] | None], ...] = ()
    """By agreement: the strictest class that it gives, and of which fields (None: of all); nothing
    where the one class holds for all of them.
    """

    def agreed_on(self, field: str) -> int | None:
        """The strictest class that agreements give of a field; None if none is about it."""
        if not self.agreed:
            return self.strictest_class
        found = [level for level, fields in self.agreed if fields is None or field in fields]
        return min(found, default=None)

    def reach(self, field: str) -> int | None:
        """The strictest class that leaves of a field; None for a field of no agreement."""
        agreed = self.agreed_on(field)
        return None if agreed is None else max(agreed, self.strictest_class)


def reason_of(row: FieldClass, given: Grant) -> str:
    """Why a field is withheld under a grant."""
    agreed = given.agreed_on(row.field)
    if agreed is None:
        return NOT_AGREED
    return BY_AGREEMENT if row.level < agreed else given.why


class Released(Struct, frozen=True):
    """What leaves: the values, their encoding, what was masked of them, and the classes among
    them.
    """

    values: Any
    encoded: bytes
    masked: tuple[FieldClass, ...] = ()
    classes: tuple[int, ...] = ()


def serving(standing: Standing, terms: Iterable[Terms]) -> tuple[Terms, ...]:
    """The agreements that let this caller ask at all."""
    return tuple([t for t in terms if t.serves(standing)])


def grant(
    standing: Standing, department: str, section: str, served: Iterable[Terms]
) -> Grant | None:
    """What the agreements that serve a caller give of a section; None if none is about it.

    Class 2 needs a business of the caller's region, and an open task or an officer of the
    department itself. A purpose that is bound to a region leaves class 4 elsewhere.
    """
    covering = [t for t in served if t.is_about(department, section)]
    if not covering:
        return None
    own = standing.department == department
    most, why = SHARED, BY_AGREEMENT
    if standing.region:
        most, why = PUBLIC_MASKED, standing.region
        if standing.purpose.region_bound:
            most = OPEN
    elif not own and standing.task:
        most, why = PUBLIC_MASKED, standing.task
    agreed = tuple(
        (
            SHARED if own else t.strictest_class,
            None if t.sections is None else t.sections[section],
        )
        for t in covering
    )
    named = ",".join(sorted(t.agreement for t in covering))
    quotas = () if own else tuple([t.quota for t in covering if t.quota is not None])
    return Grant(most, any(t.headline for t in covering), named, why, quotas, agreed)


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


def field_verdict(row: FieldClass, given: Grant) -> Verdict:
    """`release`, `mask` or `withhold` for one field."""
    if row.level <= ANALYSIS_ONLY:
        return "withhold"
    reach = given.reach(row.field)
    if reach is None:
        return "withhold"
    if row.level >= reach:
        return "mask" if row.mask and row.masked_class == row.level else "release"
    if row.mask and row.masked_class is not None and row.masked_class >= reach:
        return "mask"
    return "withhold"
