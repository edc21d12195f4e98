"""Answers questions about fields, reasons and problem codes."""

from datetime import date
from functools import lru_cache

from sqlmodel import Session

from adapters.contract.labels import label_of, named_fields, value_label
from adapters.contract.sections import SECTIONS, shape_of
from adapters.contract.words import Words
from app.catalogue import repository
from app.catalogue.authority import (
    KINDS_OF_SECTIONS,
    MANAGE,
    OWN,
    TRANSFER,
    USE,
    WORDS,
    kind_of_section,
    marks_of,
    rights_in,
)
from app.catalogue.classification import Catalogue
from app.catalogue.errors import ProblemUnknown
from app.catalogue.rules import Mode, all_rules
from app.catalogue.schemas import (
    FieldRead,
    LabelsRead,
    Named,
    ProblemRead,
    RightsRead,
    RuleRead,
    SectionKindRead,
)
from app.catalogue.switching import is_switchable, list_switches
from app.core.texts import all_codes, text_of


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
            masked_class=row.masked_class if row.mask else None,
            label=label_of(shape_of(row.section), row.field),
            marks=[_named("mark", mark) for mark in marks_of(row.section, row.field)],
            quality=_named("quality", kind_of_section(row.section).quality),
            source=row.source,
            confidence=row.confidence,
        )
        for row in rows
        if row.level > 1 and section in (None, row.section)
    ]


@lru_cache(maxsize=1)
def list_labels() -> LabelsRead:
    """What sections, their fields and the code values of these are called."""
    fields: dict[str, Words] = {}
    values: dict[str, Words] = {}
    for section, shape in SECTIONS.items():
        for path, owner, field, codes in named_fields(shape):
            fields[f"{section}.{path}"] = label_of(owner, field)
            for code in codes:
                values[f"{section}.{path}={code}"] = value_label(owner, field, code)
    return LabelsRead(
        sections={kind.name: kind.words for kind in KINDS_OF_SECTIONS.values()},
        fields=fields,
        values=values,
    )


def list_sections() -> list[SectionKindRead]:
    """What kind of data each section is, and which department may do what with it."""
    return [
        SectionKindRead(
            section=kind.name,
            label=kind.words,
            stage=_named("stage", kind.stage),
            category=_named("category", kind.category),
            owner_kind=_named("owner", kind.owner_kind),
            quality=_named("quality", kind.quality),
            important=kind.important,
            tiers=[tier for tier in _TIERS if tier in kind.tiers],
            departments=[
                RightsRead(department=name, rights=[r for r in _RIGHTS if r in rights])
                for name, rights in rights_in(kind.name).items()
            ],
            valid_from=kind.valid_from,
            valid_to=kind.valid_to,
            source=kind.source,
            confidence=kind.confidence,
        )
        for kind in KINDS_OF_SECTIONS.values()
    ]


_TIERS = ("nation", "province", "city", "county")
_RIGHTS = (OWN, MANAGE, USE, TRANSFER)


def _named(kind: str, code: str) -> Named:
    return Named(code=code, text=WORDS[f"{kind}.{code}"])


def list_problems() -> list[ProblemRead]:
    """Every problem code with its meaning, sorted."""
    return [_problem(code) for code in all_codes()]


def read_problem(code: str) -> ProblemRead:
    """The meaning of a problem code. Raises `ProblemUnknown`."""
    if code not in all_codes():
        raise ProblemUnknown
    return _problem(code)


def _problem(code: str) -> ProblemRead:
    text = text_of(code)
    return ProblemRead(
        code=code,
        status=text.status,
        text=text.advice.words,
        what_now=text.advice.what_now,
        retryable=text.retryable,
    )


def list_rules(session: Session, mode: Mode | None) -> list[RuleRead]:
    """The rules that are known, of one mode or of all, and what regions have switched."""
    switched = list_switches(session)
    return [
        RuleRead(
            rule=row.name,
            text=row.words,
            source=row.source,
            confidence=row.confidence,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            mode=row.mode,
            guard=row.guard or None,
            switchable=is_switchable(row),
            switched=switched.get(row.name, []),
        )
        for row in all_rules()
        if mode in (None, row.mode)
    ]
