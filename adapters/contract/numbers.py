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

from adapters.contract.business_id import is_credit_code, reg_no_check_digit
from adapters.contract.personal import has_form, is_old_number, is_resident_number
from adapters.contract.tables import rows

_DATA = Path(__file__).with_name("data")
_NUMERALS = {c: str(n) for n, c in enumerate("零一二三四五六七八九")}
_NUMERALS |= {"〇": "0", "○": "0", "幺": "1"}
_NUMERALS |= {c: str(n) for n, c in enumerate("壹贰叁肆伍陆柒捌玖", 1)}
_NUMERAL_ROW = re.compile(rf"[\d{''.join(_NUMERALS)}](?:\s{{0,3}}[\d{''.join(_NUMERALS)}]){{6,}}")
_FEWEST_NUMERALS = 7
_DIGITS = re.compile(r"\d|[①-⑨⓪❶-❾⓿➀-➈➊-➒⓵-⓽¹²³⁰⁴-⁹₀-₉" + "".join(_NUMERALS) + "]")
_FEWEST_DIGITS = 10
_GROUP = re.compile(
    r"\d{17}[Xx]\d\d(?![0-9A-Za-z])|\d+[Xx]?(?![0-9A-Za-z])|\d+|(?<=[ \-.·_/(])[Xx](?![0-9A-Za-z])"
)
_BETWEEN = re.compile(r"[\s\-–—―‐‑−.·•‧∙・_/,、。()\[\]【】|~*\\'\"]{1,3}|\s{1,8}")
_LIKE_X = frozenset("×ХхΧχ")
_JOINING = frozenset("-–—―‐‑−.·•‧∙・_/")
"""Signs that join the parts of one number, however long these are; other signs also part the items
of a list.
"""
_LONGEST, _MOST_GROUPS = 20, 20
_BEFORE = 12
_GLUED = re.compile(r"[A-Za-z]$")
_LABEL = re.compile(
    r"(?<![A-Za-z])(?:id|idno|idcard|idcardno|sfz|sfzh|sfzhm|zjhm|no|tel|phone|mobile|mob|cell|sj|sjh|sjhm|dh|lxdh"
    r"|lxfs|fax|wx|vx|v|wechat)$",
    re.IGNORECASE,
)
"""Letters that say what follows, and are no part of it."""
_EVEN_SHAPES = frozenset(
    {(3, 4, 4), (3, 3, 5), (3, 8), (7, 4), (4, 3, 4), (4, 4, 3), (5, 6), (6, 5)}
)
_USUAL_SHAPE = (3, 4, 4)
_PARTING = frozenset("|~*")
"""Signs that also stand between measures and the cells of a row."""
_OLD_SHAPES = frozenset({(15,), (6, 6, 3), (6, 9), (12, 3), (6, 2, 2, 2, 3), (3,) * 5, (5,) * 3})
_AREA_THREE = re.compile(r"0(?:10|2\d)")
_UNIT = re.compile(
    r"\s*(?:元|万元|亿|美元|度(?!假)|千瓦|kg|公斤|千克|吨|立方|\.\d\d(?!\d))", re.IGNORECASE
)
"""What follows an amount, and no number of a person."""
_A_SUM = re.compile(r"\d\s*\+$")
_LEAST_DEGREE = 18
"""The smallest whole part of a coordinate of China; a smaller one counts the items of a list."""
_LARGEST_OF_ADDRESS = 255
_COLUMNS = (
    "name", "shortest", "longest", "pattern", "hidden_from", "hidden_to", "check", "shape",
    "valid_from", "source", "confidence",
)  # fmt: skip
_CODE_OF_CHINA = frozenset({"86", "0086"})


class Detector(NamedTuple):
    """A kind of number; the digits from `hidden_from` to `hidden_to` are not shown."""

    name: str
    lengths: range
    pattern: re.Pattern[str]
    hidden_from: str
    hidden_to: int
    check: str
    shape: str


class Found(NamedTuple):
    """A number of a person: what it is, its digits, the places in the text of those that are not
    shown, and of all.
    """

    name: str
    digits: str
    hidden: tuple[int, ...]
    places: tuple[int, ...]


class _Group(NamedTuple):
    begin: int
    end: int
    digits: str
    gap: str  # before this one; empty for the first of a row


@cache
def detectors() -> tuple[Detector, ...]:
    """All kinds, in the order in which they are tried."""
    return tuple(
        Detector(
            row["name"],
            range(int(row["shortest"]), int(row["longest"]) + 1),
            re.compile(row["pattern"], re.ASCII),
            row["hidden_from"],
            int(row["hidden_to"]),
            row["check"],
            row["shape"],
        )
        for row in rows(_DATA / "detectors.csv", _COLUMNS)
    )


@cache
def _of_length(length: int) -> tuple[Detector, ...]:
    """Kinds that may have so many digits."""
    return tuple(kind for kind in detectors() if length in kind.lengths)


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
    numerals = _numeral_places(text)
    for place, sign in enumerate(text):
        if place in numerals:
            plain = _NUMERALS[sign]
        elif sign.isascii():
            plain = sign
        elif unicodedata.category(sign) in _UNSEEN:
            continue
        elif sign in _LIKE_X and signs and (signs[-1].isdigit() or signs[-1] == "("):
            plain = "X"
        else:
            digit = unicodedata.digit(sign, None)
            plain = unicodedata.normalize("NFKC", sign) if digit is None else str(digit)
        signs.append(plain)
        places += [place] * len(plain)
    return "".join(signs), places


_UNSEEN = frozenset({"Cf", "Mn", "Me"})


def _numeral_places(text: str) -> set[int]:
    """The places of Chinese numerals that stand in a long row, alone or between digits: one before
    or behind digits ends a name more often (张三).
    """
    found: set[int] = set()
    for match in _NUMERAL_ROW.finditer(text):
        numerals = [p for p in range(*match.span()) if text[p] in _NUMERALS]
        if len(numerals) < _FEWEST_NUMERALS:
            digits = [p for p in range(*match.span()) if text[p].isdigit()]
            numerals = [p for p in numerals if digits and digits[0] < p < digits[-1]]
        found.update(numerals)
    return found


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
        if not (tried := _of_length(length)):
            continue
        digits = "".join(g.digits for g in groups)
        following = row[at + len(groups)] if at + len(groups) < len(row) else None
        for detector in tried:
            if best is not None and detector.check == "plus" != best[0].check:
                continue  # what goes on behind a telephone is no part of it
            if detector.pattern.fullmatch(digits) and _holds(
                detector, digits, groups, following, _Around(folded, row, at)
            ):
                best = (detector, list(groups))
                break
    return best


class _Around(NamedTuple):
    """Where groups stand: in a text, in a row, at a place in it."""

    folded: str
    row: list[_Group]
    at: int

    @property
    def before(self) -> str:
        """What stands before the first group."""
        return self._before(self.row[self.at])

    @property
    def is_of_a_thing(self) -> bool:
        """Whether the words before the number, or before the list that it stands in, say so."""
        first = self.at
        while first and self.row[first].gap.strip() in {"-", "、", "/"}:
            first -= 1
        return _of_a_thing(self.before) or _of_a_thing(self._before(self.row[first]))

    @property
    def is_a_fraction(self) -> bool:
        """Whether the first group stands behind a decimal point."""
        if not self.at or self.row[self.at].gap != ".":
            return False
        whole = self.row[self.at - 1].digits
        return whole.isdigit() and (int(whole) == 0 or int(whole) >= _LEAST_DEGREE)

    def is_an_amount(self, last: _Group) -> bool:
        """Whether a unit follows the last group."""
        return _UNIT.match(self.folded[last.end : last.end + _BEFORE]) is not None

    def _before(self, group: _Group) -> str:
        return self.folded[max(group.begin - _BEFORE, 0) : group.begin]


def _holds(
    detector: Detector,
    digits: str,
    groups: list[_Group],
    following: _Group | None,
    around: _Around,
) -> bool:
    before = around.before
    glued = _GLUED.search(before) is not None and _LABEL.search(before) is None
    match detector.check:
        case "plus":
            return _is_international(before, groups)
        case "identity":
            return _is_identity(digits.upper(), glued=glued)
        case "identity_tax":
            return has_form(digits[:18].upper()) and not glued
        case "identity_old":
            return not glued and _is_old(digits, groups)
    if glued or around.is_of_a_thing:
        return False
    if detector.check == "luhn":
        return _luhn(digits) and not is_credit_code(digits)
    if around.is_a_fraction or around.is_an_amount(groups[-1]):
        return False
    even = detector.shape == "even"
    return _is_even(groups, following) if even else _is_landline(digits, groups)


def _is_international(before: str, groups: list[_Group]) -> bool:
    """Digits behind a plus that adds nothing, with no sign of a list among them."""
    listed = any(set(group.gap) & set(",、。") for group in groups[1:])
    return before.endswith("+") and _A_SUM.search(before) is None and not listed


def _is_identity(number: str, *, glued: bool) -> bool:
    """A number whose check character fits; or one that has the form, unless it is a business's code
    or stands behind a letter, where that is likelier.
    """
    if is_resident_number(number):
        return True
    return has_form(number) and not glued and not is_credit_code(number)


def _is_old(digits: str, groups: list[_Group]) -> bool:
    """A number of before 1999, in a shape that people write: not a registration number, and no part
    of a day.
    """
    if reg_no_check_digit(digits[:14]) == digits[14] or set(groups[0].gap) & set("-./"):
        return False
    sizes = tuple(len(group.digits) for group in groups)
    return is_old_number(digits) and (sizes in _OLD_SHAPES or set(sizes) == {1})


def _of_a_thing(before: str) -> bool:
    """Whether the words before a number say that it is of a thing."""
    words = before.rstrip(_LEADING).removesuffix("为").removesuffix("是").rstrip(_LEADING)
    return words.endswith((*_words_of_things(), "第", "No", "NO", "No.", "NO."))


_LEADING = " \t\r\n:=#([【“\"'"


def _is_even(groups: list[_Group], following: _Group | None) -> bool:
    """Whether groups look like one number: in the usual shape, or with the same joining sign
    between all, that does not go on to another group.
    """
    inner = groups[1:]
    if not inner:
        return True
    if groups[0].digits in {*_CODE_OF_CHINA, "0"}:
        if inner[0].gap == ".":
            return False  # a fraction
        return _is_even([groups[1]._replace(gap=""), *groups[2:]], following)
    gaps = {group.gap.strip() for group in inner}
    around = {groups[0].gap.strip(), following.gap.strip() if following is not None else ""}
    if not gaps.isdisjoint(around - {""}):
        return False  # a part of a longer number
    sizes = tuple(len(g.digits) for g in groups)
    parted = any(set(gap) & _PARTING for gap in gaps)
    if sizes in _EVEN_SHAPES:
        return not parted or sizes == _USUAL_SHAPE
    if len(gaps) > 1 or _is_address(groups):
        return False
    joined = all(set(gap) <= _JOINING and gap for gap in gaps)
    return joined or set(sizes) == {1}


def _is_address(groups: list[_Group]) -> bool:
    """Whether this is an IPv4 address."""
    parts = [group.digits for group in groups]
    return (
        len(parts) == 4  # noqa: PLR2004 - an IPv4 address has four parts
        and {group.gap for group in groups[1:]} == {"."}
        and all(p.isdigit() and int(p) <= _LARGEST_OF_ADDRESS for p in parts)
    )


def _is_landline(digits: str, groups: list[_Group]) -> bool:
    """Area and number, apart; in three parts only with a blank or a bracket between two, for a file
    number is written so with signs.
    """
    if groups[0].digits in _CODE_OF_CHINA:
        groups = groups[1:]
        area = len(_area("0" + groups[0].digits.removeprefix("0")))
        sizes = {area, area - 1}
    else:
        sizes = {len(_area(digits))}
    if len(groups) == 1:  # behind the code of the country a number in one piece may be any number
        return digits.startswith("0")
    if len(groups[0].digits) not in sizes:
        return False
    open_gap = any(not group.gap.strip() or ")" in group.gap for group in groups[1:])
    return len(groups) == 2 or (len(groups) == 3 and open_gap)  # noqa: PLR2004 - area and number


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
