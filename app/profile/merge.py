"""Contradictions between departments: only elements that must agree, each with a comparator that
forgives spelling. Pure.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from msgspec import structs

from adapters.contract.spelling import letters_of_today
from adapters.contract.words import Words
from app.catalogue.classification import Catalogue, Division, Element
from app.profile.headline import ENDED, IN_STANDING
from app.profile.schemas import ConflictRead, SourcedValue

_LEGAL_FORMS = (
    "股份有限公司",
    "有限责任公司",
    "有限公司",
    "个体工商户",
    "合伙企业",
    "专业合作社",
    "合作社",
)
_DIVISION_MARK = re.compile(
    r"特别行政区|(?:壮族|回族|维吾尔)?自治区|(?:[\u3400-\u9fff]{1,6}族)*自治州|地区|[省市盟州区县]"
)
_COUNTY_MARKS = frozenset("区县市")
_DOTS = re.compile(r"[·•‧・･∙⋅●◦ꞏ᛫⸱ㆍ▪⚫○ᐧ。]|\.(?!\d)|(?<!\d)\.")
"""What stands between the parts of a name; all are read as one and left out."""
_BRACKETS = str.maketrans("[]{}【】〔〕〖〗<>《》「」『』〈〉", "()()()()()()()()()()")
_IN_BRACKETS = re.compile(r"\(([^()]*)\)")
_FORMS_IN_BRACKETS = frozenset(
    {
        "个体工商户",
        "有限合伙",
        "普通合伙",
        "特殊普通合伙",
        "个人独资",
        "个人独资企业",
        "个体",
        "集团",
        "中国",
        "股份",
    }
)
_TAX_ENDED = frozenset({"注销", "非正常户注销", "清算"})
JOINT = "@"
_EACH = ("*",)
_FOOD_PERMIT = re.compile(r"(JY|YB|SC)\d{14}")


Divisions = tuple[Division, ...]


class _Name(NamedTuple):
    """A name as it is compared: without width, brackets, divisions before it and legal form.
    `writings` are the ways to read where the divisions end.
    """

    writings: frozenset[str]
    divisions: frozenset[Division]

    def may_be(self, other: "_Name") -> bool:
        """Whether both may be one: a writing in common, and no two divisions of one level."""
        return not self.writings.isdisjoint(other.writings) and all(
            not mine or not theirs or mine & theirs
            for mine, theirs in (
                (_of_level(self.divisions, levels), _of_level(other.divisions, levels))
                for levels in _LEVELS
            )
        )


def _of_level(divisions: frozenset[Division], levels: frozenset[str]) -> set[Division]:
    return {region for region in divisions if region.level in levels}


_LEVELS = (frozenset({"municipality", "province"}), frozenset({"city"}))


@lru_cache(maxsize=8192)
def comparable_name(name: str, regions: Divisions) -> _Name:
    """A name as it is compared.

    >>> hangzhou = (Division("杭州", "city"),)
    >>> sorted(comparable_name("杭州省心（西湖）餐饮有限公司", hangzhou).writings)
    ['心西湖餐饮', '省心西湖餐饮']
    """
    text = _DOTS.sub("", plain_writing(name).translate(_BRACKETS))
    divisions: set[Division] = set()

    def unless_of_form(found: re.Match[str]) -> str:
        """What stands in brackets, unless it is a division or a legal form: another shop is another
        name.
        """
        bare, _, within = _without_divisions(found[1], regions)
        divisions.update(within)
        return "" if not bare or found[1] in _FORMS_IN_BRACKETS else found[1]

    text = _IN_BRACKETS.sub(unless_of_form, text)
    bare, marked, before = _without_divisions(text, regions)
    divisions.update(before)
    found = {_without_form(part or text) for part in (bare, marked)}
    for part in tuple(found):
        found.update(
            part[:place] + part[place + 1 :]
            for place in (2, 3)
            if part[place : place + 1] in _COUNTY_MARKS and len(part) > place + _SHORTEST
        )
    return _Name(frozenset(found), frozenset(divisions))


def _without_form(text: str) -> str:
    for form in _LEGAL_FORMS:
        if text.endswith(form) and len(text) > len(form):
            return text.removesuffix(form)
    return text


def _without_divisions(text: str, regions: Divisions) -> tuple[str, str, list[Division]]:
    """A text behind the divisions that it begins with, the same with what may be the mark of the
    last, and the divisions. Only in a province stands another one.
    """
    found: list[Division] = []
    bare = marked = text
    while region := next((r for r in regions if bare.startswith(r.name)), None):
        found.append(region)
        marked = bare.removeprefix(region.name)
        mark = _DIVISION_MARK.match(marked)
        bare = marked[mark.end() :] if mark else marked
        if region.level != "province":
            break
    return bare, marked, found


def plain_writing(text: str) -> str:
    """A name in its letters of today, without width, blanks and invisible signs."""
    text = unicodedata.normalize("NFKC", letters_of_today(text)).upper()
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) not in _INVISIBLE)


_INVISIBLE = frozenset({"Cf", "Cc", "Mn", "Me"})


_SHORTEST = 2


def comparable_person(name: str) -> str:
    """A person's name without width, blanks and the dots between parts of it."""
    return _DOTS.sub("", plain_writing(name))


def _standing(value: str) -> str | None:
    if value in ENDED or value in _TAX_ENDED:
        return "ended"
    return "alive" if value == "1" or value in IN_STANDING else None


def _differ_names(authority: list[str], other: list[str], regions: Divisions) -> bool:
    mine = [comparable_name(value, regions) for value in authority]
    return all(
        not any(name.may_be(comparable_name(value, regions)) for name in mine) for value in other
    )


def _differ_persons(authority: list[str], other: list[str], _regions: Divisions) -> bool:
    if any("*" in plain_writing(value) for value in (*authority, *other)):
        return False
    return {comparable_person(v) for v in authority}.isdisjoint(comparable_person(v) for v in other)


def _differ_standing(authority: list[str], other: list[str], _regions: Divisions) -> bool:
    left, right = _standing(authority[0]), _standing(other[0])
    return left is not None and right is not None and left != right


def _differ_permits(issued: list[str], published: list[str], _regions: Divisions) -> bool:
    """The issuer's number must be among those published elsewhere; others may be of other sites."""
    known = {v for v in published if _FOOD_PERMIT.fullmatch(v)}
    return bool(known) and not {v for v in issued if _FOOD_PERMIT.fullmatch(v)} <= known


def _differ_permit_sites(issued: list[str], published: list[str], _regions: Divisions) -> bool:
    """Whether the same permit is told to be of another site; permits that only one side knows are
    no contradiction.
    """
    mine, others = _sites_of(issued), _sites_of(published)
    return any(mine[n].isdisjoint(others[n]) for n in mine.keys() & others.keys())


def _sites_of(joined: list[str]) -> dict[str, set[str]]:
    """The premises that each permit is told to be of; one permit may be told of several."""
    found: dict[str, set[str]] = {}
    for number, site in map(_pair, joined):
        if _FOOD_PERMIT.fullmatch(number):
            found.setdefault(number, set()).add(site)
    return found


def _pair(joined: str) -> tuple[str, str]:
    number, _, site = joined.partition(JOINT)
    return number, site


COMPARATORS: dict[str, Callable[[list[str], list[str], Divisions], bool]] = {
    "names": _differ_names,
    "persons": _differ_persons,
    "standing": _differ_standing,
    "permit_numbers": _differ_permits,
    "permit_sites": _differ_permit_sites,
}


@lru_cache(maxsize=256)
def _path(pointer: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(part.split("+")) for part in pointer.strip("/").split("/"))


def values_at(data: Any, pointer: str) -> list[str]:
    """Texts at a pointer into a section's struct; `*` stands for every element of a list, `a+b` for
    two fields, both told.
    """
    path = _path(pointer)
    if len(path) == 1:
        value = getattr(data, path[0][0], None)
        return [] if value is None else [str(value)]
    if not getattr(data, path[0][0], True):
        return []
    found: list[Any] = [data]
    for part in path:
        if part == _EACH:
            found = [item for value in found if isinstance(value, list) for item in value]
        elif len(part) > 1:
            first, second = part
            told = [(getattr(value, first, None), getattr(value, second, None)) for value in found]
            found = [f"{a}{JOINT}{b}" for a, b in told if a is not None and b is not None]
        else:
            name = part[0]
            found = [inner for value in found if (inner := getattr(value, name, None)) is not None]
    return [str(value) for value in found]


def find_conflicts(
    released: Mapping[str, Any],
    as_of: Mapping[str, datetime | None],
    catalogue: Catalogue,
    site: str | None = None,
) -> Iterator[ConflictRead]:
    """Contradictions among released values, so that a withheld value can never show through. Where
    a site was asked for, permits of other premises are compared with nothing.
    """
    if site is not None:
        released = {name: _of_site(data, site) for name, data in released.items()}
    for comparison in _compiled(catalogue):
        mine = released.get(comparison.authoritative)
        authority = comparison.read(mine) if mine is not None else None
        # Nearly always all say the same, or nothing: equal values need no comparator.
        if not authority or not any(
            section in released and (told := read(released[section])) and told != authority
            for section, read in comparison.others
        ):
            continue
        texts = {
            p.section: values_at(released[p.section], p.pointer)
            for p in comparison.places
            if p.section in released
        }
        conflict = _conflict(comparison.name, comparison.places, texts, as_of, catalogue)
        if conflict is not None:
            yield conflict


def _of_site(data: Any, site: str) -> Any:
    permits = getattr(data, "permits", None)
    if not permits or not hasattr(permits[0], "site_ref"):
        return data
    kept = [p for p in permits if p.site_ref in (None, site)]
    return data if len(kept) == len(permits) else structs.replace(data, permits=kept)


class _Comparison(NamedTuple):
    """One element that must agree, and how its places are read."""

    name: str
    places: tuple[Element, ...]
    authoritative: str
    read: Callable[[Any], Any]
    others: tuple[tuple[str, Callable[[Any], Any]], ...]


_COMPILED: list[tuple[Catalogue, tuple[_Comparison, ...]]] = []
"""Of the catalogue that was compared by last: it changes once a day at most."""


def _compiled(catalogue: Catalogue) -> tuple[_Comparison, ...]:
    if not _COMPILED or _COMPILED[0][0] is not catalogue:
        made = (_comparison(name, places) for name, places in catalogue.by_element.items())
        _COMPILED[:] = [(catalogue, tuple(found for found in made if found is not None))]
    return _COMPILED[0][1]


def _comparison(name: str, places: tuple[Element, ...]) -> _Comparison | None:
    first = places[0].authoritative
    readers = [(place.section, _reader(place.pointer)) for place in places]
    own = [read for section, read in readers if section == first]
    others = tuple((section, read) for section, read in readers if section != first)
    return _Comparison(name, places, first, own[0], others) if own else None


def _reader(pointer: str) -> Callable[[Any], Any]:
    """Reads what stands at a pointer; where two readings are equal, their texts are."""
    path = _path(pointer)
    if len(path) == 1:
        name = path[0][0]
        return lambda data: getattr(data, name, None)
    return lambda data: values_at(data, pointer)


def _conflict(
    name: str,
    places: tuple[Element, ...],
    told: dict[str, list[str]],
    as_of: Mapping[str, datetime | None],
    catalogue: Catalogue,
) -> ConflictRead | None:
    authoritative = places[0].authoritative
    authority, compare = told[authoritative], COMPARATORS[places[0].comparator]
    others = [
        s
        for s, v in told.items()
        if v and v != authority and compare(authority, v, catalogue.regions)
    ]
    if not others:
        return None
    values = [
        SourcedValue(s, "、".join(told[s])[:200], as_of.get(s)) for s in (authoritative, *others)
    ]
    place = next(p for p in places if p.section == others[0])
    return ConflictRead(name, values, authoritative, Words(place.zh, place.en))
