"""What a typed text or a scanned code may hold. Pure: nothing is fetched."""

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote, unquote_plus, urlsplit

from adapters.contract.business_id import BusinessId, IdentifierError, parse
from adapters.contract.numbers import numbers_of_persons
from adapters.contract.spelling import shown

_CODE = re.compile(r"(?<![0-9A-Z])[0-9A-Z]{18}(?![0-9A-Z])")
_SPACED_CODE = re.compile(
    r"(?<![0-9A-Z])(?<![0-9A-Z][ -])[0-9A-Z](?:[ -]?[0-9A-Z]){17}(?![ -]?[0-9A-Z])"
)
_NUMBER = re.compile(r"(?<![0-9A-Z])[0-9]{15}(?![0-9A-Z])")
_LONG_ROW = re.compile(r"[0-9]{15,}")
_IDENTIFIER = re.compile(r"(?:[a-z_]+:)?[0-9A-Za-z\s\-\u2010-\u2015]+")
_IDENTITIES = frozenset({"identity_number", "identity_tax_number"})
_SHORTEST_NAME, _LONGEST_OLD_NUMBER = 2, 16
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
_BLANK_BESIDE_HAN = re.compile("(?<=[\u3400-\u9fff（）])\\s+|\\s+(?=[\u3400-\u9fff（）])")
_TO_WIDE = str.maketrans("()[]【】〔〕", "（）（）（）（）")
_TO_NARROW = str.maketrans("（）", "()")
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_MAY_BE_AN_ID = frozenset({"international", "bank_card"})
"""What the key of a scanned address may look like."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text is: an `identifier`, a `url`, a `name` to search for (`text`), or nothing usable
    (`kind` says why).
    """

    kind: str
    identifier: BusinessId | None = None
    error: IdentifierError | None = None
    host: str = ""
    text: str = ""


def typed(text: str) -> str:
    """A text as it was meant: compatible width, without signs that nobody sees."""
    return _DIRECTIONS.sub("", shown(unicodedata.normalize("NFKC", text))).strip()


def read(text: str) -> Reading:
    """Classify a text; a code inside a longer text or URL counts only if it is the only valid one.
    A person's number is never looked for.
    """
    plain = typed(text)
    is_url = "://" in plain[:10]
    persons = numbers_of_persons(unquote_plus(plain) if is_url else plain)
    if any(number.name in _IDENTITIES for number in persons):
        return Reading("personal")
    error = None
    if _IDENTIFIER.fullmatch(plain) and any(c.isdigit() for c in plain):
        try:
            return Reading("identifier", identifier=parse(plain))
        except IdentifierError as refused:
            error = refused
    found = _codes_within(unquote(plain), numbers=not is_url)
    if len(found) == 1:
        return Reading("identifier", identifier=found[0])
    if is_url and any(number.name not in _MAY_BE_AN_ID for number in persons):
        return Reading("personal")
    if is_url:
        try:
            return Reading("url", host=(urlsplit(plain).hostname or "").lower())
        except ValueError:
            return Reading("url")
    # A mistyped registration number may be formed as an old number of a person.
    persons = [p for p in persons if error is None or p.name != "identity_number_old"]
    return _name_or_broken(plain, error, bool(persons))


def _name_or_broken(plain: str, error: IdentifierError | None, persons: bool) -> Reading:
    """What holds no valid code. An older number of another length is looked for as a name is; a
    long row of digits is a mistyped code, and is sent to nobody.
    """
    if persons:  # a telephone is nobody's name
        plain = without_numbers(plain)
        if len(plain) < _SHORTEST_NAME:
            return Reading("personal")
        error = None
    if error is not None:
        old = error.code == "identifier.length" and len(plain) <= _LONGEST_OLD_NUMBER
        if not old:
            return Reading("broken", error=error)
    if _LONG_ROW.search(plain):
        return Reading("broken", error=_error_of(_LONG_ROW.findall(plain)[0]))
    return Reading("name" if len(plain) >= _SHORTEST_NAME else "short", text=plain)


def _error_of(row: str) -> IdentifierError | None:
    try:
        parse(row)
    except IdentifierError as error:
        return error
    return None


def without_numbers(text: str) -> str:
    """A text without the numbers of persons in it."""
    dropped = {
        place
        for number in numbers_of_persons(text)
        for place in range(min(number.places), max(number.places) + 1)
    }
    return "".join(c for place, c in enumerate(text) if place not in dropped).strip(" +-,.;:()/")


def searches(text: str) -> list[str]:
    """How a name is looked for: as licences write it (full-width brackets, no blanks between
    Chinese signs), then with the other brackets.
    """
    if not _HAN.search(text):
        return [text]
    wide = _BLANK_BESIDE_HAN.sub("", text.translate(_TO_WIDE))
    return list(dict.fromkeys([wide, wide.translate(_TO_NARROW)]))


def _codes_within(text: str, *, numbers: bool) -> list[BusinessId]:
    """The valid codes of 18 places in a text, else the registration numbers of 15; a longer row
    holds none.
    """
    upper = text.upper()
    for pattern in (_CODE, *((_SPACED_CODE, _NUMBER) if numbers else ())):
        found: dict[str, BusinessId] = {}
        for match in pattern.findall(upper):
            try:
                identifier = parse(match)
            except IdentifierError:
                continue
            found[identifier.value] = identifier
        if found:
            return list(found.values())
    return []


def is_known_host(host: str, known: tuple[str, ...]) -> bool:
    """Whether a host is a licence system's, exactly or as a subdomain."""
    return any(host == name or host.endswith("." + name) for name in known)
