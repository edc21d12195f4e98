"""What a behaviour of the zoo is, and the answers of which most are made."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

Step = bytes | float | Literal["CLOSE", "RESET"]
CLOSE: Literal["CLOSE"] = "CLOSE"
RESET: Literal["RESET"] = "RESET"
FOR_EVER = 3600.0
OTHER_BUSINESS = "91110105MA0YYY014T"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A script for the identifier asked, and the reason code it must lead to."""

    reason: str | None
    script: Callable[[str], Iterable[Step]]


ZOO: dict[str, Behaviour] = {}


def behaves(
    reason: str | None,
) -> Callable[[Callable[[str], Iterable[Step]]], Callable[[str], Iterable[Step]]]:
    """Put a script under its own name."""

    def add(script: Callable[[str], Iterable[Step]]) -> Callable[[str], Iterable[Step]]:
        ZOO[script.__name__.lstrip("_")] = Behaviour(reason, script)
        return script

    return add


def told(name: str, reason: str | None, make: Callable[[str], bytes]) -> None:
    """A behaviour that is one whole answer."""
    ZOO[name] = Behaviour(reason, lambda asked: [make(asked)])


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a server of its own


def envelope(asked: str, **changes: Any) -> dict[str, Any]:
    data = {"permits": [], "orders": [], "flags": [{"code": "drill", "text": "年度演练已备案"}]}
    as_of = (now() - timedelta(hours=1)).isoformat(timespec="seconds")
    return {"business_id": asked, "as_of": as_of, "status": "found", "data": data, **changes}


def json_of(asked: str, **changes: Any) -> bytes:
    return json.dumps(
        envelope(asked, **changes), ensure_ascii=False, separators=(",", ":")
    ).encode()


def answer(
    body: bytes, *more: str, status: str = "200 OK", media_type: str | None = "application/json"
) -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        *([f"Content-Type: {media_type}"] if media_type else []),
        f"Content-Length: {len(body)}",
        *more,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def head(*lines: str) -> bytes:
    return (
        "\r\n".join(("HTTP/1.1 200 OK", "Content-Type: application/json", *lines)).encode()
        + b"\r\n\r\n"
    )
