"""Answers questions about fields, reasons and problem codes."""

from datetime import date
from functools import lru_cache

from adapters.contract import REASONS
from app.catalogue import repository
from app.catalogue.classification import Catalogue
from app.catalogue.errors import ProblemUnknown
from app.catalogue.schemas import FieldRead, ProblemRead, ReasonRead
from app.core.texts import all_codes, text_of
from app.core.words import Words


@lru_cache(maxsize=4)
def catalogue_on(day: date) -> Catalogue:
    """The catalogue in force on a day."""
    return repository.load(day)


def list_fields(day: date, section: str | None) -> list[FieldRead]:
    """Fields with class and label; those of class 1 exist only at their source and are not
    listed.
    """
    rows = (row for fields in catalogue_on(day).classes.values() for row in fields.values())
    return [
        FieldRead(
            section=row.section,
            field=row.field,
            field_class=row.level,
            mask=row.mask or None,
            label=Words(zh=row.zh, en=row.en),
            source=row.source,
            confidence=row.confidence,
        )
        for row in rows
        if row.level > 1 and section in (None, row.section)
    ]


def list_reasons() -> list[ReasonRead]:
    """Every reason a section may carry."""
    return [
        ReasonRead(
            code=c,
            outcome=r.outcome,
            text=Words(zh=r.zh, en=r.en),
            what_now=Words(zh=r.now_zh, en=r.now_en),
        )
        for c, r in sorted(REASONS.items())
    ]


def read_problem(code: str) -> ProblemRead:
    """The meaning of a problem code. Raises `ProblemUnknown`."""
    if code not in all_codes():
        raise ProblemUnknown
    text = text_of(code)
    return ProblemRead(
        code=code,
        status=text.status,
        text=Words(zh=text.zh, en=text.en),
        what_now=Words(zh=text.now_zh, en=text.now_en),
        retryable=text.retryable,
    )
