"""In which language the command line speaks: that of the locale, else English."""

import os


def is_chinese() -> bool:
    """Whether the locale asks for Chinese; LC_ALL counts before LC_MESSAGES and LANG."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return value.lower().startswith("zh")
    return False


def said(en: str, zh: str) -> str:
    """One of two texts."""
    return zh if is_chinese() else en
