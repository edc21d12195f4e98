"""What an access token says, and which check it fails."""

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

import httpx
import jwt
import typer

from app.cli.door import Gateway, refused, trusted, unheard
from app.cli.words import said
from auth.errors import AuthError
from auth.issuer import ONE_TIME_CODE, OWN_ALGORITHMS
from auth.keys import StaticKeys
from auth.tokens import TYPES, Issuer, TokenVerifier

app = typer.Typer(no_args_is_help=True)
_TIMES = ("iat", "nbf", "exp")


@app.command(
    help=said(
        "Show what a token says, and what this gateway's settings make of it.",
        "查看登录凭证的内容，以及按本网关设置能否通过。",
    )
)
def explain(file: Path) -> None:
    """Decode a token and try each check. The signature is tried where the keys are a file."""
    try:
        token = file.read_text(encoding="utf-8").strip()
        header = jwt.get_unverified_header(token)
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except OSError as error:
        typer.echo(said(f"There is no file {file}.", f"没有文件 {file}。"), err=True)
        raise typer.Exit(1) from error
    except (jwt.PyJWTError, ValueError) as error:
        typer.echo(said("This is no signed token.", "不是签名的登录凭证。"), err=True)
        raise typer.Exit(1) from error
    typer.echo(json.dumps({"header": header, "claims": claims}, ensure_ascii=False, indent=2))
    now = time.time()
    for name in _TIMES:
        if isinstance(claims.get(name), int | float):
            away = int(claims[name] - now)
            ago = said("from now", "后") if away >= 0 else said("ago", "前")
            typer.echo(f"{name}: {abs(away)} s {ago}")
    for line in _checks(token, header, claims):
        typer.echo(line)


@app.command(
    help=said(
        "Take an access token for a one-time code, into a file that only you can read.",
        "用一次性登录码换取登录凭证，存入仅本人可读的文件。",
    )
)
def take(
    code: str,
    file: Path,
    gateway: str = Gateway,
) -> None:
    """Take an access token for a one-time code."""
    form = {"grant_type": ONE_TIME_CODE, "code": code}
    try:
        answer = httpx.post(
            f"{gateway}/v1/token", data=form, trust_env=False, timeout=30, verify=trusted()
        )
    except httpx.TransportError as error:
        raise unheard(gateway, error) from error
    if answer.is_error:
        raise refused(answer)
    told = answer.json()
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(told["access_token"])
    file.chmod(0o600)
    hours = told["expires_in"] / 3600
    typer.echo(said(f"{file}: for {hours:.1f} h", f"{file}：{hours:.1f} 小时内有效"))


def _checks(token: str, header: dict[str, Any], claims: dict[str, Any]) -> list[str]:
    from app.core.settings import Settings

    settings = Settings()
    is_own = bool(settings.public_url) and claims.get("iss") == settings.public_url
    issuers = [settings.issuer, settings.public_url, *(r[1] for r in settings.issuers_named())]
    types, algorithms = settings.token_types, settings.token_algorithms
    if is_own:  # as the gateway itself makes them, whatever others may send
        types, algorithms = TYPES, OWN_ALGORITHMS
    found = [
        _check("iss", claims.get("iss"), " / ".join(filter(None, issuers))),
        _check("aud", claims.get("aud"), settings.audience),
        _check("typ", header.get("typ"), " / ".join(types)),
        _check("alg", header.get("alg"), " / ".join(algorithms)),
    ]
    if settings.jwks_file is None or claims.get("iss") != settings.issuer:
        return [
            *found,
            said("signature: not tried, its keys are no file", "签名：未验证"),
        ]
    keys = StaticKeys(json.loads(settings.jwks_file.read_text(encoding="utf-8")))
    verifier = TokenVerifier(
        [Issuer(settings.issuer or "", keys, algorithms=settings.token_algorithms)],
        audience=settings.audience or "",
        types=settings.token_types,
    )
    try:
        principal = asyncio.run(verifier.verify(token)).principal
    except AuthError as error:
        return [*found, f"✗ {error.code}: {error.detail}"]
    roles = ", ".join(sorted(principal.roles)) or said("none", "无")
    return [*found, f"✔ {principal.subject}  {roles}  {principal.region}"]


def _check(name: str, came: Any, wanted: str | None) -> str:
    return f"{name}: {said('came', '实际')} {came!r}, {said('expected', '应为')} {wanted!r}"
