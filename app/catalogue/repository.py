"""Reads the catalogue's dated data files, and what regions have switched."""

import hashlib
from datetime import date
from pathlib import Path

from sqlmodel import Session, col, select

from adapters.contract.tables import Row, day_of, in_force, rows
from app.catalogue.classification import Catalogue, Division, Element, FieldClass, FreshnessRow
from app.catalogue.models import RuleSwitch

_DATA = Path(__file__).with_name("data")
_DATES = ("valid_from", "valid_to")
_ELEMENT = ("element", "section", "pointer", "authoritative", "comparator")
_COLUMNS = {
    "field_classes": (
        "section", "field", "class", "mask", "masked_class", *_DATES, "source", "confidence",
    ),
    "elements": (*_ELEMENT, *_DATES, "zh", "en"),
    "regions": ("name", "level"),
    "freshness": ("section", "fresh_s", "stale_s", *_DATES, "source", "confidence", "why"),
}  # fmt: skip
_MAY_BE_EMPTY = frozenset({"mask", "masked_class", "valid_to"})


def _rows(name: str) -> tuple[Row, ...]:
    return rows(_DATA / f"{name}.csv", _COLUMNS[name], _MAY_BE_EMPTY)


def _field_class(row: Row) -> FieldClass:
    return FieldClass(
        section=row["section"],
        field=row["field"],
        level=int(row["class"]),
        mask=row["mask"],
        masked_class=int(row["masked_class"]) if row["masked_class"] else None,
        valid_from=date.fromisoformat(row["valid_from"]),
        valid_to=day_of(row["valid_to"]),
        source=row["source"],
        confidence=row["confidence"],
    )


def load(on: date) -> Catalogue:
    """The catalogue in force on a day; its version is a digest of the files, so a policy change
    changes ETags.
    """
    digest = hashlib.sha256()
    for name in _COLUMNS:
        digest.update((_DATA / f"{name}.csv").read_bytes())
    classes: dict[str, dict[str, FieldClass]] = {}
    for row in _rows("field_classes"):
        if in_force(row, on):
            classes.setdefault(row["section"], {})[row["field"]] = _field_class(row)
    elements = tuple(
        Element(**{name: row[name] for name in (*_ELEMENT, "zh", "en")})
        for row in _rows("elements")
        if in_force(row, on)
    )
    freshness = {
        row["section"]: FreshnessRow(int(row["fresh_s"]), int(row["stale_s"]))
        for row in _rows("freshness")
        if in_force(row, on)
    }
    regions = tuple(Division(row["name"], row["level"]) for row in _rows("regions"))
    return Catalogue(digest.hexdigest()[:12], classes, elements, regions, freshness)


def find_switch(session: Session, rule: str, region: str) -> RuleSwitch | None:
    """What a region has switched, held until the transaction ends."""
    return session.get(RuleSwitch, (rule, region), with_for_update=True)


def add_switch(session: Session, row: RuleSwitch) -> None:
    """Store it."""
    session.add(row)
    session.flush()


def switches(session: Session) -> list[RuleSwitch]:
    """All that regions have switched, by rule and region."""
    query = select(RuleSwitch).order_by(col(RuleSwitch.rule), col(RuleSwitch.region))
    return list(session.exec(query))
