"""Small sizes of the campaigns inside the tests: what must hold however busy the machine is; times are judged by the campaigns."""

import asyncio
import itertools
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from adapters.fakes.world import World
from tests.campaigns import crowd, overload, stage, zoo

MOST_AT_ONCE, ROUNDS = 400, 6
"""Connections: fewer than the 512 that one address may hold before any of them has shown its token; and bursts, until one overloads it."""

pytestmark = pytest.mark.xdist_group("campaigns")


def test_healthy_departments_do_not_notice_a_broken_one(monkeypatch):
    monkeypatch.setattr(zoo, "DEADLINE_MS", 2000)
    monkeypatch.setattr(zoo, "AT_ONCE", 8)
    codes = itertools.cycle(
        [b.business_id for b in World(1, 100, datetime.now(UTC).date()).generated]
    )
    tally = zoo.Tally()
    with stage.departments(businesses=100) as found, stage.departments(businesses=100) as fine:
        manifests = stage.manifests_of(found, *zoo.NAMES[:3]) + stage.manifests_of(
            fine, *zoo.NAMES[3:]
        )
        with stage.prepared(manifests) as on:
            for behaviour in ("gzip_bomb", "many_elements", "reset_in_body"):
                asyncio.run(zoo.cell(on, found, behaviour, 3, tally, codes))
            after, _ = asyncio.run(zoo.leaks(on, codes, 100))
    assert not tally.missing
    assert tally.exceptions == []
    assert tally.reasons.total() > 0
    assert after["onevisit_requests_in_flight"] == 0
    assert all(v == 0 for k, v in after.items() if k.startswith("onevisit_adapter_in_flight"))


def test_no_forbidden_address_is_ever_connected_to():
    done = subprocess.run(
        [sys.executable, "-m", "tests.campaigns.ssrf", "--rounds", "100"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ssrf: ok" in done.stdout


def test_a_small_crowd_is_served_by_slow_departments_that_say_what_they_can_take():
    codes = [b.business_id for b in World(1, 60, datetime.now(UTC).date()).generated]
    with stage.departments(businesses=60) as found:
        for name in crowd.LATENCIES:
            found.set(name, "ok", latency_ms=400)
        manifests = stage.manifests_of(
            found, *crowd.LATENCIES, capacity={"initial": 1024, "most": 2000}
        )
        with stage.gateway(manifests) as gateway:
            answers, _ = asyncio.run(crowd.crowd(gateway, codes))
    assert crowd.fresh_share(answers) == dict.fromkeys(crowd.LATENCIES, 1.0)


def test_records_are_never_refused_while_prefetches_are_taken():
    async def play():
        codes = itertools.cycle(
            [b.business_id for b in World(1, 200, datetime.now(UTC).date()).generated]
        )
        with stage.departments(businesses=200, latency_ms=50) as found:
            manifests = stage.manifests_of(
                found, "emergency", "health", capacity={"initial": 4, "most": 4}
            )
            with stage.gateway(manifests) as gateway:
                async with stage.client(gateway.port) as client:
                    load = overload.Load(gateway, client, codes)
                    load.most = MOST_AT_ONCE
                    for seed in range(ROUNDS):
                        await load.open(500, 1.5, seed)
                        if load.answers[overload.PREFETCH, 503]:
                            break
                    return load.answers

    answers = asyncio.run(play())
    assert answers[overload.RECORD, 503] == 0
    assert answers[overload.PREFETCH, 503] > 0
    assert sum(n for (kind, _), n in answers.items() if kind == overload.RECORD) > 0
    assert not any(status == 0 for _, status in answers)  # no connection broke


HOSTILE = (
    "silent,half_a_head,head_of_a_mebibyte,two_hosts,length_and_coding,endless_value,endless_fields,endless_trailers,"
    "body_never_comes_bad_token,large_body_with_a_token,pipeline_of_thousands,forged_tokens,half_closed"
)


def test_hostile_clients_are_closed_and_honest_ones_answered():
    arguments = ["--small", "--each", "4", "--rounds", "0", "--names", HOSTILE]
    done = subprocess.run(
        [sys.executable, "-m", "tests.campaigns.clients", *arguments],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "clients: ok" in done.stdout


def test_insiders_hurt_only_their_own_section():
    done = subprocess.run(
        [sys.executable, "-m", "tests.campaigns.insider", "--rounds", "16"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "control_seen=True" in done.stdout


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("lanes", ["--rounds", "300", "--rows", "5"]),
        ("freeze", ["--rounds", "2", "--faults", "silent"]),
    ],
)
def test_bad_nights(name, arguments):
    done = subprocess.run(
        [sys.executable, "-m", f"tests.campaigns.{name}", *arguments],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{name}: ok" in done.stdout
