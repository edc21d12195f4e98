"""The operator's work on credentials: seal what is stored with the newest key."""

import msgspec
from sqlmodel import Session

from adapters.contract import Manifest
from app.audit.events import Event, EventName
from app.audit.service import Trail
from app.registry import repository, vault
from app.registry.schemas import Resealed


def reseal(session: Session, trail: Trail) -> Resealed:
    """Seal every stored credential with the newest key. What no key opens stays as it is and is
    named; it must be given anew.
    """
    done, kept, unopenable = 0, 0, []
    for row in repository.all_credentials(session):
        version = repository.version(session, row.adapter_id, row.version)
        manifest = msgspec.convert(version.manifest, Manifest)
        try:
            values = vault.unseal(trail.keys, manifest, row.sealed)
        except vault.Unopenable:
            unopenable.append(f"{row.adapter_id}@{row.version}")
            continue
        if vault.is_newest(trail.keys, row.sealed):
            kept += 1
            continue
        row.sealed = vault.seal(trail.keys, manifest, values)
        done += 1
        event = EventName.ADAPTER_CREDENTIALS_RESEALED
        trail.append(session, Event(event, actor="operator", object_ref=row.adapter_id))
    return Resealed(done=done, kept=kept, unopenable=unopenable)
