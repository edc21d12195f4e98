"""From answers and grants to the profile: release field by field, answer the headline, find contradictions. Pure."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec

from adapters.contract import REASONS, BusinessId, Manifest, Outcome
from app.agreements.decision import Grant, Released, release
from app.catalogue.classification import ANALYSIS_ONLY, Catalogue, FieldClass
from app.profile import schemas as s
from app.profile.engine import Answered
from app.profile.findings import notice
from app.profile.headline import REASONS as HEADLINE_REASONS
from app.profile.headline import RULES, Answer, Facts, decide
from app.profile.merge import find_conflicts


@dataclass(frozen=True, slots=True)
class Part:
    """One section: who was asked, what came, and what may be seen of it."""

    manifest: Manifest
    label: str
    answered: Answered
    grant: Grant | None
    released: Released


@dataclass(frozen=True, slots=True)
class View:
    """Everything of a look-up that is not yet bytes."""

    business: BusinessId
    site: str | None
    parts: dict[str, Part]
    catalogue: Catalogue
    now: datetime
    today: date


def part(manifest: Manifest, label: str, answered: Answered, grant: Grant | None, catalogue: Catalogue) -> Part:
    """Apply the grant to an answer."""
    classes = catalogue.of_section(manifest.section)
    released = Released({}) if grant is None else release(answered.data or {}, classes, grant)
    return Part(manifest, label, answered, grant, released)


def reason_text(code: str, detail: str | None = None) -> s.ReasonText:
    """A reason in both languages, with what to do now."""
    if code in REASONS:
        known = REASONS[code]
        return s.ReasonText(code, s.Text(known.zh, known.en), s.Text(known.now_zh, known.now_en), detail)
    zh, en, now_zh, now_en = HEADLINE_REASONS[code]
    return s.ReasonText(code, s.Text(zh, en), s.Text(now_zh, now_en), detail)


def section_read(view: View, found: Part) -> s.SectionRead:
    """One section as it leaves."""
    answered, manifest = found.answered, found.manifest
    spoke = answered.data is not None and found.grant is not None
    return s.SectionRead(
        outcome=answered.outcome,
        department=manifest.department,
        title=s.Text(manifest.title_zh, manifest.title_en),
        adapter=found.label,
        scope=manifest.scope,
        site_ref=found.released.values.get("site_ref"),
        reason=reason_text(answered.reason) if answered.reason else None,
        as_of=answered.as_of,
        fetched_at=answered.fetched_at,
        age_s=max(int((view.now - answered.as_of).total_seconds()), 0) if answered.as_of else None,
        elapsed_ms=answered.elapsed_ms,
        attempts=answered.attempts,
        catalogue=manifest.catalogue_no or None,
        agreement=found.grant.agreement if found.grant else None,
        data=found.released.values if spoke else msgspec.UNSET,
        withheld=[_withheld(row) for row in found.released.withheld] if spoke else [],
        masked=[_masked(row) for row in found.released.masked],
        classes=list(found.released.classes) if spoke else [],
        source_digest=answered.digest if _is_whole(view, found) else None,
    )


def _is_whole(view: View, found: Part) -> bool:
    """Whether all the department told was released: a digest over hidden values would tell that they changed."""
    rows = view.catalogue.of_section(found.manifest.section).values()
    return not found.released.withheld and all(row.level > ANALYSIS_ONLY for row in rows)


def _withheld(row: FieldClass) -> s.Hidden:
    return s.Hidden(
        f"/{row.field}",
        row.level,
        "class_above_grant",
        s.Text("超出本次检查目的的授权级别", "Stricter class than this purpose grants"),
        s.Text("由负责人指派任务后可见", "Visible when your leader assigns a task"),
    )


def _masked(row: FieldClass) -> s.Hidden:
    return s.Hidden(
        f"/{row.field}",
        row.level,
        row.mask,
        s.Text("按规定脱敏显示", "Shown masked, as the rules demand"),
        s.Text("确需原值时请向数源部门申请", "Ask the source department if you need the full value"),
    )


def headline(view: View) -> s.Headline:
    """The three answers; they are derived values and pass the decision with the strictest class of their inputs."""
    return s.Headline(**{question: _headline_answer(view, question) for question in RULES})


def _headline_answer(view: View, question: str) -> s.HeadlineAnswer:
    section = RULES[question][0]
    found = view.parts.get(section)
    if found is None:
        return s.HeadlineAnswer("unknown", section, reason=reason_text("not_asked"))
    if found.grant is None or not found.grant.headline:
        return s.HeadlineAnswer("unknown", section, reason=reason_text("agreement_missing"))
    sites = _sites(view)
    answered = found.answered
    facts = Facts(
        outcome=answered.outcome,
        reason=answered.reason if answered.outcome != Outcome.STALE else "stale",
        data=answered.data or {},
        as_of=answered.as_of,
        today=view.today,
        scheme=view.business.scheme,
        site=view.site,
        sites=tuple(site.site_ref for site in sites),
        sites_complete=_registration_told_sites(view),
    )
    _, answer = decide(question, facts)
    return s.HeadlineAnswer(
        answer.answer,
        section,
        fact=_fact(answer, found),
        as_of=answered.as_of,
        reason=reason_text(answer.reason) if answer.reason else None,
        last_known=s.LastKnown(answer.last_known.answer, answered.as_of) if answer.last_known else None,
        sites=sites if answer.reason == "site_not_chosen" else [],
    )


def _fact(answer: Answer, found: Part) -> s.Text | None:
    """The words behind an answer, unless they rest on a field that is withheld."""
    hidden = {row.field for row in found.released.withheld}
    if answer.fact is None or hidden.intersection(answer.inputs):
        return None
    return s.Text(*answer.fact)


def _sites(view: View) -> list[s.SiteChoice]:
    """Premises that any section knows of; class 4 wherever they are told."""
    found: dict[str, s.SiteChoice] = {}
    for section in ("registration", "fire", "food"):
        if section in view.parts:
            for row in view.parts[section].released.values.get("sites", []):
                found.setdefault(row["site_ref"], s.SiteChoice(row["site_ref"], row.get("name"), row.get("address")))
    return list(found.values())


def _registration_told_sites(view: View) -> bool:
    found = view.parts.get("registration")
    return found is not None and found.answered.is_current and bool(found.released.values.get("sites"))


def findings(view: View) -> list[s.Finding]:
    """Findings from what was released now."""
    return [s.Finding(n.code, n.severity, s.Text(n.zh, n.en), list(n.cites)) for n in notice(_current(view), view.today)]


def conflicts(view: View) -> list[s.ConflictRead]:
    """Contradictions between what was released now."""
    as_of = {name: found.answered.as_of for name, found in view.parts.items()}
    return [
        s.ConflictRead(
            c.element,
            [s.ToldValue(t.section, t.value, t.as_of) for t in c.told],
            c.authoritative,
            s.Text(c.zh, c.en),
        )
        for c in find_conflicts(_current(view), as_of, view.catalogue)
    ]


def _current(view: View) -> dict[str, dict[str, Any]]:
    return {n: f.released.values for n, f in view.parts.items() if f.answered.is_current and f.released.values}


def completeness(view: View) -> s.Completeness:
    """How many spoke now, and who is missing."""
    by_outcome = {name: found.answered for name, found in view.parts.items()}
    missing = [name for name, answered in by_outcome.items() if not answered.is_current]
    return s.Completeness(
        asked=len(by_outcome),
        answered=len(by_outcome) - len(missing),
        stale=[n for n, a in by_outcome.items() if a.outcome == Outcome.STALE],
        not_applicable=[n for n, a in by_outcome.items() if a.outcome == Outcome.NOT_APPLICABLE],
        missing=missing,
        required_missing=[n for n in missing if view.parts[n].manifest.required],
    )


def name_of(view: View) -> str | None:
    """The business's name: the registration's word, else any other released one."""
    for section, field in (
        ("registration", "entity_name"),
        ("tax", "taxpayer_name"),
        ("food", "holder_name"),
        ("fire", "unit_name"),
    ):
        found = view.parts.get(section)
        if found and (name := found.released.values.get(field)):
            return str(name)
    return None


def digest(view: View, derived: tuple[object, ...], policy: str) -> str:
    """SHA-256 over data, outcomes, source times, what is derived and policy versions; not over times of this answer."""
    content = {
        name: (f.answered.outcome, f.answered.as_of, f.released.values, f.label, f.grant and f.grant.agreement)
        for name, f in sorted(view.parts.items())
    }
    encoded = msgspec.json.encode((view.business.value, view.site, policy, derived, content), order="deterministic")
    return hashlib.sha256(encoded).hexdigest()
