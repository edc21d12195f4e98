"""Whose word makes results count: a second officer's presence, and of whoever concluded his own
(I-02). Pure.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from app.inspections.rules import are_enough

PresenceState = Literal["pending", "confirmed", "denied"]
Confirmation = Literal["pending", "confirmed", "denied", "not_asked"]
"""Of a result; records of before asked nobody."""
Counting = Literal["counts", "pending_confirmation", "not_confirmed"]


class Presence(NamedTuple):
    """What the officers of a record have said of their own presence, by certificate; nothing where
    the record is of before they were asked.
    """

    said: Mapping[str, PresenceState]
    fewest: int

    def of(self, certificate_no: str) -> Confirmation:
        """Whether a result of this officer is his own word."""
        return self.said.get(certificate_no, "not_asked")

    def is_there(self, certificate_no: str) -> bool:
        """Whether an officer is told of as present: by his own word, or nobody was asked."""
        return self.of(certificate_no) in {"confirmed", "not_asked"}

    def counting(self, concluded_by: Iterable[str]) -> Counting:
        """Whether a department's results count, that these officers concluded: those of them have
        confirmed, and enough officers were there.
        """
        if not self.said:
            return "counts"
        own = {self.of(number) for number in concluded_by}
        there = sum(state == "confirmed" for state in self.said.values())
        may_come = sum(state == "pending" for state in self.said.values())
        if "denied" in own or not are_enough(there + may_come, self.fewest):
            return "not_confirmed"
        if "pending" in own or not are_enough(there, self.fewest):
            return "pending_confirmation"
        return "counts"


def overall(departments: Iterable[Counting]) -> Literal["pending", "settled", "denied"]:
    """What a record waits for, of what its departments do."""
    found = set(departments)
    if "pending_confirmation" in found:
        return "pending"
    return "denied" if "not_confirmed" in found else "settled"
