"""Whom a section asks: live adapters by section × region, nearest first. Pure.

A section with one adapter is asked wherever it is. Of several, the one of the nearest enclosing
region is asked (county, city, province, nation); of two in one region the local office
(`horizontal`) before the vertical system. A candidate version serves a share of businesses.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from msgspec import Struct

from adapters.contract import DepartmentAdapter, Manifest, OptionalOperations

EVERYWHERE = "000000"
_MOST_CHOICES = 4096


@lru_cache(maxsize=4096)
def enclosing(region: str) -> tuple[str, ...]:
    """A division code and those around it: 330106, 330100, 330000, 000000."""
    around = (region, region[:4] + "00", region[:2] + "0000", EVERYWHERE)
    return tuple(dict.fromkeys(around))


@dataclass(frozen=True, slots=True)
class LiveAdapter:
    """An adapter that may be called."""

    adapter: DepartmentAdapter
    version: int

    @property
    def manifest(self) -> Manifest:
        """Its declaration."""
        return self.adapter.manifest

    @property
    def label(self) -> str:
        """`id@version`, as answers and entries name it."""
        return f"{self.manifest.adapter_id}@{self.version}"

    @property
    def operations(self) -> OptionalOperations:
        """The adapter seen through its optional operations; ask the manifest first which of them it
        has.
        """
        return cast("OptionalOperations", self.adapter)


class Office(Struct, frozen=True):
    """One published adapter. `candidate` serves `share` percent of the businesses.

    One that is out of service (suspended, or its declaration cannot be read: `current` is None)
    still has its place: nobody else is competent there.
    """

    region: str
    axis: str
    current: LiveAdapter | None
    candidate: LiveAdapter | None = None
    share: int = 0
    suspended: bool = False

    @property
    def in_service(self) -> bool:
        """Whether it may be called."""
        return self.current is not None and not self.suspended

    def serving(self, business_id: str) -> LiveAdapter | None:
        """The version that serves a business; always the same one while the share is."""
        if not self.in_service:
            return None
        if self.candidate is not None:
            draw = zlib.crc32(f"{self.candidate.label}:{business_id}".encode()) % 100
            if draw < self.share:
                return self.candidate
        return self.current


class Choice(Struct, frozen=True, eq=False):
    """Whom one look-up asks: by section, in the order in which sections are shown."""

    live: dict[str, LiveAdapter]
    regions: dict[str, str]
    """Of sections with several offices: the region of the one that is asked."""
    nowhere: frozenset[str]
    """Sections with several offices none of which serves the region; `live` has one of them for
    its title, and it is not asked.
    """
    candidates: frozenset[str]
    """Sections that a candidate version serves."""
    apart: frozenset[str] = frozenset()
    """Those of them whose candidate asks another address than the version in service."""

    def office(self, section: str) -> tuple[str, bool] | None:
        """Where there is a choice: the region of the office that is asked (empty: none is), and
        whether its candidate version is.
        """
        candidate = section in self.candidates
        if section in self.regions or section in self.nowhere or candidate:
            return self.regions.get(section, ""), candidate
        return None


class Offices:
    """All adapters in service."""

    def __init__(self, sections: dict[str, list[Office]]) -> None:
        self._sections = {
            name: offices
            for name, offices in sections.items()
            if any(o.in_service for o in offices)
        }
        self._open = {n: offices for n, offices in self._sections.items() if not _plain(offices)}
        self._choices: dict[tuple[str, ...], Choice] = {}
        self.several = frozenset(n for n, offices in sections.items() if len(offices) > 1)
        """Sections of which several offices are published, in service or not."""

    def choose(self, region: str, business_id: str, site_region: str = "") -> Choice:
        """Whom to ask about a business that is in a region; sections that answer for a site are
        asked where the chosen site is, if that is known.
        """
        picked: dict[str, Office | None] = {}
        for name, offices in self._open.items():
            of_site = site_region and _first(offices).manifest.scope == "site"
            picked[name] = _nearest(offices, site_region if of_site else region)
        serving = {n: o.serving(business_id) if o else None for n, o in picked.items()}
        key = tuple([entry.label if entry else "" for entry in serving.values()])
        known = self._choices.get(key)
        if known is None:
            if len(self._choices) >= _MOST_CHOICES:
                self._choices.clear()
            known = self._choices[key] = self._made(picked, serving)
        return known

    def _made(
        self, picked: dict[str, Office | None], serving: dict[str, LiveAdapter | None]
    ) -> Choice:
        live: dict[str, LiveAdapter] = {}
        candidates, apart = set(), set()
        for name, offices in self._sections.items():
            live[name] = serving.get(name) or _first(offices)
            office = picked.get(name)
            if office is not None and live[name] is office.candidate and office.current:
                candidates.add(name)
                if _address(office.current.manifest) != _address(office.candidate.manifest):
                    apart.add(name)
        return Choice(
            live,
            {n: o.region or EVERYWHERE for n, o in picked.items() if o and n in self.several},
            frozenset(n for n, entry in serving.items() if entry is None),
            frozenset(candidates),
            frozenset(apart),
        )

    def offering(
        self,
        operation: str,
        region: str,
        *,
        section: str | None = None,
        department: str | None = None,
    ) -> LiveAdapter | None:
        """The nearest adapter that offers an optional operation, of a section or a department; the
        only one wherever it is.
        """
        fits = [
            office
            for name, offices in self._sections.items()
            if section in (None, name)
            for office in offices
            if office.current is not None
            and department in (None, office.current.manifest.department)
            and operation in office.current.manifest.operations
        ]
        if not fits:
            return None
        alone = len({office.region for office in fits}) == 1
        found = max(fits, key=lambda o: o.in_service) if alone else _nearest(fits, region)
        return found.current if found is not None and found.in_service else None


def _address(manifest: Manifest) -> tuple[str, ...]:
    return (manifest.base_url, *manifest.replicas)


def _first(offices: list[Office]) -> LiveAdapter:
    """One that is in service."""
    return next(o.current for o in offices if o.current is not None and o.in_service)


def _plain(offices: list[Office]) -> bool:
    return len(offices) == 1 and offices[0].candidate is None


def _nearest(offices: Iterable[Office], region: str) -> Office | None:
    """The office of the nearest enclosing region; the only one wherever it is. None where the
    nearest is out of service: no other one is competent.
    """
    # In service before out of service, horizontal before vertical; the first of a region counts.
    several = sorted(offices, key=lambda office: (not office.in_service, office.axis))
    if len(several) == 1:
        return several[0]
    by_region = {office.region or EVERYWHERE: office for office in reversed(several)}
    found = next((by_region[r] for r in enclosing(region) if r in by_region), None)
    return found if found is not None and found.in_service else None
