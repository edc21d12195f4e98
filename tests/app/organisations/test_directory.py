"""Who somebody is: what token and directory both give, roles with hours and ends, roles that exclude each other."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.organisations.directory import Member, People, both, roles_of
from app.organisations.roles import KINDS, RoleGrant, exclusion, is_within
from auth.errors import Forbidden
from auth.principal import Principal, Role

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)  # a Wednesday, eleven o'clock in China
HOUR = timedelta(hours=1)


def grant(role=Role.INSPECTOR, begin=-HOUR, end=None, hours="", by=""):
    return RoleGrant(role, NOW + begin, None if end is None else NOW + end, hours, by)


def person(subject="wang", *grants, department="fire", region="330106", **more):
    return Member(
        f"id-{subject}",
        subject,
        more.pop("unit", "u"),
        department,
        region,
        grants or (grant(),),
        **more,
    )


def people(*found):
    return People({p.subject: p for p in found}, {p.id: p for p in found})


def claimed(subject="wang", roles=(Role.INSPECTOR,), department="fire", region="330106", no=None):
    return Principal(subject, frozenset(roles), department, region, no)


@pytest.mark.parametrize(
    ("hours", "inside"),
    [
        ("", True),
        ("08:30-17:30", True),
        ("11:00-11:01", True),
        ("11:01-17:00", False),
        ("12345 08:30-17:30", True),
        ("67 08:30-17:30", False),
        ("3 08:30-17:30", True),
        ("22:00-12:00", True),
        ("22:00-06:00", False),
        ("2 22:00-12:00", True),
        ("3 22:00-12:00", False),
    ],
)
def test_working_hours_are_those_of_china(hours, inside):
    assert is_within(hours, NOW) is inside


def test_a_role_has_a_beginning_and_an_end():
    assert grant().holds(NOW)
    assert not grant(begin=HOUR).holds(NOW)
    assert not grant(end=timedelta(0)).holds(NOW)
    assert grant(end=timedelta(seconds=1)).holds(NOW)


def test_only_what_both_give_is_there():
    found = people(person("wang", grant(Role.INSPECTOR), grant(Role.TEAM_LEADER)))
    assert both(claimed(), found, NOW).roles == {Role.INSPECTOR}
    assert both(claimed(roles=(Role.AUDITOR,)), found, NOW).roles == frozenset()
    with pytest.raises(Forbidden) as refused:
        both(claimed("li"), found, NOW)
    assert refused.value.code == "auth.person_unknown"


@pytest.mark.parametrize(
    ("directory", "token", "region"),
    [
        ("330106", "330100", "330106"),
        ("330100", "330106", "330106"),
        ("000000", "330100", "330100"),
        ("330106", "310115", None),
        ("330200", "330100", None),
    ],
)
def test_the_narrower_region_counts(directory, token, region):
    found = people(person(region=directory))
    if region is None:
        with pytest.raises(Forbidden, match="another region"):
            both(claimed(region=token), found, NOW)
    else:
        assert both(claimed(region=token), found, NOW).region == region


@pytest.mark.parametrize(
    ("directory", "token", "department"),
    [("fire", "fire", "fire"), ("fire", None, "fire"), ("", "fire", "fire"), ("fire", "tax", None)],
)
def test_nobody_is_of_a_department_that_the_directory_does_not_say(directory, token, department):
    found = people(person(department=directory))
    if department is None:
        with pytest.raises(Forbidden):
            both(claimed(department=token), found, NOW)
    else:
        assert both(claimed(department=token), found, NOW).department == department


def test_a_certificate_is_the_directorys_on_its_days():
    dated = {"certificate_no": "ZJ-1", "certificate_from": date(2026, 1, 1)}
    valid = people(person(**dated, certificate_to=date(2026, 11, 25)))
    over = people(person(**dated, certificate_to=date(2026, 11, 24)))
    assert both(claimed(), valid, NOW).certificate_no == "ZJ-1"
    assert both(claimed(no="ZJ-1"), valid, NOW).certificate_no == "ZJ-1"
    assert both(claimed(no="ZJ-2"), valid, NOW).certificate_no is None
    assert both(claimed(no="ZJ-1"), over, NOW).certificate_no is None


def test_a_role_that_was_lent_ends_with_the_lenders():
    borrower = person("li", grant(Role.TEAM_LEADER, by="id-wang"))
    for own, has in (
        ((grant(Role.TEAM_LEADER),), True),
        ((grant(Role.TEAM_LEADER, end=timedelta(0)),), False),
        ((grant(Role.TEAM_LEADER, by="id-li"),), False),
        ((grant(Role.INSPECTOR),), False),
    ):
        found = people(person("wang", *own), borrower)
        assert (roles_of(found, borrower, NOW) == {Role.TEAM_LEADER}) is has
    assert roles_of(people(borrower), borrower, NOW) == frozenset()
    moved = person("li", grant(Role.TEAM_LEADER, by="id-wang"), unit="elsewhere")
    lender = person("wang", grant(Role.TEAM_LEADER))
    assert roles_of(people(lender, moved), moved, NOW) == frozenset()


def test_a_role_that_ended_before_it_began_excludes_nothing():
    never = RoleGrant(Role.AUDITOR, NOW + HOUR, NOW)
    assert exclusion(grant(Role.SYSTEM_ADMINISTRATOR), (never,)) is None


def test_the_three_administrators_exclude_each_other():
    three = {
        Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR, Role.AUDIT_ADMINISTRATOR,
    }  # fmt: skip
    for role in three:
        assert three - {role} <= KINDS[role].excludes
    for first in Role:
        assert set(KINDS) == set(Role)
        for second in KINDS[first].excludes:
            assert first in KINDS[second].excludes, (first, second)


moments = st.integers(-5, 5).map(lambda hours: timedelta(hours=hours))


@given(moments, moments | st.none(), moments, moments | st.none())
def test_no_moment_has_both_of_two_that_exclude_each_other(begin, end, other_begin, other_end):
    wanted = grant(Role.SYSTEM_ADMINISTRATOR, begin, end)
    had = grant(Role.AUDIT_ADMINISTRATOR, other_begin, other_end)
    hours = [NOW + timedelta(minutes=30 * n) for n in range(-12, 14)]
    together = any(wanted.holds(at) and had.holds(at) for at in hours)
    if together:
        assert exclusion(wanted, (had,)) is Role.AUDIT_ADMINISTRATOR
    assert exclusion(wanted, (grant(Role.INSPECTOR),)) is None
