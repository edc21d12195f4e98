"""The exam: honest departments pass, each kind of mistake is found and explained."""

import asyncio
import importlib
import ipaddress
from datetime import UTC, date, datetime

import msgspec
import pytest

from adapters.conformance import suite
from adapters.contract import Manifest, ResultReceipt, SectionAnswer
from adapters.contract.errors import AdapterMalformed, AdapterTimedOut, AdapterUnavailable
from adapters.contract.sections import CommonRecord
from adapters.fakes.departments import NAMES, SECRETS, manifest_of
from adapters.fakes.server import start
from adapters.fakes.world import World
from adapters.transport.exchange import Exchange
from adapters.transport.guard import AddressGuard

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


def now():
    return datetime.now(UTC)


def adapter_for(name, address, exchange, secrets=None):
    manifest = msgspec.convert(manifest_of(name, address), Manifest)
    module = importlib.import_module(f"adapters.departments.{manifest.kind}.adapter")
    return module.KIND.build(
        manifest, exchange, SECRETS.get(name, {}) if secrets is None else secrets, now
    )


@pytest.mark.parametrize("name", NAMES)
async def test_every_mock_department_passes(name, departments):
    exchange = Exchange(AddressGuard(allow=LOOPBACK, allow_http=True))
    report = await suite.run(adapter_for(name, departments.addresses[name], exchange))
    await exchange.aclose()
    assert report.passed, [c for c in report.cases if c.status == "failed"]


class TestInProcess:
    """The mock departments inside this process, so that each way of misbehaving can be watched."""

    async def serve(self):
        world = World(7, 50, date(2026, 11, 22))
        return await start(world, 0, latency_ms=1)

    @pytest.mark.parametrize(
        ("mode", "code"),
        [
            ("error", "upstream_error"),
            ("garbage", "encoding"),
            ("down", "connect_failed"),
            ("hang", "deadline_exceeded"),
        ],
    )
    async def test_a_broken_department_fails_with_the_reason(self, mode, code):
        listeners, control = await self.serve()
        exchange = Exchange(AddressGuard(allow=LOOPBACK, allow_http=True))
        await listeners["health"].set_mode(mode)
        adapter = adapter_for("health", f"http://127.0.0.1:{listeners['health'].port}", exchange)
        report = await suite.run(adapter, only="answers_sample")
        await exchange.aclose()
        for listener in (*listeners.values(), control):
            listener.close()
        assert not report.passed
        assert report.cases[0].got.startswith(code)
        assert report.cases[0].fix.zh

    @pytest.mark.parametrize("name", ["tax", "public_security", "customs"])
    async def test_wrong_credentials_are_named(self, name):
        listeners, control = await self.serve()
        exchange = Exchange(AddressGuard(allow=LOOPBACK, allow_http=True))
        wrong = dict.fromkeys(SECRETS[name], "wrong")
        adapter = adapter_for(name, f"http://127.0.0.1:{listeners[name].port}", exchange, wrong)
        report = await suite.run(adapter, only="answers_sample")
        await exchange.aclose()
        for listener in (*listeners.values(), control):
            listener.close()
        assert report.cases[0].got.startswith("credentials_rejected")


class Scripted:
    """An adapter that does what a test says."""

    def __init__(self, fetch=None, operations=(), **methods):
        self.manifest = msgspec.convert(
            manifest_of("emergency", "http://127.0.0.1:1") | {"operations": list(operations)},
            Manifest,
        )
        self._fetch = fetch or self.honest
        for name, method in methods.items():
            setattr(self, name, method)

    async def fetch(self, query):
        return await self._fetch(query)

    async def honest(self, query):
        if query.business_id != self.manifest.sample_business_id:
            return SectionAnswer(None, None, "", "no_record")
        return SectionAnswer(msgspec.convert({"flags": [{"code": "x"}]}, CommonRecord), now(), "")


def failures(report):
    return {c.case: c.field for c in report.cases if c.status == "failed"}


async def test_an_honest_adapter_passes_and_undeclared_operations_do_not_apply():
    report = await suite.run(Scripted())
    assert report.passed
    assert {c.case for c in report.cases if c.status == "not_applicable"} == {
        "answers_on_replicas",
        "says_only_what_is_known",
        "searches",
        "resolves_qr",
        "hides_small_cells",
        "takes_results_once",
    }


async def test_replicas_must_tell_the_same_as_the_first_address():
    async def honest(query):
        return await Scripted().honest(query)

    async def lagging(query):
        answer = await Scripted().honest(query)
        if getattr(query, "replica", 0) == 2 and answer.data is not None:
            return SectionAnswer(
                msgspec.convert({"flags": [{"code": "old"}]}, CommonRecord), now(), ""
            )
        return answer

    for fetch, found in ((honest, {}), (lagging, {"answers_on_replicas": "replicas/1"})):
        adapter = Scripted(fetch)
        adapter.manifest = msgspec.structs.replace(
            adapter.manifest, replicas=["https://a.example", "https://b.example"]
        )
        assert failures(await suite.run(adapter)) == found


async def test_an_empty_record_for_everybody_is_found():
    async def fetch(_query):
        return SectionAnswer(CommonRecord(), now(), "")

    assert failures(await suite.run(Scripted(fetch))) == {
        "answers_sample": "data",
        "knows_unknown": "status",
        "survives_oddity": "business_id",
    }


async def test_no_record_for_the_sample_and_no_time_are_found():
    async def none(_query):
        return SectionAnswer(None, None, "", "no_record")

    async def timeless(query):
        return SectionAnswer(msgspec.convert({"flags": [{"code": "x"}]}, CommonRecord), None, "")

    assert failures(await suite.run(Scripted(none)))["answers_sample"] == "sample_business_id"
    assert failures(await suite.run(Scripted(timeless)))["tells_time"] == "as_of"


async def test_changing_answers_are_found():
    count = 0

    async def fetch(query):
        nonlocal count
        count += 1
        return SectionAnswer(
            msgspec.convert({"flags": [{"code": str(count)}]}, CommonRecord), now(), ""
        )

    assert "is_stable" in failures(await suite.run(Scripted(fetch)))


async def test_operations_that_do_not_keep_their_promises_are_found():
    async def nothing(_text, _deadline):
        return []

    async def everything(_text, _deadline):
        return object()

    receipts = iter(range(100))

    async def forgetful(_message, _deadline):
        return ResultReceipt(str(next(receipts)), "now")

    async def leaky(_question, _deadline):
        return {"minimum_cell": 2, "cells": [{"count": 2}]}

    adapter = Scripted(
        None,
        ("search", "resolve_qr", "results", "aggregate"),
        search=nothing,
        resolve_qr=everything,
        submit_results=forgetful,
        aggregate=leaky,
    )
    assert failures(await suite.run(adapter)) == {
        "searches": "items",
        "resolves_qr": "resolve_qr",
        "takes_results_once": "receipt_no",
        "hides_small_cells": "cells",
    }


async def test_an_adapters_own_bug_and_a_refused_oddity():
    async def bug(_query):
        raise RuntimeError

    async def strict(query):
        if "OR" in query.business_id:
            raise AdapterUnavailable("request_refused")
        return await Scripted().honest(query)

    async def turned_away(query):
        if "OR" in query.business_id:
            raise AdapterMalformed("not_parsable")
        return await Scripted().honest(query)

    async def hangs(query):
        if "OR" in query.business_id:
            raise AdapterTimedOut
        return await Scripted().honest(query)

    assert all(
        c.got.startswith("adapter_failed")
        for c in (await suite.run(Scripted(bug))).cases
        if c.status == "failed"
    )
    assert (await suite.run(Scripted(strict))).passed
    assert (await suite.run(Scripted(turned_away))).passed
    assert set(failures(await suite.run(Scripted(hangs)))) == {"survives_oddity"}


async def test_progress_is_told_and_one_case_runs_alone():
    seen = []

    async def progress(done, of):
        seen.append((done, of))

    report = await suite.run(Scripted(), "is_stable", progress)
    assert ([c.case for c in report.cases], seen) == (["is_stable"], [(1, 1)])
    assert not (await suite.run(Scripted(), "no_such_case")).passed
    await asyncio.sleep(0)
