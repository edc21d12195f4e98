"""Bodies as gzip for those who take it: an officer's phone may have 64 kbit/s. Pure."""

import zlib
from collections.abc import AsyncIterator

_WORTH_BYTES = 1024
_LEVEL, _GZIP_WINDOW = 6, 31


def takes_gzip(accept_encoding: str) -> bool:
    """Whether a caller takes gzip (RFC 9110, 12.5.3)."""
    for part in accept_encoding.lower().split(","):
        coding, _, quality = part.partition(";")
        if coding.strip() in {"gzip", "*"}:
            return quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


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
