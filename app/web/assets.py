"""The built files, kept as bytes: plain, gzip and brotli as the build left them, each with its tag.

Read once; only names that the build wrote are known, so that no path of a request ever meets the
file system.
"""

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.core.compression import takes_gzip

DIST: Final = Path(__file__).with_name("dist")
_PACKED = {".br": "br", ".gz": "gzip"}
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
}
_FOREVER, _ASK = "public, max-age=31536000, immutable", "no-cache"


@dataclass(frozen=True, slots=True)
class Asset:
    """A built file. `packed` by content coding."""

    name: str
    body: bytes
    packed: dict[str, bytes]
    media_type: str
    tag: str
    lasts: bool
    """Whether its name changes with its content, so that it may be kept for ever."""

    @property
    def cache_control(self) -> str:
        """How long it may be kept."""
        return _FOREVER if self.lasts else _ASK

    def coded(self, accept_encoding: str) -> tuple[bytes, str | None]:
        """The smallest form that a caller takes, and its content coding."""
        if "br" in self.packed and _takes_brotli(accept_encoding):
            return self.packed["br"], "br"
        if "gzip" in self.packed and takes_gzip(accept_encoding):
            return self.packed["gzip"], "gzip"
        return self.body, None


def _takes_brotli(accept_encoding: str) -> bool:
    codings = {part.strip() for part in accept_encoding.lower().split(",")}
    return bool({"br", "br;q=1", "br;q=1.0"} & codings)


def read_assets(folder: Path = DIST) -> dict[str, Asset]:
    """Every built file by its path below the folder, with `/` between; empty where nothing was
    built.
    """
    if not (folder / "m.html").is_file():
        return {}
    paths = (p for p in sorted(folder.rglob("*")) if p.is_file() and not p.name.startswith("."))
    return {
        asset.name: asset
        for asset in (_read(path, folder) for path in paths if path.suffix not in _PACKED)
    }


def _read(path: Path, folder: Path) -> Asset:
    body, name = path.read_bytes(), path.relative_to(folder).as_posix()
    packed = {
        coding: path.with_name(path.name + suffix).read_bytes()
        for suffix, coding in _PACKED.items()
        if path.with_name(path.name + suffix).is_file()
    }
    known = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    return Asset(
        name,
        body,
        packed,
        known or "application/octet-stream",
        f'"{hashlib.sha256(body).hexdigest()[:20]}"',
        lasts=name.startswith("assets/"),
    )
