"""The page on ASVS names tests that exist, settings that exist, each requirement once, and counts itself."""

import re
from collections import Counter
from pathlib import Path

from app.core.settings import Settings

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/asvs.md"
ROW = re.compile(
    r"^\| (\d+\.\d+\.\d+) \| (.+?) \| (test|setting|reason|later) \| (.+) \|$", re.MULTILINE
)
OF_CHAPTER = {
    "1": 27, "2": 11, "3": 19, "4": 10, "6": 35, "7": 18, "8": 7, "9": 7, "10": 29, "11": 14, "12": 9, "13": 13, "14": 9,
    "15": 13, "16": 16,
}  # fmt: skip
"""Requirements of levels 1 and 2 in ASVS 5.0.0."""


def rows():
    return ROW.findall(PAGE.read_text(encoding="utf-8"))


def counts():
    """The page's line of counts, as it must stand."""
    kinds = Counter(kind for _, _, kind, _ in rows())
    not_met = sum(evidence.startswith("not met") for *_, evidence in rows())
    told = ", ".join(f"{kind} {kinds[kind]}" for kind in ("test", "setting", "reason", "later"))
    return f"Counts: {len(rows())} requirements; {told}; of the reasons {not_met} say that it is not met."


def test_every_requirement_stands_there_once():
    numbers = [number for number, *_ in rows()]
    assert Counter(n.split(".")[0] for n in numbers) == OF_CHAPTER
    assert len(set(numbers)) == len(numbers)


def test_the_named_tests_exist():
    named = [
        (number, path, name)
        for number, _, kind, evidence in rows()
        if kind == "test"
        for path, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", evidence)
    ]
    missing = [
        row for row in named if f"def {row[2]}(" not in (ROOT / row[1]).read_text(encoding="utf-8")
    ]
    assert missing == []
    assert {number for number, *_ in named} == {n for n, _, kind, _ in rows() if kind == "test"}


def test_the_named_settings_exist():
    names = {f"ONEVISIT_{name.upper()}" for name in Settings.model_fields}
    told = set(re.findall(r"ONEVISIT_[A-Z_]+", PAGE.read_text(encoding="utf-8")))
    assert told <= names


def test_the_page_counts_itself():
    assert counts() in PAGE.read_text(encoding="utf-8").splitlines()
