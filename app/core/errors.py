"""Problems as exceptions that know their words, not their HTTP form.

DomainError
├── InvalidRequest    the content cannot be accepted (with pointers)
├── NotAllowed        the caller may not do this to this thing
├── NotFound          no such thing, or none the caller may know of
├── Conflict          the thing's state does not allow it
├── Throttled         the caller asks too often
└── Unavailable       not now

Each room derives its own in `errors.py`; a class carries the stable code and its Chinese and
English words.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple

Kind = Literal["invalid", "forbidden", "not_found", "conflict", "throttled", "unavailable"]

CATALOGUE: dict[str, "type[DomainError]"] = {}
"""Every problem class by its code; filled as the classes are defined."""


class DomainError(Exception):
    """A refusal with a stable code. `detail` is one English sentence about this occurrence; no
    personal datum in it.
    """

    kind: ClassVar[Kind]
    code: ClassVar[str] = ""
    zh: ClassVar[str]
    en: ClassVar[str]
    now_zh: ClassVar[str]
    now_en: ClassVar[str]
    retryable: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        if "code" in cls.__dict__:
            CATALOGUE[cls.code] = cls

    def __init__(
        self,
        detail: str = "",
        *,
        pointer: str | None = None,
        extra: dict[str, object] | None = None,
    ) -> None:
        super().__init__(detail or self.en)
        self.detail = detail or self.en
        self.pointer = pointer
        self.extra = extra or {}


class InvalidRequest(DomainError):
    """The content cannot be accepted."""

    kind = "invalid"


class Fault(NamedTuple):
    """One thing in a request that does not fit: where, which rule, and the rule's bounds."""

    pointer: str
    code: str
    bounds: Mapping[str, Any] = MappingProxyType({})


class RequestInvalid(InvalidRequest):
    """A request that does not fit its description, with every fault that was found."""

    code = "request.invalid"
    zh = "请求内容不符合要求"
    en = "The request does not fit its description"
    now_zh = "按 errors 逐项更正"
    now_en = "Correct what errors lists"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__()
        self.faults = tuple(faults)


class NotAllowed(DomainError):
    """The caller may not do this to this thing."""

    kind = "forbidden"


class NotFound(DomainError):
    """No such thing, or none the caller may know of."""

    kind = "not_found"


class Conflict(DomainError):
    """The thing's state does not allow it."""

    kind = "conflict"


class Unavailable(DomainError):
    """Not now."""

    kind = "unavailable"
    retryable = True


class Throttled(DomainError):
    """The caller asks too often; `retry_after` are whole seconds, `left` the headers that tell of
    the caller's bucket.
    """

    kind = "throttled"
    retryable = True
    code = "request.too_many"
    zh = "查询过于频繁"
    en = "You ask more often than one caller may"
    now_zh = "按 Retry-After 等待后重试"
    now_en = "Wait as Retry-After says, then try again"

    def __init__(self, retry_after: int = 1, left: dict[str, str] | None = None) -> None:
        super().__init__()
        self.retry_after = retry_after
        self.left = left or {}


class CursorInvalid(InvalidRequest):
    code = "request.cursor_invalid"
    zh = "分页游标无效"
    en = "The cursor is not one this gateway gave out for this query"
    now_zh = "去掉 cursor 重新从头获取"
    now_en = "Leave cursor out and start from the beginning"
