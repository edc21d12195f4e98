"""From answers and grants to the profile: release field by field, answer the headline, find
contradictions. Pure.

What does not depend on the business is prepared once per adapter and grant (`Specification`), as
encoded pieces.
"""

import hashlib
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from msgspec import UNSET, Raw, Struct

from adapters.contract import REASONS, BusinessId, Manifest, Outcome, shape_of
from adapters.contract.sections import encode
from adapters.contract.words import Advice, Words, advice_of
from adapters.dispatch.reply import Reply
from app.agreements.decision import Grant, Release, Released
from app.businesses.schemas import Business
from app.businesses.service import describe
from app.catalogue.classification import ANALYSIS_ONLY, Catalogue, FieldClass
from app.profile import schemas as s
from app.profile.findings import notice
from app.profile.headline import HEADLINE_REASONS, RULES, Facts, HeadlineRuling, decide
from app.profile.merge import find_conflicts
from app.profile.request import LookUp

NOTHING = Released(None, b"")
DENIED = Reply(Outcome.DENIED, "agreement_missing", 0)
ELSEWHERE = Reply(Outcome.UNAVAILABLE, "other_region", 0)
"""The office that is competent was not asked."""
EXPIRES_AFTER = timedelta(minutes=15)


class Specification(Struct, frozen=True):
    """One section for one grant: who is asked, what may be released, and the parts of the answer
    that never change.
    """

    manifest: Manifest
    label: str
    grant: Grant | None
    release: Release | None
    title: Raw
    withheld: Raw | None
    tells_all: bool
    office: tuple[str, bool] | None = None
    """Region, and whether it is the candidate version; where there are several."""
    unasked: Reply = DENIED
    """What is told where nobody was asked."""
    begin: bytes = b""
    """A current section as bytes, up to what differs between two of them; and what stands before
    its data.
    """
    middle: bytes = b""


def specify(
    manifest: Manifest,
    label: str,
    grant: Grant | None,
    catalogue: Catalogue,
    office: tuple[str, bool] | None = None,
) -> Specification:
    """Prepare a section for a grant; None grants nothing."""
    classes = catalogue.of_section(manifest.section)
    release = Release(shape_of(manifest.section), classes, grant) if grant is not None else None
    withheld = [_withheld(row) for row in release.withheld] if release else []
    # A digest over hidden values would tell that they changed, and over masked digits which they
    # are.
    tells_all = not withheld and all(row.level > ANALYSIS_ONLY for row in classes.values())
    title = Raw(encode(Words(manifest.title_zh, manifest.title_en)))
    return Specification(
        manifest,
        label,
        grant,
        release,
        title,
        Raw(encode(withheld)) if withheld else None,
        tells_all,
        office,
        DENIED if grant is None else ELSEWHERE,
        *_pieces(manifest, label, title, grant),
    )


def _pieces(manifest: Manifest, label: str, title: Raw, grant: Grant | None) -> tuple[bytes, bytes]:
    """What is the same in every current section of a department, encoded once."""
    plain = s.SectionRead(
        outcome=Outcome.FRESH,
        department=manifest.department,
        title=cast("Words", title),
        adapter=label,
        scope=manifest.scope,
        elapsed_ms=0,
    )
    told = {"catalogue": manifest.catalogue_no, "agreement": grant.agreement if grant else ""}
    named = [b",%b:%b" % (encode(name), encode(value)) for name, value in told.items() if value]
    return encode(plain).removesuffix(b"0}"), b"".join(named)


class Part(Struct, frozen=True):
    """One section: who was asked, what came, and what may be seen of it."""

    spec: Specification
    reply: Reply
    released: Released


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


def part(spec: Specification, reply: Reply) -> Part:
    """Apply the grant to a reply."""
    if spec.release is None or reply.data is None:
        return Part(spec, reply, NOTHING)
    return Part(spec, reply, spec.release.apply(reply.data, reply.encoded or encode(reply.data)))


@lru_cache(maxsize=512)
def reason_text(code: str) -> s.ReasonText:
    """A reason in both languages, with what to do now."""
    advice = REASONS[code].advice if code in REASONS else HEADLINE_REASONS[code]
    return s.ReasonText(code, advice.words, advice.what_now)


def section_read(
    found: Part, now: datetime, *, summary: bool = False, basis: s.Basis = "only"
) -> s.SectionRead:
    """One section as it leaves; a summary leaves the data out. `basis` told whom to ask."""
    reply, spec, released = found.reply, found.spec, found.released
    manifest = spec.manifest
    spoke = reply.data is not None and spec.grant is not None
    shown = spoke and not summary
    return s.SectionRead(
        outcome=reply.outcome,
        department=manifest.department,
        title=cast("Words", spec.title),
        adapter=spec.label,
        scope=manifest.scope,
        site_ref=getattr(released.values, "site_ref", None),
        reason=reason_text(reply.reason) if reply.reason else None,
        contact=None if reply.is_current else manifest.contact or None,
        as_of=reply.as_of,
        fetched_at=reply.fetched_at,
        age_s=max(int((now - reply.as_of).total_seconds()), 0) if reply.as_of else None,
        elapsed_ms=reply.elapsed_ms,
        attempts=reply.attempts,
        catalogue=manifest.catalogue_no or None,
        agreement=spec.grant.agreement if spec.grant else None,
        office=s.OfficeRead(spec.office[0], basis, spec.office[1]) if spec.office else None,
        data=cast("Any", Raw(released.encoded)) if shown else UNSET,
        withheld=cast("Any", spec.withheld) if shown and spec.withheld else [],
        masked=[_masked(row) for row in released.masked] if shown else [],
        classes=list(released.classes) if spoke else [],
        source_digest=reply.digest if spec.tells_all and not released.masked else None,
    )


def section_bytes(
    found: Part, now: datetime, *, summary: bool = False, basis: s.Basis = "only"
) -> bytes:
    """`section_read`, encoded; a current answer is put together from pieces made before."""
    reply, spec, released = found.reply, found.spec, found.released
    as_of, fetched_at = reply.as_of, reply.fetched_at
    if (
        reply.outcome is not Outcome.FRESH
        or summary
        or reply.reason
        or as_of is None
        or fetched_at is None
        or not reply.attempts
        or not released.encoded
        or spec.office
    ):
        return encode(section_read(found, now, summary=summary, basis=basis))
    site = getattr(released.values, "site_ref", None)
    told = b""
    if spec.withheld:
        told = b',"withheld":%b' % bytes(spec.withheld)
    if released.masked:
        told += b',"masked":%b' % encode([_masked(row) for row in released.masked])
    if released.classes:
        told += b',"classes":%b' % encode(released.classes)
    if spec.tells_all and not released.masked and reply.digest:
        told += b',"source_digest":"%b"' % reply.digest.encode()
    return b'%b%d%b,"as_of":%b,"fetched_at":%b,"age_s":%d,"attempts":%d%b,"data":%b%b}' % (
        spec.begin,
        reply.elapsed_ms,
        b"" if site is None else b',"site_ref":%b' % encode(site),
        encode(as_of),
        encode(fetched_at),
        max((now - as_of).total_seconds(), 0),
        reply.attempts,
        spec.middle,
        released.encoded,
        told,
    )


_HIDDEN = advice_of(Path(__file__).with_name("data") / "hidden.csv")


def _withheld(row: FieldClass) -> s.Hidden:
    return _hidden(row, "class_above_grant", _HIDDEN["class_above_grant"])


@lru_cache(maxsize=512)
def _masked(row: FieldClass) -> s.Hidden:
    return _hidden(row, row.mask, _HIDDEN["masked"])


def _hidden(row: FieldClass, reason: str, advice: Advice) -> s.Hidden:
    return s.Hidden(f"/{row.field}", row.level, reason, advice.words, advice.what_now)


def headline(view: View) -> s.Headline:
    """The three answers; they are derived values and pass the decision with the strictest class of
    their inputs.
    """
    sites = _sites(view)
    return s.Headline(**{question: _headline_answer(view, question, sites) for question in RULES})


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
    return notice(current, view.today), list(find_conflicts(current, as_of, view.catalogue))


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
            reply.as_of,
            spec.label,
            spec.grant.agreement if spec.grant else None,
        )
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
