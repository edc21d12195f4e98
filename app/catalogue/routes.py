"""Doors to the catalogue; problem codes are public, so that a `type` link can be followed without a
token.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from app.audit.deps import TrailDep
from app.catalogue import service, switching
from app.catalogue.rules import Mode
from app.catalogue.schemas import (
    FieldRead,
    LabelsRead,
    ProblemRead,
    RuleRead,
    SectionKindRead,
    SwitchRead,
    SwitchWrite,
)
from app.core.admission import Priority, takes
from app.core.clock import local_date
from app.core.deps import ClockDep, ReadSessionDep, SessionDep
from auth.dependencies import requires
from auth.permissions import Permission
from auth.principal import Principal

router = APIRouter(tags=["catalogue"])


@router.get("/v1/catalogue/fields", dependencies=[Depends(requires(Permission.CATALOGUE_READ))])
@takes(Priority.PULL)
async def list_fields(
    clock: ClockDep, section: Annotated[str | None, Query(max_length=40)] = None
) -> list[FieldRead]:
    """Fields of the sections with class, mask and label."""
    return service.list_fields(local_date(clock.now()), section)


@router.get("/v1/catalogue/sections", dependencies=[Depends(requires(Permission.CATALOGUE_READ))])
@takes(Priority.PULL)
async def list_sections() -> list[SectionKindRead]:
    """What kind of data each section is (stage, category, whose, quality), which tiers of offices
    register it, and which department owns, manages, uses it, or lets it be shared onward.
    """
    return service.list_sections()


@router.get("/v1/catalogue/labels", dependencies=[Depends(requires(Permission.CATALOGUE_READ))])
@takes(Priority.PULL)
async def list_labels() -> LabelsRead:
    """What everything in a profile is called: sections, fields, parts of fields, code values."""
    return service.list_labels()


@router.get("/v1/catalogue/rules", dependencies=[Depends(requires(Permission.CATALOGUE_READ))])
@takes(Priority.PULL)
def list_rules(
    session: ReadSessionDep,
    mode: Annotated[Mode | None, Query(description="of one mode alone")] = None,
) -> list[RuleRead]:
    """The rules of law that are known, what each says, what upholds it, and which regions have
    switched it.
    """
    return service.list_rules(session, mode)


@router.put("/v1/catalogue/rules/{rule}/regions/{region}")
@takes(Priority.RECORD)
def switch_rule(
    rule: Annotated[str, Path(min_length=2, max_length=10, pattern=r"^[A-Z]-\d{2}$")],
    region: Annotated[str, Path(pattern=r"^\d{6}$", description="division code")],
    given: SwitchWrite,
    session: SessionDep,
    trail: TrailDep,
    principal: Annotated[Principal, Depends(requires(Permission.RULE_SWITCH))],
) -> SwitchRead:
    """Let a rule of confidence M or L only warn in a region of yours, or block again: effective
    within a second. Audit administrators and supervisors are told.
    """
    return switching.switch(switching.Switching(session, trail, principal), rule, region, given)


@router.get("/problems")
@takes(Priority.PULL)
async def list_problems() -> list[ProblemRead]:
    """Every problem code, what it means and what to do now."""
    return service.list_problems()


@router.get("/problems/{code}")
@takes(Priority.PULL)
async def read_problem(code: Annotated[str, Path(max_length=80)]) -> ProblemRead:
    """What a problem code means and what to do now."""
    return service.read_problem(code)
