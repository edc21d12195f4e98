"""Texts in both languages, as data: one type for a text, one for a text with what to do now.

The texts themselves stand in tables (`data/*.csv` of each room), read once and checked. Pure.
"""

from dataclasses import dataclass
from pathlib import Path

from adapters.contract.tables import rows


@dataclass(frozen=True, slots=True)
class Words:
    """A text in Chinese and English."""

    zh: str
    en: str

    def filled(self, **values: object) -> "Words":
        """With values in place of `{name}`."""
        return Words(self.zh.format(**values), self.en.format(**values))


@dataclass(frozen=True, slots=True)
class Advice:
    """What is so, and what the reader can do now."""

    words: Words
    what_now: Words


def words_of(path: Path, key: str = "name") -> dict[str, Words]:
    """Texts by name. Raises `TableError` for a table that is not in order."""
    table = rows(path, (key, "zh", "en"))
    return {row[key]: Words(row["zh"], row["en"]) for row in table}


def advice_of(path: Path) -> dict[str, Advice]:
    """Texts with what to do now, by code. Raises `TableError` as `words_of` does."""
    table = rows(path, ("code", "zh", "en", "now_zh", "now_en"))
    return {row["code"]: advice_in(row) for row in table}


def advice_in(row: dict[str, str]) -> Advice:
    """What a row says."""
    return Advice(Words(row["zh"], row["en"]), Words(row["now_zh"], row["now_en"]))
