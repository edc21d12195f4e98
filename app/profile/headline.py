"""The three questions of the shop door: registered? taxes on time? fire permit? Rules as an ordered
table. Pure.

The first rule whose condition holds gives the answer. No rule says `yes` unless a department said
so now; a department that knows no such business is never compliance; a failed or stale section is
`unknown` with what was last known.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

ENDED = {"2": "吊销，未注销", "3": "吊销，已注销", "4": "注销", "5": "撤销", "6": "迁出"}
_ENDED_EN = {
    "2": "licence revoked",
    "3": "revoked, deregistered",
    "4": "deregistered",
    "5": "registration cancelled",
    "6": "moved out",
}
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

    @property
    def spoke(self) -> bool:
        """Whether the department told data now."""
        return self.outcome in {"fresh", "cached"}


class Answer(Struct, frozen=True):
    """yes | no | not_required | unknown; `reason` says why unknown; `inputs` are the fields it
    rests on.
    """

    answer: str
    fact: tuple[str, str] | None = None
    reason: str | None = None
    last_known: "Answer | None" = None
    inputs: tuple[str, ...] = ()


Rule = tuple[str, Callable[[Facts], bool], Callable[[Facts], Answer]]


def _say(answer: str, zh: str, en: str, *inputs: str) -> Callable[[Facts], Answer]:
    return lambda _facts: Answer(answer, (zh, en), inputs=inputs)


def _unknown(reason: str) -> Callable[[Facts], Answer]:
    return lambda _facts: Answer("unknown", reason=reason)


def _silent(facts: Facts) -> Answer:
    return Answer("unknown", reason=facts.reason or facts.outcome)


def _code(facts: Facts) -> str:
    return str(facts.data.reg_status_code)


def _ended(facts: Facts) -> Answer:
    code = _code(facts)
    return Answer("no", (ENDED[code], _ENDED_EN[code]), inputs=("reg_status_code",))


def _overdue(facts: Facts) -> Answer:
    count = facts.data.overdue_filing_count or len(facts.data.overdue_periods)
    plural = "s" if count != 1 else ""
    return Answer(
        "no",
        (f"逾期未申报 {count} 期", f"{count} overdue filing{plural}"),
        inputs=("overdue_filing_count",),
    )


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


RULES: dict[str, tuple[str, tuple[Rule, ...]]] = {
    "registered": (
        "registration",
        (
            (
                "alias",
                lambda f: f.outcome == "not_found" and f.scheme not in NAMES_A_BUSINESS,
                _unknown("alias_unknown"),
            ),
            (
                "unlicensed",
                lambda f: f.outcome == "not_found",
                _say("no", "登记部门无此主体", "no registration"),
            ),
            ("silent", lambda f: not f.spoke, _silent),
            ("ended", lambda f: _code(f) in ENDED, _ended),
            (
                "suspended",
                lambda f: _code(f) == "1" and f.data.suspended is True,
                _say("yes", "歇业", "suspended business", "reg_status_code", "suspended"),
            ),
            ("alive", lambda f: _code(f) == "1", _say("yes", "存续", "active", "reg_status_code")),
            ("unmapped", lambda _f: True, _unknown("unmapped_status")),
        ),
    ),
    "taxes_on_time": (
        "tax",
        (
            ("silent", lambda f: not f.spoke, _silent),
            (
                "abnormal",
                lambda f: f.data.taxpayer_status == "非正常",
                _say("no", "非正常户", "abnormal taxpayer", "taxpayer_status"),
            ),
            (
                "overdue",
                lambda f: bool(f.data.overdue_filing_count or f.data.overdue_periods),
                _overdue,
            ),
            (
                "arrears",
                _has_arrears,
                _say("no", "有欠税", "tax arrears", "arrears_announced", "arrears_internal"),
            ),
            (
                "late",
                lambda f: f.data.filing_on_time == "no",
                _say("no", "未按时申报", "not filed on time", "filing_on_time"),
            ),
            (
                "in_order",
                _taxes_in_order,
                _say(
                    "yes",
                    "正常申报",
                    "filed on time",
                    "taxpayer_status",
                    "filing_on_time",
                    "overdue_filing_count",
                ),
            ),
            ("not_told", lambda _f: True, _unknown("not_told")),
        ),
    ),
    "fire_permit": (
        "fire",
        (
            ("silent", lambda f: not f.spoke, _silent),
            ("sites_unknown", _sites_unknown, _unknown("sites_unknown")),
            ("no_site", _site_not_chosen, _unknown("site_not_chosen")),
            ("other_site", _other_site, _unknown("site_unknown")),
            (
                "private",
                lambda f: f.data.is_public_gathering_place is False,
                _say(
                    "not_required",
                    "非公众聚集场所",
                    "not a public gathering place",
                    "is_public_gathering_place",
                ),
            ),
            ("contradictory", _contradicts_itself, _unknown("contradictory")),
            (
                "none",
                lambda f: f.data.fire_permit == "no",
                _say("no", "未办理消防安全检查", "no fire safety permit", "fire_permit"),
            ),
            (
                "expired",
                lambda f: (
                    f.data.fire_permit == "expired"
                    or (f.data.fire_permit == "yes" and (_expiry(f) or f.today) < f.today)
                ),
                _say(
                    "no", "消防许可已过期", "fire permit expired", "fire_permit", "fire_pre_opening"
                ),
            ),
            (
                "revoked",
                lambda f: f.data.fire_permit == "revoked" or _revoked(f),
                _say(
                    "no", "消防许可已撤销", "fire permit revoked", "fire_permit", "fire_pre_opening"
                ),
            ),
            (
                "exempt",
                lambda f: f.data.fire_permit == "not_required",
                _say("not_required", "无需办理", "not required", "fire_permit"),
            ),
            (
                "held",
                lambda f: f.data.fire_permit == "yes",
                _say("yes", "已取得", "permit held", "fire_permit"),
            ),
            ("not_told", lambda _f: True, _unknown("not_told")),
        ),
    ),
}


def decide(question: str, facts: Facts) -> tuple[str, Answer]:
    """The rule that fits and its answer; a stale section adds what its old data would have said."""
    for name, holds, answer in RULES[question][1]:
        if holds(facts):
            found = answer(facts)
            if name == "silent" and facts.outcome == "stale" and facts.data:
                return name, replace(
                    found, last_known=decide(question, replace(facts, outcome="fresh"))[1]
                )
            return name, found
    raise AssertionError(question)


REASONS: dict[str, tuple[str, str, str, str]] = {
    "alias_unknown": (
        "登记部门不认识此类编号",
        "The registration department does not know this kind of number",
        "改用统一社会信用代码查询",
        "Use the unified social credit code",
    ),
    "unmapped_status": (
        "登记状态无法归类",
        "The registration status is not one that can be classed",
        "查看原文并向登记部门核实",
        "Read the original text and verify with the registration department",
    ),
    "not_told": (
        "该部门没有给出所需内容",
        "The department did not tell what the answer needs",
        "现场核实",
        "Verify on site",
    ),
    "site_not_chosen": (
        "该主体有多个经营场所，请选择所在场所",
        "The business has several sites; choose the one you are at",
        "从 sites 中选择并附 site 参数重新查询",
        "Choose from sites and ask again with site",
    ),
    "sites_unknown": (
        "登记部门未给出经营场所，无法确认是哪一家",
        (
            "The registration department did not tell the premises, so it is not certain "
            "which one is meant"
        ),
        "附 site 参数指明所在场所",
        "Say which premises you are at with site",
    ),
    "contradictory": (
        "该部门的答复自相矛盾",
        "The department's answer contradicts itself",
        "查看许可原件并告知该部门",
        "Look at the permit itself and tell the department",
    ),
    "site_unknown": (
        "该部门没有所选场所的记录",
        "The department has no record of the chosen site",
        "核对场所，现场查看许可原件",
        "Check the site and look at the permit itself",
    ),
    "stale": (
        "该部门未及时答复，仅有上次结果",
        "The department did not answer in time; only an older answer is known",
        "稍后就该部门再查一次",
        "Ask this department again later",
    ),
    "not_asked": (
        "没有在用的适配器提供此板块",
        "No published adapter serves this section",
        "请协调部门接入",
        "Ask the coordinator to connect the department",
    ),
}
"""Words of reasons that only a headline has: Chinese, English, and what to do now in both."""
