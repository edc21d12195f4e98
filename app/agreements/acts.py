"""Agreements between three named parties: drafted, signed over a digest, suspended by any of them,
with versions beside each other. Callers commit.
"""

from dataclasses import dataclass
from datetime import timedelta

from pydantic import ValidationError
from sqlmodel import Session

from app.agreements import repository
from app.agreements.errors import (
    AgreementExists,
    AgreementUnknown,
    AgreementUnreadable,
    DigestDiffers,
    NotAParty,
    OtherVersionSuspended,
    SignedTwice,
    TransitionNotPossible,
)
from app.agreements.lifecycle import PARTIES, Act, AgreementState, Party, is_signed, step_of
from app.agreements.models import AgreementAct, AgreementVersion
from app.agreements.parties import (
    concerns,
    digest_now,
    digest_over,
    parties_named,
    parties_of,
)
from app.agreements.schemas import (
    AgreementActRead,
    AgreementCreate,
    AgreementDiff,
    AgreementRead,
    AgreementWrite,
    ClauseChange,
    Clauses,
    RevisionWrite,
)
from app.agreements.telling import tell
from app.audit.events import EventName
from app.audit.service import Trail, act_of
from app.catalogue.authority import untransferable
from app.core.clock import local_date
from app.core.errors import Fault, RequestInvalid
from app.core.ids import new_id_text
from app.core.snapshots import bump
from auth.principal import Principal
from auth.scope import scope_of

SNAPSHOT_NAME = "agreements"
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
    `AgreementExists`, `PartyUnfit`, `NotAParty`, and `RequestInvalid` for onward sharing of what
    the source may not transfer.
    """
    return _drafted(desk, given.agreement_id, 1, given)


def revise(desk: AgreementDesk, agreement_id: str, given: RevisionWrite) -> AgreementRead:
    """A further version between the same parties, beside those there are. Once every party has
    signed it, it takes the place of the one in force. Raises `AgreementUnknown`, `NotAParty`.
    """
    versions = repository.versions(desk.session, agreement_id, lock=True)
    if not versions or not concerns(versions[-1], scope_of(desk.principal)):
        raise AgreementUnknown
    first = versions[0]
    if first.source_unit is None or first.coordinator_unit is None:
        raise NotAParty("It was there before parties were: draft an agreement of your own.")
    whole = AgreementWrite(
        source_unit=first.source_unit,
        coordinator_unit=first.coordinator_unit,
        application_unit=first.application_unit,
        clauses=given.clauses,
    )
    return _drafted(desk, agreement_id, versions[-1].version + 1, whole)


def _drafted(
    desk: AgreementDesk, agreement_id: str, number: int, given: AgreementWrite
) -> AgreementRead:
    source, coordinator, application = parties_named(desk.session, given)
    _refuse_transfer(source.department, given.clauses)
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
        digest=digest_over(agreement_id, number, given, (source, coordinator, application)),
        valid_from=given.clauses.valid_from,
        valid_to=given.clauses.valid_to,
        state=AgreementState.DRAFT,
        created_by=desk.principal.subject,
        created_at=now,
        updated_at=now,
    )
    if not parties_of(row, desk.principal):
        raise NotAParty
    if number == 1 and repository.newest(desk.session, agreement_id):
        raise AgreementExists(pointer="/body/agreement_id")
    repository.add(desk.session, row)
    _enter(desk, EventName.AGREEMENT_DRAFTED, row)
    return _read(desk.session, row)


def _refuse_transfer(department: str, clauses: Clauses) -> None:
    """Onward sharing needs the right to transfer in every section that the clauses are about."""
    if not clauses.onward_sharing:
        return
    named = None if clauses.sections is None else [scope.section for scope in clauses.sections]
    without = untransferable(department, named)
    if without:
        told = {"sections": ", ".join(without)}
        fault = Fault("/body/clauses/onward_sharing", "right_to_transfer_missing", told)
        raise RequestInvalid([fault])


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
    versions = repository.versions(desk.session, which[0], lock=True)
    row = next((each for each in versions if each.version == which[1]), None)
    if row is None or not concerns(row, scope_of(desk.principal)):
        raise AgreementUnknown
    others = [each for each in versions if each is not row]
    state = step_of(AgreementState(row.state), act)
    if state is None:
        raise TransitionNotPossible(f"{act} is not possible while the version is {row.state}.")
    party = _acting(desk, row, act)
    if act is Act.SIGN:
        state = _signed(desk, row, party, digest, others)
    state = _held(row, party, act, state)
    if act is Act.SUSPEND:
        _hold_others(desk, others, party)
    _note(desk, row, party, act, reason)
    was, row.state, row.updated_at = row.state, state, desk.trail.clock.now()
    _enter(desk, _EVENTS[act], row)
    tell(desk.session, row.updated_at, row, act)
    if act is Act.SIGN and state is AgreementState.ACTIVE:
        _supersede(desk, row, others)
    if state is AgreementState.ARCHIVED:
        _end_all(desk, others, AgreementState.REJECTED, _OPEN)
    if AgreementState.ACTIVE in {was, state}:
        repository.tell_before(desk.session, row)
        bump(desk.session, SNAPSHOT_NAME)
    return _read(desk.session, row)


_OPEN = frozenset({AgreementState.DRAFT, AgreementState.PENDING})
_IN_PLACE = frozenset({AgreementState.ACTIVE, AgreementState.SUSPENDED})


def _held(row: AgreementVersion, party: Party, act: Act, state: AgreementState) -> AgreementState:
    """Who holds it: each party that suspends it lets it go on again, the last one for all."""
    holding = set(filter(None, row.suspended_by.split(",")))
    if act is Act.SUSPEND:
        holding.add(party)
    elif act is Act.RESUME:
        holding.discard(party)
    else:
        return state
    row.suspended_by = ",".join(sorted(holding))
    return AgreementState.SUSPENDED if holding else AgreementState.ACTIVE


def _hold_others(desk: AgreementDesk, others: list[AgreementVersion], party: Party) -> None:
    """What is stopped is the agreement: a version that begins later does not go on without."""
    for each in others:
        if each.state == AgreementState.ACTIVE:
            each.state = _held(each, party, Act.SUSPEND, AgreementState.SUSPENDED)
            each.updated_at = desk.trail.clock.now()
            _enter(desk, EventName.AGREEMENT_SUSPENDED, each)


def _acting(desk: AgreementDesk, row: AgreementVersion, act: Act) -> Party:
    """For which party the caller acts: of several, the first that has not signed, or that holds
    it.
    """
    own, holding = parties_of(row, desk.principal), row.suspended_by.split(",")
    if act is Act.SIGN:
        signed = _signatures(desk.session, row)
        own = [party for party in own if party not in signed] or own
    if act is Act.RESUME:
        own = [party for party in own if party in holding or holding == [""]]
    if act is Act.SUSPEND and row.state == AgreementState.SUSPENDED:
        own = [party for party in own if party not in holding]
        if not own:
            raise TransitionNotPossible("Your party has suspended it already.")
    if not own:
        raise NotAParty
    return own[0]


def _signed(
    desk: AgreementDesk,
    row: AgreementVersion,
    party: Party,
    digest: str | None,
    others: list[AgreementVersion],
) -> AgreementState:
    """The state after a signature. The last one is not taken while another version is suspended:
    what a party has stopped is not let on by an older signature of its own.
    """
    if digest != row.digest or row.digest != digest_now(desk.session, row):
        raise DigestDiffers(pointer="/body/digest")
    signed = _signatures(desk.session, row)
    if party in signed or desk.principal.subject in signed.values():
        raise SignedTwice
    if not is_signed(row.kind, frozenset({*signed, party})):
        return AgreementState.PENDING
    if any(each.state == AgreementState.SUSPENDED for each in others):
        raise OtherVersionSuspended
    return AgreementState.ACTIVE


def _signatures(session: Session, row: AgreementVersion) -> dict[Party, str]:
    """Who has signed for which party."""
    found = repository.acts(session, row.id, row.version)
    return {Party(a.party): a.subject for a in found if a.act == Act.SIGN}


def _supersede(desk: AgreementDesk, row: AgreementVersion, others: list[AgreementVersion]) -> None:
    """A version that every party has signed takes the place of those before, on its first day;
    what was being signed before it is signed no more.
    """
    today = local_date(desk.trail.clock.now())
    older = [each for each in others if each.version < row.version]
    _end_all(desk, older, AgreementState.REJECTED, _OPEN)
    if row.valid_from <= today:
        _end_all(desk, others, AgreementState.ARCHIVED, _IN_PLACE)
        return
    last = row.valid_from - timedelta(days=1)
    for each in others:
        if each.state == AgreementState.ACTIVE:
            each.valid_to = last if each.valid_to is None else min(each.valid_to, last)


def _end_all(
    desk: AgreementDesk,
    versions: list[AgreementVersion],
    state: AgreementState,
    of: frozenset[AgreementState],
) -> None:
    event = (
        EventName.AGREEMENT_ARCHIVED
        if state is AgreementState.ARCHIVED
        else EventName.AGREEMENT_REJECTED
    )
    for each in versions:
        if each.state in of:
            each.state, each.updated_at = state, desk.trail.clock.now()
            _enter(desk, event, each)


def read_agreement(
    session: Session, principal: Principal, agreement_id: str, version: int
) -> AgreementRead:
    """One version. Raises `AgreementUnknown`, also for one that concerns others only."""
    row = repository.find(session, agreement_id, version)
    if row is None or not concerns(row, scope_of(principal)):
        raise AgreementUnknown
    return _read(session, row)


def list_agreements(
    session: Session, principal: Principal, *, state: str | None, after: str, limit: int
) -> list[AgreementRead]:
    """Versions that concern the caller's region and department, by id and version."""
    scope = scope_of(principal)
    rows = repository.page(session, scope, state=state, after=after, limit=limit)
    acts = repository.acts_of(session, [row.id for row in rows])
    return [_told(row, acts.get((row.id, row.version), [])) for row in rows]


def compare(
    session: Session, principal: Principal, agreement_id: str, before: int, after: int
) -> AgreementDiff:
    """The clauses and parties that two versions word differently."""
    both = [read_agreement(session, principal, agreement_id, n) for n in (before, after)]
    if any(each.clauses is None for each in both):
        raise AgreementUnreadable
    first, second = (each.model_dump(mode="json") for each in both)
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


def _clauses_of(row: AgreementVersion) -> Clauses | None:
    try:
        return Clauses.model_validate(row.clauses)
    except ValidationError:
        return None


def _read(session: Session, row: AgreementVersion) -> AgreementRead:
    return _told(row, repository.acts(session, row.id, row.version))


def _told(row: AgreementVersion, acts: list[AgreementAct]) -> AgreementRead:
    signed = {act.party for act in acts if act.act == Act.SIGN}
    waits = row.state in {AgreementState.DRAFT, AgreementState.PENDING}
    told = row.model_dump(include=set(AgreementRead.model_fields) - {"clauses", "application"})
    return AgreementRead(
        **told,
        agreement_id=row.id,
        application=row.application or None,
        last_day=row.valid_to,
        clauses=_clauses_of(row),
        waits_for=[party for party in PARTIES[row.kind] if waits and party not in signed],
        acts=[AgreementActRead.model_validate(act, from_attributes=True) for act in acts],
    )
