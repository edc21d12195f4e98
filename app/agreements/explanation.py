"""Why a field would be released or not, and the smallest change that would release it: found over
the same checks as everything else, and tried. Pure.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import NamedTuple

from msgspec import structs

from app.agreements.decision import (
    BY_AGREEMENT,
    NOT_AGREED,
    REGION_FOREIGN,
    REGION_UNKNOWN,
    TASK_ALONE,
    TASK_ELSEWHERE,
    TASK_FOREIGN,
    TASK_MISSING,
    Grant,
    Standing,
    Terms,
    Verdict,
    field_verdict,
    grant,
    reason_of,
    serving,
)
from app.agreements.standing import CHECKS, Asked, standing_if_asked
from app.catalogue.classification import FieldClass
from app.tasks.lifecycle import OpenTask
from app.tasks.purposes import PURPOSES
from auth.principal import Role

NO_AGREEMENT, QUOTA_EXHAUSTED = "agreement_missing", "quota_exhausted"
_SECOND_PERSON = "another-person"
_MOST_CHANGES = 8


@dataclass(frozen=True, slots=True)
class Situation:
    """Somebody who asks for a section of a department, and the agreements in force."""

    asked: Asked
    department: str
    section: str
    terms: tuple[Terms, ...]
    used_up: tuple[Terms, ...] = ()
    """Agreements in force whose quota is used up at this moment."""


class Checked(NamedTuple):
    """A check and whether it holds."""

    name: str
    holds: bool


class Ruling(NamedTuple):
    """What becomes of a field; `reason` names the first check that keeps it back."""

    verdict: Verdict
    reason: str


def checks_of(situation: Situation) -> list[Checked]:
    """Every check of asking in its order. Whether a task that is not the caller's exists, is open,
    and what it is about are one thing to him: it is not his.
    """
    asked, found = situation.asked, []
    for check in CHECKS:
        if check.name in _OF_OTHERS:
            continue
        if check.name.startswith("task_of") and asked.task is None:
            continue
        found.append(Checked(check.name, check.holds(asked)))
        if check.name == "task_given" and asked.task is not None:
            mine = all(c.holds(asked) for c in CHECKS if c.name in _OF_OTHERS)
            found.append(Checked(TASK_YOURS, mine))
        if not found[-1].holds and found[-1].name in {"purpose_known", TASK_YOURS}:
            break
    return found


TASK_YOURS = "task_yours"
_OF_OTHERS = frozenset({"task_open", "task_assigned"})


def granted(situation: Situation) -> Grant | None:
    """What the agreements give, whoever may ask."""
    standing = standing_if_asked(situation.asked)
    return None if standing is None else _granted(situation, standing)


def _granted(situation: Situation, standing: Standing) -> Grant | None:
    served = serving(standing, situation.terms)
    return grant(standing, situation.department, situation.section, served)


def ruling(situation: Situation, row: FieldClass) -> Ruling:
    """What becomes of one field: the checks of asking first, then agreement, region and task."""
    failed = next((check.name for check in checks_of(situation) if not check.holds), None)
    if failed is not None:
        return Ruling("withhold", failed)
    found = _by_agreement(situation, row)
    if situation.used_up and found.reason in _BY_AGREEMENT:
        more = _by_agreement(_with_quota(situation, row), row)
        if more.reason not in _BY_AGREEMENT:
            return Ruling("withhold", QUOTA_EXHAUSTED)
    return found


def _by_agreement(situation: Situation, row: FieldClass) -> Ruling:
    given = granted(situation)
    if given is None:
        return Ruling("withhold", NO_AGREEMENT)
    verdict = field_verdict(row, given)
    return Ruling(verdict, reason_of(row, given) if verdict == "withhold" else "")


def _with_quota(situation: Situation, _row: FieldClass) -> Situation:
    return replace(situation, terms=(*situation.terms, *situation.used_up), used_up=())


def smallest_change(situation: Situation, row: FieldClass) -> list[str] | None:
    """The checks that have to be made to hold so that a field is released or shown masked, in
    order: each was made to hold and everything decided again. An agreement that exists goes before
    one that would have to be signed. None where nothing helps.
    """
    needed: list[str] = []
    changed = situation
    for _ in range(_MOST_CHANGES):
        found = ruling(changed, row)
        if found.verdict != "withhold":
            return needed
        name = found.reason
        if name in _BY_AGREEMENT:
            name = _without_signing(changed, row) or name
        repair = REPAIRS.get(name)
        if repair is None or name in needed:
            return None
        needed.append(name)
        changed = repair(changed, row)
    return None


_BY_AGREEMENT = frozenset({NO_AGREEMENT, BY_AGREEMENT, NOT_AGREED})
AGREED_ROLE = "agreement_role"


def _without_signing(situation: Situation, row: FieldClass) -> str | None:
    """What makes an agreement serve that does not serve this caller, if something does."""
    for name in (AGREED_ROLE, REGION_FOREIGN):
        if ruling(REPAIRS[name](situation, row), row).reason not in _BY_AGREEMENT:
            return name
    return None


def _with_task(situation: Situation, _row: FieldClass) -> Situation:
    """A leader of the caller's office and region assigns a task for this."""
    asked = situation.asked
    task = OpenTask(
        "assigned",
        asked.business_id,
        asked.site,
        asked.purpose,
        asked.region,
        frozenset({asked.principal.subject}),
        _SECOND_PERSON,
        asked.now + timedelta(hours=1),
        asked.principal.region,
        asked.principal.department or "",
    )
    tasks = {**asked.tasks, task.id: task}
    return replace(situation, asked=structs.replace(asked, tasks=tasks, task=task.id))


def _with_task_there(situation: Situation, row: FieldClass) -> Situation:
    """An officer of the business's region, with a task of a leader there."""
    region = situation.asked.region
    if region and not situation.asked.principal.covers(region):
        situation = _by_somebody_there(situation, row)
    return _with_task(situation, row)


def _approved(situation: Situation, _row: FieldClass) -> Situation:
    asked = situation.asked
    task = asked.open_task
    if task is None:
        return situation
    tasks = {**asked.tasks, task.id: replace(task, approved_by=_SECOND_PERSON)}
    return replace(situation, asked=structs.replace(asked, tasks=tasks))


def _with_role(situation: Situation, _row: FieldClass) -> Situation:
    return _as(situation, Role(min(PURPOSES[situation.asked.purpose].roles)))


def _as(situation: Situation, role: Role) -> Situation:
    asked = situation.asked
    principal = replace(asked.principal, roles=asked.principal.roles | {role})
    return replace(situation, asked=structs.replace(asked, principal=principal))


def _with_agreed_role(situation: Situation, row: FieldClass) -> Situation:
    """Somebody of a role that an agreement names, who may have the purpose."""
    allowed = PURPOSES[situation.asked.purpose].roles
    named = {role for terms in situation.terms for role in terms.roles if role in allowed}
    for role in sorted(named):
        changed = _as(situation, Role(role))
        if ruling(changed, row).reason not in _BY_AGREEMENT:
            return changed
    return situation


def _located(situation: Situation, _row: FieldClass) -> Situation:
    asked = situation.asked
    return replace(situation, asked=structs.replace(asked, region=asked.principal.region))


def _by_somebody_there(situation: Situation, _row: FieldClass) -> Situation:
    asked = situation.asked
    if not asked.region:
        return situation
    principal = replace(asked.principal, region=asked.region)
    return replace(situation, asked=structs.replace(asked, principal=principal))


def _agreed(situation: Situation, row: FieldClass) -> Situation:
    """The parties agree on this field, for this purpose, as deep as its class."""
    asked = situation.asked
    terms = Terms(
        "agreed",
        situation.department,
        frozenset({asked.purpose}),
        row.level,
        headline=False,
        sections={situation.section: frozenset({row.field})},
    )
    return replace(situation, terms=(*situation.terms, terms))


REPAIRS: dict[str, Callable[[Situation, FieldClass], Situation]] = {
    "purpose_of_role": _with_role,
    **dict.fromkeys(
        (
            "task_given",
            TASK_YOURS,
            "task_of_business",
            "task_of_purpose",
            TASK_MISSING,
            TASK_FOREIGN,
            TASK_ELSEWHERE,
        ),
        _with_task,
    ),
    "task_of_region": _with_task_there,
    QUOTA_EXHAUSTED: _with_quota,
    TASK_ALONE: _approved,
    AGREED_ROLE: _with_agreed_role,
    REGION_UNKNOWN: _located,
    REGION_FOREIGN: _by_somebody_there,
    **dict.fromkeys((NO_AGREEMENT, BY_AGREEMENT, NOT_AGREED), _agreed),
}
"""How each check could be made to hold. What no person may change is not among them."""
