"""The parties' door to agreements."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query

from app.agreements import acts, service
from app.agreements.acts import AgreementDesk
from app.agreements.lifecycle import Act, AgreementState
from app.agreements.schemas import (
    AgreementCreate,
    AgreementDiff,
    AgreementId,
    AgreementRead,
    GroundsWrite,
    MeterRead,
    RevisionWrite,
    SignatureWrite,
)
from app.audit.deps import TrailDep, reads
from app.audit.events import EventName
from app.core.admission import Priority, takes
from app.core.deps import ClockDep, ReadSessionDep, SessionDep, SettingsDep
from app.core.pagination import CursorQuery, LimitQuery, Page, decode_key, ended, page_of
from auth.dependencies import requires
from auth.permissions import Permission
from auth.principal import Principal

router = APIRouter(prefix="/v1/agreements", tags=["agreements"])

AgreementPath = Annotated[AgreementId, Path()]
VersionPath = Annotated[int, Path(ge=1, le=9999)]
Reader = Annotated[Principal, Depends(reads(EventName.AGREEMENTS_READ, Permission.AGREEMENT_READ))]


def _desk(
    session: SessionDep,
    trail: TrailDep,
    principal: Annotated[Principal, Depends(requires(Permission.AGREEMENT_MANAGE))],
) -> AgreementDesk:
    return AgreementDesk(session, trail, principal)


DeskDep = Annotated[AgreementDesk, Depends(_desk, scope="function")]


@router.get("")
@takes(Priority.PULL)
def list_agreements(
    session: ReadSessionDep,
    settings: SettingsDep,
    principal: Reader,
    state: Annotated[AgreementState | None, Query()] = None,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> Page[AgreementRead]:
    """Agreements that concern your region and department: every version, with who did what."""
    query = {"agreements": state or ""}
    after = decode_key(settings.keys, cursor, query)
    found = acts.list_agreements(session, principal, state=state, after=after, limit=limit + 1)
    rows = [(f"{each.agreement_id}@{each.version}", each) for each in found]
    return ended(page_of(settings.keys, rows, query, after=after, limit=limit))


@router.post("", status_code=201)
@takes(Priority.RECORD)
def draft_agreement(agreement: AgreementCreate, desk: DeskDep) -> AgreementRead:
    """Draft an agreement as a person of one of its parties."""
    return acts.draft(desk, agreement)


@router.post("/{agreement_id}/versions", status_code=201)
@takes(Priority.RECORD)
def revise_agreement(
    agreement_id: AgreementPath, agreement: RevisionWrite, desk: DeskDep
) -> AgreementRead:
    """Draft a further version between the same parties: signed by all, it takes the place of the
    one in force.
    """
    return acts.revise(desk, agreement_id, agreement)


@router.get("/{agreement_id}/versions/{version}")
@takes(Priority.PULL)
def read_agreement(
    agreement_id: AgreementPath, version: VersionPath, session: ReadSessionDep, principal: Reader
) -> AgreementRead:
    """One version of an agreement."""
    return acts.read_agreement(session, principal, agreement_id, version)


@router.get("/{agreement_id}/meter")
@takes(Priority.PULL)
def read_meter(
    agreement_id: AgreementPath,
    session: ReadSessionDep,
    clock: ClockDep,
    principal: Reader,
) -> MeterRead:
    """What was told by an agreement today and in this second, of how much: the same for all of its
    parties, at most two seconds old.
    """
    return service.read_meter(session, principal, agreement_id, clock.now())


@router.get("/{agreement_id}/changes")
@takes(Priority.PULL)
def compare_agreement(
    agreement_id: AgreementPath,
    session: ReadSessionDep,
    principal: Reader,
    before: Annotated[int, Query(ge=1, le=9999)],
    after: Annotated[int, Query(ge=1, le=9999)],
) -> AgreementDiff:
    """The clauses that two versions word differently."""
    return acts.compare(session, principal, agreement_id, before, after)


@router.post("/{agreement_id}/versions/{version}:submit")
@takes(Priority.RECORD)
def submit_agreement(
    agreement_id: AgreementPath, version: VersionPath, desk: DeskDep
) -> AgreementRead:
    """Hand a draft to the parties for signature."""
    return acts.carry_out(desk, (agreement_id, version), Act.SUBMIT)


@router.post("/{agreement_id}/versions/{version}:sign")
@takes(Priority.RECORD)
def sign_agreement(
    agreement_id: AgreementPath, version: VersionPath, signature: SignatureWrite, desk: DeskDep
) -> AgreementRead:
    """Sign for your party, over the digest that you read. With the last signature it is in force
    within a second.
    """
    which = (agreement_id, version)
    return acts.carry_out(desk, which, Act.SIGN, digest=signature.digest)


def _with_reason(act: Act, name: str, text: str) -> Any:
    def carry_out(
        agreement_id: AgreementPath, version: VersionPath, grounds: GroundsWrite, desk: DeskDep
    ) -> AgreementRead:
        which = (agreement_id, version)
        return acts.carry_out(desk, which, act, reason=grounds.reason)

    carry_out.__name__, carry_out.__doc__ = name, text
    return carry_out


for _act, _text in (
    (Act.REJECT, "Turn a draft down, with the reason."),
    (Act.SUSPEND, "Suspend: as any of the parties, within a second; undo with resume."),
    (Act.RESUME, "Let it go on, as the party that suspended it."),
    (Act.ARCHIVE, "End it for good."),
):
    _path = f"/{{agreement_id}}/versions/{{version}}:{_act}"
    router.post(_path)(takes(Priority.RECORD)(_with_reason(_act, f"{_act}_agreement", _text)))
