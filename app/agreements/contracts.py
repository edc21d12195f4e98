"""Agreements between three named parties: drafted, signed over a digest, suspended by any of them,
with versions beside each other. Callers commit.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from app.agreements import repository
from app.agreements.errors import (
    AgreementExists,
    AgreementUnknown,
    DigestDiffers,
    NotAParty,
    PartyUnfit,
    SignedTwice,
    TransitionNotPossible,
)
from app.agreements.lifecycle import PARTIES, Act, AgreementState, Party, is_signed, step_of
from app.agreements.models import AgreementAct, AgreementVersion
from app.agreements.schemas import (
    AgreementActRead,
    AgreementCreate,
    AgreementDiff,
    AgreementRead,
    AgreementWrite,
    ClauseChange,
    Clauses,
)
from app.audit.events import EventName
from app.audit.service import Trail, act_of
from app.core.ids import new_id_text
from app.core.snapshots import bump
from app.organisations.service import UnitFacts, unit_facts
from auth.principal import Principal, Role, prefix_of
from auth.scope import Scope, scope_of

SNAPSHOT_NAME = "agreements"
_SIGNERS = {
    Party.SOURCE: frozenset({Role.DATA_MANAGER, Role.CDO}),
    Party.COORDINATOR: frozenset({Role.COORDINATOR}),
    Party.APPLICATION: frozenset({Role.DATA_MANAGER, Role.CDO}),
}
_EVENTS = {
    Act.SUBMIT: EventName.AGREEMENT_SUBMITTED,
    Act.SIGN: EventName.AGREEMENT_SIGNED,
    Act.REJECT: EventName.AGREEMENT_REJECTED,
    Act.SUSPEND: EventName.AGREEMENT_SUSPENDED,
    Act.RESUME: EventName.AGREEMENT_RESUMED,
    Act.ARCHIVE: EventName.AGREEMENT_ARCHIVED,
}


@dataclass(frozen=True, slots=True)
class AgreementDesk:
    """What every use case needs: the transaction, the trail, the caller."""

    session: Session
    trail: Trail
    principal: Principal


def draft(desk: AgreementDesk, given: AgreementCreate) -> AgreementRead:
    """The first version of an agreement, drafted by a person of one of its parties. Raises
    `AgreementExists`, `PartyUnfit`, `NotAParty`.
    """
    if repository.newest(desk.session, given.agreement_id):
        raise AgreementExists(pointer="/body/agreement_id")
    return _drafted(desk, given.agreement_id, 1, given)


def revise(desk: AgreementDesk, agreement_id: str, given: AgreementWrite) -> AgreementRead:
    """A further version, beside those there are. Once every party has signed it, it takes the place
    of the one in force. Raises `AgreementUnknown` and as `draft` does.
    """
    number = repository.newest(desk.session, agreement_id)
    if not number:
        raise AgreementUnknown
    _concerned(desk, agreement_id, number)
    return _drafted(desk, agreement_id, number + 1, given)


def _drafted(
    desk: AgreementDesk, agreement_id: str, number: int, given: AgreementWrite
) -> AgreementRead:
    source, coordinator, application = _parties(desk.session, given)
    now = desk.trail.clock.now()
    clauses = given.clauses.model_dump(mode="json")
    row = AgreementVersion(
        id=agreement_id,
        version=number,
        kind="application" if application else "collection",
        source_unit=source.id,
        coordinator_unit=coordinator.id,
        application_unit=application.id if application else None,
        source=source.department,
        source_region=source.region,
        coordinator_region=coordinator.region,
        application=application.department if application else "",
        application_region=application.region if application else source.region,
        clauses=clauses,
        digest=_digest(agreement_id, number, given.model_dump(mode="json")),
        valid_from=given.clauses.valid_from,
        valid_to=given.clauses.valid_to,
        state=AgreementState.DRAFT,
        created_by=desk.principal.subject,
        created_at=now,
        updated_at=now,
    )
    if not _parties_of(row, desk.principal):
        raise NotAParty
    repository.add(desk.session, row)
    _enter(desk, EventName.AGREEMENT_DRAFTED, row)
    return _read(desk.session, row)


def _parties(
    session: Session, given: AgreementWrite
) -> tuple[UnitFacts, UnitFacts, UnitFacts | None]:
    source = _party(session, Party.SOURCE, given.source_unit)
    coordinator = _party(session, Party.COORDINATOR, given.coordinator_unit)
    application = None
    if given.application_unit is not None:
        application = _party(session, Party.APPLICATION, given.application_unit)
    for index, region in enumerate(given.clauses.regions):
        if not region.startswith(prefix_of(source.region)):
            raise PartyUnfit(
                f"The source's region is {source.region}.",
                pointer=f"/body/clauses/regions/{index}",
            )
    return source, coordinator, application


def _party(session: Session, party: Party, unit_id: str) -> UnitFacts:
    found = unit_facts(session, unit_id)
    pointer = f"/body/{party}_unit"
    if found is None or party not in found.parts or not found.is_active:
        raise PartyUnfit(f"There is no active unit {unit_id} that is a {party}.", pointer=pointer)
    if (party is Party.COORDINATOR) != (not found.department):
        raise PartyUnfit(
            "A coordinator stands above departments, the other parties are of one.", pointer=pointer
        )
    return found


def carry_out(
    desk: AgreementDesk,
    which: tuple[str, int],
    act: Act,
    *,
    digest: str | None = None,
    reason: str = "",
) -> AgreementRead:
    """An act of a named person of a party: effective for every process within a second.

    Raises `AgreementUnknown`, `NotAParty`, `TransitionNotPossible`; of signatures `DigestDiffers`,
    and `SignedTwice` for a person who has signed for another party.
    """
    row = _concerned(desk, *which, lock=True)
    state = step_of(AgreementState(row.state), act)
    if state is None:
        raise TransitionNotPossible(f"{act} is not possible while the version is {row.state}.")
    party = _acting(desk, row, act)
    if act is Act.SIGN:
        if digest != row.digest:
            raise DigestDiffers(pointer="/body/digest")
        state = _signed(desk, row, party)
    row.suspended_by = party if act is Act.SUSPEND else None
    _note(desk, row, party, act, reason)
    row.state, row.updated_at = state, desk.trail.clock.now()
    if state is AgreementState.ACTIVE and act is Act.SIGN:
        _supersede(desk, row)
    _enter(desk, _EVENTS[act], row)
    if AgreementState.ACTIVE in {state, AgreementState(row.state)} or act in {
        Act.SUSPEND,
        Act.ARCHIVE,
    }:
        bump(desk.session, SNAPSHOT_NAME)
    return _read(desk.session, row)


def _acting(desk: AgreementDesk, row: AgreementVersion, act: Act) -> Party:
    """For which party the caller acts: of several, the first that has not signed."""
    own = _parties_of(row, desk.principal)
    if act is Act.SIGN:
        signed = _signatures(desk.session, row)
        own = [party for party in own if party not in signed] or own
    if act is Act.RESUME:
        own = [party for party in own if party == row.suspended_by]
    if not own:
        raise NotAParty
    return own[0]


def _signed(desk: AgreementDesk, row: AgreementVersion, party: Party) -> AgreementState:
    signed = _signatures(desk.session, row)
    if party in signed or desk.principal.subject in signed.values():
        raise SignedTwice
    everybody = frozenset({*signed, party})
    return AgreementState.ACTIVE if is_signed(row.kind, everybody) else AgreementState.PENDING


def _signatures(session: Session, row: AgreementVersion) -> dict[Party, str]:
    """Who has signed for which party."""
    found = repository.acts(session, row.id, row.version)
    return {Party(a.party): a.subject for a in found if a.act == Act.SIGN}


def _supersede(desk: AgreementDesk, row: AgreementVersion) -> None:
    """A version that every party has signed takes the place of the one before."""
    for before in repository.in_state(desk.session, row.id, ("active", "suspended")):
        if before.version != row.version:
            before.state, before.updated_at = AgreementState.ARCHIVED, row.updated_at
            _enter(desk, EventName.AGREEMENT_ARCHIVED, before)


def _parties_of(row: AgreementVersion, principal: Principal) -> list[Party]:
    """The parties that a caller may act for, by role, department and region."""
    scope, found = scope_of(principal), []
    places = {
        Party.SOURCE: (row.source_region, row.source),
        Party.COORDINATOR: (row.coordinator_region, ""),
        Party.APPLICATION: (row.application_region, row.application),
    }
    for party in PARTIES[row.kind]:
        region, department = places[party]
        above = party is Party.COORDINATOR and scope.department is None
        within = scope.covers(region) if above else scope.covers(region, department)
        bound = party is Party.COORDINATOR or principal.department == department
        if within and bound and not principal.roles.isdisjoint(_SIGNERS[party]):
            found.append(party)
    return found


def _concerned(
    desk: AgreementDesk, agreement_id: str, version: int, *, lock: bool = False
) -> AgreementVersion:
    row = repository.find(desk.session, agreement_id, version, lock=lock)
    if row is None or not _concerns(row, scope_of(desk.principal)):
        raise AgreementUnknown
    return row


def _concerns(row: AgreementVersion, scope: Scope) -> bool:
    """As `repository.page` finds them."""
    sides = [(row.source_region, row.source), (row.application_region, row.application)]
    if scope.department is None:
        return any(scope.covers(r) for r in (row.coordinator_region, *(s[0] for s in sides)))
    return any(scope.covers(region, department) for region, department in sides)


def read_agreement(
    session: Session, principal: Principal, agreement_id: str, version: int
) -> AgreementRead:
    """One version. Raises `AgreementUnknown`, also for one that concerns others only."""
    row = repository.find(session, agreement_id, version)
    if row is None or not _concerns(row, scope_of(principal)):
        raise AgreementUnknown
    return _read(session, row)


def list_agreements(
    session: Session, principal: Principal, *, state: str | None, after: str, limit: int
) -> list[AgreementRead]:
    """Versions that concern the caller's region and department, by id and version."""
    scope = scope_of(principal)
    rows = repository.page(session, scope, state=state, after=after, limit=limit)
    return [_read(session, row) for row in rows]


def compare(
    session: Session, principal: Principal, agreement_id: str, before: int, after: int
) -> AgreementDiff:
    """The clauses and parties that two versions word differently."""
    first, second = (
        read_agreement(session, principal, agreement_id, number).model_dump(mode="json")
        for number in (before, after)
    )
    parts = {name: (first[name], second[name]) for name in _COMPARED}
    parts |= {
        name: (first["clauses"][name], second["clauses"][name]) for name in Clauses.model_fields
    }
    changes = [
        ClauseChange(clause=name, before=old, after=new)
        for name, (old, new) in parts.items()
        if old != new
    ]
    return AgreementDiff(agreement_id=agreement_id, before=before, after=after, changes=changes)


_COMPARED = ("source_unit", "coordinator_unit", "application_unit")


def _digest(agreement_id: str, version: int, given: dict[str, Any]) -> str:
    told = {"agreement_id": agreement_id, "version": version, **given}
    told.pop("agreement_id", None)
    content = json.dumps([agreement_id, version, told], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def _note(desk: AgreementDesk, row: AgreementVersion, party: Party, act: Act, reason: str) -> None:
    noted = AgreementAct(
        id=new_id_text(),
        agreement_id=row.id,
        version=row.version,
        party=party,
        act=act,
        subject=desk.principal.subject,
        digest=row.digest,
        reason=reason,
        at=desk.trail.clock.now(),
    )
    repository.add(desk.session, noted)


def _enter(desk: AgreementDesk, event: EventName, row: AgreementVersion) -> None:
    entry = act_of(
        desk.principal,
        event,
        agreement=f"{row.id}@{row.version}",
        response_digest=f"sha-256:{row.digest}",
        departments=tuple(d for d in (row.source, row.application) if d),
    )
    desk.trail.append(desk.session, entry)


def _read(session: Session, row: AgreementVersion) -> AgreementRead:
    acts = repository.acts(session, row.id, row.version)
    signed = {act.party for act in acts if act.act == Act.SIGN}
    waits = row.state in {AgreementState.DRAFT, AgreementState.PENDING}
    told = row.model_dump(include=set(AgreementRead.model_fields) - {"clauses", "application"})
    return AgreementRead(
        **told,
        agreement_id=row.id,
        application=row.application or None,
        clauses=Clauses.model_validate(row.clauses),
        waits_for=[party for party in PARTIES[row.kind] if waits and party not in signed],
        acts=[AgreementActRead.model_validate(act, from_attributes=True) for act in acts],
    )
