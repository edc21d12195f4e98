"""One way from question to answer, for profiles, sections, streams and batches alike:
ask → confirm (the policy of this moment) → release → audit entry durable → tell.

No database is touched on this path: adapters, agreements, people and tasks are snapshots.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from msgspec import structs

from adapters.contract import BusinessId, Outcome
from adapters.dispatch.dispatcher import Dispatcher
from adapters.dispatch.fan_out import FanOut, OnSection
from adapters.dispatch.question import Question
from adapters.dispatch.reply import Reply
from app.agreements.decision import DatedTerms
from app.agreements.standing import Asked, standing_of
from app.audit.events import Event
from app.audit.sequencer import Sequencer
from app.core.clock import Clock, local_date
from app.core.snapshots import Snapshot
from app.profile import assemble, events
from app.profile.plans import Plan, Plans, Prepared
from app.profile.request import LookUp
from app.registry.directory import Directory
from app.tasks.lifecycle import OpenTask
from auth.principal import Principal

T = TypeVar("T")
_WATCH_AFTER_SECONDS = 0.02
DENIED = Reply(Outcome.DENIED, "agreement_missing", 0)

Gone = Callable[[], Awaitable[None]]
"""Returns when the caller has left."""


class ClientGone(Exception):
    """The caller left before the answer was whole; departments are no longer asked."""


@dataclass(frozen=True, slots=True)
class Disclosed(Generic[T]):
    """What is about to be told: the entry that must be durable first, and the telling."""

    event: Event
    tell: Callable[[str], T]
    """From the entry's id to what leaves."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """The long-lived parts of that way."""

    directory: Directory
    tasks: Snapshot[dict[str, OpenTask]]
    agreements: Snapshot[tuple[DatedTerms, ...]]
    sequencer: Sequencer
    clock: Clock
    dispatcher: Dispatcher
    plans: Plans

    def plan(self, principal: Principal, look_up: LookUp, business: BusinessId) -> Plan:
        """What this caller may ask and see now. Raises the refusals of `standing`."""
        now = self.clock.now()
        asked = Asked(
            principal,
            business.key,
            look_up.site,
            look_up.purpose,
            look_up.task,
            self.tasks.value,
            now,
        )
        return self.plans.plan(
            self.directory.live, self.agreements.value, standing_of(asked), local_date(now)
        )

    def ask(self, prepared: Prepared, on_section: OnSection | None = None) -> FanOut:
        """Begin to ask every department; `on_section` hears of each outcome when it is known."""
        questions = prepared.questions()
        return FanOut(self.dispatcher, questions, prepared.deadline, on_section)

    async def replies(
        self, prepared: Prepared, questions: list[Question], gone: Gone | None
    ) -> dict[str, Reply]:
        """The replies by the deadline; nothing is left under way for a caller who is gone."""
        fan_out = FanOut(self.dispatcher, questions, prepared.deadline)
        try:
            await _whole(fan_out.whole, gone)
        except (ClientGone, asyncio.CancelledError):
            self.abandoned(prepared)
            raise
        finally:
            fan_out.cancel()
        return fan_out.replies

    def abandoned(self, prepared: Prepared) -> None:
        """Record that departments were asked for a caller who left."""
        events.record_quietly(self.sequencer, events.abandoned(prepared))

    def confirmed(self, prepared: Prepared) -> Prepared:
        """The look-up by the policy of this moment: a task closed or an agreement ended since the
        question discloses nothing.

        Names only adapters that were named when it was asked. Raises refusals.
        """
        plan = self.plan(prepared.principal, prepared.look_up, prepared.business)
        if plan is prepared.plan:
            return prepared
        return structs.replace(prepared, plan=plan.within(prepared.plan))

    def view(
        self, prepared: Prepared, replies: dict[str, Reply], only: Iterable[str] | None = None
    ) -> assemble.View:
        """What may be seen of the replies, by this caller, now."""
        now, plan = self.clock.now(), prepared.plan
        parts = {
            name: assemble.part(plan.specifications[name], replies.get(name, DENIED))
            for name in (plan.specifications if only is None else only)
        }
        look_up = prepared.look_up
        return assemble.View(
            prepared.business, look_up.site, parts, plan.catalogue, now, local_date(now)
        )

    async def disclose(
        self,
        prepared: Prepared,
        replies: dict[str, Reply],
        make: Callable[[Prepared, assemble.View], Disclosed[T]],
        only: Iterable[str] | None = None,
    ) -> T:
        """Confirm, release, make the entry durable, tell; nothing is told without its entry.

        `only` names the sections that are released. Raises refusals and `AuditUnavailable`.
        """
        confirmed = self.confirmed(prepared)
        if only is not None:
            only = [name for name in only if name in confirmed.plan.specifications]
        disclosed = make(confirmed, self.view(confirmed, replies, only))
        return disclosed.tell(await self.sequencer.append(disclosed.event))


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
