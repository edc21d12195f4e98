"""One way from question to answer, for profiles, sections, streams and batches alike:
ask → confirm (the policy of this moment) → release → audit entry durable → tell.

No database is touched on this path: adapters, agreements, people and tasks are snapshots.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from msgspec import structs

from adapters.contract import BusinessId, Outcome
from adapters.dispatch.dispatcher import Dispatcher
from adapters.dispatch.fan_out import OnSection
from adapters.dispatch.reply import Reply
from app.agreements.decision import DatedTerms, Quota
from app.agreements.metering import Meter
from app.agreements.standing import Asked, standing_of
from app.audit.events import Event
from app.audit.sequencer import Sequencer
from app.businesses.places import Place
from app.businesses.whereabouts import Whereabouts
from app.core.clock import Clock, local_date
from app.core.errors import DomainError
from app.core.rules import Switches
from app.core.snapshots import Snapshot, Snapshots
from app.profile import assemble, events, section
from app.profile.faults import Faults
from app.profile.inquiry import REGISTRATION, Inquiry, place_told, region_told
from app.profile.isolation import Failed, isolated
from app.profile.plans import Plan, Plans, Prepared, Region
from app.profile.request import LookUp
from app.registry.directory import Directory
from app.tasks.lifecycle import OpenTask
from auth.principal import Principal

T = TypeVar("T")
_WATCH_AFTER_SECONDS = 0.02
_CONFIRM_AGAIN_SECONDS = 0.5
_LEAST_ENTRY_SECONDS = 0.1
"""What an entry has, however late the departments were."""
Gone = Callable[[], Awaitable[None]]
"""Returns when the caller has left."""


class ClientGone(Exception):
    """The caller left before the answer was whole; departments are no longer asked."""


@dataclass(frozen=True, slots=True)
class Disclosed(Generic[T]):
    """What is about to be told: the entry that must be durable first, and the telling."""

    event: Event
    tell: Callable[[str], T]
    """From the entry's id to what leaves: everything that can fail is done before."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """The long-lived parts of that way."""

    directory: Directory
    whereabouts: Whereabouts
    people: Callable[[Principal], Principal]
    """Who somebody is now who was let in before; raises a refusal."""
    tasks: Snapshot[dict[str, OpenTask]]
    agreements: Snapshot[tuple[DatedTerms, ...]]
    policy: Snapshots
    """Of which those above are: whether they are fresh enough to decide anything."""
    sequencer: Sequencer
    clock: Clock
    dispatcher: Dispatcher
    plans: Plans
    faults: Faults
    meter: Meter
    switches: Snapshot[Switches]

    def region(
        self, principal: Principal, look_up: LookUp, business: BusinessId, known: Place | None
    ) -> Region | None:
        """Where the business is, as far as whom to ask goes; None if it takes the database to know.

        No decision rests on it: the task's region, else the chosen site's, else what registration
        told last, else the caller's own (who stands at the door); never the digits of the code.
        """
        if not self.directory.offices.several:
            return Region(principal.region, "only")
        task = self.tasks.value.get(look_up.task or "")
        if task is not None and task.region:
            return Region(task.region, "task")
        known = known or self.whereabouts.at_once(business.key)
        if known is None:
            return None
        site = known.of_site(look_up.site)
        if known.region:
            return Region(known.region, "registration", site)
        return Region(principal.region, "caller", site)

    def plan(
        self,
        principal: Principal,
        look_up: LookUp,
        business: BusinessId,
        region: Region,
        lies_in: str,
        closed: frozenset[Quota] | None = None,
    ) -> Plan:
        """What this caller may ask and see now, of a business that lies, as registration told, in
        the region `lies_in` (empty: not known). Raises the refusals of `standing`, and
        `PolicyStale` where what is known here may be old.
        """
        self.policy.require_fresh()
        now = self.clock.now()
        asked = Asked(
            self.people(principal),
            business.key,
            look_up.site,
            look_up.purpose,
            look_up.task,
            self.tasks.value,
            now,
            lies_in,
            self.switches.value,
        )
        choice = self.directory.offices.choose(region.code, business.key, region.site)
        return self.plans.plan(
            choice,
            self.agreements.value,
            standing_of(asked),
            local_date(now),
            self.meter.closed if closed is None else closed,
        )

    def inquiry(self, prepared: Prepared, on_section: OnSection | None = None) -> Inquiry:
        """The questions of a look-up; `on_section` hears of each outcome when it is known."""
        return Inquiry(self.dispatcher, prepared, self._moved, on_section)

    async def replies(
        self, prepared: Prepared, only: str | None = None, gone: Gone | None = None
    ) -> tuple[Prepared, dict[str, Reply]]:
        """The replies by the deadline, of one section patiently, and the look-up as they are to be
        read; nothing is left under way for a caller who is gone.
        """
        inquiry = self.inquiry(prepared)
        try:
            inquiry.begin(only)
            await _whole(inquiry.whole, gone)
        except (ClientGone, asyncio.CancelledError):
            self.abandoned(prepared)
            raise
        finally:
            inquiry.cancel()
        self.learn(prepared, inquiry.replies)
        return inquiry.prepared, inquiry.replies

    def learn(self, prepared: Prepared, replies: dict[str, Reply]) -> None:
        """Keep where the business is, if registration has told it now."""
        told = replies.get(REGISTRATION)
        if told is not None and told.outcome is Outcome.FRESH:
            self.whereabouts.tell(prepared.business.key, place_told(told))

    def _moved(self, prepared: Prepared, region: Region) -> Prepared:
        """The look-up by the offices of another region; as it was where it may not go on."""
        try:
            plan = self.plan(
                prepared.principal, prepared.look_up, prepared.business, region, region.code
            )
        except DomainError:  # the refusal is told when the answer is confirmed
            return prepared
        return structs.replace(prepared, plan=plan.within(prepared.plan), region=region)

    def abandoned(self, prepared: Prepared) -> None:
        """Record that departments were asked for a caller who left."""
        events.record_quietly(self.sequencer, events.abandoned(prepared))

    async def _kept_region(self, prepared: Prepared) -> str:
        """Where registration told last that the business (or the chosen site) is."""
        place = await self.whereabouts.find(prepared.business.key)
        return place.of_site(prepared.look_up.site) or place.region

    def _plan_of(
        self, prepared: Prepared, lies_in: str, refused: frozenset[Quota] = frozenset()
    ) -> Plan:
        """By the policy of this moment; what was taken for this look-up is its own. Raises
        refusals.
        """
        closed = self.meter.closed
        if closed or refused:
            closed = (closed - prepared.taken.keys()) | refused
        who, what, whose = prepared.principal, prepared.look_up, prepared.business
        return self.plan(who, what, whose, prepared.region, lies_in, closed)

    async def metered(
        self,
        prepared: Prepared,
        plan: Plan,
        lies_in: str,
        replies: dict[str, Reply],
        only: tuple[str, ...] | None,
    ) -> Plan:
        """The plan that is left once what telling these replies takes from quotas is taken. Raises
        refusals, and `DatabaseBusy` where that is not known in time.
        """
        refused: frozenset[Quota] = frozenset()
        while plan.metered and (due := _due(plan, replies, only, prepared.taken)):
            now = asyncio.get_running_loop().time()
            by = prepared.started + prepared.look_up.deadline_ms / 1000
            counts = {quota: len(names) for quota, names in due.items()}
            found = await self.meter.take(counts, max(by, now + _LEAST_ENTRY_SECONDS))
            for quota, names in due.items():
                if quota not in found:
                    prepared.taken.setdefault(quota, set()).update(names)
            refused |= found
            plan = self._plan_of(prepared, lies_in, refused)
        return plan

    def confirmed(self, prepared: Prepared, plan: Plan) -> Prepared:
        """The look-up by the policy of this moment: a task closed or an agreement ended since the
        question discloses nothing. Names only adapters that were asked.
        """
        if plan is prepared.plan:
            return prepared
        return structs.replace(prepared, plan=plan.asked_as(prepared.plan))

    def view(
        self,
        prepared: Prepared,
        replies: dict[str, Reply],
        only: tuple[str, ...] | None = None,
        failed: Failed = frozenset(),
    ) -> assemble.View:
        """What may be seen of the replies, by this caller, now; nothing of those that failed in our
        hands.
        """
        now, plan = self.clock.now(), prepared.plan
        parts = {
            name: section.part(spec, replies.get(name, spec.unasked))
            if name not in failed
            else section.failed(spec, replies.get(name, spec.unasked))
            for name, spec in plan.specifications.items()
            if only is None or name in only
        }
        look_up = prepared.look_up
        return assemble.View(
            prepared.business,
            look_up.site,
            parts,
            plan.catalogue,
            now,
            local_date(now),
            bool(prepared.region.site),
            prepared.region.basis,
        )

    async def disclose(
        self,
        prepared: Prepared,
        replies: dict[str, Reply],
        make: Callable[[Prepared, assemble.View], Disclosed[T]],
        only: tuple[str, ...] | None = None,
    ) -> T:
        """Confirm, release, make the entry durable, tell; nothing is told without its entry. Where
        the entry took long, it is confirmed again.

        `only` names the sections that are released. Raises refusals and `AuditUnavailable`.
        """
        region = region_told(replies, prepared.look_up.site) or await self._kept_region(prepared)
        plan = self._plan_of(prepared, region)
        if plan.metered:
            plan = await self.metered(prepared, plan, region, replies, only)
        while True:
            confirmed = self.confirmed(prepared, plan)
            tell, entry, took = await self._entered(confirmed, replies, make, only)
            if took < _CONFIRM_AGAIN_SECONDS:
                return tell(entry)
            before, plan = plan, self._plan_of(prepared, region)
            if plan.metered:
                plan = await self.metered(prepared, plan, region, replies, only)
            if plan is before:
                return tell(entry)

    async def _entered(
        self,
        confirmed: Prepared,
        replies: dict[str, Reply],
        make: Callable[[Prepared, assemble.View], Disclosed[T]],
        only: tuple[str, ...] | None,
    ) -> tuple[Callable[[str], T], str, float]:
        """What is to be told, the id of its entry, and the seconds that the entry took."""
        disclosed, faults = isolated(
            lambda failed: make(confirmed, self.view(confirmed, replies, only, failed)),
            replies,
            self.faults.known(confirmed),
        )
        if faults:
            self.faults.note(confirmed, faults)
        begun = asyncio.get_running_loop().time()
        by = confirmed.started + confirmed.look_up.deadline_ms / 1000
        entry = await self.sequencer.append(disclosed.event, max(by, begun + _LEAST_ENTRY_SECONDS))
        return disclosed.tell, entry, asyncio.get_running_loop().time() - begun


def _due(
    plan: Plan,
    replies: dict[str, Reply],
    only: tuple[str, ...] | None,
    taken: dict[Quota, set[str]],
) -> dict[Quota, set[str]]:
    """Sections that telling these replies takes from quotas, beyond what was taken already."""
    told = {name for name, r in replies.items() if r.data is not None}
    if only is not None:
        told.intersection_update(only)
    due = {quota: told & sections - taken.get(quota, set()) for quota, sections in plan.metered}
    return {quota: names for quota, names in due.items() if names}


async def _whole(whole: "asyncio.Future[None]", gone: Gone | None) -> None:
    """Wait for all sections, or raise `ClientGone`; watching the caller begins when the answer is
    not there at once.
    """
    if gone is None or whole.done():
        await whole
        return
    watch: list[asyncio.Task[None]] = []
    loop = asyncio.get_running_loop()
    timer = loop.call_later(
        _WATCH_AFTER_SECONDS, lambda: watch.append(loop.create_task(_watch(gone, whole)))
    )
    try:
        await whole
    finally:
        timer.cancel()
        for task in watch:
            task.cancel()


async def _watch(gone: Gone, whole: "asyncio.Future[None]") -> None:
    await gone()
    if not whole.done():
        whole.set_exception(ClientGone())
