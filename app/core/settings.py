"""All settings, read once from the environment (prefix ONEVISIT_) by `create_app`; frozen
afterwards.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.core.keys import Keyring, keyring
from app.core.logs import LogForm
from auth.scope import NATION

SHORTEST_SECRET = 32
_PARTS_OF_ISSUER = 3
_NAME = re.compile(r"[a-z][a-z0-9-]{0,19}")


class SettingsError(Exception):
    """Settings with which the gateway must not start; the message says what to set."""


def _split(value: object) -> object:
    return (
        [part.strip() for part in value.split(",") if part.strip()]
        if isinstance(value, str)
        else value
    )


_OF_CLI = ("ONEVISIT_GATEWAY", "ONEVISIT_TOKEN", "ONEVISIT_TOKEN_FILE")
"""Read by the command line alone."""
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_split)]
Ports = Annotated[tuple[int, ...], NoDecode, BeforeValidator(_split)]


Hosts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


def _bytes(secret: SecretStr) -> bytes:
    return secret.get_secret_value().encode()


class Settings(BaseSettings):
    """Everything a deployment decides. The gateway refuses to start without secret, issuer,
    audience and keys.
    """

    model_config = SettingsConfigDict(
        env_prefix="ONEVISIT_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    region: str = Field(
        NATION,
        pattern=r"^\d{6}$",
        description="division code of this deployment: where what no person did is entered",
    )
    database_url: str = Field("", description="sqlite:///file or postgresql+psycopg://…")
    log_format: LogForm = Field("auto", description="json, text, or auto: text on a terminal")
    access_log: bool = Field(False, description="log one line for each request")
    database_connections: int = Field(
        16,
        ge=4,
        le=200,
        description="connections of a process to PostgreSQL, beside five of its own",
    )
    database_statement_s: float = Field(
        5.0, ge=1, description="longest statement; PostgreSQL ends what takes longer"
    )
    database_pooled: bool = Field(
        False, description="a pooler in transaction mode (PgBouncer) stands before PostgreSQL"
    )
    drain_s: float = Field(
        3.0,
        ge=0,
        le=6,
        description="after SIGTERM: not ready, but answering, so that a balancer can look away",
    )
    calendar_file: Path | None = Field(
        None, description="days off and make-up days that correct the calendar: `date,working`"
    )
    secret_key: SecretStr | None = Field(
        None, description="≥ 32 characters; encrypts credentials, keys references and cursors"
    )
    previous_secret_key: SecretStr | None = Field(
        None, description="the secret before: still opens, recognises and verifies, never writes"
    )
    principals: Literal["directory", "claims"] = Field(
        "directory",
        description="who callers are: their token and the directory of people, or, on this machine "
        "alone, what tokens claim",
    )
    issuer: str | None = Field(None, description="`iss` of accepted tokens")
    audience: str | None = Field(None, description="`aud` of accepted tokens")
    jwks_file: Path | None = Field(None, description="public keys of the issuer, as a file")
    jwks_url: str | None = Field(None, description="public keys of the issuer, fetched")
    jwks_max_age_s: float = Field(
        86_400, ge=60, description="after so long without a usable key set nobody is let in"
    )
    public_url: str = Field(
        "",
        pattern=r"^(https?://[^\s/?#]+)?$",
        description="where callers reach the gateway, without a slash at its end; issuer of its "
        "own tokens, of which there are none without it",
    )
    further_issuers: Hosts = Field(
        (),
        description="more issuers, each `name issuer-url jwks-url`, comma separated; their "
        "subjects are name:sub here",
    )
    sign_on_client: str = Field(
        "", description="client id of the pages at the issuer (OpenID Connect code flow with PKCE)"
    )
    complain_at: str = Field(
        "",
        max_length=200,
        description="where people complain about the system: an https address or a telephone "
        "number, shown in the pages",
    )
    frame_ancestors: Hosts = Field(
        (), description="origins in whose frames the pages may stand, comma separated"
    )
    sign_on_scopes: Hosts = Field(("openid",), description="scopes that the pages ask for")
    token_types: Hosts = Field(
        ("at+jwt",), description="accepted `typ` of access tokens; some platforms send JWT"
    )
    token_algorithms: Hosts = Field(
        ("EdDSA", "ES256"), description="accepted signatures: EdDSA, ES256, RS256, PS256"
    )
    token_life_s: float = Field(
        86_400, ge=60, description="longest life of an accepted token, from iat to exp"
    )
    egress_allow: Networks = Field(
        (), description="private ranges where departments sit, comma separated"
    )
    webhook_allow: Networks = Field(
        (),
        description="private ranges where systems sit that receive notices, comma separated",
    )
    egress_allow_http: bool = Field(
        False, description="allow http:// beside https:// towards departments"
    )
    egress_ports: Ports = Field(
        (),
        description="allowed ports towards departments; empty: 443 and 80, and any in the allowed "
        "ranges",
    )
    qr_hosts: Hosts = Field(
        ("gsxt.gov.cn",), description="hosts of licence codes the registration department resolves"
    )
    last_known_mib: int = Field(
        1024,
        ge=0,
        description="last-known answers kept beside the database, sealed; 0: in memory alone",
    )
    deadline_ms: int = Field(2000, ge=100, le=2000)
    rate_per_second: float = Field(
        50.0, ge=0, description="look-ups one caller may make in a second; 0 means no bound"
    )
    rate_burst: int = Field(200, ge=1, description="look-ups one caller may make at once")
    egress_ca_file: Path | None = Field(
        None, description="authorities that departments' certificates may come from"
    )
    egress_client_cert: Path | None = Field(
        None, description="certificate chain shown to departments that demand one (mTLS)"
    )
    egress_client_key: Path | None = Field(None, description="its private key")
    metrics_token: SecretStr | None = Field(
        None, description="bearer token for /metrics; without one only this machine may read it"
    )
    metrics_folder: str = Field(
        "", description="where the processes of one start read each other's metrics, set by serve"
    )
    max_body_bytes: int = Field(256 << 10, ge=1024)
    body_seconds: float = Field(40.0, gt=0)
    body_bytes_per_second: float = Field(
        4096, gt=0, description="least rate at which a body must come, after three seconds"
    )
    connections: int = Field(
        8192, ge=64, description="open connections of a process; fewer where files are scarce"
    )
    connections_per_peer: int = Field(
        512, ge=8, description="of one address, before a valid token was shown on them"
    )
    trusted_proxies: Networks = Field(
        (), description="proxies whose Forwarded and X-Forwarded-For are believed"
    )
    cors_origins: Hosts = Field(
        (), description="origins of web pages that may call the interface, comma separated"
    )
    pages: bool = Field(
        True, description="serve the pages; false withdraws them from browsers that keep them"
    )
    api_pages: bool = Field(True, description="serve /docs and /openapi.json")
    listens: str = Field(
        "", description="host:port of this process, set by `onevisit serve`; no department is there"
    )
    calls_per_second: float = Field(
        100.0, ge=0, description="requests of any kind a caller may make in a second; 0: no bound"
    )
    calls_burst: int = Field(400, ge=1, description="requests a caller may make at once")
    anonymous_per_second: float = Field(
        20.0, ge=0, description="requests without a valid token an address may make in a second"
    )
    anonymous_burst: int = Field(400, ge=1, description="such requests at once")
    workers: int = Field(
        1, ge=1, le=64, description="gateway processes; more than one needs PostgreSQL"
    )
    run_worker: bool = Field(True, description="run examinations and deliveries in this process")

    @classmethod
    def unknown_names(cls, environment: Mapping[str, str]) -> dict[str, str]:
        """Names of ours in the environment that mean nothing, each with the nearest that does, or
        nothing.
        """
        prefix = "ONEVISIT_"
        known = [f"{prefix}{name.upper()}" for name in cls.model_fields]
        given = (n for n in environment if n.startswith(prefix) and n not in known + list(_OF_CLI))
        nearest = {n: get_close_matches(n, known, 1, cutoff=0.7) for n in sorted(given)}
        return {name: found[0] if found else "" for name, found in nearest.items()}

    @property
    def is_sqlite(self) -> bool:
        """Whether the embedded database is used."""
        return self.database_url.startswith("sqlite")

    def require_complete(self, *, to_serve: bool = False) -> None:
        """Raise `SettingsError` naming every missing or contradictory setting, in one go. Only who
        is `to_serve` needs a database.
        """
        missing = [
            f"ONEVISIT_{name.upper()}"
            for name in ("database_url", "secret_key", "audience")
            if not getattr(self, name) and (to_serve or name != "database_url")
        ]
        if not self.issuer and not self.public_url:
            missing.append("ONEVISIT_ISSUER (or ONEVISIT_PUBLIC_URL: the gateway's own tokens)")
        if (self.issuer or not self.public_url) and not (self.jwks_file or self.jwks_url):
            missing.append("ONEVISIT_JWKS_FILE or ONEVISIT_JWKS_URL")
        if missing:
            raise SettingsError(
                f"Set {', '.join(missing)}: the gateway has no default for secrets and trust."
            )
        self.issuers_named()
        for name, secret in (
            ("SECRET_KEY", self.secret_key),
            ("PREVIOUS_SECRET_KEY", self.previous_secret_key),
        ):
            if secret is not None and len(_bytes(secret)) < SHORTEST_SECRET:
                raise SettingsError(
                    f"ONEVISIT_{name} must have at least {SHORTEST_SECRET} characters."
                )
        if self.is_sqlite and self.workers > 1:
            raise SettingsError(
                "SQLite serves one process: set ONEVISIT_WORKERS=1, or a PostgreSQL "
                "ONEVISIT_DATABASE_URL."
            )

    def issuers_named(self) -> list[tuple[str, str, str]]:
        """Further issuers: name, issuer, address of its keys. Raises `SettingsError`."""
        found = [tuple(given.split()) for given in self.further_issuers]
        if any(len(parts) != _PARTS_OF_ISSUER or not _NAME.fullmatch(parts[0]) for parts in found):
            raise SettingsError(
                "ONEVISIT_FURTHER_ISSUERS: each is `name issuer-url jwks-url`, comma separated; a "
                "name is a small letter and up to 19 small letters, digits and dashes."
            )
        names = {parts[0] for parts in found}
        issuers = {parts[1] for parts in found} - {self.issuer, self.public_url}
        if len(names) < len(found) or len(issuers) < len(found):
            raise SettingsError("ONEVISIT_FURTHER_ISSUERS: no name and no issuer twice.")
        return [(name, issuer, url) for name, issuer, url in found]

    @property
    def keys(self) -> Keyring:
        """The keys derived from the secrets; only after `require_complete`."""
        given = (self.secret_key, self.previous_secret_key)
        return keyring(*(_bytes(secret) for secret in given if secret is not None))
