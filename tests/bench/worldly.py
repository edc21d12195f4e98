"""What a run of the bench needs in files: identifiers, tokens, keys, what the peers must know, databases with published adapters."""

import asyncio
import json
from itertools import islice
from pathlib import Path

from adapters.fakes.world import uscc
from auth.principal import Role
from auth.testing import AUDIENCE, ISSUER, LocalIssuer
from tests.bench import departments as d
from tests.fixtures.databases import build_empty
from tests.fixtures.gateway import Gateway, running, settings

TOKENS, CALLERS, IDENTIFIERS = 200, 5_000, 400_000
PEER_PORT, GATEWAY_PORT = 21900, 21901
SECRET = "the-bench-has-a-secret-of-its-own-with-more-than-32-characters"


def write_files(folder: Path) -> LocalIssuer:
    """Identifiers (each asked once), tokens of patrollers, the issuer's keys, and peers.json."""
    issuer = LocalIssuer()
    (folder / "jwks.json").write_text(json.dumps(issuer.jwks), encoding="utf-8")
    tokens = [
        issuer.token(f"patroller-{n}", Role.PATROLLER, department="urban_management")
        for n in range(TOKENS)
    ]
    (folder / "tokens.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    callers = [_caller(issuer, n) for n in range(CALLERS)]
    (folder / "callers.txt").write_text("\n".join(callers) + "\n", encoding="utf-8")
    identifiers = folder / "identifiers.txt"
    if not identifiers.exists():
        codes = (uscc(kind, "330106", serial) for kind in ("91", "92") for serial in range(31**4))
        identifiers.write_text("\n".join(islice(codes, IDENTIFIERS)) + "\n", encoding="ascii")
    peers = {
        "port": PEER_PORT, "audience": AUDIENCE, "issuer": ISSUER,
        "ports": {str(delay): [(s, d.port_of(i, delay, native=False)) for i, s in enumerate(d.SECTIONS)] for delay in d.DELAYS_MS},
        "sections": {s: {"list": d.first_list_of(s), "hide": d.hidden_by_peers(s)} for s in d.SECTIONS},
    }  # fmt: skip
    (folder / "peers.json").write_text(json.dumps(peers), encoding="utf-8")
    return issuer


def _caller(issuer: LocalIssuer, n: int) -> str:
    """One of many, no two of one unit, region and role: 25 departments, 67 divisions, 3 roles."""
    role = (Role.PATROLLER, Role.INSPECTOR, Role.TEAM_LEADER)[n % 3]
    region = f"33{n // 75 % 8 + 1:02}{n // 75 % 9 + 1:02}"
    return issuer.token(f"caller-{n}", role, department=f"unit_{n // 3 % 25}", region=region)


def database(folder: Path, issuer: LocalIssuer, count: int, delay_ms: int, *, native: bool) -> str:
    """A database in which so many departments were registered, examined and published through the API."""
    path = folder / f"gateway-{count}-{delay_ms}-{'native' if native else 'canonical'}.db"
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    url = f"sqlite:///{path}"
    build_empty(url)

    async def publish() -> None:
        async with running(
            settings(url, folder / "jwks.json", secret_key=SECRET), issuer
        ) as gateway:
            for index, section in enumerate(d.SECTIONS[:count]):
                await _publish(
                    gateway,
                    d.manifest_of(
                        section, d.port_of(index, delay_ms, native=native), native=native
                    ),
                )

    asyncio.run(publish())
    return url


async def _publish(gateway: Gateway, manifest: dict[str, object]) -> None:
    await gateway.publish(manifest)


def environment(folder: Path, url: str) -> dict[str, str]:
    """The gateway's settings: what a deployment with departments on this machine would set, nothing else."""
    return {
        "ONEVISIT_DATABASE_URL": url,
        "ONEVISIT_SECRET_KEY": SECRET,
        "ONEVISIT_PRINCIPALS": "claims",
        "ONEVISIT_ISSUER": ISSUER,
        "ONEVISIT_AUDIENCE": AUDIENCE,
        "ONEVISIT_JWKS_FILE": str(folder / "jwks.json"),
        "ONEVISIT_EGRESS_ALLOW": "127.0.0.0/8",
        "ONEVISIT_EGRESS_ALLOW_HTTP": "true",
    }
