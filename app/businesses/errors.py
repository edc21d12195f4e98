"""IdentifierInvalid and its kin, one class per reason so that each has its own words."""

from adapters.contract import IdentifierError
from app.core.errors import CATALOGUE, InvalidRequest

_CHECK_ZH, _CHECK_EN = (
    "对照证照逐位核对，或扫码",
    "Compare with the licence character by character, or scan its code",
)


class IdentifierEmpty(InvalidRequest):
    code = "identifier.empty"
    zh, en = "标识符为空", "The identifier is empty"
    now_zh, now_en = (
        "输入统一社会信用代码或注册号",
        "Type a unified social credit code or a registration number",
    )


class IdentifierLength(InvalidRequest):
    code = "identifier.length"
    zh, en = "标识符长度不对", "The identifier has the wrong length"
    now_zh, now_en = _CHECK_ZH, _CHECK_EN


class IdentifierCharset(InvalidRequest):
    code = "identifier.charset"
    zh, en = "标识符含有不允许的字符", "The identifier has a character that is not allowed"
    now_zh, now_en = _CHECK_ZH, _CHECK_EN


class IdentifierCheck(InvalidRequest):
    code = "identifier.check_character"
    zh, en = (
        "校验位不符，可能有一位输错",
        "The check character does not fit: probably one character is mistyped",
    )
    now_zh, now_en = _CHECK_ZH, _CHECK_EN


class IdentifierCategory(InvalidRequest):
    code = "identifier.authority_category"
    zh, en = (
        "登记管理部门与机构类别不匹配",
        "This registration authority issues no codes of this category",
    )
    now_zh, now_en = _CHECK_ZH, _CHECK_EN


class IdentifierPersonal(InvalidRequest):
    code = "identifier.personal_number"
    zh, en = (
        "疑似个人身份证号，不得出现在网址中",
        "This looks like a personal number, which must not travel in a URL",
    )
    now_zh, now_en = "改用 POST /v1/businesses:resolve", "Use POST /v1/businesses:resolve instead"


def as_problem(error: IdentifierError, pointer: str) -> InvalidRequest:
    """The problem of an identifier that does not parse, with the expected character and suggestions
    where known.
    """
    extra: dict[str, object] = {}
    if error.expected is not None:
        extra["expected"] = error.expected
    if error.position is not None:
        extra["position"] = error.position + 1
    if error.suggestions:
        extra["suggestions"] = list(error.suggestions)
    kind = CATALOGUE[error.code]
    problem = kind(error.detail, pointer=pointer, extra=extra)
    if not isinstance(problem, InvalidRequest):
        raise TypeError(error.code)
    return problem
