"""Ask a department for counts, and tell what an analyst's agreement gives of them: ask → protect →
confirm → take from the quota → audit entry durable → tell, as profiles do.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from adapters.contract.counts import Protected, protected, read_counts
from adapters.contract.errors import AdapterError
from adapters.contract.manifest import Manifest
from app.agreements.decision import DatedTerms, Standing, Terms, in_force
from app.agreements.metering import Meter
from app.audit.events import Event, EventName, digest_of
from app.audit.sequencer import Sequencer
from app.audit.service import act_of
from app.catalogue.classification import ANALYSIS_ONLY
from app.core.clock import Clock, local_date
from app.core.errors import Fault, RequestInvalid
from app.core.snapshots import Snapshot, Snapshots
from app.registry.directory import Directory
from app.supervision.aggregates.dimensions import COMMON, dimensions_of
from app.supervision.aggregates.errors import (
    AggregateNotAgreed,
    AggregateNotOffered,
    AggregateQuota,
    AggregateUnanswered,
)
from app.supervision.aggregates.schemas import AggregateRead, CellRead
from app.tasks.purposes import ANALYSIS, PURPOSES
from auth.principal import Principal

BUSINESSES = "businesses"
"""What is counted: a sum may be one business's own figure, however large it is."""
_ENTRY_SECONDS = 5.0


class CountWanted(NamedTuple):
    """Of which section businesses are counted, by which dimensions."""

    section: str
    by: tuple[str, ...]
    trace_id: str

    @property
    def fields(self) -> frozenset[str]:
        """Fields of the section among them."""
        return frozenset(self.by) - COMMON


@dataclass(frozen=True, slots=True)
class CountDesk:
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
        dimensions = dimensions_of(question.section)
        odd = [
            Fault(f"/query/by/{i}", "dimension_open", {"expected": ", ".join(sorted(dimensions))})
            for i, name in enumerate(question.by)
            if name not in dimensions
        ]
        if odd:
            raise RequestInvalid(odd)
        asked = {"metric": BUSINESSES, "by": list(question.by)}
        try:
            told = await self.directory.count(question.section, principal.region, asked)
            counts = read_counts(told, len(question.by))
        except AdapterError as error:
            raise AggregateUnanswered(f"{manifest.department}: {error.code}.") from error
        told_cells = protected(counts)
        terms = await self._taken(principal, manifest, question)
        while True:
            event = self._event(principal, manifest, question, terms, told_cells)
            await self.sequencer.append(event, asyncio.get_running_loop().time() + _ENTRY_SECONDS)
            if terms in self._agreed(principal, manifest, question):  # of this moment
                return _told(manifest, question, terms, counts.least, told_cells)
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
            if terms.serves(standing)  # of this purpose alone, and so of class 1 (`Clauses`)
            and terms.is_about(manifest.department, question.section)
            and all(terms.has(question.section, name) for name in question.fields)
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
        cells: Protected,
    ) -> Event:
        return act_of(
            principal,
            EventName.AGGREGATE_VIEWED,
            purpose=ANALYSIS,
            agreement=terms.agreement,
            departments=(manifest.department,),
            classes=(ANALYSIS_ONLY,),
            object_ref=question.section,
            filter=f"{BUSINESSES} by {','.join(question.by)}",
            response_digest=digest_of(repr(cells).encode()),
            trace_id=question.trace_id,
        )


def _told(
    manifest: Manifest, question: CountWanted, terms: Terms, least: int, cells: Protected
) -> AggregateRead:
    return AggregateRead(
        section=question.section,
        department=manifest.department,
        region=manifest.region,
        agreement=terms.agreement,
        metric=BUSINESSES,
        by=list(question.by),
        minimum_cell=least,
        cells=[CellRead(key=list(cell.key), count=cell.count) for cell in cells.cells],
        hidden=cells.hidden,
    )
