"""What a pasted sample becomes. Pure."""

from typing import Any, NamedTuple

from adapters.contract.reading import ReadRecord


class Preview(NamedTuple):
    """A sample as it was decoded, and what of it becomes the section."""

    decoded: Any
    record: ReadRecord
