"""Purposes are rows of one table, which routes, tasks and standing read."""

from datetime import date

from app.tasks.purposes import PURPOSES
from auth.principal import Role

DAY = date(2026, 11, 27)


def test_the_purposes_in_force_and_who_may_have_them():
    in_force = {p.name: (p.needs_task, p.roles) for p in PURPOSES.values() if p.in_force(DAY)}
    assert in_force == {
        "inspection": (True, {Role.INSPECTOR, Role.TEAM_LEADER}),
        "patrol": (False, {Role.PATROLLER, Role.INSPECTOR, Role.TEAM_LEADER}),
        "joint_operation": (True, {Role.INSPECTOR, Role.TEAM_LEADER}),
        "complaint_handling": (True, {Role.INSPECTOR, Role.TEAM_LEADER}),
        "emergency": (True, {Role.INSPECTOR, Role.TEAM_LEADER}),
    }
