"""Whom a section asks: nearest enclosing region, axis, candidate versions."""

from types import SimpleNamespace

import pytest

from app.registry.offices import Office, Offices, enclosing

BUSINESSES = [f"9133010600000{n:05d}" for n in range(1000)]


def live(label, scope="entity", address="tax.example"):
    manifest = SimpleNamespace(
        adapter_id=label,
        department="tax",
        operations=["results"],
        scope=scope,
        base_url=f"https://{address}",
        replicas=[],
    )
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


def test_nobody_takes_the_place_of_an_office_that_is_out_of_service():
    """Suspended for the night, or its declaration cannot be read: its businesses are nobody else's,
    and neither are its results.
    """
    for out in (
        Office("330108", "horizontal", live("b"), suspended=True),
        Office("330108", "horizontal", None),
    ):
        offices = [office("330106", "a"), out]
        assert asked(offices, "330106") == "a"
        assert asked(offices, "330108") is None
        assert Offices({"tax": offices}).several == {"tax"}
    suspended = [office("330106", "a"), Office("330108", "horizontal", live("b"), suspended=True)]
    taker = Offices({"tax": suspended}).offering("results", "330108", department="tax")
    assert taker is None
    assert (
        Offices({"tax": [Office("", "horizontal", live("a"), suspended=True)]}).choose("", "x").live
        == {}
    )


def test_a_vertical_system_stands_in_for_the_local_office_of_its_region():
    pair = [
        Office("330100", "horizontal", live("local"), suspended=True),
        office("330100", "v", "vertical"),
    ]
    assert asked(pair, "330106") == "v"


def test_what_answers_for_a_site_is_asked_where_the_site_is():
    fire = [Office(r, "horizontal", live(f"fire {r}", "site")) for r in ("330106", "330108")]
    tax = [office("330106", "tax a"), office("330108", "tax b")]
    choice = Offices({"fire": fire, "tax": tax}).choose("330106", "x", "330108")
    assert {n: entry.label for n, entry in choice.live.items()} == {
        "fire": "fire 330108",
        "tax": "tax a",
    }


def test_a_candidate_at_another_address_has_a_lane_of_its_own():
    other = live("tax@2", address="new.example")
    for candidate, apart in ((other, {"tax"}), (live("tax@2"), set())):
        offices = Offices({"tax": [office("", "tax@1", candidate=candidate, share=99)]})
        choices = [offices.choose("330100", business) for business in BUSINESSES[:50]]
        assert set().union(*(choice.apart for choice in choices)) == apart
