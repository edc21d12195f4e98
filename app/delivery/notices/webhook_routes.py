"""Doors to systems that receive notices."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Response

from adapters.contract import AdapterError
from app.audit.deps import TrailDep, reads
from app.audit.events import EventName
from app.core.admission import Priority, takes
from app.core.db import Database
from app.core.deps import (
    DATABASE,
    RATES,
    ReadSessionDep,
    SessionDep,
    SettingsDep,
)
from app.core.ids import new_id_text
from app.core.rates import Rates
from app.delivery.errors import WebhookAddressInvalid, WebhookNotProved
from app.delivery.notices import webhooks
from app.delivery.notices.deps import POSTER
from app.delivery.notices.kinds import KINDS
from app.delivery.notices.models import Webhook
from app.delivery.notices.schemas import KindRead, WebhookRead, WebhookSecret, WebhookWrite
from app.delivery.notices.sending import Poster
from auth.dependencies import requires
from auth.permissions import Permission
from auth.principal import Principal

PosterDep = Annotated[Poster, Depends(POSTER)]
router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])
WebhookPath = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Manager = Annotated[Principal, Depends(requires(Permission.WEBHOOK_MANAGE))]
Reader = Annotated[Principal, Depends(reads(EventName.WEBHOOKS_READ, Permission.WEBHOOK_MANAGE))]
_NOBODY_KEEPS = {"Cache-Control": "no-store"}


def desk_of(
    session: SessionDep, trail: TrailDep, principal: Manager, settings: SettingsDep
) -> webhooks.WebhookDesk:
    """What every act here needs."""
    return webhooks.WebhookDesk(session, trail, principal, settings.keys)


Desk = Annotated[webhooks.WebhookDesk, Depends(desk_of)]


@router.post("", status_code=201)
@takes(Priority.RECORD)
def register_webhook(
    given: WebhookWrite,
    response: Response,
    desk: Desk,
    poster: PosterDep,
) -> WebhookSecret:
    """Register a system of yours for notices to a role that you have, within your region and
    department. The secret is shown this once; nothing is sent before `:prove`.
    """
    try:
        poster.check(given.url)
    except AdapterError as error:
        raise WebhookAddressInvalid(error.detail, pointer="/body/url") from error
    response.headers.update(_NOBODY_KEEPS)
    return webhooks.register(desk, given)


@router.get("")
@takes(Priority.PULL)
def list_webhooks(session: ReadSessionDep, principal: Reader) -> list[WebhookRead]:
    """Webhooks of your roles, region and department."""
    return webhooks.list_webhooks(session, principal)


@router.get("/kinds")
@takes(Priority.PULL)
def list_notice_kinds(
    _: Annotated[Principal, Depends(requires(Permission.SELF_READ))],
) -> list[KindRead]:
    """Every kind of notice, in words."""
    return [
        KindRead(kind=kind, text=words.words, what_now=words.what_now)
        for kind, words in KINDS.items()
    ]


@router.get("/{webhook_id}")
@takes(Priority.PULL)
def read_webhook(
    webhook_id: WebhookPath, session: ReadSessionDep, principal: Reader
) -> WebhookRead:
    """One of them; never its secret."""
    return webhooks.read_webhook(session, principal, webhook_id)


async def proved(
    webhook_id: WebhookPath,
    principal: Manager,
    poster: PosterDep,
    rates: Annotated[Rates, Depends(RATES)],
    database: Annotated[Database, Depends(DATABASE)],
) -> None:
    """Ask the address to say its challenge back, before any transaction. Counts as one look-up of
    the caller.
    """
    rates.charge(principal.subject)

    def find() -> Webhook:
        with database.read() as session:
            row = webhooks.find(session, principal, webhook_id)
            session.expunge(row)
            return row

    row = await to_thread.run_sync(find)
    wrong = await poster.prove(row, webhooks.new_challenge(), new_id_text())
    if wrong is not None:
        raise WebhookNotProved(wrong)


@router.post("/{webhook_id}:prove", dependencies=[Depends(proved)])
@takes(Priority.RECORD)
def prove_webhook(webhook_id: WebhookPath, desk: Desk) -> WebhookRead:
    """Send a signed challenge to the address; once it says `{"challenge": "…"}` back, notices go
    there.
    """
    return webhooks.activate(desk, webhook_id)


@router.post("/{webhook_id}:rotate")
@takes(Priority.RECORD)
def rotate_webhook(webhook_id: WebhookPath, response: Response, desk: Desk) -> WebhookSecret:
    """Give it another secret, shown this once. For a day messages are signed with both."""
    response.headers.update(_NOBODY_KEEPS)
    return webhooks.rotate(desk, webhook_id)


@router.delete("/{webhook_id}", status_code=204)
@takes(Priority.RECORD)
def drop_webhook(webhook_id: WebhookPath, desk: Desk) -> None:
    """Drop a webhook; nothing more is sent to it."""
    webhooks.drop(desk, webhook_id)
