"""The report of a conformance run, as it is stored and shown to the department."""

from typing import Any, Literal

from msgspec import Struct

from adapters.contract.errors import AdapterError


class CaseResult(Struct, frozen=True, kw_only=True):
    """One case: passed, failed or not applicable; a failure says field, got, wanted and a one-line
    fix.
    """

    case: str
    status: Literal["passed", "failed", "not_applicable"]
    title_zh: str
    title_en: str
    elapsed_ms: int = 0
    field: str | None = None
    got: str | None = None
    wanted: str | None = None
    fix_zh: str | None = None
    fix_en: str | None = None


class Report(Struct, frozen=True, kw_only=True):
    """All cases of a run; `passed` only if none failed."""

    adapter_id: str
    contract: str
    passed: bool
    cases: list[CaseResult]


_FIXES = {
    "schema_violation": (
        "按提示字段修正格式或映射",
        "Correct the named field's format, or its mapping rule",
    ),
    "wrong_business": ("应答必须原样返回所查标识符", "Echo the identifier that was asked"),
    "as_of_invalid": (
        "给出可解析且不晚于现在的数据时间",
        "Give a readable time that is not in the future",
    ),
    "credentials_rejected": ("核对已登记的凭据", "Check the stored credentials"),
    "content_type": ("设置正确的 Content-Type", "Set the right Content-Type"),
    "encoding": ("按声明的字符编码输出", "Write in the declared character encoding"),
    "deadline_exceeded": ("两秒内应答", "Answer within two seconds"),
    "connect_failed": ("检查地址、端口与防火墙", "Check address, port and firewall"),
    "address_forbidden": (
        "使用 https 并请运维放行网段",
        "Use https, and have the operator allow your range",
    ),
}


def refusal(error: Exception) -> CaseResult:
    """The one row of a report about an adapter that could not even be built."""
    title = ("适配器可以启动", "The adapter can be built")
    return CaseResult(
        case="starts", status="failed", title_zh=title[0], title_en=title[1], **row_of(error)
    )


def row_of(error: BaseException) -> dict[str, Any]:
    """The finding that an exception stands for."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, AdapterError):
        code, detail = error.code, error.detail
    else:
        code = "deadline_exceeded" if isinstance(error, TimeoutError) else "adapter_failed"
        detail = type(error).__name__
    fix_zh, fix_en = _FIXES.get(
        code, ("查看应答并对照接口约定修正", "Compare the answer with the contract and correct it")
    )
    return {
        "field": "answer",
        "got": f"{code} {detail}".strip(),
        "wanted": "a valid answer",
        "fix_zh": fix_zh,
        "fix_en": fix_en,
    }
