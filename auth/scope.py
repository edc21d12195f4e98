"""What a caller may act on and read: one predicate over region and department. Pure.

Every repository that holds something of a region or a department takes a `Scope`; who stands above
departments is decided here alone.
"""

from dataclasses import dataclass

from auth.principal import Principal, Role

NATION = "000000"
_ABOVE_DEPARTMENTS = frozenset(
    {
        Role.COORDINATOR,
        Role.SUPERVISOR,
        Role.AUDITOR,
        Role.TEAM_LEADER,
        Role.INSPECTOR,
        Role.SYSTEM_ADMINISTRATOR,
        Role.SECURITY_ADMINISTRATOR,
        Role.AUDIT_ADMINISTRATOR,
    }
)
"""Who is bound to no department where none is named; anybody else has none then."""


@dataclass(frozen=True, slots=True)
class Scope:
    """`region_prefix` are the leading digits of every region within; `department` is None for all
    of them, and empty for none.
    """

    region_prefix: str
    department: str | None = None

    def covers(self, region: str, *departments: str) -> bool:
        """Whether something of a region, and of any of these departments, lies within. What names
        no region concerns the nation.
        """
        within = (region or NATION).startswith(self.region_prefix)
        of = self.department is None or (self.department != "" and self.department in departments)
        return within and of

    def narrowed(self, department: str | None) -> "Scope":
        """The part of it that is of one department; all of it for None."""
        if department is None or department == self.department:
            return self
        return Scope(self.region_prefix, department if self.department is None else "")


EVERYTHING = Scope("")
"""Of what the house does itself, on nobody's behalf."""


def scope_of(principal: Principal) -> Scope:
    """What lies within a caller's region and department."""
    if principal.department is not None:
        return Scope(principal.region_prefix, principal.department)
    # What a role below departments may do is not done for all of them by holding another beside it.
    above = bool(principal.roles & _ABOVE_DEPARTMENTS) and Role.DATA_MANAGER not in principal.roles
    return Scope(principal.region_prefix, None if above else "")
