"""Explains a decision to whoever would ask: nothing is asked of any department, nothing is told."""

from adapters.contract.labels import label_of
from adapters.contract.sections import shape_of
from adapters.contract.words import Words
from app.agreements import explanation
from app.agreements.decision import in_force
from app.agreements.explanation import Situation
from app.agreements.schemas import (
    ChangeRead,
    CheckRead,
    ExplainWrite,
    Explanation,
    FieldDecision,
)
from app.agreements.standing import SMALLEST_CHANGES, Asked
from app.catalogue.classification import ANALYSIS_ONLY, Catalogue, FieldClass
from app.catalogue.service import catalogue_on
from app.core.clock import local_date
from app.core.errors import Fault, RequestInvalid
from app.profile.disclosure import Disclosure
from app.profile.errors import SectionNotServed
from app.profile.service import identified
from app.tasks.purposes import PURPOSES
from auth.principal import Principal


async def explain(
    disclosure: Disclosure, principal: Principal, wanted: ExplainWrite
) -> Explanation:
    """Every check in order, and what would become of each field of a section. Fields of class 1,
    and sealed purposes, are as unknown as any that does not exist. Raises `SectionNotServed`,
    `PolicyStale`, and what is wrong with the identifier.
    """
    business = identified(wanted.business_id)
    purpose = PURPOSES.get(wanted.purpose)
    asked_for = "" if purpose is not None and purpose.sealed else wanted.purpose
    disclosure.policy.require_fresh()
    place = await disclosure.whereabouts.find(business.key)
    now = disclosure.clock.now()
    asked = Asked(
        disclosure.people(principal),
        business.key,
        wanted.site,
        asked_for,
        wanted.task,
        {t.id: t for t in (disclosure.tasks.value.get(wanted.task or ""),) if t is not None},
        now,
        place.of_site(wanted.site) or place.region,
        disclosure.switches.value,
    )
    day = local_date(now)
    choice = disclosure.directory.offices.choose(asked.region or principal.region, business.key)
    entry = choice.live.get(wanted.section)
    if entry is None:
        raise SectionNotServed(pointer="/body/section")
    about = [
        terms
        for terms in in_force(disclosure.agreements.value, day)
        if terms.is_about(entry.manifest.department, wanted.section) and asked_for in terms.purposes
    ]
    closed = disclosure.meter.closed
    situation = Situation(
        asked,
        entry.manifest.department,
        wanted.section,
        tuple(terms for terms in about if terms.quota not in closed),
        tuple(terms for terms in about if terms.quota in closed),
    )
    told = _explained(situation, _rows(catalogue_on(day), wanted))
    return told.model_copy(update={"purpose": wanted.purpose})


def _rows(catalogue: Catalogue, wanted: ExplainWrite) -> list[FieldClass]:
    rows = catalogue.of_section(wanted.section)
    listed = {name: row for name, row in rows.items() if row.level > ANALYSIS_ONLY}
    if wanted.fields is None:
        return list(listed.values())
    unknown = [i for i, name in enumerate(wanted.fields) if name not in listed]
    if unknown:
        raise RequestInvalid([Fault(f"/body/fields/{i}", "field_unknown") for i in unknown])
    return [listed[name] for name in dict.fromkeys(wanted.fields)]


def _explained(situation: Situation, rows: list[FieldClass]) -> Explanation:
    checks = explanation.checks_of(situation)
    given = explanation.granted(situation)
    may_ask = all(check.holds for check in checks)
    region = situation.asked.region
    return Explanation(
        section=situation.section,
        department=situation.department,
        purpose=situation.asked.purpose,
        may_ask=may_ask,
        agreement=given.agreement if given else None,
        region=region if region and may_ask and situation.asked.principal.covers(region) else None,
        checks=[
            CheckRead(
                check=check.name,
                holds=check.holds,
                what_now=None if check.holds else _change(check.name),
            )
            for check in checks
        ],
        fields=[_decided(situation, row) for row in rows],
    )


def _decided(situation: Situation, row: FieldClass) -> FieldDecision:
    verdict, reason = explanation.ruling(situation, row)
    changes = None
    if verdict == "withhold":
        needed = explanation.smallest_change(situation, row)
        if needed is not None:
            changes = [ChangeRead(check=name, change=_change(name)) for name in needed]
    return FieldDecision(
        field=row.field,
        label=label_of(shape_of(situation.section), row.field),
        field_class=row.level,
        verdict=verdict,
        mask=row.mask if verdict == "mask" else None,
        reason=reason or None,
        smallest_change=changes,
    )


def _change(name: str) -> Words:
    return Words(*SMALLEST_CHANGES[name])
