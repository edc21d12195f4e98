"""The table of rules and the guards in the code are one."""

from importlib import import_module
from pathlib import Path

import pytest

import app.lifespan  # every room, so that every guard is declared  # noqa: F401
from app.catalogue.rules import all_rules, page
from app.core.rules import GUARDS, OFF

ROOT = Path(__file__).parents[3]
BY_NAME = {row.name: row for row in all_rules()}


def test_every_guard_has_a_row_and_every_row_its_guard():
    of_functions = {name: row.guard for name, row in BY_NAME.items() if name in GUARDS}
    assert of_functions == GUARDS
    assert set(BY_NAME) == {
        *(f"D-{n:02}" for n in range(1, 23)),
        *(f"I-{n:02}" for n in range(1, 19)),
        *(f"Q-{n:02}" for n in range(1, 11)),
    }


@pytest.mark.parametrize("row", [r for r in all_rules() if r.guard], ids=lambda r: r.name)
def test_what_is_named_is_there(row):
    module, _, name = row.guard.rpartition(".")
    assert hasattr(import_module(module), name)
    path, _, test = row.test.partition("::")
    assert (ROOT / path).exists()
    assert not test or f"def {test.rpartition('::')[2]}(" in (ROOT / path).read_text()


def test_what_blocks_is_guarded_and_what_comes_later_is_not():
    for row in all_rules():
        assert bool(row.guard and row.test) == (row.mode == "block"), row.name


def test_the_page_is_what_the_table_says():
    assert (ROOT / "docs/rules.md").read_text(encoding="utf-8") == page()


def test_nothing_is_switched_off_and_nobody_could():
    assert set() == OFF
    writers = [
        p
        for p in (ROOT / "app").rglob("*.py")
        if "rules.OFF" in p.read_text() or "import OFF" in p.read_text()
    ]
    assert writers == []


async def test_the_rules_by_mode(gateway):
    told = (await gateway.inspector.get("/v1/catalogue/rules", params={"mode": "block"})).json()
    assert {row["rule"] for row in told} >= {
        "D-04",
        "D-07",
        "D-13",
        "D-14",
        "D-16",
        "I-02",
        "I-06",
        "I-12",
    }
    assert len((await gateway.inspector.get("/v1/catalogue/rules")).json()) == 50
