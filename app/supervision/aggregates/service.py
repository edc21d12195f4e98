"""Ask a department for counts, and tell what an analyst's agreement gives of them: ask → protect →
confirm → take from the quota → audit entry durable → tell, as profiles do.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from adapters.contract.errors import AdapterError
from adapters.contract.manifest import Manifest
from app.agreements.decision import DatedTerms, Standing, Terms, in_force
from app.agreements.metering import Meter
from app.audit.events import Event, EventName, digest_of
from app.audit.sequencer import Sequencer
from app.audit.service import act_of
from app.catalogue.classification import ANALYSIS_ONLY
from app.core.clock import Clock, local_date
from app.core.snapshots import Snapshot, Snapshots
from app.registry.directory import Directory
from app.supervision.aggregates.cells import Cell, protected, read_counts
from app.supervision.aggregates.errors import (
    AggregateNotAgreed,
    AggregateNotOffered,
    AggregateQuota,
    AggregateUnanswered,
)
from app.supervision.aggregates.schemas import BUSINESSES, COMMON, AggregateRead, CellRead
from app.tasks.purposes import ANALYSIS, PURPOSES
from auth.principal import Principal

_CONFIRM_AGAIN_SECONDS = 0.5
_ENTRY_SECONDS = 5.0


class CountWanted(NamedTuple):
    """What is counted, by which dimensions."""

    section: str
    metric: str
    by: tuple[str, ...]
    trace_id: str

    @property
    def named(self) -> frozenset[str]:
        """Fields that it takes; what every section has is none."""
        return frozenset({self.metric, *self.by}) - COMMON - {BUSINESSES}


@dataclass(frozen=True, slots=True)
class Counting:
    """The long-lived parts of that way."""

    directory: Directory
    people: Callable[[Principal], Principal]
    agreements: Snapshot[tuple[DatedTerms, ...]]
    policy: Snapshots
    sequencer: Sequencer
    meter: Meter
    clock: Clock

    async def count(self, principal: Principal, question: CountWanted) -> AggregateRead:
        """The counts that may be told. Raises `AggregateNotOffered`, `AggregateNotAgreed`,
        `AggregateQuota`, `AggregateUnanswered`, `PolicyStale`, and what ends a caller.
        """
        manifest = self.directory.counts(question.section, principal.region)
        if manifest is None:
            raise AggregateNotOffered(pointer="/path/section")
        self._agreed(principal, manifest, question)
        asked = {"metric": question.metric, "by": list(question.by)}
        try:
            told = await self.directory.count(question.section, principal.region, asked)
            counts = read_counts(told, len(question.by))
        except AdapterError as error:
            raise AggregateUnanswered(f"{manifest.department}: {error.code}.") from error
        cells = protected(counts)
        terms = await self._taken(principal, manifest, question)
        while True:
            event = self._event(principal, manifest, question, terms, cells)
            begun = asyncio.get_running_loop().time()
            await self.sequencer.append(event, begun + _ENTRY_SECONDS)
            took = asyncio.get_running_loop().time() - begun
            agreed = self._agreed(principal, manifest, question)  # of this moment
            if terms in agreed or took < _CONFIRM_AGAIN_SECONDS:
                return _told(manifest, question, terms, counts.least, cells)
            terms = await self._taken(principal, manifest, question)

    def _agreed(
        self, principal: Principal, manifest: Manifest, question: CountWanted
    ) -> tuple[Terms, ...]:
        """The agreements of this moment that give the count, by name, as long as the system that
        was asked is in service.
        """
        self.policy.require_fresh()
        serving = self.directory.counts(question.section, principal.region)
        if serving is None or serving.adapter_id != manifest.adapter_id:
            raise AggregateNotOffered(pointer="/path/section")
        now = self.people(principal)
        day = local_date(self.clock.now())
        purpose = PURPOSES[ANALYSIS]
        if not purpose.in_force(day) or purpose.roles.isdisjoint(now.roles):
            raise AggregateNotAgreed
        standing = Standing(
            purpose,
            None,
            unit=now.department or "",
            roles=frozenset(now.roles),
            acts_in=now.region,
            lies_in=manifest.region,
        )
        found = [
            terms
            for terms in in_force(self.agreements.value, day)
            if terms.strictest_class <= ANALYSIS_ONLY
            and terms.serves(standing)
            and terms.is_about(manifest.department, question.section)
            and all(terms.has(question.section, name) for name in question.named)
        ]
        if not found:
            raise AggregateNotAgreed
        return tuple(sorted(found, key=lambda terms: terms.agreement))

    async def _taken(
        self, principal: Principal, manifest: Manifest, question: CountWanted
    ) -> Terms:
        """The agreement that the count is told by, once it was taken from its quota."""
        for terms in self._agreed(principal, manifest, question):
            if terms.quota is None:
                return terms
            by = asyncio.get_running_loop().time() + _ENTRY_SECONDS
            if not await self.meter.take({terms.quota: 1}, by):
                return terms
        raise AggregateQuota

    def _event(
        self,
        principal: Principal,
        manifest: Manifest,
        question: CountWanted,
        terms: Terms,
        cells: tuple[Cell, ...],
    ) -> Event:
        return act_of(
            principal,
            EventName.AGGREGATE_VIEWED,
            purpose=ANALYSIS,
            agreement=terms.agreement,
            departments=(manifest.department,),
            classes=(ANALYSIS_ONLY,),
            object_ref=question.section,
            filter=f"{question.metric} by {','.join(question.by)}",
            response_digest=digest_of(repr(cells).encode()),
            trace_id=question.trace_id,
        )


def _told(
    manifest: Manifest, question: CountWanted, terms: Terms, least: int, cells: tuple[Cell, ...]
) -> AggregateRead:
    return AggregateRead(
        section=question.section,
        department=manifest.department,
        region=manifest.region,
        agreement=terms.agreement,
        metric=question.metric,
        by=list(question.by),
        minimum_cell=least,
        cells=[CellRead(key=list(cell.key), count=cell.count) for cell in cells],
        hidden=sum(cell.count is None for cell in cells),
    )
