"""Who a caller is at this moment: tokens, what of their sign-ons has ended, and the directory of
people together, for `auth` and for whoever has let somebody in before.
"""

from collections.abc import Callable
from datetime import datetime

from app.core.snapshots import PolicyStale
from app.organisations.directory import People, both
from app.organisations.ended import NOTHING_ENDED, Ended
from app.organisations.errors import PersonEnded
from auth.errors import AuthError, Forbidden, KeysUnavailable, Unauthenticated
from auth.principal import Principal

_MOST_KEPT = 10_000


class ClaimedCallers:
    """As `auth` asks it, where tokens alone are believed, until their sign-on has ended."""

    def __init__(self, ended: Callable[[], Ended]) -> None:
        self._ended = ended

    def current(self, claimed: Principal) -> Principal:
        """Who a caller is now, by what his token says. Raises `Unauthenticated` where he has signed
        out.
        """
        ended = self._ended()
        if ended.ends and ended.holds(claimed):
            raise Unauthenticated("auth.signed_out")
        return claimed

    def still(self, principal: Principal) -> Principal:
        """Who somebody is now who was let in before. Raises `PersonEnded`."""
        try:
            return self.current(principal.claimed or principal)
        except (Forbidden, Unauthenticated) as error:
            raise PersonEnded(error.detail) from error
        except AuthError as error:
            raise PolicyStale from error


class PeopleDirectory(ClaimedCallers):
    """As `auth` asks it. `people` gives what is known at this moment, `is_fresh` whether anything
    may be decided by it.
    """

    def __init__(
        self,
        people: Callable[[], People],
        is_fresh: Callable[[], bool],
        now: Callable[[], datetime],
        ended: Callable[[], Ended] = lambda: NOTHING_ENDED,
    ) -> None:
        super().__init__(ended)
        self._people = people
        self._is_fresh = is_fresh
        self._now = now
        self._kept: dict[Principal, tuple[People, int, Principal]] = {}
        """By what is claimed: of which people and second, and what both give."""

    def current(self, claimed: Principal) -> Principal:
        """Who a caller is now, by what his token says. Raises `AuthError`; `KeysUnavailable` where
        what is known of people may be old.
        """
        if not self._is_fresh():
            raise KeysUnavailable("policy.stale", "What is known of people may have changed.")
        super().current(claimed)
        people, now = self._people(), self._now()
        second = int(now.timestamp())
        kept = self._kept.get(claimed)
        if kept is not None and kept[0] is people and kept[1] == second:
            return kept[2]
        found = both(claimed, people, now)
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[claimed] = people, second, found
        return found
