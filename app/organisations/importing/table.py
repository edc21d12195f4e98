"""A list of people as spreadsheets write it: read line by line, every fault named. Pure.

UTF-8, UTF-16 with its mark, or GB 18030; comma, semicolon or tab; headings in Chinese or English;
days as spreadsheets write them.
"""

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field, ValidationError

from adapters.contract.spelling import letters_of_today, shown
from adapters.contract.tables import rows
from app.core.errors import Fault
from app.organisations.schemas import PersonWrite

COLUMNS: dict[str, str] = {
    row["heading"].replace("_", ""): row["column"]
    for row in rows(
        Path(__file__).parents[1] / "data" / "import_columns.csv", ("column", "heading")
    )
}
"""The column of each heading that is understood."""
HEADINGS = ("姓名", "单位编号", "登录标识", "执法证号", "有效期起", "有效期止")
"""Of an empty list to be filled in."""
_NEEDED = ("name", "unit")
_DAYS = ("certificate_from", "certificate_to")
_SEPARATORS = ",;\t，；"
_DAY = re.compile(
    r"(\d{4})(?:[-/.年])(\d{1,2})(?:[-/.月])(\d{1,2})日?(?:[ T]0?0:00(?::00)?)?", re.ASCII
)
_DAY_OF_EIGHT = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
_SHORTENED = re.compile(r"\d(?:\.\d+)?[eE]\+?\d+", re.ASCII)
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


class ListedPerson(PersonWrite):
    """Somebody of a list; the unit by its id or by its name."""

    unit: Annotated[str, Field(min_length=1, max_length=80)]


class Line(NamedTuple):
    """A line that can be read: its number as a spreadsheet counts, and who stands there."""

    number: int
    person: ListedPerson


class PeopleTable(NamedTuple):
    """What a file says: its lines of people, how many lines it has, and what is wrong."""

    lines: tuple[Line, ...]
    length: int
    faults: tuple[Fault, ...]


def read_table(raw: bytes, most: int) -> PeopleTable:
    """The people of a file of at most so many lines. Never raises: what cannot be read is a
    fault.
    """
    text = _text_of(raw)
    if isinstance(text, Fault):
        return PeopleTable((), 0, (text,))
    try:
        found = list(_cells_of(text))
    except csv.Error:
        return PeopleTable((), 0, (Fault("/lines", "csv_unreadable"),))
    if not found:
        return PeopleTable((), 0, (Fault("/lines/1", "csv_empty"),))
    (head_line, head), *body = found
    columns, faults = _columns_of(head_line, head)
    if not body and not faults:
        faults = [Fault(f"/lines/{head_line}", "csv_empty")]
    if len(body) > most:
        faults.append(Fault("/lines", "too_long", {"max_length": most}))
    if faults:
        return PeopleTable((), len(body), tuple(faults))
    lines = []
    for number, cells in body:
        read = _read_line(number, columns, cells)
        lines += [read] if isinstance(read, Line) else []
        faults += read if isinstance(read, list) else []
    return PeopleTable(tuple(lines), len(body), (*faults, *_twice(lines)))


def _text_of(raw: bytes) -> str | Fault:
    if raw.startswith(_WORKBOOKS):
        return Fault("/lines", "csv_workbook")
    try:
        if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            text = raw.decode("utf-16")
        else:
            text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = letters_of_today(raw.decode("gb18030")).removeprefix("\ufeff")
        except UnicodeDecodeError:
            return Fault("/lines", "csv_encoding")
    return Fault("/lines", "csv_unreadable") if "\x00" in text else text


def _cells_of(text: str) -> Iterable[tuple[int, list[str]]]:
    """Rows that say anything, with their numbers as a spreadsheet counts them."""
    lines = list(io.StringIO(text, newline=""))  # only these ends: others may stand in a cell
    skipped = 1 if lines and lines[0].lower().startswith("sep=") else 0
    head = next((line for line in lines[skipped:] if line.strip()), "")
    separator = max(_SEPARATORS, key=head.count)
    # As a spreadsheet counts: a row may take several lines of the file, and `sep=` is none.
    reader = csv.reader(lines[skipped:], delimiter=separator, strict=True)
    for number, cells in enumerate(reader, start=1):
        told = [_cell(cell) for cell in cells]
        if any(told):
            yield number, told


def _cell(text: str) -> str:
    """What was meant: without signs that nobody sees, and without those by which a spreadsheet
    keeps a number a text.
    """
    text = shown(text).strip()
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1]
    return text.removeprefix("'").strip()


def _columns_of(number: int, head: list[str]) -> tuple[list[str], list[Fault]]:
    columns = [COLUMNS.get(_plain(heading), "") for heading in head]
    faults = [
        Fault(f"/lines/{number}/{place}", "heading_unknown", {"heading": heading[:40]})
        for place, (heading, column) in enumerate(zip(head, columns, strict=True), start=1)
        if heading and not column
    ]
    for column in dict.fromkeys(COLUMNS.values()):
        if columns.count(column) > 1:
            faults.append(Fault(f"/lines/{number}", "heading_twice", {"heading": column}))
        if column in _NEEDED and column not in columns:
            faults.append(Fault(f"/lines/{number}", "heading_missing", {"heading": column}))
    return columns, faults


def _plain(heading: str) -> str:
    """A heading without the hints people add: 有效期起（必填）, Certificate No *."""
    text = unicodedata.normalize("NFKC", heading).lower()
    return re.sub(r"\([^()]*\)|[*\s_]", "", text)


def _read_line(number: int, columns: list[str], cells: list[str]) -> Line | list[Fault]:
    if any(cells[len(columns) :]):
        return [Fault(f"/lines/{number}", "cells_too_many")]
    told: dict[str, Any] = {c: v for c, v in zip(columns, cells, strict=False) if c and v}
    faults = []
    for column in _DAYS:
        if column in told:
            day = _day_of(told[column])
            if day is None:
                faults.append(Fault(f"/lines/{number}/{column}", "date_parsing"))
                del told[column]
            else:
                told[column] = day
    shortened = [c for c in ("certificate_no", "subject") if _SHORTENED.fullmatch(told.get(c, ""))]
    faults += [Fault(f"/lines/{number}/{column}", "number_shortened") for column in shortened]
    if faults:
        return faults
    try:
        return Line(number, ListedPerson.model_validate(told))
    except ValidationError as error:
        return [
            Fault(_pointer(number, row["loc"]), row["type"], row.get("ctx", {}))
            for row in error.errors(include_url=False, include_input=False)
        ]


def _pointer(number: int, place: tuple[Any, ...]) -> str:
    return "/".join(["/lines", str(number), *map(str, place)])


def _day_of(text: str) -> str | None:
    """A day in ISO 8601; None for what is none as spreadsheets write it. A bare number is none: it
    would be counted from 1900.
    """
    found = _DAY.fullmatch(text) or _DAY_OF_EIGHT.fullmatch(text)
    return None if found is None else "-".join(part.zfill(2) for part in found.groups())


def _twice(lines: list[Line]) -> Iterable[Fault]:
    """Sign-ons, certificates, and nameless entries, that stand there twice."""
    seen: dict[tuple[str, ...], int] = {}
    for number, person in lines:
        keys: dict[str, tuple[str, ...]] = {
            column: (column, value)
            for column in ("subject", "certificate_no")
            if (value := getattr(person, column)) is not None
        } or {"name": ("name", person.unit, person.name)}
        for column, key in keys.items():
            first = seen.setdefault(key, number)
            if first != number:
                yield Fault(f"/lines/{number}/{column}", "line_twice", {"line": first})
