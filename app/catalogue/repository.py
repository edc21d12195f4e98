"""Reads the catalogue's dated data files."""

import csv
import hashlib
from datetime import date
from pathlib import Path

from app.catalogue.classification import Catalogue, Element, FieldClass, FreshnessRow

_DATA = Path(__file__).with_name("data")


def _rows(name: str) -> list[dict[str, str]]:
    with (_DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _field_class(row: dict[str, str]) -> FieldClass:
    return FieldClass(
        section=row["section"],
        field=row["field"],
        level=int(row["class"]),
        mask=row["mask"],
        masked_class=int(row["masked_class"]) if row["masked_class"] else None,
        zh=row["zh"],
        en=row["en"],
        valid_from=date.fromisoformat(row["valid_from"]),
        valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
        source=row["source"],
        confidence=row["confidence"],
    )


def _in_force(row: dict[str, str], on: date) -> bool:
    return row["valid_from"] <= on.isoformat() and (
        not row["valid_to"] or on.isoformat() <= row["valid_to"]
    )


def load(on: date) -> Catalogue:
    """The catalogue in force on a day; its version is a digest of the files, so a policy change
    changes ETags.
    """
    digest = hashlib.sha256()
    for name in ("field_classes.csv", "elements.csv", "regions.csv", "freshness.csv"):
        digest.update((_DATA / name).read_bytes())
    classes: dict[str, dict[str, FieldClass]] = {}
    for row in map(_field_class, _rows("field_classes.csv")):
        if row.in_force(on):
            classes.setdefault(row.section, {})[row.field] = row
    elements = tuple(
        Element(
            **{
                k: r[k]
                for k in (
                    "element",
                    "section",
                    "pointer",
                    "authoritative",
                    "comparator",
                    "zh",
                    "en",
                )
            }
        )
        for r in _rows("elements.csv")
        if _in_force(r, on)
    )
    freshness = {
        r["section"]: FreshnessRow(int(r["fresh_s"]), int(r["stale_s"]))
        for r in _rows("freshness.csv")
        if _in_force(r, on)
    }
    regions = tuple(r["name"] for r in _rows("regions.csv"))
    return Catalogue(digest.hexdigest()[:12], classes, elements, regions, freshness)
