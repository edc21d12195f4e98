"""Purposes are rows of one table, which routes, tasks and standing read."""

from datetime import date

from app.tasks.purposes import PURPOSES, sealed_from
from auth.principal import Role

DAY = date(2026, 11, 27)


def test_a_sealed_purpose_is_known_to_its_own_roles():
    supervision = PURPOSES["supervision"]
    assert not supervision.is_known_to({Role.TEAM_LEADER, Role.COORDINATOR})
    assert supervision.is_known_to({Role.INSPECTOR, Role.SUPERVISOR})
    assert sealed_from({Role.INSPECTOR}) == {"supervision"}
    assert sealed_from({Role.SUPERVISOR}) == frozenset()


def test_every_purpose_with_a_task_says_who_opens_it_and_for_how_long():
    with_task = {p.name: (p.opened_by, p.longest_hours) for p in PURPOSES.values() if p.needs_task}
    assert with_task == {
        **dict.fromkeys(
            ("inspection", "joint_operation", "complaint_handling"), ({"team_leader"}, 744)
        ),
        "emergency": ({"team_leader"}, 72),
        "supervision": ({"supervisor"}, 168),
    }


def test_the_purposes_in_force_and_who_may_have_them():
    in_force = {p.name: (p.needs_task, p.roles) for p in PURPOSES.values() if p.in_force(DAY)}
    assert in_force == {
        "inspection": (True, {Role.INSPECTOR, Role.TEAM_LEADER}),
        "patrol": (False, {Role.PATROLLER, Role.INSPECTOR, Role.TEAM_LEADER}),
        "joint_operation": (True, {Role.INSPECTOR, Role.TEAM_LEADER}),
        "complaint_handling": (True, {Role.INSPECTOR, Role.TEAM_LEADER}),
        "emergency": (True, {Role.INSPECTOR, Role.TEAM_LEADER}),
        "supervision": (True, {Role.SUPERVISOR}),
        "analysis": (False, {Role.ANALYST}),
    }
