"""The seam between the gateway and a department: every adapter, by configuration or in Python,
looks like this.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

from adapters.contract.errors import AdapterError
from adapters.contract.manifest import Manifest
from adapters.contract.reading import Unreadable


class AdapterQuery(Struct, frozen=True):
    """A question. `deadline` is a loop time; the department learns unit and purpose, never the
    officer.

    `traceparent` is a W3C trace context.
    """

    business_id: str
    scheme: str
    site: str | None
    purpose: str
    unit: str
    trace_id: str
    deadline: float
    traceparent: str = ""


class SectionAnswer(Struct, frozen=True):
    """A department's word. `data` is None when `reason` says not found or not applicable.

    `encoded` is `data` as canonical JSON, where the adapter has it already. `unreadable` names what
    was left out of it. `received`: `as_of` is when the answer came, because the source tells no
    time.
    """

    data: Struct | None
    as_of: datetime | None
    source_digest: str
    reason: str | None = None
    attempts: int = 1
    encoded: bytes | None = None
    unreadable: tuple[Unreadable, ...] = ()
    received: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A business a department offers for a typed name, an address or a scanned code."""

    business_id: str
    name: str
    address: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class ResultReceipt:
    """A department's confirmation that it took over the results of a visit."""

    receipt_no: str
    received_at: str
    extra: dict[str, Any] = field(default_factory=dict)


class DepartmentAdapter(Protocol):
    """Ask one department. `fetch` ends by the query's deadline and raises only `AdapterError`."""

    @property
    def manifest(self) -> Manifest:
        """The declaration this adapter was built from."""
        ...

    async def fetch(self, query: AdapterQuery) -> SectionAnswer:
        """What the department says of the business; canonical, validated, echo of the identifier
        checked.
        """
        ...

    async def close(self) -> None:
        """Nothing is asked after this; what is under way may end by its deadline."""
        ...


class OptionalOperations(Protocol):
    """What an adapter may offer beyond `fetch`; its manifest's `operations` say which of these
    work.
    """

    async def search(self, text: str, deadline: float) -> list[Candidate]:
        """Businesses whose name or address fits, best first, at most 20."""
        ...

    async def resolve_qr(self, content: str, deadline: float) -> Candidate | None:
        """The business behind a scanned licence code; the content is passed on, never fetched."""
        ...

    async def submit_results(self, message: dict[str, Any], deadline: float) -> ResultReceipt:
        """Hand over a visit's results. Safe to repeat: the department recognises
        `message["delivery_id"]`.
        """
        ...

    async def aggregate(self, question: dict[str, Any], deadline: float) -> dict[str, Any]:
        """Counts over class-1 data, made at the source; cells smaller than its minimum arrive as
        null.
        """
        ...


class Transcript(Struct, frozen=True):
    """A question and its answer as they were on the wire: `sent` without credentials, the names of
    `fields` in lower case.
    """

    sent: str
    status: int
    fields: dict[str, str]
    body: bytes


class Examinable(Protocol):
    """What an adapter offers to an examination."""

    def read(self, status: int, fields: dict[str, str], body: bytes, asked: str) -> SectionAnswer:
        """What an answer to a question about `asked` says, without asking. Raises
        `AdapterError`.
        """
        ...

    async def transcript(self, query: AdapterQuery) -> Transcript:
        """Ask, and tell what was sent and what came, unread. Raises `AdapterError` where nothing
        whole came.
        """
        ...


OnAnswer = Callable[[SectionAnswer | None, AdapterError | None], None]


class Asking(Protocol):
    """A question under way."""

    def cancel(self) -> None:
        """Nobody waits any more: free the connection; `told` is not called after this."""
