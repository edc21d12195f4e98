"""Doors to people."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query

from app.audit.deps import TrailDep, reads
from app.audit.events import EventName
from app.core.admission import Priority, takes
from app.core.deps import ReadSessionDep, SessionDep, SettingsDep
from app.core.pagination import CursorQuery, LimitQuery, Page, decode_key, ended, page_of
from app.organisations import people, service, units
from app.organisations.desk import PeopleDesk
from app.organisations.schemas import (
    CertificateNo,
    DelegationWrite,
    Me,
    OfficerRead,
    OfficerWrite,
    Part,
    PersonRead,
    PersonState,
    PersonWrite,
    RoleWrite,
    UnitCreate,
    UnitId,
    UnitRead,
    UnitWrite,
)
from auth.dependencies import requires
from auth.permissions import Permission, allows
from auth.principal import Principal, Role

router = APIRouter(prefix="/v1", tags=["organisations"])

UnitPath = Annotated[UnitId, Path()]
PersonPath = Annotated[str, Path(min_length=36, max_length=36, pattern=r"^[0-9a-f-]{36}$")]
Reader = Annotated[Principal, Depends(reads(EventName.PEOPLE_READ, Permission.PEOPLE_READ))]


def desk_for(permission: Permission) -> Any:
    """A dependency that gives the desk of a caller with this permission, in his transaction."""

    def desk(
        session: SessionDep,
        trail: TrailDep,
        principal: Annotated[Principal, Depends(requires(permission))],
    ) -> PeopleDesk:
        return PeopleDesk(session, trail, principal)

    return Depends(desk, scope="function")


UnitDesk = Annotated[PeopleDesk, desk_for(Permission.UNIT_MANAGE)]
ManagerDesk = Annotated[PeopleDesk, desk_for(Permission.PEOPLE_MANAGE)]
GranterDesk = Annotated[PeopleDesk, desk_for(Permission.ROLE_GRANT)]
EnderDesk = Annotated[PeopleDesk, desk_for(Permission.ROLE_END)]
LenderDesk = Annotated[PeopleDesk, desk_for(Permission.ROLE_DELEGATE)]


@router.get("/me")
@takes(Priority.PULL)
def read_me(
    session: ReadSessionDep,
    principal: Annotated[Principal, Depends(requires(Permission.SELF_READ))],
) -> Me:
    """Who you are to the gateway, and what your roles permit."""
    return Me(
        subject=principal.subject,
        name=service.name_of(session, principal.subject),
        roles=sorted(principal.roles),
        permissions=sorted(p for p in Permission if allows(principal, p)),
        department=principal.department,
        region=principal.region,
        certificate_no=principal.certificate_no,
    )


@router.put("/officers/{certificate_no}")
@takes(Priority.RECORD)
def register_officer(
    certificate_no: Annotated[CertificateNo, Path()],
    officer: OfficerWrite,
    session: SessionDep,
    trail: TrailDep,
    principal: Annotated[Principal, Depends(requires(Permission.OFFICER_MANAGE))],
) -> OfficerRead:
    """Register or renew an enforcement certificate."""
    return service.register_officer(session, trail, principal, certificate_no, officer)


@router.get("/officers")
@takes(Priority.PULL)
def list_officers(
    session: ReadSessionDep,
    settings: SettingsDep,
    principal: Annotated[
        Principal, Depends(reads(EventName.OFFICERS_READ, Permission.OFFICER_READ))
    ],
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> Page[OfficerRead]:
    """Officers of your department and region, by certificate number."""
    query = {"officers_of": principal.department, "region": principal.region_prefix}
    after = decode_key(settings.keys, cursor, query)
    found = service.list_officers(session, principal, after=after, limit=limit + 1)
    rows = [(officer.certificate_no, officer) for officer in found]
    return ended(page_of(settings.keys, rows, query, after=after, limit=limit))


@router.get("/units")
@takes(Priority.PULL)
def list_units(
    session: ReadSessionDep,
    settings: SettingsDep,
    principal: Reader,
    part: Annotated[Part | None, Query(description="the part it takes in sharing")] = None,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> Page[UnitRead]:
    """Units of your region and department, by id; with `part`, for whoever manages agreements, all
    that take it.
    """
    query = {"units": part or ""}
    after = decode_key(settings.keys, cursor, query)
    found = units.list_units(session, principal, part=part, after=after, limit=limit + 1)
    rows = [(unit.unit_id, unit) for unit in found]
    return ended(page_of(settings.keys, rows, query, after=after, limit=limit))


@router.post("/units", status_code=201)
@takes(Priority.RECORD)
def register_unit(unit: UnitCreate, desk: UnitDesk) -> UnitRead:
    """Register a unit within your region."""
    return units.create_unit(desk, unit)


@router.put("/units/{unit_id}")
@takes(Priority.RECORD)
def change_unit(unit_id: UnitPath, unit: UnitWrite, desk: UnitDesk) -> UnitRead:
    """Change a unit: whoever belongs to it belongs to the changed one within a second."""
    return units.change_unit(desk, unit_id, unit)


@router.post("/units/{unit_id}:suspend")
@takes(Priority.RECORD)
def suspend_unit(unit_id: UnitPath, desk: UnitDesk) -> UnitRead:
    """Suspend a unit: nobody of it may call from within a second; undo with resume."""
    return units.change_unit_state(desk, unit_id, "suspended")


@router.post("/units/{unit_id}:resume")
@takes(Priority.RECORD)
def resume_unit(unit_id: UnitPath, desk: UnitDesk) -> UnitRead:
    """Let a suspended unit go on."""
    return units.change_unit_state(desk, unit_id, "active")


def wanted_people(
    name: Annotated[str | None, Query(min_length=1, max_length=80)] = None,
    unit: Annotated[UnitId | None, Query()] = None,
    role: Annotated[Role | None, Query(description="has, or had, this role")] = None,
    state: Annotated[PersonState | None, Query()] = None,
) -> dict[str, str | None]:
    """What is looked for, by name."""
    return {"name": name, "unit": unit, "role": role, "state": state}


@router.get("/people")
@takes(Priority.PULL)
def list_people(
    session: ReadSessionDep,
    settings: SettingsDep,
    principal: Reader,
    wanted: Annotated[dict[str, str | None], Depends(wanted_people)],
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> Page[PersonRead]:
    """People of your region and department: by part of a name, unit, role, state."""
    after = decode_key(settings.keys, cursor, wanted)
    found = people.list_people(session, principal, after=after, limit=limit + 1, **wanted)
    rows = [(person.person_id, person) for person in found]
    return ended(page_of(settings.keys, rows, wanted, after=after, limit=limit))


@router.get("/people/{person_id}")
@takes(Priority.PULL)
def read_person(person_id: PersonPath, session: ReadSessionDep, principal: Reader) -> PersonRead:
    """One person, with the roles of now and of before."""
    return people.read_person(session, principal, person_id)


@router.post("/people", status_code=201)
@takes(Priority.RECORD)
def register_person(person: PersonWrite, desk: ManagerDesk) -> PersonRead:
    """Register somebody of a unit, with no role: roles are given by another person."""
    return people.create_person(desk, person)


@router.put("/people/{person_id}")
@takes(Priority.RECORD)
def change_person(person_id: PersonPath, person: PersonWrite, desk: ManagerDesk) -> PersonRead:
    """Change name, unit, sign-on or certificate of somebody else."""
    return people.change_person(desk, person_id, person)


@router.post("/people/{person_id}:suspend")
@takes(Priority.RECORD)
def suspend_person(person_id: PersonPath, desk: ManagerDesk) -> PersonRead:
    """Suspend somebody else: he may not call from within a second; undo with resume."""
    return people.change_state(desk, person_id, "suspended")


@router.post("/people/{person_id}:resume")
@takes(Priority.RECORD)
def resume_person(person_id: PersonPath, desk: ManagerDesk) -> PersonRead:
    """Let somebody go on who was suspended."""
    return people.change_state(desk, person_id, "active")


@router.post("/people/{person_id}/roles", status_code=201)
@takes(Priority.RECORD)
def grant_role(person_id: PersonPath, role: RoleWrite, desk: GranterDesk) -> PersonRead:
    """Give somebody else a role that your own roles may give."""
    return people.grant_role(desk, person_id, role)


@router.post("/people/{person_id}/roles/{role_id}:end")
@takes(Priority.RECORD)
def end_role(person_id: PersonPath, role_id: PersonPath, desk: EnderDesk) -> PersonRead:
    """End a role of somebody else that you may give, or have lent him: it opens nothing from within
    a second.
    """
    return people.end_role(desk, person_id, role_id)


@router.post("/roles:delegate", status_code=201)
@takes(Priority.RECORD)
def delegate_role(wanted: DelegationWrite, desk: LenderDesk) -> PersonRead:
    """Lend a role of your own to somebody of your unit, for 30 days at most. It ends by itself, and
    with yours; it cannot be lent on.
    """
    return people.delegate(desk, wanted)
