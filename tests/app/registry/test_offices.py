"""Whom a section asks: nearest enclosing region, axis, candidate versions."""

from types import SimpleNamespace

import pytest

from app.registry.offices import Office, Offices, enclosing

BUSINESSES = [f"9133010600000{n:05d}" for n in range(1000)]


def live(label):
    manifest = SimpleNamespace(adapter_id=label, department="tax", operations=["results"])
    return SimpleNamespace(label=label, manifest=manifest)


def office(region, label, axis="horizontal", **more):
    return Office(region, axis, live(label), **more)


def asked(offices, region, business="91330106MA2YYY034D"):
    choice = Offices({"tax": offices}).choose(region, business)
    return None if "tax" in choice.nowhere else choice.live["tax"].label


def test_what_encloses_a_division():
    assert enclosing("330106") == ("330106", "330100", "330000", "000000")
    assert enclosing("330000") == ("330000", "000000")
    assert enclosing("000000") == ("000000",)


@pytest.mark.parametrize(
    ("region", "label"),
    [
        ("330106", "county"),
        ("330108", "city"),
        ("330200", "province"),
        ("330000", "province"),
        ("310115", "nation"),
        ("000000", "nation"),
    ],
)
def test_the_nearest_enclosing_office_is_asked(region, label):
    around = {"county": "330106", "city": "330100", "province": "330000", "nation": "000000"}
    offices = [office(code, name) for name, code in around.items()]
    assert asked(offices, region) == label
    assert asked(offices[::-1], region) == label


def test_an_only_office_is_asked_wherever_it_is():
    assert asked([office("330100", "tax")], "310000") == "tax"
    assert asked([office("", "tax")], "310000") == "tax"
    assert Offices({"tax": [office("330100", "tax")]}).several == frozenset()


def test_nobody_is_asked_where_none_of_several_serves():
    assert asked([office("330100", "a"), office("330200", "b")], "310000") is None


def test_rows_of_before_serve_everywhere_behind_the_others():
    assert asked([office("", "old"), office("330100", "new")], "330106") == "new"
    assert asked([office("", "old"), office("330100", "new")], "310000") == "old"


def test_of_two_in_one_region_the_local_office_is_asked():
    pair = [office("330100", "vertical", "vertical"), office("330100", "local")]
    assert asked(pair, "330106") == asked(pair[::-1], "330106") == "local"


@pytest.mark.parametrize("share", [1, 10, 50, 99])
def test_a_candidate_serves_its_share_and_always_the_same_businesses(share):
    offices = Offices({"tax": [office("", "tax@1", candidate=live("tax@2"), share=share)]})
    chosen = [offices.choose("330100", b).live["tax"].label for b in BUSINESSES]
    assert chosen == [offices.choose("330100", b).live["tax"].label for b in BUSINESSES]
    assert abs(chosen.count("tax@2") / 10 - share) < 4
    assert offices.choose("330100", BUSINESSES[0]).office("tax") == ("", chosen[0] == "tax@2") or (
        chosen[0] == "tax@1"
    )


def test_results_go_to_the_nearest_office_that_takes_them():
    offices = Offices({"tax": [office("330100", "a"), office("330200", "b")]})
    assert offices.offering("results", "330203", department="tax").label == "b"
    assert offices.offering("results", "310000", department="tax") is None
    assert offices.offering("search", "330203", department="tax") is None
