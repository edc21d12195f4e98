"""Who an agreement's parties are, who acts for them, and what they sign."""

import hashlib
import json
from collections.abc import Callable

from sqlmodel import Session

from app.agreements.errors import PartyUnfit
from app.agreements.lifecycle import PARTIES, Party
from app.agreements.models import AgreementVersion
from app.agreements.schemas import AgreementWrite, Clauses
from app.organisations.service import UnitFacts, unit_facts
from auth.principal import Principal, Role, prefix_of
from auth.scope import Scope, scope_of

SIGNERS = {
    Party.SOURCE: frozenset({Role.DATA_MANAGER, Role.CDO}),
    Party.COORDINATOR: frozenset({Role.COORDINATOR}),
    Party.APPLICATION: frozenset({Role.DATA_MANAGER, Role.CDO}),
}

PLACES_OF: dict[Party, Callable[[AgreementVersion], tuple[str, str]]] = {
    Party.SOURCE: lambda row: (row.source_region, row.source),
    Party.COORDINATOR: lambda row: (row.coordinator_region, ""),
    Party.APPLICATION: lambda row: (row.application_region, row.application),
}
"""Where a party is: its region and department."""


def parties_named(
    session: Session, given: AgreementWrite
) -> tuple[UnitFacts, UnitFacts, UnitFacts | None]:
    source = _party(session, Party.SOURCE, given.source_unit)
    coordinator = _party(session, Party.COORDINATOR, given.coordinator_unit)
    application = None
    if given.application_unit is not None:
        application = _party(session, Party.APPLICATION, given.application_unit)
    if not source.region.startswith(prefix_of(coordinator.region)):
        raise PartyUnfit(
            f"The source acts in {source.region}: its data authority is of there, or above.",
            pointer="/body/coordinator_unit",
        )
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


def parties_of(row: AgreementVersion, principal: Principal) -> list[Party]:
    """The parties that a caller may act for, by role, department and region."""
    scope, found = scope_of(principal), []
    for party in PARTIES[row.kind]:
        region, department = PLACES_OF[party](row)
        above = party is Party.COORDINATOR and scope.department is None
        within = scope.covers(region) if above else scope.covers(region, department)
        bound = party is Party.COORDINATOR or principal.department == department
        if within and bound and not principal.roles.isdisjoint(SIGNERS[party]):
            found.append(party)
    return found


def concerns(row: AgreementVersion, scope: Scope) -> bool:
    """As `repository.page` finds them."""
    sides = [(row.source_region, row.source), (row.application_region, row.application)]
    if scope.department is None:
        return any(scope.covers(r) for r in (row.coordinator_region, *(s[0] for s in sides)))
    return any(scope.covers(region, department) for region, department in sides)


_LATER = ("daily_quota", "per_second_quota")


def digest_over(
    agreement_id: str,
    version: int,
    given: AgreementWrite,
    units: tuple[UnitFacts, UnitFacts, UnitFacts | None],
) -> str:
    """Over everything that decides: the clauses, and of which department and region the parties
    are.
    """
    parties = [unit and [unit.id, unit.department, unit.region] for unit in units]
    clauses = given.clauses.model_dump(mode="json")
    for later in _LATER:  # drafts of before it was a clause are what they were
        if clauses[later] is None:
            del clauses[later]
    told = [agreement_id, version, parties, clauses]
    content = json.dumps(told, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def digest_now(session: Session, row: AgreementVersion) -> str:
    """The same, as the units are now; empty where one of them is no party any more."""
    given = AgreementWrite(
        source_unit=row.source_unit or "",
        coordinator_unit=row.coordinator_unit or "",
        application_unit=row.application_unit,
        clauses=Clauses.model_validate(row.clauses),
    )
    try:
        return digest_over(row.id, row.version, given, parties_named(session, given))
    except PartyUnfit:
        return ""
