"""What all gateway processes of one start count, whichever of them is asked: each lets the others
read its own metrics through a socket in a folder that is theirs alone.
"""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

_SECONDS = 1.0
_SAMPLE = re.compile(rb"^([a-zA-Z_:][\w:]*)(\{)?", re.MULTILINE)


class Siblings:
    """The processes of one start; alone where there is but one."""

    def __init__(self, folder: str, text: Callable[[], bytes]) -> None:
        self._folder = Path(folder) if folder else None
        self._text = text

    @asynccontextmanager
    async def reachable(self) -> AsyncIterator[None]:
        """Let the others read while the block lasts."""
        if self._folder is None:
            yield
            return
        own = self._folder / f"{os.getpid()}.sock"
        server = await asyncio.start_unix_server(self._tell, str(own))
        own.chmod(0o600)
        try:
            yield
        finally:
            server.close()
            with contextlib.suppress(FileNotFoundError):
                own.unlink()

    async def _tell(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            writer.write(self._text())
            await writer.drain()
        writer.close()

    async def everything(self) -> bytes:
        """The metrics of all; where there are several, each sample says of which process it is
        (`worker`). One that is dead or does not answer within a second is left out.
        """
        if self._folder is None:
            return self._text()
        own = str(os.getpid())
        others = [path for path in sorted(self._folder.glob("*.sock")) if path.stem != own]
        async with asyncio.TaskGroup() as group:
            asked = {path.stem: group.create_task(self._of(path)) for path in others}
        told = {worker: task.result() for worker, task in asked.items()}
        return _together({own: self._text(), **told})

    async def _of(self, path: Path) -> bytes:
        try:
            async with asyncio.timeout(_SECONDS):
                reader, writer = await asyncio.open_unix_connection(str(path))
                try:
                    return await reader.read()
                finally:
                    writer.close()
        except (TimeoutError, OSError):
            return b""


def _together(texts: dict[str, bytes]) -> bytes:
    """Families once, each with the samples of all."""
    heads: dict[bytes, list[bytes]] = {}
    samples: dict[bytes, list[bytes]] = {}
    for worker, text in texts.items():
        label, name = b'worker="' + worker.encode() + b'"', b""
        for line in text.splitlines():
            if line.startswith(b"# "):
                name = line.split(b" ", 3)[2]
                kept = heads.setdefault(name, [])
                if line not in kept and len(kept) < 2:  # noqa: PLR2004 - HELP and TYPE
                    kept.append(line)
            elif line:
                samples.setdefault(name, []).append(_labelled(line, label))
    lines = [line for name in heads for line in (*heads[name], *samples.get(name, ()))]
    return b"\n".join(lines) + b"\n"


def _labelled(line: bytes, label: bytes) -> bytes:
    found = _SAMPLE.match(line)
    if found is None:
        return line
    name, has_labels = found[1], found[2]
    rest = line[found.end() :]
    if has_labels:
        return name + b"{" + label + (b"" if rest.startswith(b"}") else b",") + rest
    return name + b"{" + label + b"}" + rest
