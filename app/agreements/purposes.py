"""Purposes a look-up may have. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why data is read. `needs_task`: only with an open task for this business; `roles`: who may
    have this purpose.
    """

    name: str
    needs_task: bool
    roles: frozenset[str]
    zh: str
    en: str


PURPOSES = {
    p.name: p
    for p in (
        Purpose(
            "inspection", True, frozenset({"inspector", "team_leader"}), "行政检查", "Inspection"
        ),
        Purpose(
            "patrol",
            False,
            frozenset({"patroller", "inspector", "team_leader"}),
            "日常巡查",
            "Patrol",
        ),
    )
}
