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
    """A refusal with a stable code. `detail` is one English sentence about this occurrence, empty
    where the words of the code say all; no personal datum in it.
    """

    kind: ClassVar[Kind]
    code: ClassVar[str] = ""
    retryable: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        if "code" in cls.__dict__:
            CATALOGUE[cls.code] = cls

    def __init__(
        self,
        detail: str = "",
        *,
        pointer: str | None = None,
        hints: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(detail or self.code)
        self.detail = detail
        self.pointer = pointer
        self.hints = hints or {}
        """`position`, `expected`, `suggestions`, where they help."""


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

    def __init__(self, retry_after: int = 1, left: dict[str, str] | None = None) -> None:
        super().__init__()
        self.retry_after = retry_after
        self.left = left or {}


class CursorInvalid(InvalidRequest):
    code = "request.cursor_invalid"


class NotReady(Unavailable):
    """Something that this process needs is wanting; the detail names it."""

    code = "server.not_ready"
