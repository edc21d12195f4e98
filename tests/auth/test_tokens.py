"""Tokens: only a complete, fitting, fresh one from the configured issuer is accepted."""

import base64
import json
import time
from dataclasses import replace

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auth.errors import KeysUnavailable, Unauthenticated
from auth.keys import FileKeys, RemoteKeys, StaticKeys, read_jwks
from auth.permissions import GRANTS, Permission, allows
from auth.principal import Principal, Role
from auth.testing import AUDIENCE, ISSUER, LocalIssuer
from auth.tokens import Issuer, TokenVerifier

ISSUER_OF_TESTS = LocalIssuer()


def verifier(issuer=ISSUER_OF_TESTS):
    return TokenVerifier([Issuer(ISSUER, StaticKeys(issuer.jwks))], audience=AUDIENCE)


async def refusal(token):
    with pytest.raises(Unauthenticated) as caught:
        await verifier().verify(token)
    assert token not in caught.value.detail
    assert verifier().at_once(token) is None, "both ways refuse"
    return caught.value.code


async def test_a_good_token_becomes_a_principal():
    token = ISSUER_OF_TESTS.token(
        "wang",
        Role.INSPECTOR,
        "unknown-role",
        department="fire",
        region="330106",
        certificate_no="Z-1",
    )
    claims = await verifier().verify(token)
    assert replace(claims.principal, sign_on=None) == Principal(
        "wang", frozenset({Role.INSPECTOR}), "fire", "330106", "Z-1"
    )


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"seconds": -60}, "auth.token_expired"),
        ({"aud": "somebody-else"}, "auth.token_foreign"),
        ({"aud": ["account"]}, "auth.token_foreign"),
        ({"iss": ISSUER + ".evil"}, "auth.token_foreign"),
        ({"exp": None}, "auth.token_invalid"),
        ({"exp": "soon"}, "auth.token_invalid"),
        ({"exp": [1]}, "auth.token_invalid"),
        ({"exp": 10**400}, "auth.token_invalid"),
        ({"iat": None}, "auth.token_invalid"),
        ({"iat": time.time() + 1e6}, "auth.token_early"),
        ({"nbf": time.time() + 1e6}, "auth.token_early"),
        ({"sub": 7}, "auth.token_invalid"),
        ({"roles": "inspector"}, "auth.token_invalid"),
        ({"roles": None}, "auth.token_invalid"),
        ({"region": "33"}, "auth.token_invalid"),
        ({"region": 330100}, "auth.token_invalid"),
        ({"department": 7}, "auth.token_invalid"),
        ({"header": {"typ": "JWT"}}, "auth.token_invalid"),
        ({"header": {"kid": "other"}}, "auth.unknown_key"),
        ({"header": {"crit": ["exp"]}}, "auth.token_malformed"),
    ],
)
async def test_tokens_that_miss_one_thing(claims, code):
    roles = () if "roles" in claims else (Role.INSPECTOR,)
    subject = claims.pop("sub", "x")
    if subject != "x":
        claims["sub"] = subject
    try:
        token = (
            ISSUER_OF_TESTS.token("x", *roles, **claims)
            if "sub" not in claims
            else _raw({**_payload(), **claims})
        )
    except TypeError:
        token = _raw({**_payload(), **claims})
    assert await refusal(token) == code


def _payload():
    now = int(time.time())
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + 60,
        "sub": "x",
        "roles": ["inspector"],
        "region": "330100",
    }


def _raw(payload, header=None):
    """A token signed with the right key over any payload at all."""
    head = {"alg": "EdDSA", "kid": ISSUER_OF_TESTS.kid, "typ": "at+jwt", **(header or {})}
    parts = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in (head, payload)]
    signature = ISSUER_OF_TESTS.sign(b".".join(parts))
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "nOnE", "HS256", "RS256", "ES512", "", None, 7]
)
async def test_algorithms_outside_the_list_are_refused(algorithm):
    assert await refusal(_raw(_payload(), {"alg": algorithm})) in {
        "auth.token_invalid",
        "auth.token_malformed",
    }


@pytest.mark.parametrize(
    "header",
    [
        {"kid": None},
        {"kid": 7},
        {"kid": "../../etc/passwd"},
        {"typ": "at+jwt; x"},
        {"jku": "https://evil"},
    ],
)
async def test_odd_headers_open_nothing(header):
    if "jku" in header:
        assert (
            await verifier().verify(_raw(_payload(), header))
        ).principal.subject == "x"  # the address is never looked at
    else:
        assert (await refusal(_raw(_payload(), header))).startswith("auth.")


async def test_a_public_key_is_no_hmac_secret():
    public = ISSUER_OF_TESTS.jwks["keys"][0]["x"].encode()
    token = jwt.encode(
        _payload(),
        public.ljust(32, b"="),
        "HS256",
        headers={"kid": ISSUER_OF_TESTS.kid, "typ": "at+jwt"},
    )
    assert await refusal(token) == "auth.token_invalid"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "." * 10, "e30.e30.", "Ω.Ω.Ω", "x" * 9000])
async def test_rubbish_is_malformed(token):
    with pytest.raises(Unauthenticated) as caught:
        await verifier().verify(token)
    assert caught.value.code in {"auth.token_malformed", "auth.token_invalid"}
    assert verifier().at_once(token) is None


async def test_a_token_verifies_at_once_where_its_key_is_at_hand(monkeypatch):
    token = ISSUER_OF_TESTS.token("x", Role.INSPECTOR)
    found = verifier()
    claims = found.at_once(token)
    assert claims is not None
    assert claims.principal.subject == "x"
    assert await found.verify(token) is claims

    async def fetch():
        return ISSUER_OF_TESTS.jwks

    remote = TokenVerifier([Issuer(ISSUER, RemoteKeys(fetch, ttl=600))], audience=AUDIENCE)
    assert remote.at_once(token) is None, "nobody has fetched the keys yet"
    await remote.verify(token)
    other = ISSUER_OF_TESTS.token("y", Role.INSPECTOR)
    assert remote.at_once(other) is not None
    later = time.monotonic() + 601
    monkeypatch.setattr("auth.keys.time.monotonic", lambda: later)
    assert remote.at_once(ISSUER_OF_TESTS.token("z", Role.INSPECTOR)) is None, (
        "old keys are asked for anew first"
    )


async def test_another_issuers_key_with_the_same_id_does_not_verify():
    assert await refusal(LocalIssuer().token("x", Role.INSPECTOR)) == "auth.token_invalid"


async def test_a_verified_token_is_remembered_until_it_expires(monkeypatch):
    found = verifier()
    token = ISSUER_OF_TESTS.token("x", Role.INSPECTOR, seconds=30)
    await found.verify(token)
    assert await found.verify(token) is await found.verify(token)
    later = time.time() + 120
    monkeypatch.setattr("auth.tokens.time.time", lambda: later)
    monkeypatch.setattr("jwt.api_jwt.datetime", _later(later))
    with pytest.raises(Unauthenticated):
        await found.verify(token)


def _later(seconds):
    from datetime import datetime

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.fromtimestamp(seconds, tz)

    return Later


def test_key_sets_with_private_or_symmetric_keys_are_refused():
    with pytest.raises(ValueError):
        read_jwks({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "1"}]})
    private = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate()))
    with pytest.raises(ValueError):
        read_jwks({"keys": [{**private, "kid": "1"}]})


def test_only_signing_keys_of_listed_curves_count():
    p256 = json.loads(
        jwt.algorithms.ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key())
    )
    p521 = json.loads(
        jwt.algorithms.ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP521R1()).public_key())
    )
    keys = [{**p256, "kid": "a"}, {**p521, "kid": "b"}, {**p256, "kid": "c", "use": "enc"}, p256]
    assert list(read_jwks({"keys": keys})) == [("a", "ES256")]


class TestRemoteKeys:
    async def test_an_unknown_key_fetches_once_in_the_floor(self):
        fetched = []

        async def fetch():
            fetched.append(1)
            return ISSUER_OF_TESTS.jwks

        keys = RemoteKeys(fetch)
        for _ in range(5):
            with pytest.raises(Unauthenticated):
                await keys.key("nobody", "EdDSA")
        assert await keys.key(ISSUER_OF_TESTS.kid, "EdDSA")
        assert len(fetched) == 1

    async def test_old_keys_stay_valid_while_the_issuer_is_away(self):
        answers = [ISSUER_OF_TESTS.jwks]

        async def fetch():
            return answers.pop()

        keys = RemoteKeys(fetch, floor=0.0, ttl=0.0)
        assert await keys.key(ISSUER_OF_TESTS.kid, "EdDSA")
        assert await keys.key(ISSUER_OF_TESTS.kid, "EdDSA")

    async def test_without_any_keys_nobody_is_let_in(self):
        async def fetch():
            raise OSError

        with pytest.raises(KeysUnavailable) as caught:
            await RemoteKeys(fetch).key("x", "EdDSA")
        assert caught.value.code == "auth.keys_unavailable"

    @pytest.mark.parametrize(
        "bad", [{"keys": []}, {}, [], None, {"keys": "x"}, {"keys": [7]}, OSError("HTTP 503")]
    )
    async def test_nothing_that_cannot_be_used_replaces_good_keys(self, bad):
        answers = [bad, ISSUER_OF_TESTS.jwks]

        async def fetch():
            answer = answers.pop() if len(answers) > 1 else answers[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        keys = RemoteKeys(fetch, floor=0.0, ttl=0.0)
        for _ in range(3):
            assert await keys.key(ISSUER_OF_TESTS.kid, "EdDSA")
        assert keys.failures >= 1
        assert keys.trusted
        with pytest.raises(KeysUnavailable):  # whether the issuer knows it cannot be told
            await keys.key("nobody", "EdDSA")

    async def test_keys_that_are_too_old_let_nobody_in(self):
        async def fetch():
            return ISSUER_OF_TESTS.jwks

        keys = RemoteKeys(fetch, floor=1000.0, oldest=0.0)
        with pytest.raises(KeysUnavailable):
            await keys.key(ISSUER_OF_TESTS.kid, "EdDSA")
        assert not keys.trusted

    def test_a_key_file_is_read_again_when_it_changes(self, tmp_path, monkeypatch):
        path, later = tmp_path / "jwks.json", LocalIssuer("later")
        path.write_text(json.dumps(ISSUER_OF_TESTS.jwks))
        monkeypatch.setattr("auth.keys._LOOK_SECONDS", 0.0)
        keys = FileKeys(path)
        assert keys.at_hand("later", "EdDSA") is None
        path.write_text("{")
        assert keys.at_hand(ISSUER_OF_TESTS.kid, "EdDSA"), "half a file changes nothing"
        path.write_text(json.dumps({"keys": [*ISSUER_OF_TESTS.jwks["keys"], *later.jwks["keys"]]}))
        assert keys.at_hand("later", "EdDSA")

    @pytest.mark.parametrize(
        "entry",
        [
            7,
            {"kty": "EC", "crv": "P-256", "x": "AAAA", "kid": "e", "use": "sig"},
            {"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "kid": "s"},
            {"kty": "RSA", "n": "AAAA", "e": "AQAB", "kid": "r"},
            {"kty": "RSA", "kid": "r"},
            {"kid": 7},
        ],
    )
    def test_a_bad_entry_costs_itself(self, entry):
        found = read_jwks({"keys": [entry, *ISSUER_OF_TESTS.jwks["keys"]]})
        assert set(found) == {(ISSUER_OF_TESTS.kid, "EdDSA")}


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"aud": ["account", "x"]}, "aud must hold onevisit-gateway; it is ['account', 'x']"),
        ({"iss": "https://other.example"}, "it is https://other.example"),
        ({"iat": int(time.time()) + 4000}, "ahead of this gateway's clock"),
        ({"exp": None}, "has no exp"),
        ({"header": {"typ": "JWT"}}, "typ must be"),
    ],
)
async def test_a_refusal_says_what_was_expected_and_what_came(claims, words):
    with pytest.raises(Unauthenticated) as caught:
        await verifier().verify(ISSUER_OF_TESTS.token("x", Role.INSPECTOR, **claims))
    assert words in caught.value.detail


async def test_an_audience_in_a_list_counts_and_other_types_and_signatures_by_setting():
    token = ISSUER_OF_TESTS.token("x", Role.INSPECTOR, aud=["account", AUDIENCE])
    assert (await verifier().verify(token)).principal.subject == "x"
    key = rsa.generate_private_key(65537, 2048)
    jwk = {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())), "kid": "r"}
    for algorithm in ("RS256", "PS256"):
        signed = jwt.encode(_payload(), key, algorithm, headers={"kid": "r", "typ": "JWT"})
        keys = StaticKeys({"keys": [jwk]})
        wide = TokenVerifier(
            [Issuer(ISSUER, keys, algorithms=(algorithm,))],
            audience=AUDIENCE,
            types=("at+jwt", "JWT"),
        )
        assert (await wide.verify(signed)).principal.subject == "x"
        with pytest.raises(Unauthenticated):
            await TokenVerifier([Issuer(ISSUER, keys)], audience=AUDIENCE).verify(signed)


class TestPrincipal:
    @pytest.mark.parametrize(
        ("own", "other", "wanted"),
        [
            ("330100", "330106", True),
            ("330106", "330100", False),
            ("000000", "110105", True),
            ("330000", "310115", False),
        ],
    )
    def test_regions_nest_by_their_leading_digits(self, own, other, wanted):
        assert Principal("x", frozenset(), None, own).covers(other) is wanted

    def test_permissions_are_denied_by_default(self):
        nobody = Principal("x", frozenset(), None, "000000")
        assert not any(allows(nobody, p) for p in Permission)
        assert set(GRANTS) == set(Role)


@pytest.mark.parametrize(
    ("seconds", "subject", "code"),
    [
        (86_400, "wang", None),
        (86_401, "wang", "auth.token_long_lived"),
        (10**9, "wang", "auth.token_long_lived"),
        (3600, "", "auth.token_invalid"),
        (3600, "  ", "auth.token_invalid"),
    ],
)
async def test_a_token_lives_no_longer_than_allowed_and_names_somebody(seconds, subject, code):
    token = ISSUER_OF_TESTS.token(subject, Role.INSPECTOR, department="fire", seconds=seconds)
    if code is None:
        assert (await verifier().verify(token)).principal.subject == "wang"
    else:
        assert await refusal(token) == code


async def test_many_tokens_do_not_make_it_forget_all_at_once(monkeypatch):
    monkeypatch.setattr("auth.tokens._CACHED_TOKENS", 3)
    found = verifier()
    tokens = [ISSUER_OF_TESTS.token(f"p{n}", Role.PATROLLER, department="fire") for n in range(5)]
    for token in tokens:
        await found.verify(token)
    assert [found.has_met(token) for token in tokens] == [False, False, True, True, True]
    assert found.remembers(tokens[-1])


@pytest.mark.parametrize("algorithm", [[], {}, None, 7, ["EdDSA"]])
async def test_an_algorithm_that_is_no_text_is_a_refusal_like_any(algorithm):
    head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "kid": "x"}).encode()).decode()
    assert (await refusal(f"{head.rstrip('=')}.e30.AA")).startswith("auth.token_")


class TestRemembered:
    """A verdict is kept for a while, and ends with the keys by which it was found: at both doors, and where it is asked whether one is kept."""

    async def test_a_verdict_ends_with_the_keys_by_which_it_was_found(self):
        source = StaticKeys(ISSUER_OF_TESTS.jwks)
        kept = TokenVerifier([Issuer(ISSUER, source)], audience=AUDIENCE)
        token = ISSUER_OF_TESTS.token("wang", Role.INSPECTOR)
        assert kept.at_once(token)
        assert kept.remembers(token)
        source.held = {}
        assert not kept.remembers(token)
        assert kept.at_once(token) is None
        with pytest.raises(Unauthenticated) as caught:
            await kept.verify(token)
        assert caught.value.code == "auth.unknown_key"
        assert kept.has_met(token), "it is worth verifying again: the keys may come back"

    async def test_other_keys_at_hand_cost_one_verification_more(self):
        source = StaticKeys(ISSUER_OF_TESTS.jwks)
        kept = TokenVerifier([Issuer(ISSUER, source)], audience=AUDIENCE)
        token = ISSUER_OF_TESTS.token("wang", Role.INSPECTOR)
        assert await kept.verify(token)
        source.held = read_jwks(ISSUER_OF_TESTS.jwks)
        assert not kept.remembers(token)
        assert await kept.verify(token)
        assert kept.remembers(token)
