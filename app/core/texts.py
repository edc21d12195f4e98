"""Words of problems that no room owns: transport-level refusals and refused callers."""

from typing import NamedTuple

from app.core.errors import CATALOGUE

STATUS_OF_KIND = {
    "invalid": 422,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "throttled": 429,
    "unavailable": 503,
}


class ProblemText(NamedTuple):
    """Words of a problem in both languages, and what to do now."""

    status: int
    zh: str
    en: str
    now_zh: str
    now_en: str
    retryable: bool = False


_LOGIN_ZH, _LOGIN_EN = "重新登录后再试", "Log in again and repeat the request"

TEXTS: dict[str, ProblemText] = {
    "request.bad_request": ProblemText(
        400,
        "请求无法解析",
        "The request cannot be read",
        "检查请求格式",
        "Check the form of the request",
    ),
    "request.not_found": ProblemText(
        404,
        "没有这个地址",
        "There is nothing at this address",
        "查看接口文档 /docs",
        "See the API reference at /docs",
    ),
    "request.method_not_allowed": ProblemText(
        405,
        "该地址不支持此方法",
        "This address does not take this method",
        "使用 Allow 列出的方法",
        "Use a method listed in Allow",
    ),
    "request.crossed": ProblemText(
        409,
        "另一请求同时修改了同一内容",
        "Another request changed the same thing at the same time",
        "重新获取后再试",
        "Fetch it again and repeat the request",
        True,
    ),
    "request.timeout": ProblemText(
        408,
        "请求内容发送过慢",
        "The request body came too slowly",
        "在更好的网络下重试",
        "Repeat it on a better connection",
        True,
    ),
    "request.too_large": ProblemText(
        413,
        "请求内容过大",
        "The request body is larger than allowed",
        "拆分或缩小后再发",
        "Split or shrink it, then send it again",
    ),
    "request.media_type": ProblemText(
        415,
        "不支持的内容类型",
        "This content type is not taken here",
        "使用 application/json",
        "Send application/json",
    ),
    "request.failed": ProblemText(
        400,
        "请求被拒绝",
        "The request was refused",
        "检查请求后重试",
        "Check the request and try again",
    ),
    "server.internal": ProblemText(
        500,
        "网关内部错误，已记录",
        "The gateway failed; it is on record",
        "稍后重试；仍失败请将跟踪号告知运维",
        "Try again later; if it fails again, give the trace id to the operator",
        True,
    ),
    "server.busy": ProblemText(
        503,
        "网关繁忙，本次请求未受理",
        "The gateway is too busy to take this request",
        "按 Retry-After 等待后重试",
        "Wait as Retry-After says, then try again",
        True,
    ),
    "server.unavailable": ProblemText(
        503,
        "网关暂不可用",
        "The gateway cannot serve this now",
        "稍后重试",
        "Try again later",
        True,
    ),
    "auth.token_missing": ProblemText(
        401, "缺少访问令牌", "The access token is missing", _LOGIN_ZH, _LOGIN_EN
    ),
    "auth.token_malformed": ProblemText(
        401, "访问令牌格式错误", "The access token is malformed", _LOGIN_ZH, _LOGIN_EN
    ),
    "auth.token_invalid": ProblemText(
        401, "访问令牌未通过验证", "The access token does not verify", _LOGIN_ZH, _LOGIN_EN
    ),
    "auth.token_expired": ProblemText(
        401, "访问令牌已过期", "The access token has expired", _LOGIN_ZH, _LOGIN_EN
    ),
    "auth.token_foreign": ProblemText(
        401,
        "访问令牌不是发给本网关的",
        "The access token is not meant for this gateway",
        _LOGIN_ZH,
        _LOGIN_EN,
    ),
    "auth.unknown_key": ProblemText(
        401, "令牌签名密钥未知", "The token's signing key is unknown", _LOGIN_ZH, _LOGIN_EN
    ),
    "auth.keys_unavailable": ProblemText(
        401,
        "暂时无法取得签发方公钥",
        "The issuer's keys cannot be fetched",
        "稍后重试",
        "Try again later",
        True,
    ),
    "auth.permission_missing": ProblemText(
        403,
        "当前角色没有此权限",
        "Your role does not have this permission",
        "如确需使用，请向负责人申请角色",
        "Ask your leader for the role if your work needs it",
    ),
}


def text_of(code: str) -> ProblemText:
    """The words of any problem code, whoever owns it. Raises KeyError for an unknown one."""
    if code in TEXTS:
        return TEXTS[code]
    known = CATALOGUE[code]
    status = STATUS_OF_KIND[known.kind]
    return ProblemText(status, known.zh, known.en, known.now_zh, known.now_en, known.retryable)


def all_codes() -> list[str]:
    """Every problem code, sorted."""
    return sorted({*TEXTS, *CATALOGUE})
