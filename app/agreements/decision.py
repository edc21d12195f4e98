"""The decision: release, mask or withhold, field by field, at release time. Deny by default. Pure.

Lower class is stricter. A field is releasable if its class is not stricter than the grant; class 1 never is.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from app.agreements.masking import mask
from app.agreements.purposes import Purpose
from app.catalogue.classification import ANALYSIS_ONLY, PUBLIC_MASKED, SHARED, FieldClass


@dataclass(frozen=True, slots=True)
class Terms:
    """An agreement in force, as far as decisions need it. `source` is a department or * for all."""

    agreement: str
    source: str
    purposes: frozenset[str]
    strictest_class: int
    headline: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """Who asks, as far as decisions need it. `task_open`: an open task of this caller for this business and region."""

    purpose: Purpose
    department: str | None
    task_open: bool


@dataclass(frozen=True, slots=True)
class Grant:
    """What a caller may see of one department: down to `strictest_class`, and the headline or not."""

    strictest_class: int
    headline: bool
    agreement: str


@dataclass(frozen=True, slots=True)
class Released:
    """What leaves: the values, what was withheld or masked (by pointer), and the classes among them."""

    values: dict[str, Any]
    withheld: tuple[FieldClass, ...] = ()
    masked: tuple[FieldClass, ...] = ()
    classes: tuple[int, ...] = field(default=())


def grant(standing: Standing, department: str, terms: Iterable[Terms]) -> Grant | None:
    """What the agreements give this caller at this department; None if no agreement covers the purpose.

    Class 2 needs an open task, or an officer of the department itself.
    """
    covering = [t for t in terms if t.source in (department, "*") and standing.purpose.name in t.purposes]
    if not covering:
        return None
    best = min(covering, key=lambda t: (t.strictest_class, t.agreement))
    if standing.department == department:
        reach = SHARED
    elif standing.task_open:
        reach = max(best.strictest_class, SHARED)
    else:
        reach = max(best.strictest_class, PUBLIC_MASKED)
    return Grant(reach, any(t.headline for t in covering), best.agreement)


def release(values: dict[str, Any], classes: dict[str, FieldClass], given: Grant) -> Released:
    """Apply a grant to the fields of a section.

    What is withheld is told from the class table, not from the data: whether a hidden list is empty stays hidden. Class 1 and
    unlisted fields are left out in silence.
    """
    out: dict[str, Any] = {}
    masked: list[FieldClass] = []
    levels: set[int] = set()
    for name, row in classes.items():
        if row.level <= ANALYSIS_ONLY or name not in values:
            continue
        verdict = field_verdict(row, given)
        if verdict == "withhold":
            continue
        value = values[name]
        out[name] = mask(row.mask, value) if verdict == "mask" else value
        if verdict == "mask" and out[name] != value:
            masked.append(row)
        levels.add(row.level if verdict == "release" else row.masked_class or row.level)
    hidden = (r for r in classes.values() if r.level > ANALYSIS_ONLY and field_verdict(r, given) == "withhold")
    return Released(out, tuple(hidden), tuple(masked), tuple(sorted(levels)))


def field_verdict(row: FieldClass, given: Grant) -> str:
    """`release`, `mask` or `withhold` for one field."""
    if row.level <= ANALYSIS_ONLY:
        return "withhold"
    if row.level >= given.strictest_class:
        return "mask" if row.mask and row.masked_class == row.level else "release"
    if row.mask and row.masked_class is not None and row.masked_class >= given.strictest_class:
        return "mask"
    return "withhold"
