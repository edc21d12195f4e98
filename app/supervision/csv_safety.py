"""Cells that no spreadsheet takes for a formula (ASVS 1.2.10). Pure."""

import re

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


_PLAIN = re.compile(r"[+-]?(?:0|[1-9]\d{0,10})(?:\.\d{1,4})?", re.ASCII)
_DAY = r"\d{1,4}[-/.]\d{1,2}(?:[-/.]\d{1,4})?|(?:\d{2,4}年)?\d{1,2}月(?:\d{1,2}日)?|\d{2,4}年"
_MONTH = r"(?:[Jj]an|[Ff]eb|[Mm]ar|[Aa]pr|[Mm]ay|[Jj]un|[Jj]ul|[Aa]ug|[Ss]ep|[Oo]ct|[Nn]ov|[Dd]ec)"
_NAMED = rf"(?:\d{{1,2}}[- ])?{_MONTH}[a-z]*[- ]\d{{1,4}}|\d{{1,2}}[- ]{_MONTH}[a-z]*"
_TIME = r"\d{1,4}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[AaPp][Mm]?)?"
_CHANGED = re.compile(
    r"[+-]?0\d+|\d{12,}|\d+(?:\.\d*)?[eE][+-]?\d+|\.\d+|\d*\.\d{5,}|\d{12,}\.\d*"
    r"|\(\d[\d,.]*\)|\d+ \d+/\d+|\d{1,3}(?:,\d{3})+(?:\.\d+)?"
    rf"|{_DAY}|{_NAMED}|{_TIME}|(?:{_DAY})[ T]{_TIME}",
    re.ASCII,
)
"""What a spreadsheet would take for another number, a power of ten or a day."""


def safe_cell(value: object) -> str:
    """The text of a cell: a plain number stays one; what could start a formula, or would be changed
    by opening the file, is preceded by an apostrophe, NUL is dropped.
    """
    text = "" if value is None else str(value).replace("\x00", "")
    if _PLAIN.fullmatch(text):
        return text
    bare = text.strip(" \t\r\n\u00a0\u3000\ufeff")
    if _CHANGED.fullmatch(bare) or bare.startswith(_STARTS) or text.startswith(_STARTS):
        return "'" + text
    return text
