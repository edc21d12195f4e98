"""The three questions of the shop door: registered? taxes on time? fire permit? Rules as an ordered
table. Pure.

The first rule whose condition holds gives the answer. No rule says `yes` unless a department said
so now; a department that knows no such business is never compliance; a failed or stale section is
`unknown` with what was last known.
"""

from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from adapters.contract.tables import rows
from adapters.contract.words import Advice, Words, advice_of, words_of
from app.profile.schemas import Verdict

ENDED = frozenset("23456")
"""Status codes of a registration that is over (`Registration`)."""
IN_STANDING = frozenset({"正常", "停业"})
NAMES_A_BUSINESS = frozenset({"uscc", "reg_no"})
"""Schemes under which the registration office's silence means unlicensed; under others it may only
not know the alias.
"""


class Facts(Struct, frozen=True):
    """What a rule may look at: one section's answer, and the premises in question."""

    outcome: str
    reason: str | None
    data: Any
    """The section's canonical struct; None only where the department did not speak."""
    as_of: datetime | None
    today: date
    scheme: str = "uscc"
    site: str | None = None
    sites: tuple[str, ...] = ()
    sites_complete: bool = True
    """Whether the registration office itself said which premises there are."""
    identifier: str = ""
    unreadable: frozenset[str] = frozenset()
    """Fields that the department told in a way that cannot be read."""

    @property
    def spoke(self) -> bool:
        """Whether the department told data now."""
        return self.outcome in {"fresh", "cached"}


class HeadlineRuling(Struct, frozen=True):
    """yes | no | not_required | unknown; `reason` says why unknown; `inputs` are the fields it
    rests on.
    """

    answer: Verdict
    fact: Words | None = None
    reason: str | None = None
    last_known: "HeadlineRuling | None" = None
    inputs: tuple[str, ...] = ()


class Rule(Struct, frozen=True):
    """A row of the table. Its fact has the words `question.name`, or `question.name.detail`."""

    name: str
    holds: Callable[[Facts], bool]
    answer: Verdict = "unknown"
    inputs: tuple[str, ...] = ()
    reason: str | None = None
    """Why it is unknown."""
    reason_of: Callable[[Facts], str] | None = None
    """The same, where it depends on the business."""
    detail: Callable[[Facts], object] | None = None
    """What tells two facts of one rule apart."""


_DATA = Path(__file__).with_name("data")
FACTS = words_of(_DATA / "headline_facts.csv")
REGISTRARS = {
    row["first"]: row
    for row in rows(_DATA / "registrars.csv", ("first", "zh", "en", "source", "confidence"))
}
"""Who registers bodies whose code begins with this character, where it is not the registration
authority: its silence says nothing about them (GB 32100-2015).
"""
HEADLINE_REASONS = {
    **advice_of(_DATA / "headline_reasons.csv"),
    **{
        f"registrar_{first}": Advice(
            Words(
                f"此类主体由{row['zh']}登记，登记部门（市场监管）无记录不代表未登记",
                f"Bodies of this kind are registered by {row['en']}; that the market regulator has "
                "no record says nothing",
            ),
            Words(f"向{row['zh']}核实", f"Verify with {row['en']}"),
        )
        for first, row in REGISTRARS.items()
    },
}
"""Reasons that only a headline has."""


def _code(facts: Facts) -> str:
    return str(facts.data.reg_status_code)


def _overdue(facts: Facts) -> int:
    return facts.data.overdue_filing_count or len(facts.data.overdue_periods)


def _expiry(facts: Facts) -> date | None:
    check = facts.data.fire_pre_opening
    return None if check is None else check.valid_to


def _sites_unknown(facts: Facts) -> bool:
    """Without the registration office's word the only shop somebody knows may be another one."""
    return facts.site is None and not facts.sites_complete


def _site_not_chosen(facts: Facts) -> bool:
    return facts.site is None and len({*facts.sites, *filter(None, [facts.data.site_ref])}) > 1


def _revoked(facts: Facts) -> bool:
    check = facts.data.fire_pre_opening
    return check is not None and check.revoked_on is not None


def _contradicts_itself(facts: Facts) -> bool:
    """The list of premises says otherwise than the answer for this one."""
    if facts.data.fire_permit != "yes":
        return False
    check = facts.data.fire_pre_opening
    if check is not None and check.issued_on is not None and check.issued_on > facts.today:
        return True
    wanted = facts.data.site_ref or facts.site
    for row in facts.data.sites:
        past = row.valid_to is not None and row.valid_to < facts.today
        if wanted in {None, row.site_ref} and (row.answer in {"no", "expired", "revoked"} or past):
            return True
    return False


def _other_site(facts: Facts) -> bool:
    return facts.site is not None and facts.data.site_ref != facts.site


def _expired(facts: Facts) -> bool:
    told = facts.data.fire_permit
    return told == "expired" or (told == "yes" and (_expiry(facts) or facts.today) < facts.today)


def _has_arrears(facts: Facts) -> bool:
    return bool(facts.data.arrears_announced or facts.data.arrears or facts.data.arrears_internal)


def _taxes_in_order(facts: Facts) -> bool:
    """Every part must have been said: a missing count is not zero."""
    said = facts.data
    return (
        said.taxpayer_status in IN_STANDING
        and said.filing_on_time == "yes"
        and said.overdue_filing_count == 0
        and said.arrears_announced is False
    )


def _other_registrar(facts: Facts) -> bool:
    """Whether another authority registers bodies of this kind: silence says nothing then."""
    return facts.scheme == "uscc" and facts.identifier[:1] in REGISTRARS


_SILENT = Rule("silent", lambda f: not f.spoke)
"""The department did not speak now; the reason is that of the section."""
_NOT_TOLD = Rule("not_told", lambda _f: True, reason="not_told")

_RESTS_ON = {
    "registered": frozenset({"reg_status_code"}),
    "taxes_on_time": frozenset(
        {
            "taxpayer_status",
            "filing_on_time",
            "overdue_filing_count",
            "overdue_periods",
            "arrears_announced",
            "arrears",
            "arrears_internal",
        }
    ),
    "fire_permit": frozenset({"fire_permit", "fire_pre_opening", "site_ref", "sites"}),
}
"""What no `yes` can do without: where one of these cannot be read, the answer is not known."""

RULES: dict[str, tuple[str, tuple[Rule, ...]]] = {
    "registered": (
        "registration",
        (
            Rule(
                "alias",
                lambda f: f.outcome == "not_found" and f.scheme not in NAMES_A_BUSINESS,
                reason="alias_unknown",
            ),
            Rule(
                "registrar",
                lambda f: f.outcome == "not_found" and _other_registrar(f),
                reason_of=lambda f: f"registrar_{f.identifier[:1]}",
            ),
            Rule("unlicensed", lambda f: f.outcome == "not_found", "no"),
            _SILENT,
            Rule("ended", lambda f: _code(f) in ENDED, "no", ("reg_status_code",), detail=_code),
            Rule(
                "suspended",
                lambda f: _code(f) == "1" and f.data.suspended is True,
                "yes",
                ("reg_status_code", "suspended"),
            ),
            Rule("alive", lambda f: _code(f) == "1", "yes", ("reg_status_code",)),
            Rule("unmapped", lambda _f: True, reason="unmapped_status"),
        ),
    ),
    "taxes_on_time": (
        "tax",
        (
            _SILENT,
            Rule(
                "abnormal",
                lambda f: f.data.taxpayer_status == "非正常",
                "no",
                ("taxpayer_status",),
            ),
            Rule(
                "overdue",
                lambda f: bool(_overdue(f)),
                "no",
                ("overdue_filing_count",),
                detail=_overdue,
            ),
            Rule("arrears", _has_arrears, "no", ("arrears_announced", "arrears_internal")),
            Rule("late", lambda f: f.data.filing_on_time == "no", "no", ("filing_on_time",)),
            Rule(
                "in_order",
                _taxes_in_order,
                "yes",
                ("taxpayer_status", "filing_on_time", "overdue_filing_count"),
            ),
            _NOT_TOLD,
        ),
    ),
    "fire_permit": (
        "fire",
        (
            _SILENT,
            Rule("sites_unknown", _sites_unknown, reason="sites_unknown"),
            Rule("no_site", _site_not_chosen, reason="site_not_chosen"),
            Rule("other_site", _other_site, reason="site_unknown"),
            Rule(
                "private",
                lambda f: f.data.is_public_gathering_place is False,
                "not_required",
                ("is_public_gathering_place",),
            ),
            Rule("contradictory", _contradicts_itself, reason="contradictory"),
            Rule("none", lambda f: f.data.fire_permit == "no", "no", ("fire_permit",)),
            Rule("expired", _expired, "no", ("fire_permit", "fire_pre_opening")),
            Rule(
                "revoked",
                lambda f: f.data.fire_permit == "revoked" or _revoked(f),
                "no",
                ("fire_permit", "fire_pre_opening"),
            ),
            Rule(
                "exempt",
                lambda f: f.data.fire_permit == "not_required",
                "not_required",
                ("fire_permit",),
            ),
            Rule("held", lambda f: f.data.fire_permit == "yes", "yes", ("fire_permit",)),
            _NOT_TOLD,
        ),
    ),
}


def decide(question: str, facts: Facts) -> tuple[str, HeadlineRuling]:
    """The rule that fits and what it gives; a stale section adds what its old data would have
    said.
    """
    for rule in RULES[question][1]:
        if rule.holds(facts):
            return rule.name, _ruled(question, rule, facts)
    raise AssertionError(question)


def _ruled(question: str, rule: Rule, facts: Facts) -> HeadlineRuling:
    if rule is _SILENT:
        reason = facts.reason or facts.outcome
        if facts.outcome != "stale" or not facts.data:
            return HeadlineRuling("unknown", reason=reason)
        _, last_known = decide(question, replace(facts, outcome="fresh"))
        return HeadlineRuling("unknown", reason=reason, last_known=last_known)
    if rule.answer == "unknown":
        told = facts.spoke and not facts.unreadable.isdisjoint(_RESTS_ON[question])
        why = rule.reason if rule.reason_of is None else rule.reason_of(facts)
        return HeadlineRuling("unknown", reason="unreadable" if told else why)
    if facts.unreadable and rule.answer != "no":
        needed = _RESTS_ON[question] if rule.answer == "yes" else frozenset(rule.inputs)
        if not needed.isdisjoint(facts.unreadable):
            return HeadlineRuling("unknown", reason="unreadable")
    detail = rule.detail(facts) if rule.detail is not None else None
    return HeadlineRuling(rule.answer, _fact(f"{question}.{rule.name}", detail), inputs=rule.inputs)


@lru_cache(maxsize=512)
def _fact(name: str, detail: object) -> Words:
    """The words of a fact; a detail has words of its own, or is filled in."""
    if detail is None:
        return FACTS[name]
    own = FACTS.get(f"{name}.{detail}")
    return FACTS[name].filled(count=detail) if own is None else own
