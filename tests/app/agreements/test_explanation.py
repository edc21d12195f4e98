"""Why a field is or is not released, and the smallest change, tried over the same checks."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from app.agreements.decision import Terms
from app.agreements.explanation import (
    _REPAIRS,
    Situation,
    checks_of,
    ruling,
    smallest_change,
)
from app.agreements.standing import SMALLEST_CHANGES, Asked
from app.catalogue.classification import FieldClass
from app.tasks.lifecycle import OpenTask
from auth.principal import Principal, Role

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
REGIONS = ("", "330106", "330100", "330200", "310115")
DEPARTMENTS = ("fire", "tax", None)
PEOPLE = ("wang", "li")


def row(level, name="a", mask="", masked_class=None):
    return FieldClass("tax", name, level, mask, masked_class, NOW.date(), None, "x", "H")


def a_situation(rng):
    """Any caller, task, agreement and place; most of it fits, so that each check decides some."""

    def most(right, *others):
        return right if rng.random() < 0.85 else rng.choice(others)

    roles = most(
        frozenset({Role.INSPECTOR}), frozenset({Role.PATROLLER}), frozenset({Role.AUDITOR}),
        frozenset({Role.INSPECTOR, Role.PATROLLER}),
    )  # fmt: skip
    caller = Principal("wang", roles, rng.choice(DEPARTMENTS), most("330100", "330106", "310000"))
    purpose = most(rng.choice(("inspection", "patrol")), "nothing")
    task = OpenTask(
        "t", most("b", "c"), most(None, "S1", "S2"), most(purpose, "inspection", "patrol"), most("330106", *REGIONS),
        most(frozenset({"wang"}), frozenset({"li"})), most("li", "wang"), NOW + timedelta(hours=most(1, -1)),
        most("330100", "310000"), most(caller.department or "", "", "fire", "tax"), rng.choice((None, "wang", "li")),
    )  # fmt: skip
    terms = tuple(
        Terms(
            f"a{n}@1", most("*", "tax", "fire"), most(frozenset({purpose}), frozenset({"emergency"})),
            rng.choice((2, 2, 3, 4)), rng.random() < 0.5, most("*", "fire", "tax"),
            most(None, {"tax": None}, {"tax": frozenset({"b"})}, {"fire": None}),
            most((), ("330100",), ("310000",)), most(frozenset(), frozenset({Role.PATROLLER})),
            most("000000", "330100", "330200"),
        )
        for n in range(most(1, 0, 2, 3))
    )  # fmt: skip
    tasks = {"t": task} if rng.random() < 0.95 else {}
    asked = Asked(
        caller, "b", rng.choice((None, "S1")), purpose, most("t", None, "u"), tasks, NOW, most("330106", *REGIONS),
    )  # fmt: skip
    return Situation(asked, rng.choice(("tax", "fire")), "tax", terms)


def covers(outer, inner):
    while outer.endswith("00"):
        outer = outer[:-2]
    return inner.startswith(outer)


def naive(situation, field):
    """The same rules, written down once more without looking: whether the field may leave at all."""
    asked, who = situation.asked, situation.asked.principal
    needs = {"inspection": True, "patrol": False}
    roles = {
        "inspection": {"inspector", "team_leader"},
        "patrol": {"patroller", "inspector", "team_leader"},
    }
    if field.level == 1 or asked.purpose not in needs or not roles[asked.purpose] & set(who.roles):
        return "withhold"
    task = asked.tasks.get(asked.task) if asked.task else None
    if asked.task is None and needs[asked.purpose]:
        return "withhold"
    if asked.task is not None and (
        task is None
        or asked.now >= task.ends_at
        or who.subject not in {*task.assignees, task.opened_by}
        or task.business_id != asked.business_id
        or task.site not in (None, asked.site)
        or task.purpose != asked.purpose
        or not covers(who.region, task.region or task.opened_in)
    ):
        return "withhold"
    here = asked.region != "" and covers(who.region, asked.region)
    own = situation.department == who.department and bool(
        {"inspector", "team_leader"} & set(who.roles)
    )
    opens = task is not None and task.department in ("", who.department or task.department) and (
        task.opened_by != who.subject or task.approved_by not in (None, who.subject)
    )  # fmt: skip
    floor = 2 if here and (own or opens) else 3
    if not here and asked.purpose == "patrol":
        floor = 4
    depths = []
    for terms in situation.terms:
        if asked.purpose not in terms.purposes or terms.source not in ("*", situation.department):
            continue
        if terms.application not in ("*", who.department or ""):
            continue
        if not covers(terms.application_region, who.region):
            continue
        if terms.roles and not terms.roles & who.roles:
            continue
        if terms.regions and not any(covers(r, asked.region) for r in terms.regions):
            continue
        if terms.sections is not None and "tax" not in terms.sections:
            continue
        fields = None if terms.sections is None else terms.sections["tax"]
        if fields is None or field.field in fields:
            depths.append(2 if own else terms.strictest_class)
    if not depths:
        return "withhold"
    reach = max(floor, min(depths))
    if field.level >= reach:
        return "mask" if field.mask and field.masked_class == field.level else "release"
    if field.mask and field.masked_class and field.masked_class >= reach:
        return "mask"
    return "withhold"


def test_rulings_agree_with_a_naive_model_and_smallest_changes_release():
    rng = random.Random(12)
    seen, reasons, changed = {}, {}, 0
    for _ in range(6000):
        situation = a_situation(rng)
        mask, masked = rng.choice((("", None), ("phone", None), ("phone", 3), ("phone", 4)))
        field = row(rng.randint(1, 4), rng.choice("ab"), mask, masked)
        found = ruling(situation, field)
        assert found.verdict == naive(situation, field), (situation, field, found)
        seen[found.verdict] = seen.get(found.verdict, 0) + 1
        if found.verdict != "withhold":
            continue
        reasons[found.reason] = reasons.get(found.reason, 0) + 1
        needed = smallest_change(situation, field)
        if field.level == 1 or situation.asked.purpose == "nothing":
            assert needed is None
            continue
        assert needed is not None, (situation, field, found)
        assert needed[0] == found.reason
        assert len(needed) == len(set(needed))
        changed += 1
        after = situation
        for name in needed:
            assert ruling(after, field).verdict == "withhold", "one was not needed"
            after = _REPAIRS[name](after, field)
        assert ruling(after, field).verdict != "withhold"
        assert naive(after, field) != "withhold"
    assert min(seen.values()) > 100, seen
    assert changed > 1000
    assert len(reasons) >= 12, reasons


def test_every_reason_has_words_for_the_smallest_change():
    assert set(_REPAIRS) <= set(SMALLEST_CHANGES)


def test_checks_are_told_in_their_order():
    caller = Principal("wang", frozenset({Role.INSPECTOR}), "fire", "330100")
    asked = Asked(caller, "b", None, "inspection", None, {}, NOW, "330106")
    found = checks_of(Situation(asked, "tax", "tax", ()))
    assert [(c.name, c.holds) for c in found] == [
        ("purpose_known", True), ("purpose_of_role", True), ("task_given", False),
    ]  # fmt: skip


@pytest.mark.parametrize("level", [2, 3, 4])
def test_class_1_is_never_reached(level):
    caller = Principal("wang", frozenset({Role.INSPECTOR}), "tax", "330100")
    asked = Asked(caller, "b", None, "patrol", None, {}, NOW, "330106")
    terms = (Terms("a@1", "*", frozenset({"patrol"}), level, True),)
    assert ruling(Situation(asked, "tax", "tax", terms), row(1)).verdict == "withhold"
    assert smallest_change(Situation(asked, "tax", "tax", terms), row(1)) is None
