"""Contradictions between departments: only elements that must agree, each with a comparator that forgives spelling. Pure."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.catalogue.classification import Catalogue, Element
from app.profile.headline import ENDED, IN_STANDING

_LEGAL_FORMS = (
    "股份有限公司",
    "有限责任公司",
    "有限公司",
    "个体工商户",
    "合伙企业",
    "专业合作社",
    "合作社",
)
_DIVISION_MARKS = ("特别行政区", "自治区", "省", "市")
_TAX_ENDED = frozenset({"注销", "非正常户注销", "清算"})
_FOOD_PERMIT = re.compile(r"(JY|YB|SC)\d{14}")


@dataclass(frozen=True, slots=True)
class Told:
    """A value a section tells for an element."""

    section: str
    value: str
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """An element told differently."""

    element: str
    told: tuple[Told, ...]
    authoritative: str
    zh: str
    en: str


def comparable_name(name: str, regions: tuple[str, ...]) -> str:
    """A name without width, brackets, administrative prefix and legal form.

    >>> comparable_name("杭州市示例（西湖）餐饮有限公司", ("杭州",))
    '示例餐饮'
    """
    text = unicodedata.normalize("NFKC", name).upper()
    text = re.sub(r"\([^)]*\)", "", "".join(text.split()))
    shortened = True
    while shortened:
        shortened = False
        for region in regions:
            if text.startswith(region) and len(text) > len(region) + 1:
                text, shortened = text.removeprefix(region), True
                for mark in _DIVISION_MARKS:
                    text = text.removeprefix(mark)
    for form in _LEGAL_FORMS:
        if text.endswith(form) and len(text) > len(form):
            return text.removesuffix(form)
    return text


def comparable_person(name: str) -> str:
    """A person's name without width, blanks and the dots between parts of it."""
    return re.sub(r"[\s··・.]", "", unicodedata.normalize("NFKC", name)).upper()


def _standing(value: str) -> str | None:
    if value in ENDED or value in _TAX_ENDED:
        return "ended"
    return "alive" if value == "1" or value in IN_STANDING else None


def _differ_names(authority: list[str], other: list[str], regions: tuple[str, ...]) -> bool:
    return {comparable_name(v, regions) for v in authority}.isdisjoint(comparable_name(v, regions) for v in other)


def _differ_persons(authority: list[str], other: list[str], _regions: tuple[str, ...]) -> bool:
    if any("*" in value for value in (*authority, *other)):
        return False
    return {comparable_person(v) for v in authority}.isdisjoint(comparable_person(v) for v in other)


def _differ_standing(authority: list[str], other: list[str], _regions: tuple[str, ...]) -> bool:
    left, right = _standing(authority[0]), _standing(other[0])
    return left is not None and right is not None and left != right


def _differ_permits(issued: list[str], published: list[str], _regions: tuple[str, ...]) -> bool:
    """The issuer's number must be among those published elsewhere; others may be of other sites."""
    known = {v for v in published if _FOOD_PERMIT.fullmatch(v)}
    return bool(known) and not {v for v in issued if _FOOD_PERMIT.fullmatch(v)} <= known


COMPARATORS: dict[str, Callable[[list[str], list[str], tuple[str, ...]], bool]] = {
    "names": _differ_names,
    "persons": _differ_persons,
    "standing": _differ_standing,
    "permit_numbers": _differ_permits,
}


def values_at(data: dict[str, Any], pointer: str) -> list[str]:
    """Texts at a pointer; `*` stands for every element of a list."""
    found: list[Any] = [data]
    for part in pointer.strip("/").split("/"):
        if part == "*":
            found = [item for value in found if isinstance(value, list) for item in value]
        else:
            found = [value[part] for value in found if isinstance(value, dict) and value.get(part) is not None]
    return [str(value) for value in found]


def find_conflicts(
    released: dict[str, dict[str, Any]], as_of: dict[str, datetime | None], catalogue: Catalogue
) -> Iterator[Conflict]:
    """Contradictions among released values, so that a withheld value can never show through."""
    by_element: dict[str, list[Element]] = {}
    for element in catalogue.elements:
        by_element.setdefault(element.element, []).append(element)
    for name, places in by_element.items():
        told = {p.section: values_at(released[p.section], p.pointer) for p in places if p.section in released}
        authoritative = places[0].authoritative
        authority = told.get(authoritative)
        if not authority:
            continue
        compare = COMPARATORS[places[0].comparator]
        others = [s for s, v in told.items() if s != authoritative and v and compare(authority, v, catalogue.regions)]
        if others:
            values = [Told(s, "、".join(told[s])[:200], as_of.get(s)) for s in (authoritative, *others)]
            place = next(p for p in places if p.section == others[0])
            yield Conflict(name, tuple(values), authoritative, place.zh, place.en)
