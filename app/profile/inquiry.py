"""The questions of one look-up, and where they go: a section of several offices is asked where the
business is, and again where registration says it is.

What an office says is told only where it is known to be competent: "no record" of another one is
never told (reason `other_region`).
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from adapters.contract import Outcome
from adapters.dispatch.fan_out import FanOut, OnSection
from adapters.dispatch.question import Question
from adapters.dispatch.reply import Reply
from app.businesses.places import Place
from app.profile.plans import Prepared, Region
from app.profile.section import ELSEWHERE

if TYPE_CHECKING:
    from adapters.dispatch.dispatcher import Dispatcher

LEAST_SECONDS = 0.1
_OF_PREMISES = "fire"
"""Asked alone, it is asked with registration, which knows the premises; as is any section while
nobody knows where the business is.
"""
"""Left until the deadline, for asking another office."""
REGISTRATION = "registration"
_LONGEST_NAME = 300
_DIVISION = re.compile(r"\d{6}(\d{3}|\d{6})?")
_NOTHING_KNOWN = frozenset({Outcome.NOT_FOUND, Outcome.NOT_APPLICABLE})

Moved = Callable[[Prepared, Region], Prepared]
"""The same look-up, for a business that is in another region."""


def place_told(reply: Reply | None) -> Place:
    """Where registration says a business and its sites are, by what is a division code, and what
    it is called.
    """
    if reply is None or reply.data is None:
        return Place()
    sites = {
        site.site_ref: _division(site.division_code) for site in getattr(reply.data, "sites", ())
    }
    told = _division(getattr(reply.data, "division_code", None))
    name = (getattr(reply.data, "entity_name", None) or "")[:_LONGEST_NAME]
    return Place(told, {ref: code for ref, code in sites.items() if code}, name=name)


def region_told(replies: Mapping[str, Reply], site: str | None) -> str:
    """Where registration says now that the business (or the chosen site) is; empty where it does
    not.
    """
    reply = replies.get(REGISTRATION)
    if reply is None or not reply.is_current:
        return ""
    if site is None:
        return _division(getattr(reply.data, "division_code", None))
    place = place_told(reply)
    return place.of_site(site) or place.region


def _division(code: str | None) -> str:
    return code[:6] if code is not None and _DIVISION.fullmatch(code) else ""


class Inquiry:
    """Asks, and gives each section's reply once it is final. `prepared` is the look-up as the
    replies are to be read: whom registration led to.
    """

    def __init__(
        self,
        dispatcher: "Dispatcher",
        prepared: Prepared,
        moved: Moved,
        on_section: OnSection | None = None,
    ) -> None:
        self.prepared = prepared
        self._moved = moved
        self._on_section = on_section
        self._several = prepared.plan.several
        self._held: dict[str, Reply] = {}
        self._replies: dict[str, Reply] = {}
        self._told = self._asked_twice = self._patient = False
        self._confirmed: set[str] = set()
        """Scopes of which registration has said, now, where they are to be asked."""
        heard = self._settled if self._several else on_section
        self._fan_out = FanOut(dispatcher, prepared.deadline, heard, prepared.principal.subject)

    def begin(self, only: str | None = None) -> None:
        """Ask every department that a grant covers, or one patiently (and registration, where it
        must say who is competent). Sections that no office serves where the business is believed to
        be wait for registration like the others.
        """
        wanted = None if only is None else {only}
        placed = self.prepared.is_located and only not in self._several
        if only is not None and (only == _OF_PREMISES or not placed):
            wanted = {only, REGISTRATION}
        if wanted is not None:
            self._several &= wanted
        self._patient = only is not None
        questions = self.prepared.questions(only=wanted, patient=self._patient)
        if self._several:
            self._told = REGISTRATION not in {q.route.section for q in questions}
        self._fan_out.begin(questions)
        if self._told:
            self._release()

    @property
    def whole(self) -> "asyncio.Future[None]":
        """Resolved when every section has its outcome."""
        return self._fan_out.whole

    @property
    def replies(self) -> dict[str, Reply]:
        """The final ones so far."""
        return self._replies if self._several else self._fan_out.replies

    def cancel(self) -> None:
        """Nothing is left under way."""
        self._fan_out.cancel()

    def _settled(self, section: str, reply: Reply) -> None:
        if section == REGISTRATION and not self._told:
            self._registration(reply)
        elif section in self._several and not self._told:
            self._held[section] = reply
        else:
            self._final(section, reply)

    def _registration(self, reply: Reply) -> None:
        """Where the business is; whoever is not competent there is not heard."""
        place, believed = place_told(reply), self.prepared.region
        site = place.of_site(self.prepared.look_up.site)
        self._held[REGISTRATION] = reply
        if reply.is_current:
            self._confirmed = {scope for scope, known in self._known(place, site) if known}
        if place.region or site:
            region = Region(
                place.region or believed.code,
                "registration" if place.region else believed.basis,
                site,
            )
            if self._move(region):
                return  # registration itself is asked there; what it says then is final
        self._told = True
        self._release()

    def _known(self, place: Place, site: str) -> tuple[tuple[str, bool], ...]:
        """By scope of a section, whether registration tells where it is to be asked."""
        chosen = self.prepared.look_up.site is not None
        return ("entity", bool(place.region)), ("site", bool(site if chosen else place.region))

    def _move(self, region: Region) -> bool:
        """Ask again where somebody else is competent; says whether registration is one of them."""
        before, self.prepared = self.prepared, self._moved(self.prepared, region)
        labels = {n: spec.label for n, spec in before.plan.specifications.items()}
        now = self.prepared.plan.specifications
        changed = {n for n in self._several if n in now and now[n].label != labels.get(n)}
        if not changed:
            return False
        left = self.prepared.deadline - asyncio.get_running_loop().time()
        questions: list[Question] = []
        if left >= LEAST_SECONDS and not self._asked_twice:
            questions = self.prepared.questions(only=changed, patient=self._patient)
        asked = {question.route.section for question in questions}
        # All of this before the first is asked: an answer that is kept comes at once.
        self._asked_twice = True
        for section in changed:
            self._held.pop(section, None)
        self._held |= dict.fromkeys(changed - asked, ELSEWHERE)
        self._fan_out.instead(changed, questions)
        return REGISTRATION in asked

    def _release(self) -> None:
        held, self._held = self._held, {}
        for section, reply in held.items():
            self._final(section, reply)
        for section in self.prepared.plan.nowhere & self._several:
            if section not in self._replies:
                self._final(section, ELSEWHERE)

    def _final(self, section: str, reply: Reply) -> None:
        if section in self._several and reply.outcome in _NOTHING_KNOWN:
            spec = self.prepared.plan.specifications.get(section)
            if spec is None or spec.manifest.scope not in self._confirmed:
                reply = ELSEWHERE
        self._replies[section] = reply
        if self._on_section is not None:
            self._on_section(section, reply)
