"""A look-up: who may ask for what, and what is told: a whole profile, or one section."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from msgspec import Raw, structs

from adapters.contract import REASONS, BusinessId, IdentifierError, parse
from adapters.contract.business_id import Unusual
from adapters.contract.sections import encode
from app.businesses import service as businesses
from app.businesses.places import UNKNOWN, Place
from app.core.snapshots import Snapshots
from app.profile import assemble, events, section
from app.profile import schemas as s
from app.profile.answer import Encoded
from app.profile.disclosure import Disclosed, Disclosure, Gone
from app.profile.errors import IdentifierNeedsResolving, SectionUnknown
from app.profile.findings import FINDINGS
from app.profile.headline import HEADLINE_REASONS
from app.profile.plans import Prepared
from app.profile.request import LookUp
from auth.principal import Principal


@dataclass(slots=True)
class Engine:
    """What the profile's doors ask. `press` tells the admission that departments could not be
    asked for want of room.
    """

    disclosure: Disclosure
    snapshots: Snapshots
    press: Callable[[], None]

    def may_know_task(self, principal: Principal, task: str | None) -> bool:
        """Whether the task that is named is one of the caller's that are open, as far as is known
        here; none is.
        """
        return task is None or self.has_task(principal, task)

    def has_task(self, principal: Principal, task: str) -> bool:
        """Whether an open task of that id is this caller's."""
        found = self.disclosure.tasks.value.get(task)
        return found is not None and found.is_for(principal.subject)

    async def prepare(self, principal: Principal, look_up: LookUp) -> Prepared:
        """Check that this look-up is allowed. Raises refusals."""
        started = asyncio.get_running_loop().time()
        if not self.may_know_task(principal, look_up.task):
            # Another process may have opened it within the snapshot's period. Whether somebody
            # else has such a task, the time of the refusal does not tell.
            await self.snapshots.refresh_now()
        prepared = self.prepare_at(principal, look_up, started)
        if prepared is None:
            known = await self.disclosure.whereabouts.find(
                identified(look_up.text, look_up.unusual).key
            )
            prepared = self.prepare_at(principal, look_up, started, known)
        return cast("Prepared", prepared)

    def prepare_at(
        self, principal: Principal, look_up: LookUp, started: float, known: Place | None = None
    ) -> Prepared | None:
        """As `prepare`, without waiting for anybody: None if it takes the database to know where
        the business is. Tasks that another process opened a moment ago are not known.
        """
        business = identified(look_up.text, look_up.unusual)
        region = self.disclosure.region(principal, look_up, business, known)
        if region is None:
            return None
        place = known or self.disclosure.whereabouts.at_once(business.key) or UNKNOWN
        lies_in = place.of_site(look_up.site) or place.region
        # Whom to ask rests on where it is believed to be; what is told, on where it is.
        plan = self.disclosure.plan(principal, look_up, business, region, lies_in or region.code)
        located = bool(lies_in) and not place.is_old
        return Prepared(principal, look_up, business, plan, started, region, is_located=located)

    async def look_up(
        self, principal: Principal, look_up: LookUp, gone: Gone | None = None
    ) -> Encoded:
        """The merged profile, by its deadline, its audit entry durable before it is returned.

        Raises refusals, `AuditUnavailable`, and `ClientGone` once `gone` returns.
        """
        return await self.carry_out(await self.prepare(principal, look_up), gone)

    async def carry_out(self, prepared: Prepared, gone: Gone | None = None) -> Encoded:
        """Ask, and disclose what came."""
        disclosure = self.disclosure
        prepared, replies = await disclosure.replies(prepared, gone=gone)
        return await disclosure.disclose(prepared, replies, self._whole)

    def _whole(self, prepared: Prepared, view: assemble.View) -> Disclosed[Encoded]:
        closing = assemble.Closing(view, prepared.plan.policy)
        summary = prepared.look_up.summary

        told = closing.read(prepared.look_up, 0)
        common = {name: getattr(told, name) for name in s.ClosingRead.__struct_fields__}
        sections = {
            name: _ready(
                section.section_bytes(part, view.now, summary=summary, basis=view.basis_of(part))
            )
            for name, part in view.parts.items()
        }

        # Where no agreement covers anybody, nobody was asked: coming again later changes nothing.
        answered = closing.completeness.answered > 0 or (
            bool(view.parts) and all(part.spec.grant is None for part in view.parts.values())
        )

        def tell(entry: str) -> Encoded:
            self._tell_shedding(closing.completeness, view)
            common["elapsed_ms"] = prepared.elapsed_ms
            profile = s.Profile(**common, sections=sections, audit=s.AuditRead(entry))
            return Encoded(encode(profile), told.etag, answered)

        return Disclosed(events.viewed(prepared, view, closing.digest), tell)

    def _tell_shedding(self, completeness: s.Completeness, view: assemble.View) -> None:
        """When no department answers because none could be asked, fewer look-ups at once serve
        everybody better.
        """
        if not completeness.answered and any(
            part.reply.reason == "queue_full" for part in view.parts.values()
        ):
            self.press()

    async def section(
        self, principal: Principal, look_up: LookUp, name: str, gone: Gone | None = None
    ) -> bytes:
        """One section, asked alone and patiently.

        Raises `SectionUnknown` if no adapter serves it, and as `look_up` does.
        """
        prepared = await self.prepare(principal, look_up)
        if name not in prepared.plan.specifications:
            raise SectionUnknown(pointer="/path/section")
        prepared, replies = await self.disclosure.replies(prepared, name, gone)

        def alone(prepared: Prepared, view: assemble.View) -> Disclosed[bytes]:
            part = view.parts.get(name)
            if part is None:  # its adapter was suspended meanwhile
                raise SectionUnknown(pointer="/path/section")
            event = events.section_viewed(prepared, name, part)
            told = _alone(prepared, view, name)
            return Disclosed(
                event, lambda entry: encode(structs.replace(told, audit=s.AuditRead(entry)))
            )

        # Where premises are, registration says: the answer may rest on it.
        only = tuple({name, *replies}) if name in _OF_PREMISES else (name,)
        return await self.disclosure.disclose(prepared, replies, alone, only=only)


_OF_PREMISES = frozenset({assemble.RESTS_ON["fire_permit"][0]})


def _ready(encoded: bytes) -> s.SectionRead:
    """A section that is encoded already, where one is wanted."""
    return cast("s.SectionRead", Raw(encoded))


def _alone(prepared: Prepared, view: assemble.View, name: str) -> s.SectionAlone:
    """As it leaves, but for its entry."""
    look_up, part = prepared.look_up, view.parts[name]
    told = section.section_read(part, view.now, summary=look_up.summary, basis=view.basis_of(part))
    return s.SectionAlone(
        assemble.business_read(view),
        name,
        _ready(encode(told)),
        {
            q: assemble.answer_to(view, q)
            for q, rests in assemble.RESTS_ON.items()
            if name == rests[0]
        },
        s.PurposeRead(look_up.purpose, look_up.task),
        view.now,
        prepared.elapsed_ms,
        s.AuditRead(""),
    )


def subject_of(text: str) -> str:
    """What a look-up is about, for the entry of its refusal; nothing for a text that names no
    business.
    """
    try:
        return parse(text, "on_licence").key
    except IdentifierError:
        return ""


def identified(text: str, unusual: Unusual | None = None) -> BusinessId:
    """The business a text names, if departments can be asked for it. Raises the refusal."""
    business = businesses.identified(text, "/path/business_id", unusual)
    if not business.names_a_business:
        raise IdentifierNeedsResolving(pointer="/path/business_id")
    return business


def list_reasons() -> list[s.ReasonRead]:
    """Every reason of a section, then those that only the headline has."""
    found = [(code, reason.outcome, reason.advice) for code, reason in sorted(REASONS.items())]
    only = [(code, None, advice) for code, advice in sorted(HEADLINE_REASONS.items())]
    return [
        s.ReasonRead(code=code, outcome=outcome, text=advice.words, what_now=advice.what_now)
        for code, outcome, advice in (*found, *only)
    ]


def list_findings() -> list[s.FindingKindRead]:
    """Every kind of finding."""
    return [
        s.FindingKindRead(code=code, severity=kind.severity, text=kind.words)
        for code, kind in sorted(FINDINGS.items())
    ]
