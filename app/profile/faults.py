"""Faults of sections in our own hands: counted, logged, entered once a minute for each adapter, and
remembered for a short while for the one record that caused them.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from typing import TypeVar

from app.audit.sequencer import Sequencer
from app.profile import events
from app.profile.isolation import Failed
from app.profile.plans import Prepared

log = logging.getLogger("onevisit.profile")
_REMEMBERED_SECONDS, _MINUTE = 30.0, 60.0
_MOST = 1024
K = TypeVar("K")


class Faults:
    """What went wrong between an answer and its telling."""

    def __init__(self, sequencer: Sequencer) -> None:
        self._sequencer = sequencer
        self._records: dict[tuple[str, str], float] = {}
        self._entered: dict[str, float] = {}
        self.counts: Counter[str] = Counter()

    def known(self, prepared: Prepared) -> Failed:
        """Sections whose record of this business was at fault a moment ago."""
        if not self._records:
            return frozenset()
        now, business = asyncio.get_running_loop().time(), prepared.business.key
        return frozenset(
            name
            for name, spec in prepared.plan.specifications.items()
            if self._records.get((spec.label, business), 0.0) > now
        )

    def note(self, prepared: Prepared, faults: Mapping[str, Exception]) -> None:
        """Count, log, enter, remember."""
        now = asyncio.get_running_loop().time()
        for name, error in faults.items():
            spec = prepared.plan.specifications[name]
            self.counts[name] += 1
            log.error(
                "%s: an answer of %s could not be told",
                name,
                spec.label,
                exc_info=error,
                extra={"trace_id": prepared.look_up.trace_id},
            )
            _keep(self._records, (spec.label, prepared.business.key), now + _REMEMBERED_SECONDS)
            if now - self._entered.get(spec.label, -_MINUTE) >= _MINUTE:
                _keep(self._entered, spec.label, now)
                event = events.section_failed(prepared, name, type(error).__name__)
                events.record_quietly(self._sequencer, event)

    def forget(self) -> None:
        """Try every record again."""
        self._records.clear()


def _keep(kept: dict[K, float], key: K, value: float) -> None:
    kept.pop(key, None)
    if len(kept) >= _MOST:
        del kept[next(iter(kept))]
    kept[key] = value
