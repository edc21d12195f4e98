"""Cells that no spreadsheet takes for a formula (ASVS 1.2.10). Pure."""

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00", "＝", "＋", "－", "＠")


def safe_cell(value: object) -> str:
    """The text of a cell; what could start a formula is preceded by an apostrophe, NUL is
    dropped.
    """
    text = "" if value is None else str(value)
    if text.lstrip(" \u00a0\u3000\ufeff").startswith(_STARTS):
        text = "'" + text
    return text.replace("\x00", "")
