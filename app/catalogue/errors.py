"""Refusals about what the catalogue says."""

from app.core.errors import Conflict, NotAllowed, NotFound


class ProblemUnknown(NotFound):
    code = "problem.unknown"


class RuleUnknown(NotFound):
    code = "rule.unknown"


class RuleNotSwitchable(Conflict):
    """The law's own text, or what nothing upholds."""

    code = "rule.not_switchable"


class RegionForeign(NotAllowed):
    code = "rule.region_not_yours"
