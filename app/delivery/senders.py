"""Who carries a message to its destination; higher rooms fill it."""

from typing import Any, Protocol

from adapters.contract import ResultReceipt


class Sender(Protocol):
    """Hands a message to a department's system; raises `AdapterError` if it did not arrive."""

    async def send(self, department: str, region: str, message: dict[str, Any]) -> ResultReceipt:
        """The receipt of the department's office of a region."""
        ...
