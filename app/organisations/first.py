"""The first administrators: appointed at the machine, for nobody is there who could."""

from datetime import datetime

from sqlmodel import Session

from app.audit.events import Event, EventName
from app.audit.service import Trail
from app.core.ids import new_id_text
from app.core.snapshots import bump
from app.organisations import repository
from app.organisations.desk import SNAPSHOT_NAME
from app.organisations.errors import PersonExists, RoleNotYours
from app.organisations.models import Person, PersonRole, Unit
from app.organisations.service import tier_of
from auth.principal import Role

FIRST = (Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR, Role.AUDIT_ADMINISTRATOR)


def missing(session: Session, now: datetime) -> list[Role]:
    """The administrators that nobody is."""
    return [role for role in FIRST if not repository.has_role(session, role, now)]


def find_or_appoint(
    session: Session, trail: Trail, subject: str, name: str, role: Role, region: str
) -> str:
    """The id of whoever has this role by this subject, or as `appoint`. Raises `RoleNotYours` too
    for a role that is no administrator's.
    """
    found = _appointed(session, subject, role, trail.clock.now())
    if found is None and role not in FIRST:
        raise RoleNotYours("Only the three administrators are appointed at the machine.")
    return found or appoint(session, trail, subject, name, role, region)


def _appointed(session: Session, subject: str, role: Role, now: datetime) -> str | None:
    found = repository.find_subject(session, subject)
    if found is None or found[0].state != "active":
        return None
    roles = repository.roles_of(session, [found[0].id]).get(found[0].id, [])
    held = any(r.role == role and (r.valid_to is None or r.valid_to > now) for r in roles)
    return found[0].id if held else None


def appoint(
    session: Session, trail: Trail, subject: str, name: str, role: Role, region: str
) -> str:
    """Appoint the first administrator of a kind; gives his id. Raises `RoleNotYours` where there is
    or was one, and `PersonExists` for a subject that is registered.
    """
    if repository.has_role(session, role, trail.clock.now()):
        raise RoleNotYours(f"There is a {role}: he registers the others.")
    if repository.find_subject(session, subject) is not None:
        raise PersonExists("The subject is registered.")
    now = trail.clock.now()
    unit = _office(session, region, now)
    person = Person(
        id=new_id_text(),
        subject=subject,
        name=name,
        unit_id=unit.id,
        created_by="operator",
        updated_at=now,
    )
    repository.add(session, person)
    given = PersonRole(
        id=new_id_text(),
        person_id=person.id,
        role=role,
        valid_from=now,
        granted_by="operator",
        granted_at=now,
    )
    repository.add(session, given)
    event = Event(
        EventName.ROLE_GRANTED, actor="operator", object_ref=person.id, filter=role, region=region
    )
    trail.append(session, event)
    person.changed = bump(session, SNAPSHOT_NAME)
    return person.id


def _office(session: Session, region: str, now: datetime) -> Unit:
    unit_id = f"administration-{region}"
    found = repository.find_unit(session, unit_id)
    if found is None:
        found = Unit(
            id=unit_id,
            name_zh="系统管理",
            name_en="Administration",
            tier=tier_of(region),
            region=region,
            parts=["coordinator"],
            updated_at=now,
        )
        repository.add(session, found)
    return found
