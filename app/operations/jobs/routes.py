"""Doors to jobs."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from app.audit.deps import TrailDep
from app.core.admission import Priority, takes
from app.core.deps import ClockDep, ReadSessionDep, SessionDep
from app.operations.jobs import service
from app.operations.jobs.deps import JOBS
from app.operations.jobs.schemas import JobRead
from auth.dependencies import requires
from auth.permissions import Permission
from auth.principal import Principal

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])
JobPath = Annotated[str, Path(pattern=r"^[a-z][a-z_.]{2,39}$")]
Manager = Annotated[Principal, Depends(requires(Permission.JOB_MANAGE))]
Runner = Annotated[service.JobRunner, Depends(JOBS)]


@router.get("")
@takes(Priority.PULL)
def list_jobs(
    session: ReadSessionDep, clock: ClockDep, runner: Runner, _: Manager
) -> list[JobRead]:
    """What is done at its time, and how its last run ended."""
    return service.list_jobs(session, runner, clock)


@router.post("/{name}:run", status_code=202)
@takes(Priority.RECORD)
def run_job(
    name: JobPath, session: SessionDep, trail: TrailDep, runner: Runner, principal: Manager
) -> JobRead:
    """Do it now, and then at its time again."""
    runner.hurry()
    return service.run_now(session, trail, principal, runner, name)
