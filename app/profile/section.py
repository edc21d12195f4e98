"""One section: who is asked for it, what came, what of it may be seen, and how it leaves. Pure.

What does not depend on the business is prepared once per adapter and grant (`Specification`), as
encoded pieces.
"""

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from msgspec import UNSET, Raw, Struct

from adapters.contract import REASONS, Manifest, Outcome, shape_of
from adapters.contract.sections import encode
from adapters.contract.words import Advice, Words, advice_of, words_of
from adapters.dispatch.reply import Reply
from app.agreements.decision import Grant, Release, Released, reason_of
from app.catalogue.classification import ANALYSIS_ONLY, Catalogue, FieldClass
from app.profile import schemas as s
from app.profile.headline import HEADLINE_REASONS

NOTHING = Released(None, b"")
DENIED = Reply(Outcome.DENIED, "agreement_missing", 0)
QUOTA = Reply(Outcome.DENIED, "quota_exhausted", 0)
ELSEWHERE = Reply(Outcome.UNAVAILABLE, "other_region", 0)
"""The office that is competent was not asked."""


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
    *,
    denied: Reply = DENIED,
) -> Specification:
    """Prepare a section for a grant; None grants nothing, for the reason `denied`."""
    classes = catalogue.of_section(manifest.section)
    release = Release(shape_of(manifest.section), classes, grant) if grant is not None else None
    withheld = [_withheld(row, release.given) for row in release.withheld] if release else []
    # A digest over hidden values would tell that they changed, and over masked digits which they
    # are.
    tells_all = (
        grant is not None
        and not withheld
        and all(row.level > ANALYSIS_ONLY for row in classes.values())
    )
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
        denied if grant is None else ELSEWHERE,
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


def part(spec: Specification, reply: Reply) -> Part:
    """Apply the grant to a reply. Raises `TypeError` for data of another section's shape."""
    if spec.release is None:  # whoever was asked meanwhile: not even that there is a record is told
        return Part(spec, spec.unasked, NOTHING)
    if reply.data is None:
        return Part(spec, reply, NOTHING)
    if type(reply.data) is not spec.release.shape:
        raise TypeError(f"{spec.label} told {type(reply.data).__name__}")
    return Part(spec, reply, spec.release.apply(reply.data, reply.encoded or encode(reply.data)))


def failed(spec: Specification, reply: Reply) -> Part:
    """A section of which nothing can be told, because what came of it breaks in our hands."""
    told = Reply(Outcome.UNAVAILABLE, "adapter_failed", reply.elapsed_ms, attempts=reply.attempts)
    return Part(spec, told if spec.grant is not None else spec.unasked, NOTHING)


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
        as_of_basis="received" if reply.received else None,
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
        unreadable=_unreadable(found) if shown and reply.unreadable else [],
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
        or reply.unreadable
        or reply.received
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


_UNREADABLE = words_of(Path(__file__).with_name("data") / "unreadable.csv")


def _unreadable(found: Part) -> list[s.UnreadableRead]:
    """What could not be read of the fields that this caller may see."""
    release = found.spec.release
    return [
        s.UnreadableRead(row.pointer, row.wanted, _UNREADABLE[row.wanted])
        for row in found.reply.unreadable
        if release is not None and release.shows(row.pointer.split("/", 2)[1])
    ]


_HIDDEN = advice_of(Path(__file__).with_name("data") / "hidden.csv")


def _withheld(row: FieldClass, given: Grant) -> s.Hidden:
    """Why, and what to do now: of the check that keeps this class closed."""
    reason = reason_of(row, given)
    return _hidden(row, reason, _HIDDEN[reason])


@lru_cache(maxsize=512)
def _masked(row: FieldClass) -> s.Hidden:
    return _hidden(row, row.mask, _HIDDEN["masked"])


def _hidden(row: FieldClass, reason: str, advice: Advice) -> s.Hidden:
    return s.Hidden(f"/{row.field}", row.level, reason, advice.words, advice.what_now)
