"""Records as a spreadsheet: what its columns and codes are called, local times, cells that opening
the file leaves as they are. Pure.
"""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from adapters.contract.days import CHINA_TIME
from adapters.contract.tables import rows
from adapters.contract.words import Words
from app.inspections.schemas import InspectionRead
from app.organisations.departments import DEPARTMENTS
from app.supervision.csv_safety import safe_cell

Language = Literal["zh", "en"]
BOM = "\ufeff"
CURSOR = "#cursor"
"""Begins the last line, where a cursor was asked for."""
_DATA = Path(__file__).with_name("data")
_COLUMNS = rows(_DATA / "columns.csv", ("name", "zh", "en", "of"), frozenset({"of"}))
PLAIN = tuple(row["name"] for row in _COLUMNS if not row["of"])
"""Columns of codes alone."""
_WORDS = {
    (row["of"], row["value"]): Words(row["zh"], row["en"])
    for row in rows(_DATA / "values.csv", ("of", "value", "zh", "en"))
} | {("department", name): words for name, words in DEPARTMENTS.items()}
_DAY_AND_TIME = "%Y-%m-%d %H:%M:%S"


def language_of(accept_language: str) -> Language | None:
    """The language a reader asks for words in, beside the codes; None for codes alone."""
    best: tuple[float, Language] | None = None
    for part in accept_language.lower().split(","):
        tag, _, parameter = part.strip().partition(";")
        language: Language | None = (
            "zh" if tag.startswith("zh") else "en" if tag.startswith("en") else None
        )
        weight = _weight(parameter)
        if language is not None and weight and (best is None or weight > best[0]):
            best = weight, language
    return best[1] if best else None


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return max(min(float(value), 1.0), 0.0)
    except ValueError:
        return 0.0


def heading(language: Language | None) -> str:
    """The first line: names, or what they are called."""
    if language is None:
        return line(list(PLAIN))
    return line([row[language] for row in _COLUMNS])


def lines(
    record: InspectionRead, language: Language | None, *, department: str | None, result: str | None
) -> Iterator[str]:
    """One line for each result that fits."""
    common: dict[str, Any] = {name: getattr(record, name, None) for name in PLAIN}
    there = {"confirmed", "not_asked"}
    for name, is_there in (("officers", True), ("officers_unconfirmed", False)):
        listed = [o.certificate_no for o in record.officers if (o.presence in there) is is_there]
        common[name] = "、".join(listed)
    states = {w.department: w.state for w in record.write_back}
    common["visit_note"] = record.note
    for row in record.results:
        if department not in (None, row.department) or result not in (None, row.result):
            continue
        values = {**common, **row.model_dump(), "write_back": states.get(row.department)}
        yield line([_cell(column, values, language) for column in _shown(language)])


def _shown(language: Language | None) -> list[dict[str, str]]:
    return [row for row in _COLUMNS if language is not None or not row["of"]]


def _cell(column: dict[str, str], values: dict[str, Any], language: Language | None) -> str:
    value = values.get(column["name"].removesuffix("_label") if column["of"] else column["name"])
    if column["of"]:
        words = _WORDS.get((column["of"], str(value)))
        return "" if words is None or language is None else getattr(words, language)
    if isinstance(value, datetime):
        return value.astimezone(CHINA_TIME).strftime(_DAY_AND_TIME)
    return safe_cell(value)


def line(cells: list[str]) -> str:
    """Cells as a line of the file."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue()
