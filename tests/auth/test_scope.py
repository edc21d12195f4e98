"""One predicate over region and department."""

import pytest

from auth.principal import Principal, Role
from auth.scope import Scope, scope_of

COUNTY, CITY, NATION = "330106", "330100", "000000"


@pytest.mark.parametrize(
    ("prefix", "department", "region", "of", "within"),
    [
        ("", None, NATION, ("fire",), True),
        ("", None, "", ("fire",), True),
        ("3301", None, COUNTY, ("fire",), True),
        ("3301", None, CITY, (), True),
        ("330106", None, CITY, ("fire",), False),
        ("330106", None, "", ("fire",), False),
        ("3301", "fire", COUNTY, ("fire",), True),
        ("3301", "fire", COUNTY, ("tax", "fire"), True),
        ("3301", "fire", COUNTY, ("tax",), False),
        ("3301", "fire", COUNTY, (), False),
        ("3301", "", COUNTY, ("fire",), False),
        ("3301", "fire", "310115", ("fire",), False),
    ],
)
def test_what_lies_within(prefix, department, region, of, within):
    assert Scope(prefix, department).covers(region, *of) is within


@pytest.mark.parametrize(
    ("role", "department", "bound_to"),
    [
        (Role.COORDINATOR, None, None),
        (Role.SUPERVISOR, None, None),
        (Role.AUDITOR, None, None),
        (Role.TEAM_LEADER, None, None),
        (Role.DATA_MANAGER, None, ""),
        (Role.PATROLLER, None, ""),
        (Role.COORDINATOR, "fire", "fire"),
        (Role.DATA_MANAGER, "fire", "fire"),
    ],
)
def test_who_stands_above_departments(role, department, bound_to):
    assert scope_of(Principal("x", frozenset({role}), department, CITY)) == Scope("3301", bound_to)


def test_a_scope_is_never_widened():
    assert Scope("3301").narrowed("fire") == Scope("3301", "fire")
    assert Scope("3301", "fire").narrowed("fire") == Scope("3301", "fire")
    assert Scope("3301", "fire").narrowed("tax") == Scope("3301", "")
    assert Scope("3301", "").narrowed("tax") == Scope("3301", "")
