"""Who may ask: one ordered list of checks that every door runs, and again at release. Pure.

Each check has a name, a predicate, the refusal of those for whom it does not hold, and the smallest
change that would make it hold. Profiles, sections, streams and batches run this list.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from adapters.contract.tables import rows
from app.agreements.decision import (
    REGION_FOREIGN,
    REGION_UNKNOWN,
    TASK_ALONE,
    TASK_ELSEWHERE,
    TASK_FOREIGN,
    TASK_MISSING,
    Standing,
)
from app.agreements.errors import PurposeForeign, PurposeUnknown, TaskNotYours, TaskRequired
from app.core.clock import local_date
from app.core.errors import DomainError
from app.core.rules import NOT_SWITCHED, Switches
from app.tasks.lifecycle import AT_HOME, SECONDED, OpenTask
from app.tasks.purposes import PURPOSES
from auth.principal import Principal, Role


class Asked(Struct, frozen=True):
    """Who asks about which business for what, and the tasks that are open now."""

    principal: Principal
    business_id: str
    site: str | None
    purpose: str
    task: str | None
    tasks: Mapping[str, OpenTask]
    now: datetime
    region: str = ""
    """Where the business (or the chosen site) is, as registration told it; empty: not known."""
    switches: Switches = NOT_SWITCHED
    """Rules that only warn in some regions."""

    @property
    def open_task(self) -> OpenTask | None:
        """The task that was named, if it is open."""
        return None if self.task is None else self.tasks.get(self.task)


class Check(NamedTuple):
    """A condition of asking. `pointer` is where in a request what it looks at stands."""

    name: str
    holds: Callable[[Asked], bool]
    refusal: type[DomainError]
    pointer: str | None = None


def _purpose_known(asked: Asked) -> bool:
    purpose = PURPOSES.get(asked.purpose)
    if purpose is None or purpose.counts_only or not purpose.is_known_to(asked.principal.roles):
        return False
    return purpose.in_force(local_date(asked.now))


def _purpose_of_role(asked: Asked) -> bool:
    return not PURPOSES[asked.purpose].roles.isdisjoint(asked.principal.roles)


def _task_given(asked: Asked) -> bool:
    return asked.task is not None or not PURPOSES[asked.purpose].needs_task


def _of_task(holds: Callable[[OpenTask, Asked], bool]) -> Callable[[Asked], bool]:
    """A condition on the task that was named; holds where none was."""

    def check(asked: Asked) -> bool:
        task = asked.open_task
        return task is None or holds(task, asked)

    return check


def _may_be_sent(task: OpenTask, asked: Asked) -> bool:
    """Whether the caller was sent to another region, and there that is still only warned of."""
    if not task.is_sent(asked.principal.region):
        return False
    return asked.switches.warns(AT_HOME, task.region, local_date(asked.now))


def _task_open(asked: Asked) -> bool:
    task = asked.open_task
    return asked.task is None or (task is not None and asked.now < task.ends_at)


CHECKS: tuple[Check, ...] = (
    Check("purpose_known", _purpose_known, PurposeUnknown, "/query/purpose"),
    Check("purpose_of_role", _purpose_of_role, PurposeForeign),
    Check("task_given", _task_given, TaskRequired, "/query/task"),
    Check("task_open", _task_open, TaskNotYours),
    Check("task_assigned", _of_task(lambda t, a: t.is_for(a.principal.subject)), TaskNotYours),
    Check(
        "task_of_business", _of_task(lambda t, a: t.is_about(a.business_id, a.site)), TaskNotYours
    ),
    Check("task_of_purpose", _of_task(lambda t, a: t.purpose == a.purpose), TaskNotYours),
    Check(
        "task_of_region",
        _of_task(lambda t, a: t.is_near(a.principal.region) or _may_be_sent(t, a)),
        TaskNotYours,
    ),
)
"""In this order: the first that does not hold is the refusal."""
_WITHOUT_TASK = tuple(
    check for check in CHECKS if not check.name.startswith("task_") or check.name == "task_given"
)
"""Where no task is named, what is asked of one holds."""

SMALLEST_CHANGES: dict[str, tuple[str, str]] = {
    row["name"]: (row["zh"], row["en"])
    for row in rows(Path(__file__).with_name("data") / "checks.csv", ("name", "zh", "en"))
}
"""By check: what would have to change for it to hold, in Chinese and English."""


def standing_of(asked: Asked) -> Standing:
    """What decisions need to know of a caller who may ask. Raises the first refusal."""
    for check in CHECKS if asked.task is not None else _WITHOUT_TASK:
        if not check.holds(asked):
            raise check.refusal(pointer=check.pointer)
    return _standing(asked)


def standing_if_asked(asked: Asked) -> Standing | None:
    """The same where the purpose is known, whether or not the caller may ask."""
    return _standing(asked) if _purpose_known(asked) else None


def _standing(asked: Asked) -> Standing:
    principal = asked.principal
    return Standing(
        PURPOSES[asked.purpose],
        office_of(principal),
        _region(asked),
        _task(asked),
        principal.department or "",
        principal.roles,
        principal.region,
        asked.region,
    )


def _region(asked: Asked) -> str:
    """Why a business's region closes class 2; empty where it does not."""
    if not asked.region:
        return REGION_UNKNOWN
    return "" if asked.principal.covers(asked.region) else REGION_FOREIGN


def _task(asked: Asked) -> str:
    """Why the task that was named opens no class 2; empty where it does."""
    task = asked.open_task
    if task is None:
        return TASK_MISSING
    if not task.is_of(asked.principal.department):
        return TASK_FOREIGN
    if not task.is_within(asked.region):
        return TASK_ELSEWHERE
    if task.is_seconded(asked.principal.subject):
        return ""
    return "" if _only_warns(asked, task) else TASK_ALONE


def _only_warns(asked: Asked, task: OpenTask) -> bool:
    """Whether the second person was only warned of when the task was opened, and still is, where it
    was opened and where the business lies.
    """
    if SECONDED not in task.warned:
        return False
    day = local_date(asked.now)
    return all(asked.switches.warns(SECONDED, at, day) for at in (task.opened_in, asked.region))


def office_of(principal: Principal) -> str | None:
    """The department whose class-2 data a caller may see without a task: an officer's own, never a
    patroller's.
    """
    return principal.department if principal.roles & {Role.INSPECTOR, Role.TEAM_LEADER} else None
