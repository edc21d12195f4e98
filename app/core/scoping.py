"""A scope as a condition of SQL, for every table whose rows are of a region and a department."""

from typing import Any

from sqlalchemy import ColumnElement, false, or_

from auth.scope import NATION, Scope

_EXACT = len(NATION)


def within(
    scope: Scope, region: Any, department: Any = None, *, nameless: str = NATION
) -> list[ColumnElement[bool]]:
    """The conditions; none for a scope of everything. Rows that name no region are of the
    `nameless` one.
    """
    prefix = scope.region_prefix
    conditions: list[ColumnElement[bool]] = []
    if prefix:
        inside: ColumnElement[bool]
        # As a range, not by its beginning: an index serves it on either database.
        inside = (
            region == prefix
            if len(prefix) == _EXACT
            else region.between(prefix.ljust(_EXACT, "0"), prefix.ljust(_EXACT, "9"))
        )
        if nameless.startswith(prefix):
            inside = or_(inside, region == "")
        conditions.append(inside)
    if department is not None and scope.department is not None:
        own = department == scope.department if scope.department else false()
        conditions.append(own)
    return conditions
