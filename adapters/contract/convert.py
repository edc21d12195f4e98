"""From the words departments use to plain values. Each gives the value, None where nothing is told,
or `Unread` where something is told that cannot be read: it costs that value, never the section.
Pure.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from math import inf, isfinite
from typing import Any

from msgspec import Struct

from adapters.contract import days
from adapters.contract.days import DATE_FORMATS
from adapters.contract.spelling import bare, folded, says

YUAN = 1
_MARKS = dict(zip("([{【〔「『《〈〖“‘", ")]}】〕」』》〉〗”’", strict=True))
_CLOSING = frozenset(_MARKS.values())
_SEPARATORS = frozenset(",，、､;；")
_NUMBER = re.compile(r"[+-]?((\d{1,3}(,\d{3})+|\d+)(\.\d+)?|\.\d+)", re.ASCII)
_AMOUNT = re.compile(
    r"(?P<before>[^\d,.+-]*)(?P<number>[+-]?(?:\d[\d,]*(?:\.\d+)?|\.\d+))"
    r"(?P<unit>百万|千万|[万亿])?(?P<after>\D*)"
)
_LONGEST_AMOUNT = 100
_UNIT_BEFORE = re.compile(r"百万|千万|[万亿](?=元|$)")
_PLAINER = str.maketrans({"萬": "万", "億": "亿", "圓": "圆", "(": None, ")": None})
_SIGNED = re.compile(r"[-+/\\.]+\s*\w+$")
"""A sign before a word or figure that is a part of what it says."""
_NULL = r"\n"
"""MySQL's own word for nothing, folded."""
_UNITS = {"": 1, "万": 10_000, "百万": 1_000_000, "千万": 10_000_000, "亿": 100_000_000}
_CURRENCY = re.compile(r"(?:人民币|rmb|cny|[¥￥圆元整正:])*")
_NO_CENTS = re.compile(r"[元圆]")


class Wanted(StrEnum):
    """What a value that cannot be read should have been."""

    DATE = "date"
    NUMBER = "number"
    WHOLE_NUMBER = "whole_number"
    AMOUNT = "amount"
    TRUTH_VALUE = "truth_value"
    CODE = "code"
    TEXT = "text"
    LIST = "list"
    OBJECT = "object"
    REQUIRED = "required"


class Unread(Struct, frozen=True):
    """What stands where a value was told that cannot be read. `wanted` says what it should have
    been; `told` is a code that the table lacks, never any other value.
    """

    wanted: Wanted
    told: str | None = None


def to_date(value: Any, formats: Iterable[str] = DATE_FORMATS) -> Any:
    """A day of China, see `days.to_date`."""
    try:
        return days.to_date(value, formats)
    except ValueError:
        return Unread(Wanted.DATE)


def to_bool(value: Any) -> Any:
    """A truth value from the words departments use; None and empty text are not told, never
    false.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, list | dict):
        return Unread(Wanted.TRUTH_VALUE)
    text = plain_text(value)
    if not text or folded(text) == _NULL:
        return None
    if not _SIGNED.match(text):
        for truth, kind in ((True, "true"), (False, "false")):
            if says(kind, text):
                return truth
    return None if says("not_told", text) else Unread(Wanted.TRUTH_VALUE)


def to_text(value: Any) -> Any:
    """Text without surrounding blanks; empty becomes None. A number is its digits."""
    if value is None or isinstance(value, str):
        return None if value is None else value.strip() or None
    if isinstance(value, bool):
        return "true" if value else "false"
    number = isinstance(value, int | float) and isfinite(value)
    return plain_text(value) if number else Unread(Wanted.TEXT)


def to_int(value: Any) -> Any:
    """A whole number, with or without separators; empty becomes None."""
    found = to_number(value)
    if isinstance(found, float):
        return int(found) if found.is_integer() else Unread(Wanted.WHOLE_NUMBER)
    return Unread(Wanted.WHOLE_NUMBER) if isinstance(found, Unread) else found


def to_number(value: Any) -> Any:
    """A number, with or without separators; empty becomes None."""
    if isinstance(value, bool | list | dict):
        return Unread(Wanted.NUMBER)
    text = "" if value is None else _narrow(plain_text(value))
    if not bare(text) or says("not_told", text):
        return None
    number = float(text.replace(",", "")) if _NUMBER.fullmatch(text) else inf
    return number if isfinite(number) else Unread(Wanted.NUMBER)


def to_amount(value: Any, unit: int = YUAN) -> Any:
    """An amount of yuan in units of `unit`. A number alone is told in that unit already; 万 and 元
    are converted; another currency is unreadable.

    >>> to_amount("人民币600000万元整", 10_000), to_amount("5,000,000元", 10_000)
    (600000.0, 500.0)
    """
    plain = to_number(value)
    if not isinstance(plain, Unread):
        return plain
    if not isinstance(value, str) or len(value) > _LONGEST_AMOUNT:
        return Unread(Wanted.AMOUNT)
    match = _AMOUNT.fullmatch(_narrow(value).translate(_PLAINER).rstrip("。.;,"))
    if match is None or not _NUMBER.fullmatch(match["number"]):
        return Unread(Wanted.AMOUNT)
    before, after, told = match["before"].casefold(), match["after"].casefold(), match["unit"]
    if told is None and (ahead := _UNIT_BEFORE.search(before)):
        told, before = ahead[0], _UNIT_BEFORE.sub("", before, count=1)
    if not (_CURRENCY.fullmatch(before) and _CURRENCY.fullmatch(after)):
        return Unread(Wanted.AMOUNT)
    number = float(match["number"].replace(",", ""))
    if told is None and not _NO_CENTS.search(before + after) and "¥" not in before:
        return Unread(Wanted.AMOUNT)  # a currency alone does not say in which unit
    return round(number * _UNITS[told or ""] / unit, 6)


def to_list(value: Any) -> list[Any]:
    """A list: None is empty, text is split at 、 ， , and ; outside brackets, a single value stands
    alone.

    >>> to_list("预包装食品（含冷藏、冷冻），散装食品")
    ['预包装食品（含冷藏、冷冻）', '散装食品']
    """
    if value is None or value == "":
        return []
    if isinstance(value, list):
        return value
    if not isinstance(value, str):
        return [value]
    return [part for piece in _pieces(value) if (part := piece.strip())]


def _pieces(text: str) -> Iterator[str]:
    """A text between separators; what a bracket opens that is never closed does not hide them."""
    begin, depth, change = 0, 0, _bracketed(text)
    for place, sign in enumerate(text):
        depth += change.get(place, 0)
        if sign in _SEPARATORS and not depth:
            yield text[begin:place]
            begin = place + 1
    yield text[begin:]


def _bracketed(text: str) -> dict[int, int]:
    """Where brackets that belong together open (1) and close (-1)."""
    waiting: list[tuple[str, int]] = []
    open_marks: Counter[str] = Counter()
    change: dict[int, int] = {}
    for place, sign in enumerate(text):
        plain = unicodedata.normalize("NFKC", sign)
        if plain in _MARKS:
            waiting.append((_MARKS[plain], place))
            open_marks[_MARKS[plain]] += 1
        elif plain in _CLOSING and open_marks[plain]:
            # Each mark is put away once: the work grows as the text does.
            while (mark := waiting.pop())[0] != plain:
                open_marks[mark[0]] -= 1
            open_marks[plain] -= 1
            change[mark[1]], change[place] = 1, -1
    return change


def to_code(table: Mapping[str, Any], value: Any) -> Any:
    """What a code stands for. `*` stands for every other one; without it a code that the table
    lacks is `Unread` and named, one that is not told is not told.
    """
    if isinstance(value, list | dict):
        return Unread(Wanted.CODE)
    text = "" if value is None else plain_text(value)
    for told in (text, text.casefold() if isinstance(value, bool) else _narrow(text)):
        if told in table:
            return table[told]
    if not text:
        return None
    return table["*"] if "*" in table else Unread(Wanted.CODE, text[:40])


def plain_text(value: Any) -> str:
    """A scalar as text; a whole number has no decimal point."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _narrow(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())
