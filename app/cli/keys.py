"""The operator's keys: seal what is stored with the newest one, and rotate the one of tokens."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import typer

from app.cli.machine import at_the_machine
from app.cli.words import said
from app.core.settings import Settings

if TYPE_CHECKING:
    from app.core.db import Database

app = typer.Typer(no_args_is_help=True)


@app.callback()
def keys() -> None:
    """Keys that are derived from ONEVISIT_SECRET_KEY, or sealed with it."""


@app.command(
    "rotate",
    help=said(
        "Make the next key of the gateway's own tokens: published now, signing after a while.",
        "生成网关登录凭证的下一把签名密钥：立即公布，稍后启用。",
    ),
)
def rotate(
    after: int = typer.Option(600, min=0, help=said("seconds until it signs", "多少秒后开始签名")),
) -> None:
    """Make the next key of the gateway's own tokens. Those before it are accepted until the last
    token that they signed has ended.
    """
    from app.audit.events import Event, EventName
    from app.organisations.sign_on import keys as signing

    with at_the_machine() as (session, trail, settings):
        now = trail.clock.now()
        kid = signing.rotate(session, settings.keys, now, timedelta(seconds=after))
        event = Event(EventName.SIGNING_KEY_ROTATED, actor="operator", object_ref=kid)
        trail.append(session, event)
    typer.echo(said(f"{kid} signs in {after} s", f"{kid} 将于 {after} 秒后启用"))


@app.command(
    "revoke",
    help=said(
        "End a signing key now: every token that it signed ends with it.",
        "立即停用签名密钥，其签发的登录凭证随即失效。",
    ),
)
def revoke(kid: str) -> None:
    """End a signing key now, where others may have it."""
    from app.audit.events import Event, EventName
    from app.organisations.sign_on import keys as signing

    with at_the_machine() as (session, trail, _):
        has_ended = signing.revoke(session, kid, trail.clock.now())
        if has_ended:
            event = Event(EventName.SIGNING_KEY_REVOKED, actor="operator", object_ref=kid)
            trail.append(session, event)
    if not has_ended:
        typer.echo(said(f"There is no such key in use: {kid}", f"没有在用的密钥 {kid}"), err=True)
        raise typer.Exit(1)
    typer.echo(said(f"{kid} has ended", f"{kid} 已停用"))


def _require_openable(database: "Database", settings: Settings) -> None:
    """Nothing is done where signing keys would end because a secret was forgotten."""
    from app.core.clock import SystemClock
    from app.organisations.sign_on import keys as signing_keys

    with database.read() as session:
        _, shut = signing_keys.opening(session, settings.keys, SystemClock().now())
    if not shut:
        return
    database.dispose()
    typer.echo(
        said(
            f"No secret that is set opens the signing keys {', '.join(shut)}. Nothing was changed. "
            "Set ONEVISIT_PREVIOUS_SECRET_KEY; only where the secret before is lost for good: "
            "`onevisit keys reseal --lost` ends them, and everybody signs on anew.",
            f"现有密钥打不开签名密钥 {', '.join(shut)}。未作任何改动。请设置 "
            "ONEVISIT_PREVIOUS_SECRET_KEY；仅当原密钥已彻底丢失时使用 "
            "`onevisit keys reseal --lost`：停用这些签名密钥，所有人须重新登录。",
        ),
        err=True,
    )
    raise typer.Exit(1)


def _say_shut(closed: list[str], ended: list[str], unopenable: Sequence[str]) -> None:
    """What no key opens, and what to do about it."""
    if closed:
        typer.echo(
            f"No key opens the secrets of webhooks {', '.join(closed)}: give them others "
            "(POST /v1/webhooks/{webhook_id}:rotate).",
            err=True,
        )
    if ended:
        typer.echo(
            f"No key opens the signing keys {', '.join(ended)}: they have ended, others sign, and "
            "whoever signed on by them signs on anew.",
            err=True,
        )
    if unopenable:
        typer.echo(
            f"No key opens the credentials of {', '.join(unopenable)}: set "
            "ONEVISIT_PREVIOUS_SECRET_KEY, or let their departments store them anew.",
            err=True,
        )


@app.command("reseal")
def reseal(
    lost: bool = typer.Option(
        False,
        "--lost",
        help=said(
            "the secret before is lost for good: end the signing keys that it sealed",
            "原密钥已彻底丢失：停用由其封存的签名密钥",
        ),
    ),
) -> None:
    """Seal all that is stored sealed with the key of ONEVISIT_SECRET_KEY;
    ONEVISIT_PREVIOUS_SECRET_KEY opens what the secret before it sealed. Says what does not open.
    """
    from app.audit.service import Trail
    from app.core.clock import SystemClock
    from app.core.db import Database
    from app.delivery.notices import webhooks
    from app.organisations.sign_on import keys as signing_keys
    from app.registry.resealing import reseal as seal_anew

    settings = Settings()
    settings.require_complete()
    database = Database.of(settings)
    if not lost:
        _require_openable(database, settings)
    with database.write() as session:
        found = seal_anew(session, Trail(settings.keys, SystemClock(), settings.region))
        signing, ended = signing_keys.reseal(session, settings.keys, SystemClock().now())
        hooks, closed = webhooks.reseal(session, settings.keys)
    database.dispose()
    typer.echo(f"{found.done} sealed anew, {found.kept} were sealed with the newest key already")
    if signing:
        typer.echo(f"signing keys: {signing} sealed anew")
    if hooks:
        typer.echo(f"webhook secrets: {hooks} sealed anew")
    _say_shut(closed, ended, found.unopenable)
    if found.unopenable or ended or closed:
        raise typer.Exit(1)
