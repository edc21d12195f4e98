"""Failures of an adapter.

AdapterError
├── AdapterUnavailable   nothing usable arrived (connection, credentials, their own error)
├── AdapterTimedOut      the deadline came first
└── AdapterMalformed     something arrived that breaks the contract

Each carries a code of `reasons.REASONS`; the engine turns it into an outcome, never into an exception to the caller.
"""

from adapters.contract.reasons import REASONS, Outcome


class AdapterError(Exception):
    """A question that got no usable answer. `detail` is for the department's engineers, never shown to inspectors."""

    def __init__(self, code: str, detail: str = "") -> None:
        if code not in REASONS:
            raise KeyError(code)
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail

    @property
    def outcome(self) -> Outcome:
        """The outcome this failure becomes."""
        return REASONS[self.code].outcome


class AdapterUnavailable(AdapterError):
    """Nothing usable arrived."""


class AdapterTimedOut(AdapterError):
    """The deadline came first."""

    def __init__(self, code: str = "deadline_exceeded", detail: str = "") -> None:
        super().__init__(code, detail)


class AdapterMalformed(AdapterError):
    """Something arrived that breaks the contract."""
