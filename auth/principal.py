"""The caller as a frozen value."""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple


class Role(StrEnum):
    """Roles of people and machine clients; a caller may hold several."""

    INSPECTOR = "inspector"
    PATROLLER = "patroller"
    TEAM_LEADER = "team_leader"
    DATA_MANAGER = "data_manager"
    COORDINATOR = "coordinator"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    CDO = "cdo"
    ANALYST = "analyst"
    SYSTEM_ADMINISTRATOR = "system_administrator"
    SECURITY_ADMINISTRATOR = "security_administrator"
    AUDIT_ADMINISTRATOR = "audit_administrator"


class SignOn(NamedTuple):
    """By which token somebody signed on: whose it is, its session (`sid`) and name (`jti`), which
    may be empty, and of when.
    """

    issuer: str
    session: str
    token: str
    at: float


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls: person or machine, with roles, department and region (division code, GB/T 2260).

    `department` is None for offices above departments; `region` bounds what is seen by its leading
    digits.
    """

    subject: str
    roles: frozenset[Role]
    department: str | None
    region: str
    certificate_no: str | None = None
    claimed: "Principal | None" = field(default=None, compare=False, repr=False)
    """What the token says, where the directory had a say too."""
    sign_on: SignOn | None = field(default=None, repr=False)

    @property
    def unit(self) -> str:
        """Who departments and entries are told asks: the department, or the office of a region."""
        return self.department or f"region:{self.region}"

    @property
    def region_prefix(self) -> str:
        """Digits that regions within this caller's region share: 330100 -> 3301, 000000 -> empty
        (the nation).
        """
        return prefix_of(self.region)

    def covers(self, region: str) -> bool:
        """Whether a region lies within the caller's."""
        return region.startswith(prefix_of(self.region))


@lru_cache(maxsize=4096)
def prefix_of(region: str) -> str:
    """The digits that regions within a region share."""
    while region.endswith("00"):
        region = region[:-2]
    return region
