"""Refusals about what the catalogue says."""

from app.core.errors import Conflict, NotAllowed, NotFound


class ProblemUnknown(NotFound):
    code = "problem.unknown"


class RuleUnknown(NotFound):
    code = "rule.unknown"


class RuleNotSwitchable(Conflict):
    """The law's own text, or what nothing upholds."""

    code = "rule.not_switchable"


class RuleBlockedThere(Conflict):
    """The region itself blocks: whoever stands above it does not overrule that."""

    code = "rule.blocked_there"


class RuleOwnInterest(NotAllowed):
    """Whoever looks up, or assigns, does not lift the rule that binds him."""

    code = "rule.own_interest"


class RegionForeign(NotAllowed):
    code = "rule.region_not_yours"
