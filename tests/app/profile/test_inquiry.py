"""Whom a look-up asks where sections have several offices; every section is told exactly once."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import msgspec
import pytest

from adapters.contract import AdapterError, Manifest, SectionAnswer, shape_of
from adapters.contract.business_id import parse
from adapters.dispatch.cache import AnswerCache
from adapters.dispatch.dispatcher import Dispatcher
from app.agreements.decision import DatedTerms, Standing, Terms
from app.catalogue.service import catalogue_on
from app.profile.inquiry import Inquiry
from app.profile.plans import Plans, Prepared, Region
from app.profile.request import LookUp
from app.registry.offices import LiveAdapter, Office, Offices
from app.tasks.purposes import PURPOSES
from auth.principal import Principal, Role

NOW = datetime(2026, 11, 27, 3, tzinfo=UTC)
TERMS = (DatedTerms(Terms("a@1", "*", frozenset({"patrol"}), 3, True), NOW.date(), None),)
PATROL = Standing(PURPOSES["patrol"], None, "")
WANG = Principal("wang", frozenset({Role.INSPECTOR}), "fire", "330100")
BUSINESS = "91330106MA2YYY034D"


class Adapter:
    """Answers at once or after a while: with data, with nothing, or with a failure."""

    def __init__(self, section, label, says, seconds=0.0, scope="entity"):
        self.section, self.says, self.seconds, self.asked = section, says, seconds, 0
        self.manifest = msgspec.convert(
            {
                "adapter_id": label, "department": section, "section": section, "title_zh": "甲", "title_en": "a", "scope": scope,
                "base_url": f"https://{label.replace('_', '-')}.example", "sample_business_id": "x" * 18, "unknown_business_id": "x" * 18,
            },
            Manifest,
        )  # fmt: skip

    def begin(self, query, told):
        self.asked += 1

        def answer():
            if isinstance(self.says, AdapterError):
                told(None, self.says)
            elif self.says is None:
                told(SectionAnswer(None, NOW, "", "no_record"), None)
            else:
                data = msgspec.convert(self.says, shape_of(self.section))
                told(SectionAnswer(data, NOW, ""), None)

        if not self.seconds:
            answer()
            return SimpleNamespace(cancel=lambda: None)
        timer = asyncio.get_running_loop().call_later(self.seconds, answer)
        return SimpleNamespace(cancel=timer.cancel)


def place(region, **more):
    return {"division_code": region, **more}


class Stage:
    def __init__(self, *placed):
        sections = {}
        for region, adapter in placed:
            office = Office(region, "horizontal", LiveAdapter(adapter, 1))
            sections.setdefault(adapter.section, []).append(office)
        order = sorted(sections, key=lambda name: name != "registration")
        self.offices = Offices({name: sections[name] for name in order})
        self.now = NOW
        self.dispatcher = Dispatcher(
            AnswerCache(), lambda: self.now, random.Random(1).random, lambda *_: None
        )
        self.plans = Plans(self.dispatcher, catalogue_on)

    def plan(self, region):
        choice = self.offices.choose(region.code, BUSINESS, region.site)
        return self.plans.plan(choice, TERMS, PATROL, NOW.date())

    def moved(self, prepared, region):
        return msgspec.structs.replace(prepared, plan=self.plan(region), region=region)

    async def look_up(self, region, seconds=2.0, site=None, only=None):
        """Outcomes by section, and how often each was told."""
        asked = LookUp(BUSINESS, "patrol", None, site, False, round(seconds * 1000) + 30, "0" * 32)
        believed = Region(region, "caller")
        begun = asyncio.get_running_loop().time()
        prepared = Prepared(
            WANG, asked, parse(BUSINESS), self.plan(believed), begun, believed, True
        )
        told = []
        inquiry = Inquiry(
            self.dispatcher, prepared, self.moved, lambda name, reply: told.append((name, reply))
        )
        inquiry.begin(only)
        await asyncio.wait_for(inquiry.whole, 5)
        inquiry.cancel()
        names = [name for name, _ in told]
        assert len(names) == len(set(names)), "a section was told twice"
        if only is None:
            assert set(names) == set(inquiry.prepared.plan.specifications), "one was never told"
        assert {n: inquiry.replies[n] for n in names} == dict(told)
        return {
            name: (
                reply.reason or reply.outcome.value,
                inquiry.prepared.plan.specifications[name].label,
            )
            for name, reply in told
        }


def registration(says, label="registration", seconds=0.0):
    return Adapter("registration", label, says, seconds)


FOUND = {"taxpayer_name": "某"}


@pytest.mark.parametrize("slow", [0.0, 0.02])
@pytest.mark.parametrize("late", [0.0, 0.05])
async def test_a_wrong_office_is_not_heard_whoever_is_faster(slow, late):
    wrong, right = Adapter("tax", "tax_a", None, slow), Adapter("tax", "tax_b", FOUND, slow)
    told = registration(place("330200"), seconds=late)
    stage = Stage(("000000", told), ("330100", wrong), ("330200", right))
    found = await stage.look_up("330100")
    assert found["tax"] == ("fresh", "tax_b@1")
    assert stage.dispatcher.lanes["tax_a"].breaker.state == 0


async def test_several_sections_that_are_asked_again_all_come(monkeypatch):
    """Some of them at once, the last one later: the look-up waits for all."""
    placed = [("000000", registration(place("330200"), seconds=0.02))]
    for index, section in enumerate(("tax", "food", "fire", "health")):
        later = 0.03 if index == 2 else 0.0
        placed += [
            ("330100", Adapter(section, f"{section}_a", None)),
            ("330200", Adapter(section, f"{section}_b", {}, later)),
        ]
    found = await Stage(*placed).look_up("330100")
    assert {name: label for name, (_, label) in found.items() if name != "registration"} == {
        name: f"{name}_b@1" for name in ("tax", "food", "fire", "health")
    }
    assert {reason for reason, _ in found.values()} == {"fresh"}


async def test_registrations_that_send_to_each_other_end():
    stage = Stage(
        ("330100", registration(place("330200"), "registration_a")),
        ("330200", registration(place("330100"), "registration_b")),
        ("330100", Adapter("tax", "tax_a", None)),
        ("330200", Adapter("tax", "tax_b", None)),
    )
    found = await stage.look_up("330100")
    assert found["tax"][0] in {"other_region", "no_record"}
    assert found["registration"][0] in {"fresh", "other_region"}


@pytest.mark.parametrize(
    "says", [None, AdapterError("connect_failed"), {"entity_name": "某"}, place("nowhere")]
)
async def test_no_record_counts_only_where_registration_has_said_where(says):
    stage = Stage(
        ("000000", registration(says)),
        ("330100", Adapter("tax", "tax_a", None)),
        ("330200", Adapter("tax", "tax_b", FOUND)),
    )
    assert (await stage.look_up("330100"))["tax"][0] == "other_region"


async def test_too_late_to_ask_again_is_said():
    stage = Stage(
        ("000000", registration(place("330200"), seconds=0.15)),
        ("330100", Adapter("tax", "tax_a", None)),
        ("330200", Adapter("tax", "tax_b", FOUND)),
    )
    assert (await stage.look_up("330100", seconds=0.2))["tax"] == ("other_region", "tax_b@1")


async def test_what_was_known_at_the_deadline_tells_no_section_twice():
    """Registration is silent, its last word says another region, and others are silent too."""
    told = registration(place("330200"))
    stage = Stage(
        ("000000", told),
        ("330100", Adapter("food", "food_a", {}, 9.0)),
        ("330200", Adapter("food", "food_b", {}, 9.0)),
        ("330100", Adapter("tax", "tax_a", None)),
        ("330200", Adapter("tax", "tax_b", None)),
        ("000000", Adapter("health", "health", {}, 9.0)),
    )
    await stage.look_up("330100", seconds=0.15)
    told.seconds = 9.0
    stage.now = NOW + timedelta(hours=1)
    found = await stage.look_up("330100", seconds=0.15)
    assert found["food"][0] in {"other_region", "deadline_exceeded"}
    assert found["tax"][0] == "other_region"


async def test_a_site_elsewhere_moves_only_what_answers_for_sites():
    sites = [{"site_ref": "S1", "division_code": "330108"}]
    told = registration(place("330106", sites=sites), "registration_a")
    other = registration(None, "registration_b")
    fire = [Adapter("fire", f"fire_{x}", {} if x == "b" else None, scope="site") for x in "ab"]
    stage = Stage(
        ("330106", told),
        ("330108", other),
        ("330106", Adapter("tax", "tax_a", FOUND)),
        ("330108", Adapter("tax", "tax_b", None)),
        ("330106", fire[0]),
        ("330108", fire[1]),
    )
    found = await stage.look_up("330106", site="S1")
    assert found == {
        "registration": ("fresh", "registration_a@1"),
        "tax": ("fresh", "tax_a@1"),
        "fire": ("fresh", "fire_b@1"),
    }
    assert other.asked == 0


async def test_nothing_on_a_site_that_registration_does_not_know_is_not_told():
    told = registration(place("330106"))
    fire = [Adapter("fire", f"fire_{x}", None, scope="site") for x in "ab"]
    stage = Stage(("000000", told), ("330106", fire[0]), ("330108", fire[1]))
    assert (await stage.look_up("330106", site="S9"))["fire"][0] == "other_region"
    assert (await stage.look_up("330106"))["fire"][0] == "no_record"


async def test_one_section_alone_asks_registration_too():
    told = registration(place("330200"))
    stage = Stage(
        ("000000", told),
        ("330100", Adapter("tax", "tax_a", None)),
        ("330200", Adapter("tax", "tax_b", FOUND)),
    )
    assert (await stage.look_up("330100", only="tax"))["tax"] == ("fresh", "tax_b@1")
    assert told.asked == 1
