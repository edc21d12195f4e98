"""Failures of an adapter.

AdapterError
├── AdapterUnavailable   nothing usable arrived (connection, credentials, their own error)
├── AdapterTimedOut      the deadline came first
└── AdapterMalformed     something arrived that breaks the contract

Each carries a code of `reasons.REASONS`; the engine turns it into an outcome, never into an
exception to the caller.
"""

from adapters.contract.reasons import REASONS, Outcome


class AdapterError(Exception):
    """A question that got no usable answer. `detail` is for the department's engineers, never shown
    to inspectors.

    `again`: nothing of an answer had come, so asking once more is safe; `retry_after` is the
    department's own wish, in seconds.
    """

    def __init__(
        self, code: str, detail: str = "", *, again: bool = False, retry_after: float | None = None
    ) -> None:
        if code not in REASONS:
            raise KeyError(code)
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.again = again
        self.retry_after = retry_after

    @property
    def outcome(self) -> Outcome:
        """The outcome this failure becomes."""
        return REASONS[self.code].outcome


class DeclarationError(ValueError):
    """A manifest that cannot work; `pointer` says where in it."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(f"{pointer}: {detail}")
        self.pointer = pointer
        self.detail = detail


class AdapterUnavailable(AdapterError):
    """Nothing usable arrived."""


class MessageRefused(AdapterUnavailable):
    """The department refused this message for good; sending it again would change nothing."""

    def __init__(self, detail: str) -> None:
        super().__init__("request_refused", detail)


class AdapterTimedOut(AdapterError):
    """The deadline came first."""

    def __init__(self, code: str = "deadline_exceeded", detail: str = "") -> None:
        super().__init__(code, detail)


class AdapterMalformed(AdapterError):
    """Something arrived that breaks the contract."""


class NothingTold(AdapterMalformed):
    """An answer about the business asked that holds neither a record nor a declared "no record"."""

    def __init__(self, detail: str) -> None:
        super().__init__("schema_violation", detail)
