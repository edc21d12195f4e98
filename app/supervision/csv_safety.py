"""Cells that no spreadsheet takes for a formula (ASVS 1.2.10). Pure."""

import re

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00", "＝", "＋", "－", "＠")


_PLAIN = re.compile(r"[+-]?(?:0|[1-9]\d{0,10})(?:\.\d{1,4})?", re.ASCII)
_CHANGED = re.compile(
    r"[+-]?0\d+|\d{12,}|\d+(?:\.\d+)?[eE][+-]?\d+"
    r"|\d{1,4}[-/.]\d{1,2}(?:[-/.]\d{1,4})?|\d{1,2}:\d{2}",
    re.ASCII,
)
"""What a spreadsheet would take for another number, a power of ten or a day."""


def safe_cell(value: object) -> str:
    """The text of a cell: a plain number stays one; what could start a formula, or would be changed
    by opening the file, is preceded by an apostrophe, NUL is dropped.
    """
    text = "" if value is None else str(value)
    if _PLAIN.fullmatch(text):
        return text
    if _CHANGED.fullmatch(text) or text.lstrip(" \u00a0\u3000\ufeff").startswith(_STARTS):
        text = "'" + text
    return text.replace("\x00", "")
