"""Outcomes of a section, and why: every reason has Chinese and English words and says what to do
now.
"""

from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """What became of the question to one department."""

    FRESH = "fresh"
    CACHED = "cached"
    STALE = "stale"
    NOT_FOUND = "not_found"
    NOT_APPLICABLE = "not_applicable"
    DENIED = "denied"
    TIMED_OUT = "timed_out"
    UNAVAILABLE = "unavailable"
    BREAKER_OPEN = "breaker_open"
    MALFORMED = "malformed"
    SHED = "shed"


ANSWERED = frozenset({Outcome.FRESH, Outcome.CACHED, Outcome.NOT_FOUND, Outcome.NOT_APPLICABLE})
"""Outcomes in which the department itself has spoken; `stale` is a memory, not an answer."""


class Reason(NamedTuple):
    """The outcome a reason leads to, its words, and what the reader can do now."""

    outcome: Outcome
    zh: str
    en: str
    now_zh: str
    now_en: str


_ASK_AGAIN_ZH = "稍后重试，或仅就该部门再查一次"
_ASK_AGAIN_EN = "Ask again later, or ask this department alone"
_TELL_ZH = "已记录；请将跟踪号告知该部门的接口负责人"
_TELL_EN = "It is on record; give the trace id to that department's interface owner"


def _slow(zh: str, en: str) -> Reason:
    return Reason(Outcome.TIMED_OUT, zh, en, _ASK_AGAIN_ZH, _ASK_AGAIN_EN)


def _down(zh: str, en: str) -> Reason:
    return Reason(Outcome.UNAVAILABLE, zh, en, _ASK_AGAIN_ZH, _ASK_AGAIN_EN)


def _bad(zh: str, en: str) -> Reason:
    return Reason(Outcome.MALFORMED, zh, en, _TELL_ZH, _TELL_EN)


REASONS: dict[str, Reason] = {
    "deadline_exceeded": _slow(
        "该部门在时限内未答复", "The department did not answer within the deadline"
    ),
    "too_little_time": _slow(
        "剩余时间不足，未向该部门发起查询", "Too little time was left to ask the department"
    ),
    "slower_than_usual": _slow(
        "该部门远慢于其惯常用时，未再等待",
        "The department took far longer than it usually does; it was not waited for",
    ),
    "breaker_open": Reason(
        Outcome.BREAKER_OPEN,
        "该部门系统近来多次失败，暂停查询片刻",
        "The department's system has failed often just now; it is left alone for a moment",
        _ASK_AGAIN_ZH,
        _ASK_AGAIN_EN,
    ),
    "gateway_full": Reason(
        Outcome.SHED,
        "网关在途应答过多，未能接收该部门的应答",
        "The gateway holds too many answers at once; this one could not be taken in",
        _ASK_AGAIN_ZH,
        _ASK_AGAIN_EN,
    ),
    "connect_failed": _down("无法连接该部门系统", "The department's system cannot be reached"),
    "connection_lost": _down(
        "该部门系统中途断开连接", "The department's system broke the connection off"
    ),
    "tls_failed": _down(
        "与该部门系统的安全连接失败", "The secure connection to the department's system failed"
    ),
    "upstream_error": _down(
        "该部门系统报告内部错误", "The department's system reported an error of its own"
    ),
    "upstream_busy": Reason(
        Outcome.SHED,
        "该部门系统繁忙",
        "The department's system is too busy",
        _ASK_AGAIN_ZH,
        _ASK_AGAIN_EN,
    ),
    "address_forbidden": _down(
        "该部门登记的地址不被允许访问",
        "The address registered for the department may not be called",
    ),
    "name_unresolved": _down(
        "该部门登记的主机名无法解析", "The host name registered for the department does not resolve"
    ),
    "credentials_rejected": Reason(
        Outcome.UNAVAILABLE,
        "该部门系统未接受网关的凭据",
        "The department's system did not accept the gateway's credentials",
        "请部门管理员更新凭据",
        "Ask the department's data manager to renew the credentials",
    ),
    "request_refused": Reason(
        Outcome.UNAVAILABLE,
        "该部门系统拒绝了查询",
        "The department's system refused the query",
        _TELL_ZH,
        _TELL_EN,
    ),
    "redirect_refused": _bad(
        "该部门系统试图重定向，已拒绝", "The department's system tried to redirect; refused"
    ),
    "malformed_http": _bad(
        "该部门的应答不是有效的 HTTP", "The department's answer is not valid HTTP"
    ),
    "surplus_answer": _bad(
        "该部门对一次查询给出了多个应答", "The department gave more than one answer to one question"
    ),
    "too_large": _bad("该部门的应答超过大小上限", "The department's answer is larger than allowed"),
    "compression_refused": _bad(
        "该部门的应答使用了不允许的压缩或压缩比",
        "The department's answer uses a compression or ratio that is not allowed",
    ),
    "content_type": _bad(
        "该部门的应答类型不符合约定", "The department's answer has the wrong content type"
    ),
    "encoding": _bad(
        "该部门的应答不是约定的字符编码", "The department's answer is not in the agreed encoding"
    ),
    "deceptive_text": _bad(
        "该部门的应答含有会改变显示顺序的控制字符",
        "The department's answer holds control characters that reorder what is shown",
    ),
    "not_parsable": _bad("该部门的应答无法解析", "The department's answer cannot be parsed"),
    "too_complex": _bad(
        "该部门的应答结构过深或过大",
        "The department's answer is nested too deep or has too many parts",
    ),
    "duplicate_key": _bad("该部门的应答含重复字段", "The department's answer repeats a key"),
    "wrong_business": _bad(
        "该部门答复的不是所查主体，内容已丢弃",
        "The department answered about another business; its content was dropped",
    ),
    "schema_violation": _bad(
        "该部门的应答不符合约定的字段格式",
        "The department's answer breaks the agreed field formats",
    ),
    "as_of_invalid": _bad(
        "该部门给出的数据时间无效", "The time the department gives for its data is invalid"
    ),
    "adapter_failed": Reason(
        Outcome.UNAVAILABLE,
        "该部门的适配程序出错",
        "The adapter of this department failed",
        _TELL_ZH,
        _TELL_EN,
    ),
    "no_record": Reason(
        Outcome.NOT_FOUND,
        "该部门没有此主体的记录；不等于合规",
        "The department has no record of this business; that does not mean compliant",
        "核对标识符，必要时现场核实",
        "Check the identifier; verify on site where it matters",
    ),
    "not_applicable": Reason(
        Outcome.NOT_APPLICABLE,
        "此主体不属于该部门管理范围",
        "This business is not within the department's remit",
        "无需处理",
        "Nothing to do",
    ),
    "not_a_social_organisation": Reason(
        Outcome.NOT_APPLICABLE,
        "此主体不是社会组织",
        "This business is not a social organisation",
        "无需处理",
        "Nothing to do",
    ),
    "agreement_missing": Reason(
        Outcome.DENIED,
        "没有覆盖此目的的数据应用协议",
        "No agreement in force covers this purpose",
        "请数据管理员签署应用协议，或改用已授权的目的",
        "Ask the data manager to conclude an agreement, or use a purpose that is covered",
    ),
    "queue_full": Reason(
        Outcome.SHED,
        "网关繁忙，未向该部门发起查询",
        "The gateway was too busy to ask",
        _ASK_AGAIN_ZH,
        _ASK_AGAIN_EN,
    ),
}
