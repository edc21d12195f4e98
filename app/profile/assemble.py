"""From sections to the profile: what rests on several of them, the headline, findings,
contradictions, completeness, and the digest of the whole. Pure.
"""

import hashlib
from datetime import date, datetime, timedelta
from typing import cast

from msgspec import Raw, Struct

from adapters.contract import BusinessId, Outcome
from adapters.contract.sections import encode
from adapters.contract.words import Words
from app.businesses.schemas import Business
from app.businesses.service import describe
from app.catalogue.classification import Catalogue
from app.profile import schemas as s
from app.profile.findings import notice
from app.profile.headline import RULES, Facts, HeadlineRuling, decide
from app.profile.merge import find_conflicts
from app.profile.request import LookUp
from app.profile.section import Part, reason_text

EXPIRES_AFTER = timedelta(minutes=15)
_ALL_READ: frozenset[str] = frozenset()


class View(Struct, frozen=True):
    """Everything of a look-up that is not yet bytes."""

    business: BusinessId
    site: str | None
    parts: dict[str, Part]
    catalogue: Catalogue
    now: datetime
    today: date
    site_known: bool = False
    """Whether sections that answer for a site were asked where the chosen site is."""
    basis: s.Basis = "only"

    def basis_of(self, found: Part) -> s.Basis:
        """What told whom to ask about a section."""
        scope = found.spec.manifest.scope
        return "site" if self.site_known and scope == "site" else self.basis


def headline(view: View) -> s.Headline:
    """The three answers; they are derived values and pass the decision with the strictest class of
    their inputs.
    """
    sites = _sites(view)
    return s.Headline(**{question: _headline_answer(view, question, sites) for question in RULES})


RESTS_ON = {
    "registered": ("registration",),
    "taxes_on_time": ("tax",),
    "fire_permit": ("fire", "registration", "food"),
}
"""The sections that an answer looks at; fire permits stand for premises, which others know too."""


def answer_to(view: View, question: str) -> s.HeadlineAnswer:
    """One of the three answers."""
    return _headline_answer(view, question, _sites(view))


def answers_on(view: View, name: str) -> dict[str, s.HeadlineAnswer]:
    """The answer that rests on a section first of all, if one does."""
    return {q: answer_to(view, q) for q, rests in RESTS_ON.items() if rests[0] == name}


def _headline_answer(view: View, question: str, sites: list[s.SiteChoice]) -> s.HeadlineAnswer:
    section = RULES[question][0]
    found = view.parts.get(section)
    if found is None:
        return s.HeadlineAnswer("unknown", section, reason=reason_text("not_asked"))
    grant = found.spec.grant
    if grant is None or not grant.headline:
        return s.HeadlineAnswer("unknown", section, reason=reason_text("agreement_missing"))
    reply = found.reply
    facts = Facts(
        reply.outcome,
        reply.reason if reply.outcome != Outcome.STALE else "stale",
        reply.data,
        reply.as_of,
        view.today,
        view.business.scheme,
        view.site,
        tuple(site.site_ref for site in sites),
        _registration_told_sites(view),
        view.business.value,
        reply.unreadable_fields if reply.unreadable else _ALL_READ,
    )
    _, answer = decide(question, facts)
    return s.HeadlineAnswer(
        answer.answer,
        section,
        _fact(answer, found),
        reply.as_of,
        reason_text(answer.reason) if answer.reason else None,
        s.LastKnown(answer.last_known.answer, reply.as_of) if answer.last_known else None,
        sites if answer.reason == "site_not_chosen" else [],
    )


def _fact(ruling: HeadlineRuling, found: Part) -> Words | None:
    """The words behind an answer, unless they rest on a field that is withheld."""
    release = found.spec.release
    if release is None or not release.withheld_names.isdisjoint(ruling.inputs):
        return None
    return ruling.fact


def _sites(view: View) -> list[s.SiteChoice]:
    """Premises that any section knows of; class 4 wherever they are told."""
    found: dict[str, s.SiteChoice] = {}
    for section in ("registration", "fire", "food"):
        if section in view.parts:
            for row in getattr(view.parts[section].released.values, "sites", ()):
                if row.site_ref not in found:
                    found[row.site_ref] = s.SiteChoice(row.site_ref, row.name, row.address)
    return list(found.values())


def _registration_told_sites(view: View) -> bool:
    found = view.parts.get("registration")
    return (
        found is not None
        and found.reply.is_current
        and bool(getattr(found.released.values, "sites", None))
    )


def findings_and_conflicts(view: View) -> tuple[list[s.Finding], list[s.ConflictRead]]:
    """Findings from what was released now, and contradictions in it."""
    current, as_of = {}, {}
    for name, found in view.parts.items():
        if found.released.values is not None and found.reply.is_current:
            current[name], as_of[name] = found.released.values, found.reply.as_of
    return notice(current, view.today), list(
        find_conflicts(current, as_of, view.catalogue, view.site)
    )


def completeness(view: View) -> s.Completeness:
    """How many spoke now, and who is missing."""
    stale, not_applicable, missing = [], [], []
    for name, found in view.parts.items():
        outcome = found.reply.outcome
        if outcome is Outcome.FRESH:
            continue
        if not found.reply.is_current:
            missing.append(name)
        if outcome == Outcome.STALE:
            stale.append(name)
        elif outcome == Outcome.NOT_APPLICABLE:
            not_applicable.append(name)
    asked = len(view.parts)
    required = [n for n in missing if view.parts[n].spec.manifest.required]
    return s.Completeness(asked, asked - len(missing), stale, not_applicable, missing, required)


_NAMES = (
    ("registration", "entity_name"),
    ("tax", "taxpayer_name"),
    ("food", "holder_name"),
    ("fire", "unit_name"),
)


def name_of(view: View) -> str | None:
    """The business's name: the registration's word, else any other released one."""
    for section, field in _NAMES:
        found = view.parts.get(section)
        if found and (name := getattr(found.released.values, field, None)):
            return str(name)
    return None


def digest(view: View, derived: tuple[bytes, ...], policy: str) -> str:
    """SHA-256 over data, outcomes, source times, what is derived and policy versions; not over
    times of this answer.
    """
    content: list[object] = [view.business.value, view.site, policy]
    pieces = [*derived]
    for name, found in view.parts.items():
        reply, spec = found.reply, found.spec
        outcome = Outcome.FRESH if reply.outcome is Outcome.CACHED else reply.outcome
        content += (
            name,
            outcome,
            None if reply.received else reply.as_of,
            spec.label,
            spec.grant.agreement if spec.grant else None,
        )
        if reply.unreadable:
            content.append(reply.unreadable)
        pieces.append(found.released.encoded)
    # Lengths keep the pieces apart: no two different contents have the same bytes.
    content += map(len, pieces)
    return hashlib.sha256(encode(content) + b"".join(pieces)).hexdigest()


class Closing:
    """Everything that rests on more than one section, and the digest of the whole."""

    def __init__(self, view: View, policy: str) -> None:
        findings, conflicts = findings_and_conflicts(view)
        derived = (encode(headline(view)), encode(findings), encode(conflicts))
        self._view = view
        self._headline, self._findings, self._conflicts = map(Raw, derived)
        self.completeness = completeness(view)
        self.digest = digest(view, derived, policy)

    def read(self, look_up: LookUp, elapsed_ms: int) -> s.ClosingRead:
        """As it leaves."""
        view = self._view
        return s.ClosingRead(
            business=business_read(view),
            name=name_of(view),
            headline=cast("s.Headline", self._headline),
            findings=cast("list[s.Finding]", self._findings),
            conflicts=cast("list[s.ConflictRead]", self._conflicts),
            completeness=self.completeness,
            purpose=s.PurposeRead(look_up.purpose, look_up.task),
            generated_at=view.now,
            elapsed_ms=elapsed_ms,
            expires_at=view.now + EXPIRES_AFTER,
            etag=f'W/"{self.digest[:32]}{"-s" if look_up.summary else ""}"',
        )


def business_read(view: View) -> Business:
    """The identifier as understood."""
    return describe(view.business, view.site)
