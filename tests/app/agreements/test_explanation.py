"""Why a field is or is not released, and the smallest change, tried over the same checks."""

from datetime import UTC, datetime

import pytest

from app.agreements.decision import Terms
from app.agreements.explanation import (
    REPAIRS,
    Situation,
    checks_of,
    ruling,
    smallest_change,
)
from app.agreements.standing import SMALLEST_CHANGES, Asked
from app.catalogue.classification import FieldClass
from auth.principal import Principal, Role

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)


def row(level, name="a", mask="", masked_class=None):
    return FieldClass("tax", name, level, mask, masked_class, NOW.date(), None, "x", "H")


def test_every_reason_has_words_for_the_smallest_change():
    assert set(REPAIRS) <= set(SMALLEST_CHANGES)


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
