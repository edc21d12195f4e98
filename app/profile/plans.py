"""Who is asked and what may be released, prepared once for all look-ups of the same standing. Pure.

A plan holds as long as adapters, agreements, catalogue and day are the same; whatever changes makes
new ones.
"""

import asyncio
import contextlib
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from datetime import date, timedelta

from msgspec import Struct, field, structs

from adapters.contract import (
    AdapterError,
    BusinessId,
    Manifest,
    Scheme,
    shape_of,
)
from adapters.dispatch.breaker import BreakerRules
from adapters.dispatch.cache import Freshness
from adapters.dispatch.dispatcher import Dispatcher
from adapters.dispatch.lane import Lane
from adapters.dispatch.limits import AdaptiveLimit
from adapters.dispatch.question import Begin, Question, Route, awaiting
from adapters.dispatch.reply import Reply
from adapters.transport.heads import RoutedQuery, head_of, told_ms
from app.agreements.decision import DatedTerms, Quota, Standing, Terms, grant, in_force, serving
from app.catalogue.classification import Catalogue
from app.core.ids import new_span_id
from app.profile.request import RESERVE_SECONDS, LookUp
from app.profile.schemas import Basis
from app.profile.section import DENIED, QUOTA, Specification, specify
from app.registry.offices import Choice, LiveAdapter
from app.tasks.purposes import PURPOSES, SEALED
from auth.principal import Principal

_MOST_PLANS, _MOST_STANDINGS = 512, 20_000


class Region(Struct, frozen=True):
    """Where a business is believed to be (division code), and what tells it; and where the chosen
    site is, if registration told: sections that answer for a site are asked there.
    """

    code: str
    basis: Basis
    site: str = ""


class Plan(Struct, frozen=True):
    """What a caller of one standing gets: sections with their grants, and the routes to those that
    may be asked.
    """

    specifications: dict[str, Specification]
    routes: tuple[tuple[Route, bool], ...]
    """Route, and whether the department answers for one site."""
    catalogue: Catalogue
    policy: str
    agreement: str
    departments: tuple[str, ...]
    several: frozenset[str] = frozenset()
    """Sections that a grant covers, and whose office depends on the region."""
    nowhere: frozenset[str] = frozenset()
    """Those of them that no office serves in the region."""
    metered: tuple[tuple[Quota, frozenset[str]], ...] = ()
    """Quotas that telling takes from, each with its sections."""

    def within(self, other: "Plan") -> "Plan":
        """The plan without sections that another one does not name."""
        named = {n: spec for n, spec in self.specifications.items() if n in other.specifications}
        return structs.replace(self, specifications=named)

    def asked_as(self, other: "Plan") -> "Plan":
        """The plan without sections for which another one has asked somebody else: what an office
        said that is out of service since is not told as another one's word.
        """
        before = {name: _asked(spec) for name, spec in other.specifications.items()}
        kept = {n: s for n, s in self.specifications.items() if before.get(n) == _asked(s)}
        return structs.replace(self, specifications=kept)

    def questions(
        self,
        query: RoutedQuery,
        site: str | None,
        *,
        only: AbstractSet[str] | None,
        patient: bool,
        no_cache: bool,
    ) -> list[Question]:
        """The questions of one look-up; `query` is without a site."""
        business_id, scheme, purpose = query.business_id, query.scheme, query.purpose
        with_site = query if site is None else structs.replace(query, site=site)
        questions = []
        for route, sited in self.routes:
            if only is None or route.section in only:
                chosen = with_site if sited else query
                key = (route.label, scheme, business_id, chosen.site or "", purpose, query.unit)
                questions.append(Question(route, chosen, key, patient, no_cache))
        return questions


def _asked(spec: Specification) -> str:
    """Whose word a section is: the adapter, whatever its version; empty where nobody is asked."""
    return spec.manifest.adapter_id if spec.label else ""


class Prepared(Struct, frozen=True):
    """A look-up that may be carried out. `started` is the loop time of the request's beginning."""

    principal: Principal
    look_up: LookUp
    business: BusinessId
    plan: Plan
    started: float
    region: Region
    taken: dict[Quota, set[str]] = field(default_factory=dict)
    """What telling has taken from quotas for this look-up: sections, each once."""
    is_located: bool = False
    """Whether registration has told where the business is, as far as is known here."""

    @property
    def deadline(self) -> float:
        """The loop time by which departments must have answered."""
        return self.started + self.look_up.deadline_ms / 1000 - RESERVE_SECONDS

    @property
    def elapsed_ms(self) -> int:
        """Milliseconds since the request began."""
        return round((asyncio.get_running_loop().time() - self.started) * 1000)

    def questions(
        self, *, only: AbstractSet[str] | None = None, patient: bool = False
    ) -> list[Question]:
        """What is asked of every department that a grant covers, or of some of them."""
        look_up, business, deadline = self.look_up, self.business, self.deadline
        purpose, unit = look_up.purpose, self.principal.unit
        if purpose in SEALED:  # whose officers are looked at keeps a log of who asks, and why
            purpose, unit = PURPOSES[purpose].told_as, f"region:{self.principal.region}"
        query = RoutedQuery(
            business.embedded or business.value,
            Scheme.USCC if business.embedded else business.scheme,
            None,
            purpose,
            unit,
            look_up.trace_id,
            deadline,
            f"00-{look_up.trace_id}-{new_span_id()}-01",
        )
        left_ms = told_ms(deadline, asyncio.get_running_loop().time())
        with contextlib.suppress(AdapterError):  # an adapter that cannot say it so says why
            query = structs.replace(query, head=head_of(query, left_ms))
        no_cache = patient or look_up.no_cache
        return self.plan.questions(
            query, look_up.site, only=only, patient=patient, no_cache=no_cache
        )


def _denied(used_up: tuple[Terms, ...], manifest: Manifest) -> Reply:
    """Why a section is denied that nobody gives: its agreement has given what it may."""
    gave = any(terms.is_about(manifest.department, manifest.section) for terms in used_up)
    return QUOTA if gave else DENIED


def _metered(
    specifications: dict[str, Specification],
) -> tuple[tuple[Quota, frozenset[str]], ...]:
    found: dict[Quota, set[str]] = {}
    for name, spec in specifications.items():
        for quota in spec.grant.quotas if spec.grant is not None else ():
            found.setdefault(quota, set()).add(name)
    return tuple((quota, frozenset(names)) for quota, names in found.items())


class Plans:
    """Plans by standing."""

    def __init__(self, dispatcher: Dispatcher, catalogue_on: Callable[[date], Catalogue]) -> None:
        self._dispatcher = dispatcher
        self._catalogue_on = catalogue_on
        self._of: tuple[object, object, date] | None = None
        self._terms: tuple[Terms, ...] = ()
        self._served: dict[tuple[object, ...], tuple[tuple[Terms, ...], tuple[str, ...]]] = {}
        self._known: dict[tuple[object, ...], Plan] = {}

    def plan(
        self,
        choice: Choice,
        agreements: tuple[DatedTerms, ...],
        standing: Standing,
        day: date,
        closed: frozenset[Quota] = frozenset(),
    ) -> Plan:
        """The plan for a standing, and for those whom a look-up asks: one for all to whom the same
        is granted. Agreements whose quota is `closed` give nothing.
        """
        of, catalogue = self._of, self._catalogue_on(day)
        if of is None or of[0] is not agreements or of[1] is not catalogue or of[2] != day:
            self._of, self._terms = (agreements, catalogue, day), in_force(agreements, day)
            self._served, self._known = {}, {}
        name = standing.purpose.name
        who = (name, standing.unit, standing.roles, standing.acts_in, standing.lies_in)
        served = self._served.get(who)
        if served is None:
            if len(self._served) >= _MOST_STANDINGS:
                self._served.clear()
            found = serving(standing, self._terms)
            served = self._served[who] = found, tuple(t.agreement for t in found)
        used_up: tuple[Terms, ...] = ()
        if closed:
            used_up = tuple(t for t in served[0] if t.quota in closed)
            left = tuple(t for t in served[0] if t.quota not in closed)
            served = left, (*(t.agreement for t in left), "-", *(t.agreement for t in used_up))
        key = (choice, name, standing.department, standing.region, standing.task, served[1])
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _MOST_PLANS:
                self._known.clear()
            known = self._known[key] = self._made(choice, served[0], standing, catalogue, used_up)
        return known

    def _made(
        self,
        choice: Choice,
        served: tuple[Terms, ...],
        standing: Standing,
        catalogue: Catalogue,
        used_up: tuple[Terms, ...],
    ) -> Plan:
        specifications = {
            name: specify(
                entry.manifest,
                "" if name in choice.nowhere else entry.label,
                grant(standing, entry.manifest.department, entry.manifest.section, served),
                catalogue,
                choice.office(name),
                denied=_denied(used_up, entry.manifest),
            )
            for name, entry in choice.live.items()
        }
        granted = {name for name, spec in specifications.items() if spec.grant is not None}
        routes = tuple(
            (
                self._route(entry, catalogue, apart=name in choice.apart),
                entry.manifest.scope == "site",
            )
            for name, entry in choice.live.items()
            if name in granted - choice.nowhere
        )
        used = sorted({spec.grant.agreement for spec in specifications.values() if spec.grant})
        policy = ",".join([catalogue.version, *sorted(t.agreement for t in self._terms)])
        departments = tuple(sorted({e.manifest.department for e in choice.live.values()}))
        return Plan(
            specifications,
            routes,
            catalogue,
            policy,
            ",".join(used),
            departments,
            frozenset(granted & (choice.regions.keys() | choice.nowhere)),
            choice.nowhere,
            _metered(specifications),
        )

    def _route(self, entry: LiveAdapter, catalogue: Catalogue, *, apart: bool) -> Route:
        manifest, adapter = entry.manifest, entry.adapter
        row = catalogue.freshness_of(manifest.section)
        begin: Begin | None = getattr(adapter, "begin", None)
        return Route(
            manifest.section,
            manifest.department,
            entry.label,
            shape_of(manifest.section),
            self._lane(manifest, entry.label if apart else manifest.adapter_id),
            begin or awaiting(adapter.fetch, entry.label),
            Freshness(timedelta(seconds=row.fresh_seconds), timedelta(seconds=row.stale_seconds)),
            bool(getattr(adapter, "repeatable", False)),
            len(manifest.replicas),
        )

    def _lane(self, manifest: Manifest, name: str) -> Lane:
        """The adapter's lane; versions of one adapter share it, for it is the same system behind
        them, but for a candidate that asks another address.
        """
        lanes, capacity = self._dispatcher.lanes, manifest.capacity
        lane = lanes.get(name)
        limit = AdaptiveLimit(capacity.initial, most=capacity.most)
        if lane is None:
            lane = lanes[name] = Lane(
                name,
                capacity,
                self._dispatcher.random,
                limit,
                BreakerRules(),
                1 + len(manifest.replicas),
            )
        elif lane.capacity != capacity:  # in place: questions under way stay where the clock looks
            lane.capacity, lane.limit = capacity, limit
        lane.declare(1 + len(manifest.replicas))
        return lane
