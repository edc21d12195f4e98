"""Where a business is, for rooms that are not about looking it up: registration is asked, and
nothing is told to anybody.
"""

import asyncio
from dataclasses import dataclass

from adapters.contract import BusinessId
from app.agreements.decision import Standing
from app.agreements.standing import office_of
from app.businesses.places import UNKNOWN, Place
from app.core.clock import local_date
from app.core.errors import DomainError
from app.profile.disclosure import Disclosure
from app.profile.inquiry import REGISTRATION, place_told
from app.profile.plans import Prepared
from app.profile.request import LookUp
from app.tasks.purposes import PURPOSES, TASK_PURPOSES
from auth.principal import Principal

_DEADLINE_MS = 2000


@dataclass(frozen=True, slots=True)
class RegistrationLocator:
    """As `businesses.Locator` promises."""

    disclosure: Disclosure

    async def locate(
        self, principal: Principal, business: BusinessId, site: str | None, trace_id: str
    ) -> Place:
        """What registration told last, of the site too where one is chosen; else what it says
        now.
        """
        known = await self.disclosure.whereabouts.find(business.key)
        if not known.is_old and (known.of_site(site) or (known.region and site is None)):
            return known
        try:
            told = await self._asked(principal, business, site, trace_id, known)
        except DomainError:  # policy is not known well enough to ask anybody
            return known
        return told if told != UNKNOWN else known

    async def _asked(
        self,
        principal: Principal,
        business: BusinessId,
        site: str | None,
        trace_id: str,
        known: Place,
    ) -> Place:
        disclosure = self.disclosure
        disclosure.policy.require_fresh()
        purpose = TASK_PURPOSES[0]
        look_up = LookUp(business.key, purpose, None, site, False, _DEADLINE_MS, trace_id)
        region = disclosure.region(principal, look_up, business, known)
        assert region is not None  # noqa: S101 - what is known was given
        standing = Standing(
            PURPOSES[purpose],
            office_of(principal),
            unit=principal.department or "",
            roles=principal.roles,
            acts_in=principal.region,
            lies_in=region.code,
        )
        choice = disclosure.directory.offices.choose(region.code, business.key, region.site)
        day = local_date(disclosure.clock.now())
        plan = disclosure.plans.plan(choice, disclosure.agreements.value, standing, day)
        started = asyncio.get_running_loop().time()
        prepared = Prepared(principal, look_up, business, plan, started, region)
        _, replies = await disclosure.replies(prepared, REGISTRATION)
        told = replies.get(REGISTRATION)
        return place_told(told) if told is not None and told.is_current else UNKNOWN
