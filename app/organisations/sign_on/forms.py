"""Forms of strangers (`application/x-www-form-urlencoded`), read before any transaction begins."""

from urllib.parse import parse_qsl

from fastapi import Request

FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 20


async def form(request: Request) -> dict[str, str] | None:
    """The fields of a form; None for what is none (RFC 6749, 3.2: no field twice)."""
    told = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if told != FORM:
        return None
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            max_num_fields=_MOST_FIELDS,
            errors="strict",
        )
    except (ValueError, UnicodeDecodeError):
        return None
    found = dict(pairs)
    return found if len(found) == len(pairs) else None
