"""Whatever one section does between its answer and its telling, the others leave as they are."""

import pytest

from adapters.contract.sections import SECTIONS
from app.core.errors import NotFound
from app.profile import assemble, findings, section
from app.profile.deps import ENGINE
from app.profile.isolation import isolated
from app.profile.merge import values_at
from auth.principal import Role
from tests.fixtures.databases import ON_SQLITE

MAIN = "91330106MA2YYY034D"


class TestIsolated:
    def make(self, broken):
        """Raises where all of a set are told."""

        def make(failed):
            for together in broken:
                if not failed.intersection(together):
                    raise ValueError(together)
            return sorted({"a", "b", "c"} - failed)

        return make

    @pytest.mark.parametrize(
        ("broken", "told"),
        [
            ((), "abc"),
            (("b",), "ac"),
            (("a", "c"), "b"),
            (("a", "b", "c"), ""),
            (("ab",), "bc"),
        ],
    )
    def test_as_few_as_possible_are_told_as_failed(self, broken, told):
        result, faults = isolated(self.make(broken), "abc")
        assert "".join(result) == told
        assert set(faults) == set("abc") - set(told)

    def test_what_is_known_is_not_tried_again(self):
        result, faults = isolated(self.make(("b",)), "abc", frozenset("b"))
        assert (result, faults) == (["a", "c"], {})

    def test_a_refusal_is_no_fault(self):
        def refuse(_failed):
            raise NotFound

        with pytest.raises(NotFound):
            isolated(refuse, "abc")


def raising_for(name, function, of):
    """The function, which raises where it is about a section."""

    def broken(*args, **kwargs):
        if of(args) == name:
            raise RuntimeError("broken on purpose")
        return function(*args, **kwargs)

    return broken


def _failed(told):
    return told.get("reason", {}).get("code") == "adapter_failed"


def plain(body, but):
    """A profile without what differs between two look-ups, and without one section."""
    return {
        n: {
            k: v
            for k, v in s.items()
            if k not in {"outcome", "attempts", "fetched_at", "elapsed_ms", "age_s"}
        }
        for n, s in body["sections"].items()
        if n != but
    }


STEPS = {
    "release": (section, "part", lambda args: args[0].manifest.section),
    "encode": (
        section,
        "section_bytes",
        lambda args: args[0].spec.manifest.section if args[0].reply.is_current else None,
    ),
}


@ON_SQLITE
class TestSteps:
    async def look_up(self, city, task):
        params = {"purpose": "inspection", "task": task}
        response = await city.inspector.get(f"/v1/profiles/{MAIN}", params=params)
        assert response.status_code == 200, response.text
        return response.json()

    def judge(self, before, after, name):
        told = after["sections"][name]
        assert (told["outcome"], told["reason"]["code"]) == ("unavailable", "adapter_failed")
        assert "data" not in told
        assert plain(before, name) == plain(after, name)
        assert name in after["completeness"]["missing"]

    @pytest.mark.parametrize("step", sorted(STEPS))
    async def test_release_and_encoding(self, city, monkeypatch, step, caplog):
        task = await city.task(MAIN)
        before = await self.look_up(city, task)
        module, attribute, of = STEPS[step]
        for name in before["sections"]:
            with monkeypatch.context() as patch:
                function = getattr(module, attribute)
                patch.setattr(module, attribute, raising_for(name, function, of))
                after = await self.look_up(city, task)
            self.judge(before, after, name)
            ENGINE.of(city.app).disclosure.faults.forget()
        assert ENGINE.of(city.app).disclosure.faults.counts.total() == len(before["sections"])
        found = await city.auditor.get(
            "/v1/audit/entries", params={"event": "profile.section.failed", "limit": 200}
        )
        assert len(found.json()["items"]) == len(before["sections"])

    @pytest.mark.parametrize("name", sorted(assemble.RULES[q][0] for q in assemble.RULES))
    async def test_headline(self, city, monkeypatch, name, caplog):
        task = await city.task(MAIN)
        before = await self.look_up(city, task)
        question = next(q for q in assemble.RULES if assemble.RULES[q][0] == name)
        decide = assemble.decide

        def broken(asked, facts):
            if asked == question and facts.data is not None:
                raise RuntimeError("broken on purpose")
            return decide(asked, facts)

        monkeypatch.setattr(assemble, "decide", broken)
        after = await self.look_up(city, task)
        self.judge(before, after, name)
        assert after["headline"][question]["answer"] == "unknown"
        assert after["headline"][question]["reason"]["code"] == "adapter_failed"

    async def test_findings(self, city, monkeypatch, caplog):
        broken_ones = set()
        task = await city.task(MAIN)
        before = await self.look_up(city, task)
        for name in findings.DERIVED:
            if "data" not in before["sections"][name]:
                continue

            def broken(_data, _today):
                raise RuntimeError("broken on purpose")

            with monkeypatch.context() as patch:
                patch.setitem(findings.DERIVED, name, broken)
                after = await self.look_up(city, task)
            self.judge(before, after, name)
            broken_ones.add(name)
            ENGINE.of(city.app).disclosure.faults.forget()
        assert {"registration", "tax", "fire", "food"} <= broken_ones

    async def test_contradictions(self, city, monkeypatch, caplog):
        compared = set()
        task = await city.task(MAIN)
        before = await self.look_up(city, task)
        for name in before["sections"]:
            shape = SECTIONS[name]

            def broken(data, pointer, shape=shape):
                assert not isinstance(data, shape), "broken on purpose"
                return values_at(data, pointer)

            with monkeypatch.context() as patch:
                patch.setattr("app.profile.merge.values_at", broken)
                after = await self.look_up(city, task)
            failed = [n for n, told in after["sections"].items() if _failed(told)]
            assert len(failed) <= 1  # none where nothing of it is compared with anything
            for blamed in failed:
                compared.add(blamed)
                self.judge(before, after, blamed)
            ENGINE.of(city.app).disclosure.faults.forget()
        assert len(compared) > 1

    async def test_a_stream_and_a_section_alone_are_guarded_too(self, city, monkeypatch, caplog):
        task = await city.task(MAIN)
        params = {"purpose": "inspection", "task": task}
        released = raising_for("tax", section.part, STEPS["release"][2])
        monkeypatch.setattr(section, "part", released)
        alone = await city.inspector.get(f"/v1/profiles/{MAIN}/sections/tax", params=params)
        assert alone.json()["section"]["reason"]["code"] == "adapter_failed"
        accept = {"accept": "application/x-ndjson"}
        lines = (
            await city.inspector.get(f"/v1/profiles/{MAIN}", params=params, headers=accept)
        ).text.splitlines()
        assert sum('"type":"section"' in line for line in lines) == 13
        assert '"type":"profile"' in lines[-1]

    async def test_data_of_another_section_is_told_as_failed(self, city, monkeypatch, caplog):
        """As an adapter in Python of the wrong kind gives it."""
        task = await city.task(MAIN)
        offices = ENGINE.of(city.app).disclosure.directory.offices
        live = offices.choose("330100", MAIN).live["fire"]
        other = SECTIONS["tax"]
        begin = type(live.adapter).begin if hasattr(type(live.adapter), "begin") else None
        assert begin is not None

        def wrong(self, query, told):
            def change(answer, error):
                if answer is not None and answer.data is not None and self is live.adapter:
                    answer = type(answer)(other(), answer.as_of, answer.source_digest)
                told(answer, error)

            return begin(self, query, change)

        monkeypatch.setattr(type(live.adapter), "begin", wrong)
        for _ in range(3):
            profile = await self.look_up(city, task)
            assert profile["sections"]["fire"]["reason"]["code"] == "adapter_failed"
            assert profile["sections"]["tax"]["outcome"] in {"fresh", "cached"}


@ON_SQLITE
async def test_one_bad_record_and_one_caller_switch_no_department_off(city, departments):
    """Thirty look-ups of a business whose record is malformed; the next business is answered."""
    departments.set("fire", "wrong_types")
    patroller = city.caller("p", Role.PATROLLER, department="fire")
    for _ in range(30):
        response = await patroller.get(f"/v1/profiles/{MAIN}", params={"purpose": "patrol"})
        assert response.json()["sections"]["fire"]["outcome"] == "malformed"
