"""Bodies as gzip for those who take it: an officer's phone may have 64 kbit/s. Pure."""

import re
import zlib
from collections.abc import AsyncIterator

_WORTH_BYTES = 1024
_REFUSES = re.compile(r"q=0(\.0{0,3})?")
_LEVEL, _GZIP_WINDOW = 6, 31


def takes_gzip(accept_encoding: str) -> bool:
    """Whether a caller takes gzip (RFC 9110, 12.5.3)."""
    told: dict[str, bool] = {}
    for part in accept_encoding.lower().split(","):
        coding, *parameters = (piece.strip() for piece in part.split(";"))
        refused = any(_REFUSES.fullmatch(p.replace(" ", "")) for p in parameters)
        told[coding] = not refused
    return told.get("gzip", told.get("x-gzip", told.get("*", False)))


def compressed(body: bytes) -> bytes | None:
    """The body as gzip; None where it is too short to be worth it."""
    if len(body) < _WORTH_BYTES:
        return None
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    return packer.compress(body) + packer.flush()


async def compressed_stream(events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """A stream as gzip in which every event can be read as soon as it has arrived."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    async for event in events:
        yield packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()
