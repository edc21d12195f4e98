"""Classes of fields and elements that must agree, as values. Pure."""

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

ANALYSIS_ONLY, SHARED, PUBLIC_MASKED, OPEN = 1, 2, 3, 4
FALLBACK_SECTION = "other"


@dataclass(frozen=True, slots=True)
class FieldClass:
    """One row of the class table. `masked_class` is the class at which the masked value may be
    shown.
    """

    section: str
    field: str
    level: int
    mask: str
    masked_class: int | None
    valid_from: date
    valid_to: date | None
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Element:
    """One place where a data element that must agree is told (D-07: one authoritative source per
    element).
    """

    element: str
    section: str
    pointer: str
    authoritative: str
    comparator: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class FreshnessRow:
    """How long a section's answer may stand for a new one, and how long it may stand in for a
    missing one.
    """

    fresh_seconds: int
    stale_seconds: int


class Division(NamedTuple):
    """A name of a division as names of businesses begin with it; `level` is `municipality`,
    `province` or `city`.
    """

    name: str
    level: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything the catalogue says on one day."""

    version: str
    classes: dict[str, dict[str, FieldClass]]
    elements: tuple[Element, ...]
    regions: tuple[Division, ...] = field(default=())
    freshness: dict[str, FreshnessRow] = field(default_factory=dict)
    by_element: dict[str, tuple[Element, ...]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for element in self.elements:
            self.by_element[element.element] = (*self.by_element.get(element.element, ()), element)

    def of_section(self, section: str) -> dict[str, FieldClass]:
        """Field -> class row; a section configured without rows of its own has those of `other`."""
        return self.classes.get(section) or self.classes[FALLBACK_SECTION]

    def freshness_of(self, section: str) -> FreshnessRow:
        """How old answers of a section may be; a section without a row of its own has that of
        `other`.
        """
        return self.freshness.get(section) or self.freshness[FALLBACK_SECTION]
