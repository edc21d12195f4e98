"""The seam between the gateway and a department: every adapter, by configuration or in Python, looks like this."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

from adapters.contract.manifest import Manifest


@dataclass(frozen=True, slots=True)
class AdapterQuery:
    """A question. `deadline` is a loop time; the department learns unit and purpose, never the officer."""

    business_id: str
    scheme: str
    site: str | None
    purpose: str
    unit: str
    request_id: str
    deadline: float
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class SectionAnswer:
    """A department's word. `data` is None when `reason` says not found or not applicable."""

    data: Struct | None
    as_of: datetime | None
    source_digest: str
    reason: str | None = None
    attempts: int = 1


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
        """What the department says of the business; canonical, validated, echo of the identifier checked."""
        ...


class OptionalOperations(Protocol):
    """What an adapter may offer beyond `fetch`; its manifest's `operations` say which of these work."""

    async def search(self, text: str, deadline: float) -> list[Candidate]:
        """Businesses whose name or address fits, best first, at most 20."""
        ...

    async def resolve_qr(self, content: str, deadline: float) -> Candidate | None:
        """The business behind a scanned licence code; the content is passed on, never fetched."""
        ...

    async def submit_results(self, message: dict[str, Any], deadline: float) -> ResultReceipt:
        """Hand over a visit's results. Safe to repeat: the department recognises `message["delivery_id"]`."""
        ...

    async def aggregate(self, question: dict[str, Any], deadline: float) -> dict[str, Any]:
        """Counts over class-1 data, made at the source; cells smaller than its minimum arrive as null."""
        ...
