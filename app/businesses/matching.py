"""What a typed text or a scanned code may hold. Pure: nothing is fetched."""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from adapters.contract.business_id import (
    BusinessId,
    IdentifierError,
    is_resident_number,
    normalise,
    parse,
)

_CODE = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{18}(?![0-9A-Za-z])")
_IDENTIFIER = re.compile(r"(?:[a-z_]+:)?[0-9A-Za-z\uff01-\uff5e\s-]+")
_SHORTEST_NAME = 2


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text is: an `identifier`, a `url`, a `name` to search for, or nothing usable (`why`
    says so).
    """

    kind: str
    identifier: BusinessId | None = None
    error: IdentifierError | None = None
    host: str = ""


def read(text: str) -> Reading:
    """Classify a text; a code inside a longer text or URL counts only if it is the only valid
    one.
    """
    stripped = text.strip()
    if _IDENTIFIER.fullmatch(stripped) and any(c.isdigit() for c in stripped):
        try:
            return Reading("identifier", identifier=parse(stripped))
        except IdentifierError as error:
            if is_resident_number(normalise(stripped)):
                return Reading("personal")
            if not _codes_within(stripped):
                return Reading("broken", error=error)
    found = _codes_within(unquote(stripped))
    if len(found) == 1:
        return Reading("identifier", identifier=found[0])
    if "://" in stripped[:10]:
        try:
            return Reading("url", host=(urlsplit(stripped).hostname or "").lower())
        except ValueError:
            return Reading("url")
    return Reading("name" if len(stripped) >= _SHORTEST_NAME else "short")


def _codes_within(text: str) -> list[BusinessId]:
    found: dict[str, BusinessId] = {}
    for match in _CODE.findall(text):
        try:
            identifier = parse(match)
        except IdentifierError:
            continue
        found[identifier.value] = identifier
    return list(found.values())


def is_known_host(host: str, known: tuple[str, ...]) -> bool:
    """Whether a host is a licence system's, exactly or as a subdomain."""
    return any(host == name or host.endswith("." + name) for name in known)
