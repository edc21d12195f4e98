"""Signing on here: one-time codes, machine clients, own keys, several issuers, and how a sign-on ends."""

import asyncio
import base64
import hashlib
import json
import secrets
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from app.core.deps import DATABASE
from app.core.settings import SettingsError
from app.core.snapshots import Snapshots
from app.organisations import ended
from app.organisations.models import SigningKeyRow
from app.organisations.sign_on import keys, repository
from app.organisations.sign_on.codes import new_code
from auth.principal import Principal, Role, SignOn
from tests.app.organisations.test_people import People, first
from tests.fixtures.databases import ON_SQLITE
from tests.fixtures.gateway import running, settings
from tests.fixtures.identity import provider

CITY, URL = "330100", "http://gateway.test"
CODE_GRANT = "urn:onevisit:grant-type:one-time-code"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SYSTEM, SECURITY = Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR


class Office(People):
    """A gateway with its own tokens, its first administrators and one inspector without anything but a code."""

    async def prepare(self):
        await self.unit()
        self.person_id = await self.person("wang-1", Role.INSPECTOR)
        return self

    async def enrol(self, person_id=None, by=None):
        path = f"/v1/people/{person_id or self.person_id}:enrol"
        return await (by or self.security).post(path)

    async def code(self, person_id=None):
        answer = await self.enrol(person_id)
        assert answer.status_code == 201, answer.text
        return answer.json()["code"]

    async def take(self, **form):
        return await self.gateway.client().post("/v1/token", data=form)

    async def redeem(self, code):
        return await self.take(grant_type=CODE_GRANT, code=code)

    async def signed_on(self):
        return self.gateway.client((await self.redeem(await self.code())).json()["access_token"])


@pytest.fixture
async def office(database_url, settings_for, issuer):
    first(database_url, ("system-1", SYSTEM), ("security-1", SECURITY))
    configured = settings_for(database_url, principals="directory", public_url=URL)
    async with running(configured, issuer) as gateway:
        yield await Office(gateway).prepare()


def error(answer):
    return answer.status_code, answer.json()["code"], answer.json().get("error")


NO_CODE = (400, "auth.code_invalid", "invalid_grant")
NO_CLIENT = (400, "auth.assertion_invalid", "invalid_client")


class TestCodes:
    async def test_a_code_signs_on_once_and_only_the_directory_says_what_it_opens(self, office):
        answer = await office.enrol()
        given = answer.json()
        assert answer.headers["cache-control"] == "no-store"
        assert given["link"] == f"{URL}/m/#/sign-on/{given['code']}"
        typed = given["code"].lower().replace("-", " ")
        token = (await office.redeem(typed)).json()
        assert token["token_type"] == "Bearer"
        assert 28_700 < token["expires_in"] <= 28_800
        phone = office.gateway.client(token["access_token"])
        me = (await phone.get("/v1/me")).json()
        assert (me["subject"], me["roles"], me["department"]) == ("wang-1", ["inspector"], "fire")
        role = (await office.security.get(f"/v1/people/{office.person_id}")).json()["roles"][0]
        await office.security.post(f"/v1/people/{office.person_id}/roles/{role['role_id']}:end")
        assert (await phone.get("/v1/me")).json()["code"] == "auth.permission_missing"

    async def test_a_code_shown_twice_ends_the_session_it_opened(self, office):
        code = await office.code()
        phone = office.gateway.client((await office.redeem(code)).json()["access_token"])
        assert (await phone.get("/v1/me")).status_code == 200
        assert error(await office.redeem(code)) == NO_CODE
        assert (await phone.get("/v1/me")).json()["code"] == "auth.signed_out"
        with DATABASE.of(office.gateway.app).read() as session:
            found = session.exec(text("select event from audit_entries")).all()
        assert ("organisations.code.used_again",) in [tuple(row) for row in found]

    @ON_SQLITE
    async def test_late_unknown_replaced_and_of_a_suspended_person(self, office):
        late = await office.code()
        with DATABASE.of(office.gateway.app).write() as session:
            session.exec(
                text("update one_time_codes set expires_at = '2026-01-01 00:00:00.000000'")
            )
        assert error(await office.redeem(late)) == NO_CODE
        assert error(await office.redeem(new_code())) == NO_CODE
        replaced = await office.code()
        current = await office.code()
        assert error(await office.redeem(replaced)) == NO_CODE
        await office.system.post(f"/v1/people/{office.person_id}:suspend")
        assert error(await office.redeem(current)) == NO_CODE
        assert error(await office.enrol()) == (409, "person.no_sign_on", None)

    @ON_SQLITE
    async def test_two_who_show_one_code_at_once_get_one_token(self, office):
        code = await office.code()
        answers = await asyncio.gather(*(office.redeem(code) for _ in range(6)))
        assert sorted(a.status_code for a in answers) == [200, *[400] * 5]

    @ON_SQLITE
    async def test_nobody_enrols_whom_he_could_not_give_all_of_his_roles(self, office):
        manager_id = await office.person("manager-1", Role.DATA_MANAGER)
        manager = office.gateway.caller("manager-1", Role.DATA_MANAGER, department="fire")
        assert (await office.enrol(by=manager)).status_code == 201
        await office.grant(office.person_id, Role.CDO)
        refused = await office.enrol(by=manager)
        assert error(refused) == (403, "role.not_yours_to_give", None)
        own = await office.enrol(manager_id, by=manager)
        assert error(own) == (403, "person.oneself", None)
        assert (await office.enrol(by=office.system)).json()["code"] == "auth.permission_missing"
        other = office.gateway.caller("manager-1", Role.DATA_MANAGER, department="tax")
        assert (await office.enrol(by=other)).status_code == 403

    async def test_no_code_is_kept_and_none_stands_in_the_trail(self, office):
        code = await office.code()
        await office.redeem(code)
        plain = code.replace("-", "")
        with DATABASE.of(office.gateway.app).read() as session:
            kept = session.exec(text("select * from one_time_codes")).all()
            told = session.exec(text("select body from audit_entries")).all()
        for shown in (code, plain, plain.lower()):
            assert shown not in str(kept) + str(told)

    @ON_SQLITE
    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            (b"", None),
            (b"{}", "application/json"),
            (b"grant_type=urn%3Ax&code=1", "application/x-www-form-urlencoded"),
            (b"grant_type=password&username=a", "application/x-www-form-urlencoded"),
            (
                b"code=1&code=2&grant_type=" + CODE_GRANT.encode(),
                "application/x-www-form-urlencoded",
            ),
            (b"\xff\xfe=1", "application/x-www-form-urlencoded"),
            (b"&".join(b"a%d=1" % n for n in range(50)), "application/x-www-form-urlencoded"),
            (
                b"client_assertion=x&grant_type=client_credentials",
                "application/x-www-form-urlencoded",
            ),
        ],
    )
    async def test_what_is_no_request_for_a_token(self, office, content, kind):
        headers = {"content-type": kind} if kind else {}
        answer = await office.gateway.client().post("/v1/token", content=content, headers=headers)
        assert error(answer) == (400, "auth.token_request", "invalid_request")

    @ON_SQLITE
    async def test_a_stranger_sends_no_long_body(self, office):
        body = b"code=" + b"x" * 20_000
        kind = {"content-type": "application/x-www-form-urlencoded"}
        long = await office.gateway.client().post("/v1/token", content=body, headers=kind)
        assert long.status_code == 413

    @ON_SQLITE
    async def test_forms_that_never_come_hold_up_no_other_stranger(self, office, monkeypatch):
        monkeypatch.setattr("app.api.entry._FORM_SECONDS", 0.5)

        async def slow(number):
            async def never():
                await asyncio.sleep(30)
                yield b""

            transport = httpx.ASGITransport(office.gateway.app, client=(f"10.{number % 8}.0.1", 1))
            kind = {"content-type": "application/x-www-form-urlencoded", "content-length": "90"}
            async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
                return (await client.post("/v1/token", content=never(), headers=kind)).status_code

        waiting = [asyncio.create_task(slow(number)) for number in range(100)]
        await asyncio.sleep(0.2)
        for path in ("/v1/sign-on", "/.well-known/jwks.json"):
            assert (await office.gateway.client().get(path)).status_code == 200
        told = Counter(await asyncio.gather(*waiting))
        assert told == {408: 64, 503: 36}

    @ON_SQLITE
    async def test_a_sign_on_is_told_of_to_the_auditor_of_its_unit(self, office):
        code = await office.code()
        await office.redeem(code)
        await office.redeem(code)
        with DATABASE.of(office.gateway.app).read() as session:
            rows = session.execute(
                text("select event, region, department from audit_entries")
            ).all()
        told = {event: (region, department) for event, region, department in rows}
        for event in ("organisations.sign_on.taken", "organisations.code.used_again"):
            assert told[event] == (CITY, "fire")

    @ON_SQLITE
    async def test_whoever_guesses_is_slowed_down(self, database_url, settings_for, issuer):
        bounds = {"anonymous_per_second": 0.01, "anonymous_burst": 20}
        async with running(settings_for(database_url, public_url=URL, **bounds), issuer) as gateway:
            told = Counter()
            for _ in range(30):
                form = {"grant_type": CODE_GRANT, "code": new_code()}
                answer = await gateway.client().post("/v1/token", data=form)
                told[answer.status_code] += 1
        assert told == {400: 20, 429: 10}
        assert "retry-after" in answer.headers


class TestNobodyGetsMoreByWhatWasSetBefore:
    """Whoever may let somebody sign on with few roles does not keep a way in when he gets more."""

    @ON_SQLITE
    async def test_a_new_role_ends_keys_and_codes(self, office):
        manager_id = await office.person("manager-1", Role.DATA_MANAGER)
        manager = office.gateway.caller("manager-1", Role.DATA_MANAGER, department="fire")
        machine = Machine("rising-1")
        person_id = await office.person("rising-1")
        path = f"/v1/people/{person_id}/keys"
        assert (await manager.put(path, json={"keys": [machine.jwk]})).status_code == 200
        code = (await office.enrol(person_id, by=manager)).json()["code"]
        await office.grant(person_id, Role.SUPERVISOR)
        assert error(await office.redeem(code)) == NO_CODE
        assert error(await office.take(**machine.form(machine.assertion()))) == NO_CLIENT
        assert error(await manager.put(path, json={"keys": [machine.jwk]}))[:2] == (
            403,
            "role.not_yours_to_give",
        )
        assert manager_id

    @ON_SQLITE
    async def test_no_administrator_signs_on_as_another_that_excludes_him(self, office):
        listed = (
            await office.security.get("/v1/people", params={"role": "system_administrator"})
        ).json()
        system_id = listed["items"][0]["person_id"]
        assert error(await office.enrol(system_id))[:2] == (403, "role.not_yours_to_give")
        keys_path = f"/v1/people/{system_id}/keys"
        refused = await office.security.put(keys_path, json={"keys": [Machine().jwk]})
        assert error(refused)[:2] == (403, "role.not_yours_to_give")
        auditor = await office.person("auditor-9", Role.AUDITOR)
        assert (await office.enrol(auditor)).status_code == 403

    async def test_another_subject_keeps_nothing_of_the_one_before(self, office):
        machine = Machine("wang-1")
        keys_path = f"/v1/people/{office.person_id}/keys"
        assert (
            await office.security.put(keys_path, json={"keys": [machine.jwk]})
        ).status_code == 200
        code = await office.code()
        phone = office.gateway.client((await office.redeem(code)).json()["access_token"])
        unused = await office.code()
        body = {"name": "王", "unit": "fire-city", "subject": "li-4"}
        changed = await office.system.put(f"/v1/people/{office.person_id}", json=body)
        assert changed.status_code == 200, changed.text
        await office.person("wang-1", Role.INSPECTOR)
        assert (await phone.get("/v1/me")).json()["code"] == "auth.signed_out"
        assert error(await office.redeem(unused)) == NO_CODE
        machine.client = "li-4"
        await office.grant(office.person_id, Role.INSPECTOR)
        assert error(await office.take(**machine.form(machine.assertion()))) == NO_CLIENT

    @ON_SQLITE
    async def test_a_lost_phone_takes_its_code_along(self, office):
        code = await office.code()
        await office.security.post(f"/v1/people/{office.person_id}:end-sign-ons")
        assert error(await office.redeem(code)) == NO_CODE


def test_a_code_has_eighty_bits():
    drawn = [new_code() for _ in range(500)]
    letters = Counter("".join(drawn).replace("-", ""))
    assert len(letters) == 32
    assert {len(code.replace("-", "")) for code in drawn} == {16}
    assert len(set(drawn)) == 500
    assert max(letters.values()) < 2 * min(letters.values())


class Machine:
    def __init__(self, client="machine-1"):
        self.key = Ed25519PrivateKey.generate()
        self.client = client

    @property
    def jwk(self):
        found = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(self.key.public_key()))
        return {**found, "kid": "m1", "use": "sig"}

    def assertion(self, **changes):
        now = int(time.time())
        claims = {
            "iss": self.client, "sub": self.client, "aud": f"{URL}/v1/token", "iat": now, "exp": now + 60,
            "jti": secrets.token_hex(8),
        }  # fmt: skip
        told = {k: v for k, v in {**claims, **changes}.items() if v is not None}
        return jwt.encode(told, self.key, "EdDSA", headers={"kid": "m1"})

    def form(self, assertion):
        return {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION,
            "client_assertion": assertion,
        }


@pytest.fixture
async def machine(office):
    found = Machine()
    person_id = await office.person("machine-1", Role.DATA_MANAGER)
    found.path = f"/v1/people/{person_id}/keys"
    answer = await office.security.put(found.path, json={"keys": [found.jwk]})
    assert answer.json()["kids"] == ["m1"], answer.text
    return found


class TestClients:
    async def test_an_assertion_gives_one_short_token(self, office, machine):
        signed = machine.assertion()
        answer = await office.take(**machine.form(signed))
        assert 290 < answer.json()["expires_in"] <= 300
        client = office.gateway.client(answer.json()["access_token"])
        assert (await client.get("/v1/me")).json()["roles"] == ["data_manager"]
        again = await office.take(**machine.form(signed))
        assert error(again) == NO_CLIENT
        assert "used before" in again.json()["detail"]

    @ON_SQLITE
    @pytest.mark.parametrize(
        "changes",
        [
            {"aud": "https://other.example"},
            {"iss": "somebody"},
            {"sub": "system-1", "iss": "system-1"},
            {"exp": int(time.time()) - 600},
            {"exp": int(time.time()) + 86_400},
            {"exp": None},
            {"jti": None},
            {"jti": ""},
            {"nbf": int(time.time()) + 86_400},  # of when the suite began
            {"sub": None},
        ],
    )
    async def test_bad_assertions(self, office, machine, changes):
        assert error(await office.take(**machine.form(machine.assertion(**changes)))) == NO_CLIENT

    @ON_SQLITE
    async def test_a_foreign_key_no_key_and_rubbish(self, office, machine):
        foreign = Machine().assertion()
        assert error(await office.take(**machine.form(foreign))) == NO_CLIENT
        for rubbish in (
            "",
            "a.b.c",
            "x" * 9000,
            jwt.encode({"sub": "machine-1"}, "k" * 32, "HS256"),
        ):
            assert error(await office.take(**machine.form(rubbish))) == NO_CLIENT
        await office.security.put(machine.path, json={"keys": []})
        assert error(await office.take(**machine.form(machine.assertion()))) == NO_CLIENT

    @ON_SQLITE
    async def test_who_is_a_client_is_nobodys_to_know(self, office, machine):
        stranger = Machine("nobody-1")
        posing = Machine("machine-1")
        told = [
            (await office.take(**m.form(m.assertion()))).json()["detail"]
            for m in (stranger, posing)
        ]
        assert told[0] == told[1]
        for name in ("\ud800", "x" * 121, "a\u202eb", "a\x00"):
            odd = machine.assertion(sub=name, iss=name)
            assert error(await office.take(**machine.form(odd))) == NO_CLIENT
        assert (
            error(await office.take(**machine.form(machine.assertion(jti="\ud800")))) == NO_CLIENT
        )

    async def test_one_assertion_at_once_gives_one_token(self, office, machine):
        form = machine.form(machine.assertion())
        answers = await asyncio.gather(*(office.take(**form) for _ in range(4)))
        assert sorted(a.status_code for a in answers) == [200, 400, 400, 400]

    @ON_SQLITE
    async def test_only_public_keys_with_ids_are_taken(self, office, machine):
        private = {**machine.jwk, "d": "AAAA"}
        nameless = {k: v for k, v in machine.jwk.items() if k != "kid"}
        for bad in ([private], [nameless], [machine.jwk, machine.jwk], [{"kty": "oct", "k": "x"}]):
            answer = await office.security.put(machine.path, json={"keys": bad})
            assert error(answer)[:2] == (422, "person.keys_unusable")
        many = [{**machine.jwk, "kid": str(n)} for n in range(5)]
        assert (await office.security.put(machine.path, json={"keys": many})).status_code == 422


class TestEnding:
    async def test_who_signs_out_is_out_and_another_session_is_not(self, office):
        one, other = await office.signed_on(), await office.signed_on()
        assert (await one.post("/v1/me:sign-out")).status_code == 204
        assert (await one.get("/v1/me")).json()["code"] == "auth.signed_out"
        assert (await other.get("/v1/me")).status_code == 200

    async def test_a_lost_phone(self, office):
        phone = await office.signed_on()
        answer = await office.security.post(f"/v1/people/{office.person_id}:end-sign-ons")
        assert answer.json()["subject"] == "wang-1"
        assert (await phone.get("/v1/me")).json()["code"] == "auth.signed_out"
        await asyncio.sleep(1.0)  # tokens are dated by the second
        assert (await (await office.signed_on()).get("/v1/me")).status_code == 200

    @ON_SQLITE
    async def test_who_has_no_role_any_more_signs_out_too(self, office):
        phone = await office.signed_on()
        role = (await office.security.get(f"/v1/people/{office.person_id}")).json()["roles"][0]
        await office.security.post(f"/v1/people/{office.person_id}/roles/{role['role_id']}:end")
        assert (await phone.post("/v1/me:sign-out")).status_code == 204

    @ON_SQLITE
    async def test_many_who_sign_out_hold_up_nobody(self, office):
        """What has ended is read as it comes, not all of it again."""
        now = office.gateway.app.state.clock.now()
        with DATABASE.of(office.gateway.app).write() as session:
            for number in range(300):
                ended.end(session, "session", URL, f"s-{number}", now, at=now)
        phone = await office.signed_on()
        await phone.post("/v1/me:sign-out")
        asked = []
        read = ended.repository.ended_sign_ons
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                ended.repository,
                "ended_sign_ons",
                lambda s, after: asked.append(after) or read(s, after),
            )
            other = await office.signed_on()
            await other.post("/v1/me:sign-out")
        assert asked
        assert min(asked) > 300
        assert (await phone.get("/v1/me")).json()["code"] == "auth.signed_out"


def test_what_ended_is_forgotten_when_no_token_could_have_it():
    by = SignOn("https://a", "s", "j", 100.0)
    principal = Principal("x", frozenset(), None, CITY, sign_on=by)
    kinds = {
        "session": ("session", "https://a", "s"), "token": ("token", "https://a", "j"),
        "subject": ("subject", "https://a", "x"), "any": ("subject", "", "x"),
    }  # fmt: skip
    for key in kinds.values():
        assert ended.Ended({key: ended.End(100.0, 200.0)}).holds(principal)
    later = replace(principal, sign_on=SignOn("https://a", "s", "j", 101.0))
    assert not ended.Ended({kinds["subject"]: ended.End(100.0, 200.0)}).holds(later)
    of_none = {("sessionless", "https://a", "x"): ended.End(100.0, 200.0)}
    assert not ended.Ended(of_none).holds(principal)
    assert ended.Ended(of_none).holds(replace(principal, sign_on=by._replace(session="")))
    other = {("session", "https://b", "s"): ended.End(100.0, 200.0)}
    assert not ended.Ended(other).holds(principal)


class TestOwnKeys:
    async def test_a_rotated_key_overlaps(self, office):
        before = await office.signed_on()
        database, held = DATABASE.of(office.gateway.app), office.gateway.app.state.settings
        now = office.gateway.app.state.clock.now()
        published = (await office.gateway.client().get("/.well-known/jwks.json")).json()["keys"]
        assert all("d" not in key for key in published)
        with database.write() as session:
            later = keys.rotate(session, held.keys, now, timedelta(hours=1))
        await asyncio.sleep(0.6)
        told = (await office.gateway.client().get("/.well-known/jwks.json")).json()["keys"]
        assert {key["kid"] for key in told} == {published[0]["kid"], later}
        assert (await before.get("/v1/me")).status_code == 200
        code = await office.code()
        token = (await office.redeem(code)).json()["access_token"]
        assert jwt.get_unverified_header(token)["kid"] == published[0]["kid"]
        with database.write() as session:
            now_signs = keys.rotate(session, held.keys, now, timedelta(0))
        phone = await office.signed_on()
        assert (await phone.get("/v1/me")).status_code == 200
        assert (await before.get("/v1/me")).status_code == 200
        assert now_signs not in {published[0]["kid"], later}

    @ON_SQLITE
    async def test_a_key_that_has_ended_verifies_nothing(self, office):
        phone = await office.signed_on()
        with DATABASE.of(office.gateway.app).write() as session:
            row = repository.signing_keys(session)[0]
            row.ends_at = office.gateway.app.state.clock.now() - timedelta(seconds=1)
            session.add(row)
            keys.bump(session, keys.SNAPSHOT_NAME)
        await asyncio.sleep(0.6)  # and nobody had seen the token before
        assert (await phone.get("/v1/me")).json()["code"] == "auth.unknown_key"
        assert (await (await office.signed_on()).get("/v1/me")).status_code == 200

    @ON_SQLITE
    async def test_a_key_that_was_overtaken_never_signs(self, office):
        held, now = office.gateway.app.state.settings, office.gateway.app.state.clock.now()
        with DATABASE.of(office.gateway.app).write() as session:
            first_kid = keys.signing_key(session, held.keys, now).kid
            keys.rotate(session, held.keys, now, timedelta(minutes=10))
            last = keys.rotate(session, held.keys, now + timedelta(minutes=1), timedelta(0))
            signs = [
                keys.signing_key(session, held.keys, now + timedelta(minutes=m)).kid
                for m in (0, 2, 11, 60 * 9)
            ]
        assert signs == [first_kid, last, last, last]

    @ON_SQLITE
    async def test_a_revoked_key_takes_its_tokens_along(self, office):
        phone = await office.signed_on()
        assert (await phone.get("/v1/me")).status_code == 200, "its verdict is remembered"
        now = office.gateway.app.state.clock.now()
        with DATABASE.of(office.gateway.app).write() as session:
            kid = repository.signing_keys(session)[0].kid
            assert keys.revoke(session, kid, now)
            assert not keys.revoke(session, kid, now)
        await asyncio.sleep(0.6)
        assert (await phone.get("/v1/me")).json()["code"] == "auth.unknown_key"
        assert (await (await office.signed_on()).get("/v1/me")).status_code == 200

    async def test_two_who_ask_at_once_wait_for_one_look(self, office):
        held = office.gateway.app.state
        token = (await office.redeem(await office.code())).json()["access_token"]
        kid = jwt.get_unverified_header(token)["kid"]
        another = keys.new_snapshot()  # a process that has not looked since
        snapshots = Snapshots(DATABASE.of(office.gateway.app))
        late = keys.OwnKeys(snapshots.add(another), snapshots, held.clock)
        found = await asyncio.gather(*(late.key(kid, "EdDSA") for _ in range(3)))
        assert all(found)

    @ON_SQLITE
    async def test_keys_are_sealed_and_lost_secrets_make_a_new_one(self, office):
        await office.signed_on()
        held = office.gateway.app.state.settings
        with DATABASE.of(office.gateway.app).write() as session:
            row = repository.signing_keys(session)[0]
            first_kid, sealed = row.kid, row.sealed
            other = held.model_copy(update={"secret_key": type(held.secret_key)("z" * 40)})
            now = office.gateway.app.state.clock.now()
            made = keys.signing_key(session, other.keys, now)
            assert made.kid != first_kid
            assert made.private not in sealed
            assert keys.reseal(session, other.keys, now)[1] == [first_kid]
            assert isinstance(session.get(SigningKeyRow, made.kid), SigningKeyRow)


@ON_SQLITE
async def test_without_an_address_of_its_own_the_gateway_gives_no_tokens(gateway):
    answer = await gateway.client().post("/v1/token", data={"grant_type": CODE_GRANT, "code": "x"})
    assert error(answer) == (400, "auth.no_own_tokens", "invalid_request")
    told = (await gateway.client().get("/v1/sign-on")).json()
    assert told == {
        "issuer": None,
        "client_id": None,
        "scopes": [],
        "codes": False,
        "complain": None,
    }
    assert (await gateway.client().get("/.well-known/jwks.json")).json() == {"keys": []}


class TestPlatforms:
    """Two identity providers of our own, over real HTTP."""

    @pytest.fixture
    async def platforms(self, database_url, issuer):
        async with provider("onevisit-page") as city, provider("onevisit-page") as county:
            more = {
                "issuer": city.url,
                "jwks_url": f"{city.url}/jwks",
                "further_issuers": f"county {county.url} {county.url}/jwks",
                "sign_on_client": "onevisit-page",
                "sign_on_scopes": "openid,onevisit",
                "token_algorithms": "ES256",
                "public_url": URL,
            }
            async with running(settings(database_url, None, **more), issuer) as gateway:
                for found in (city, county):
                    found.people["li"] = {"roles": ["inspector"], "region": CITY}
                yield gateway, city, county

    async def sign_on(self, gateway, platform):
        """As a page does: code flow with PKCE."""
        told = (await gateway.client().get("/v1/sign-on")).json()
        verifier = secrets.token_urlsafe(40)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        asked = {
            "response_type": "code", "client_id": told["client_id"], "redirect_uri": f"{URL}/m/",
            "scope": " ".join(told["scopes"]), "state": "s", "login_hint": "li",
            "code_challenge": challenge.rstrip(b"=").decode(), "code_challenge_method": "S256",
        }  # fmt: skip
        async with httpx.AsyncClient(trust_env=False) as browser:
            sent = await browser.get(f"{platform.url}/authorize", params=asked)
            back = dict(parse_qsl(urlsplit(sent.headers["location"]).query))
            form = {"code": back["code"], "code_verifier": verifier}
            answer = await browser.post(f"{platform.url}/token", data=form)
        return gateway.client(answer.json()["access_token"])

    async def test_code_flow_keys_that_rotate_and_two_people_of_one_name(self, platforms):
        gateway, city, county = platforms
        told = (await gateway.client().get("/v1/sign-on")).json()
        assert told == {
            "issuer": city.url, "client_id": "onevisit-page", "scopes": ["openid", "onevisit"], "codes": True,
            "complain": None,
        }  # fmt: skip
        one = await self.sign_on(gateway, city)
        other = await self.sign_on(gateway, county)
        assert (await one.get("/v1/me")).json()["subject"] == "li"
        assert (await other.get("/v1/me")).json()["subject"] == "county:li"
        city.people["county:li"] = city.people["li"]
        posing = gateway.client(city.access_token("county:li"))
        assert (await posing.get("/v1/me")).json()["code"] == "auth.token_foreign"
        mixed = gateway.client(
            county.sign("at+jwt", iss=city.url, aud="onevisit-gateway", sub="li")
        )
        assert (await mixed.get("/v1/me")).status_code == 401

    async def test_logout_at_the_platform_ends_the_session_here(self, platforms):
        gateway, city, _ = platforms
        one = gateway.client(city.access_token("li", "session-1"))
        other = gateway.client(city.access_token("li", "session-2"))
        assert (await one.get("/v1/me")).status_code == 200
        logout = {"logout_token": city.logout_token(sid="session-1")}
        answer = await gateway.client().post("/v1/sign-on/logout", data=logout)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        assert (await one.get("/v1/me")).json()["code"] == "auth.signed_out"
        assert (await other.get("/v1/me")).status_code == 200
        everywhere = {"logout_token": city.logout_token(sub="li")}
        await gateway.client().post("/v1/sign-on/logout", data=everywhere)
        assert (await other.get("/v1/me")).json()["code"] == "auth.signed_out"

    async def test_a_logout_by_both_reaches_tokens_that_name_no_session(self, platforms):
        gateway, city, _ = platforms
        plain = gateway.client(city.access_token("li"))
        other = gateway.client(city.access_token("li", "session-2"))
        assert (await plain.get("/v1/me")).status_code == 200
        told = {"logout_token": city.logout_token(sid="session-1", sub="li")}
        assert (await gateway.client().post("/v1/sign-on/logout", data=told)).status_code == 200
        assert (await plain.get("/v1/me")).json()["code"] == "auth.signed_out"
        assert (await other.get("/v1/me")).status_code == 200

    @ON_SQLITE
    async def test_a_logout_ends_nothing_that_began_after_it(self, platforms):
        gateway, city, _ = platforms
        now = int(time.time())
        earlier = city.logout_token(sub="li", iat=now - 60)
        one = gateway.client(city.access_token("li"))
        await gateway.client().post("/v1/sign-on/logout", data={"logout_token": earlier})
        assert (await one.get("/v1/me")).status_code == 200
        old = {"logout_token": city.logout_token(sub="li", iat=now - 400)}
        assert (await gateway.client().post("/v1/sign-on/logout", data=old)).status_code == 400

    async def test_what_is_no_logout_and_a_key_that_rotates(self, platforms, monkeypatch):
        gateway, city, county = platforms
        one = gateway.client(city.access_token("li", "session-1"))
        assert (await one.get("/v1/me")).status_code == 200
        bad = [
            city.logout_token(),
            city.logout_token(sid="session-1", aud="another"),
            city.logout_token(sid="session-1", events={}),
            city.logout_token(sid="session-1", nonce="n"),
            city.logout_token(sid="session-1", exp=int(time.time()) - 60),
            city.access_token("li", "session-1"),
            county.sign("logout+jwt", iss=city.url, aud="onevisit-page", sid="session-1", jti="j", events={}),
            "rubbish",
        ]  # fmt: skip
        for told in bad:
            form = {"logout_token": told}
            answer = await gateway.client().post("/v1/sign-on/logout", data=form)
            assert answer.status_code in {400, 401}, told
        assert (await one.get("/v1/me")).status_code == 200
        city.rotate()
        rotated = gateway.client(city.access_token("li"))
        later = SimpleNamespace(monotonic=lambda: time.monotonic() + 20)  # beyond the floor
        monkeypatch.setattr("auth.keys.time", later)
        assert (await rotated.get("/v1/me")).status_code == 200


@pytest.mark.parametrize(
    "given",
    [
        "county https://c.example",
        "County https://c.example https://c.example/jwks",
        "a x y,a z w",
        "a x y,b x w",
    ],
)
def test_issuers_that_cannot_be_told_apart(settings_for, given):
    with pytest.raises(SettingsError):
        settings_for("sqlite://", further_issuers=given).require_complete()
