"""Systems that receive notices: registered, proved, re-keyed, dropped. Callers commit."""

import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from app.audit.events import EventName
from app.audit.service import Trail, act_of
from app.core import sealing
from app.core.keys import Keyring
from app.delivery.errors import WebhookRoleForeign, WebhooksTooMany, WebhookUnknown
from app.delivery.notices import messages, repository
from app.delivery.notices.letters import new_secret
from app.delivery.notices.models import Webhook
from app.delivery.notices.schemas import WebhookRead, WebhookSecret, WebhookWrite
from auth.principal import Principal
from auth.scope import scope_of

OVERLAP = timedelta(hours=24)
"""For so long the secret of before signs, too."""
_MOST = 20
"""Of one role, region and department."""


@dataclass(frozen=True, slots=True)
class WebhookDesk:
    """What every use case needs: the transaction, the trail, the caller, the keys."""

    session: Session
    trail: Trail
    principal: Principal
    keys: Keyring


def register(desk: WebhookDesk, given: WebhookWrite) -> WebhookSecret:
    """A webhook of the caller's region and department, which receives nothing before it is proved.
    Raises `WebhookRoleForeign` for a role that he has not, `WebhooksTooMany`.
    """
    principal = desk.principal
    if given.role not in principal.roles or scope_of(principal).department == "":
        raise WebhookRoleForeign(pointer="/body/role")
    if len(_own(desk.session, principal)) >= _MOST:
        raise WebhooksTooMany(f"{_MOST} at most.")
    secret, webhook_id = new_secret(), uuid.uuid4().hex
    row = Webhook(
        id=webhook_id,
        url=given.url,
        kinds=sorted(set(given.kinds)),
        role=given.role.value,
        region=principal.region,
        department=scope_of(principal).department,
        secret=_sealed(desk, webhook_id, secret),
        created_by=principal.subject,
        created_at=desk.trail.clock.now(),
    )
    repository.add_webhook(desk.session, row)
    _enter(desk, EventName.WEBHOOK_REGISTERED, row)
    return WebhookSecret(**read(row).model_dump(), secret=secret)


def list_webhooks(session: Session, principal: Principal) -> list[WebhookRead]:
    """Those of the caller's roles, region and department."""
    return [read(row) for row in _own(session, principal)]


def read_webhook(session: Session, principal: Principal, webhook_id: str) -> WebhookRead:
    """One of them. Raises `WebhookUnknown`."""
    return read(find(session, principal, webhook_id))


def new_challenge() -> str:
    """What an endpoint says back."""
    return secrets.token_urlsafe(24)


def activate(desk: WebhookDesk, webhook_id: str) -> WebhookRead:
    """It has said its challenge back: notices go to it from now on. Raises `WebhookUnknown`."""
    row = find(desk.session, desk.principal, webhook_id, lock=True)
    if row.state != "active":
        row.state, row.failing_since, row.last_error = "active", None, None
        _enter(desk, EventName.WEBHOOK_PROVED, row)
    return read(row)


def rotate(desk: WebhookDesk, webhook_id: str) -> WebhookSecret:
    """Another secret; the one of before signs, too, for a day. Raises `WebhookUnknown`."""
    row = find(desk.session, desk.principal, webhook_id, lock=True)
    secret = new_secret()
    now = desk.trail.clock.now()
    if row.former is None or row.former_until is None or row.former_until <= now:
        # where an answer was lost and this is asked again, the receiver has the one of before
        row.former, row.former_until = row.secret, now + OVERLAP
    row.secret = _sealed(desk, row.id, secret)
    _enter(desk, EventName.WEBHOOK_ROTATED, row)
    return WebhookSecret(**read(row).model_dump(), secret=secret)


def drop(desk: WebhookDesk, webhook_id: str) -> None:
    """Forget a webhook; what is on its way to it is dropped. Raises `WebhookUnknown`."""
    row = find(desk.session, desk.principal, webhook_id, lock=True)
    _enter(desk, EventName.WEBHOOK_DROPPED, row)
    messages.drop_waiting(desk.session, row.id)
    repository.drop_webhook(desk.session, row)


def find(session: Session, principal: Principal, webhook_id: str, *, lock: bool = False) -> Webhook:
    """One of the caller's. Raises `WebhookUnknown`, also for one of others."""
    rows = repository.webhooks(session, *_office(principal), webhook_id=webhook_id, lock=lock)
    if not rows:
        raise WebhookUnknown
    return rows[0]


def _own(session: Session, principal: Principal) -> list[Webhook]:
    return repository.webhooks(session, *_office(principal))


def _office(principal: Principal) -> tuple[str, str | None, list[str]]:
    """Exactly the caller's region and department, and his roles: neither one above nor below."""
    roles = sorted(role.value for role in principal.roles)
    return principal.region, scope_of(principal).department, roles


def read(row: Webhook) -> WebhookRead:
    """A webhook as it leaves: without its secret."""
    told = row.model_dump(include=set(WebhookRead.model_fields))
    return WebhookRead(**told, webhook_id=row.id)


def _sealed(desk: WebhookDesk, webhook_id: str, secret: str) -> bytes:
    return sealing.seal(desk.keys.webhooks, secret.encode(), f"webhook:{webhook_id}".encode())


def _enter(desk: WebhookDesk, event: EventName, row: Webhook) -> None:
    departments = (row.department,) if row.department else ()
    desk.trail.append(
        desk.session, act_of(desk.principal, event, object_ref=row.id, departments=departments)
    )


def reseal(session: Session, keys: Keyring) -> tuple[int, list[str]]:
    """Seal every secret with the newest key: how many that were, and the webhooks whose secret no
    key opens.
    """
    done, lost = 0, []
    for row in repository.every_webhook(session):
        bound = f"webhook:{row.id}".encode()
        for name in ("secret", "former"):
            sealed = getattr(row, name)
            if sealed is None or sealing.is_newest(keys.webhooks, sealed):
                continue
            opened = sealing.unseal(keys.webhooks, sealed, bound)
            if opened is None:
                lost.append(row.id)
            else:
                setattr(row, name, sealing.seal(keys.webhooks, opened, bound))
                done += 1
    return done, sorted(set(lost))
