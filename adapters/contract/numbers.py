"""Where numbers of persons stand in a text, however they are written: identity numbers, telephones,
bank cards. What counts as one is dated data (`data/detectors.csv`). Pure.

The text is folded first (width, invisible signs, Chinese numerals), each folded sign with its place
in the text; then rows of digits are read, with whatever people put between them.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from adapters.contract.business_id import reg_no_check_digit
from adapters.contract.personal import has_form, is_old_number, is_resident_number
from adapters.contract.tables import rows

_DATA = Path(__file__).with_name("data")
_NUMERALS = {c: str(n) for n, c in enumerate("零一二三四五六七八九")} | {
    "〇": "0",
    "○": "0",
    "幺": "1",
}
_NUMERAL_ROW = re.compile(f"[{''.join(_NUMERALS)}]{{7,}}")
_DIGITS = re.compile(r"\d|[①-⑨⓪" + "".join(_NUMERALS) + "]")
_FEWEST_DIGITS = 10
_GROUP = re.compile(
    r"\d{17}[Xx]\d\d(?![0-9A-Za-z])|\d+[Xx]?(?![0-9A-Za-z])|\d+|(?<=[ \-.·_/])[Xx](?![0-9A-Za-z])"
)
_BETWEEN = re.compile(r"[\s\-–—―‐‑.·_/,、()]{1,3}")
_LONGEST, _MOST_GROUPS = 20, 20
_BEFORE = 8
_GLUED = re.compile(r"[A-Za-z]$")
_LABEL = re.compile(
    r"(?<![A-Za-z])(?:id|idno|idcard|sfz|sfzh|no|tel|phone|mobile|sj|dh)$", re.IGNORECASE
)
"""Letters that say what follows, and are no part of it."""
_EVEN_SHAPES = frozenset(
    {(3, 4, 4), (3, 3, 5), (3, 8), (7, 4), (4, 3, 4), (4, 4, 3), (5, 6), (6, 5)}
)
_AREA_THREE = re.compile(r"0(?:10|2\d)")


class Detector(NamedTuple):
    """A kind of number; the digits from `hidden_from` to `hidden_to` are not shown."""

    name: str
    pattern: re.Pattern[str]
    hidden_from: str
    hidden_to: int
    check: str
    shape: str


class Found(NamedTuple):
    """A number of a person: what it is, its digits, and the places in the text of those that are
    not shown.
    """

    name: str
    digits: str
    hidden: tuple[int, ...]
    places: tuple[int, ...]
    """Where it stands."""


class _Group(NamedTuple):
    begin: int
    end: int
    digits: str
    gap: str
    """What stands between the group before and this one; empty for the first of a row."""


@cache
def detectors() -> tuple[Detector, ...]:
    """All kinds, in the order in which they are tried."""
    columns = (
        "name", "pattern", "hidden_from", "hidden_to", "check", "shape",
        "valid_from", "source", "confidence",
    )  # fmt: skip
    return tuple(
        Detector(
            row["name"],
            re.compile(row["pattern"], re.ASCII),
            row["hidden_from"],
            int(row["hidden_to"]),
            row["check"],
            row["shape"],
        )
        for row in rows(_DATA / "detectors.csv", columns)
    )


@cache
def _words_of_things() -> tuple[str, ...]:
    table = rows(_DATA / "number_words.csv", ("text", "meaning", "valid_from", "source"))
    return tuple(row["text"] for row in table)


def numbers_of_persons(text: str) -> list[Found]:
    """The numbers of persons in a text, in their order."""
    if len(text) < _FEWEST_DIGITS or len(_DIGITS.findall(text)) < _FEWEST_DIGITS:
        return []
    folded, places = _folded(text)
    found: list[Found] = []
    for row in _rows(folded):
        found += _in_row(row, folded, places)
    return found


def _folded(text: str) -> tuple[str, list[int]]:
    """The text in plain signs, and for each of them its place in the text."""
    signs: list[str] = []
    places: list[int] = []
    numerals = {place for match in _NUMERAL_ROW.finditer(text) for place in range(*match.span())}
    for place, sign in enumerate(text):
        if place in numerals:
            plain = _NUMERALS[sign]
        elif sign.isascii():
            plain = sign
        elif unicodedata.category(sign) == "Cf":
            continue
        else:
            plain = unicodedata.normalize("NFKC", sign)
        signs.append(plain)
        places += [place] * len(plain)
    return "".join(signs), places


def _rows(folded: str) -> Iterator[list[_Group]]:
    """Groups of digits with nothing but separators between them."""
    row: list[_Group] = []
    end = 0
    for match in _GROUP.finditer(folded):
        gap = folded[end : match.start()]
        if row and _BETWEEN.fullmatch(gap):
            row.append(_Group(match.start(), match.end(), match[0], gap))
        else:
            if row:
                yield row
            row = [_Group(match.start(), match.end(), match[0], "")]
        end = match.end()
    if row:
        yield row


def _in_row(row: list[_Group], folded: str, places: list[int]) -> Iterator[Found]:
    at = 0
    while at < len(row):
        taken = _longest(row, at, folded)
        if taken is None:
            at += 1
            continue
        detector, groups = taken
        digits = "".join(group.digits for group in groups)
        spots = [place for group in groups for place in places[group.begin : group.end]]
        begin, end = _hidden(detector, digits)
        yield Found(detector.name, digits, tuple(spots[begin:end]), tuple(spots))
        at += len(groups)


def _longest(row: list[_Group], at: int, folded: str) -> tuple[Detector, list[_Group]] | None:
    """The longest number that begins with this group."""
    best: tuple[Detector, list[_Group]] | None = None
    length, groups = 0, []
    for group in row[at : at + _MOST_GROUPS]:
        length += len(group.digits)
        if length > _LONGEST:
            break
        groups.append(group)
        digits = "".join(g.digits for g in groups)
        following = row[at + len(groups)] if at + len(groups) < len(row) else None
        for detector in detectors():
            if detector.pattern.fullmatch(digits) and _holds(
                detector, digits, groups, following, folded
            ):
                best = (detector, list(groups))
                break
    return best


def _holds(
    detector: Detector,
    digits: str,
    groups: list[_Group],
    following: _Group | None,
    folded: str,
) -> bool:
    before = folded[max(groups[0].begin - _BEFORE, 0) : groups[0].begin]
    glued = _GLUED.search(before) is not None and _LABEL.search(before) is None
    match detector.check:
        case "identity":
            # Behind a letter stands a code of a business more often than a person.
            return is_resident_number(digits.upper()) or (has_form(digits.upper()) and not glued)
        case "identity_tax":
            return has_form(digits[:18].upper()) and not glued
        case "identity_old":
            known = reg_no_check_digit(digits[:14]) == digits[14]
            return is_old_number(digits) and not known and not glued
        case "plus":
            return before.endswith("+")
        case "luhn":
            return not glued and not _of_a_thing(before) and _luhn(digits)
    if glued or _of_a_thing(before):
        return False
    if detector.shape == "landline":
        return _is_landline(digits, groups, following)
    return _is_even(groups, following)


def _of_a_thing(before: str) -> bool:
    """Whether the words before a number say that it is of a thing."""
    words = before.rstrip(" :#").removesuffix("为").removesuffix("是").rstrip(" :")
    return words.endswith((*_words_of_things(), "第", "No", "NO", "No.", "NO."))


def _is_even(groups: list[_Group], following: _Group | None) -> bool:
    """Whether groups look like one number: in the usual shape, or with the same sign between all,
    that does not go on to another group.
    """
    inner = groups[1:]
    if not inner:
        return True
    if groups[0].digits in {"86", "0086", "0"}:
        return _is_even([groups[1]._replace(gap=""), *groups[2:]], following)
    gaps = {group.gap.strip() for group in inner}
    around = {groups[0].gap.strip(), following.gap.strip() if following is not None else ""}
    if not gaps.isdisjoint(around - {""}):
        return False  # a part of a longer number
    return len(gaps) == 1 or tuple(len(g.digits) for g in groups) in _EVEN_SHAPES


def _is_landline(digits: str, groups: list[_Group], following: _Group | None) -> bool:
    area = len(_area(digits))
    if len(groups) == 1:
        return True
    if len(groups[0].digits) != area or following is not None:
        return False
    blank = all(not group.gap.strip() or ")" in group.gap for group in groups[1:])
    return len(groups) == 2 or blank  # noqa: PLR2004 - area and number


def _area(digits: str) -> str:
    return digits[:3] if _AREA_THREE.match(digits) else digits[:4]


def _hidden(detector: Detector, digits: str) -> tuple[int, int]:
    begin = len(_area(digits)) if detector.hidden_from == "area" else int(detector.hidden_from)
    size = len(digits)
    return (begin if begin >= 0 else size + begin), (
        detector.hidden_to if detector.hidden_to > 0 else size + detector.hidden_to
    )


def _luhn(digits: str) -> bool:
    doubled = [int(d) * (1 + place % 2) for place, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0  # noqa: PLR2004 - one digit
