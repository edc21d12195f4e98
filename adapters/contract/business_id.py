"""Business identifiers: values that cannot exist invalid (GB 32100-2015, GB 11714-1997, GS15-2006,
HJ 608-2017).
"""

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from operator import mul
from typing import Literal

from adapters.contract.personal import divisions, has_form, is_personal, provinces

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
LOOKALIKES = {"O": "0", "I": "1", "Z": "2", "S": "5", "V": "U"}
_LONGEST = 64
_PLAIN = re.compile(r"[0-9A-Z]+", re.ASCII)
_USCC_CHARACTERS = frozenset(USCC_ALPHABET)
_USCC_VALUES = {c: i for i, c in enumerate(USCC_ALPHABET)}
_BASE_36 = {c: int(c, 36) for c in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_ORG_CHECKS = tuple({10: "X", 11: "0"}.get(11 - rest, str(11 - rest)) for rest in range(11))
_CHECKS = {
    (inner, known): {
        "check_character": "ok",
        "organisation_code": inner,
        **({} if known else {"division": "unknown"}),
    }
    for inner in ("ok", "mismatch")
    for known in (True, False)
}
_FOOD_PERMIT = re.compile(r"(JY|YB|SC)\d+")

# GB 32100-2015, table of registration authorities and entity categories. Y has no published table:
# any category passes.
CATEGORIES = {
    "1": "1239",
    "2": "19",
    "3": "123459",
    "4": "19",
    "5": "1239",
    "6": "129",
    "7": "129",
    "8": "19",
    "9": "123",
    "A": "19",
    "N": "1239",
    "Y": USCC_ALPHABET,
}


class Scheme(StrEnum):
    """The families of identifiers the gateway understands."""

    USCC = "uscc"
    REG_NO = "reg_no"
    TAX_NO_OLD = "tax_no_old"
    ORG_CODE = "org_code"
    FOOD_PERMIT = "food_permit"
    POLLUTANT_PERMIT = "pollutant_permit"


class IdentifierError(ValueError):
    """A text that is no identifier. `code` is stable; `expected` is the character that would make
    the check pass.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        position: int | None = None,
        expected: str | None = None,
        suggestions: tuple[str, ...] = (),
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.position = position
        self.expected = expected
        self.suggestions = suggestions


@dataclass(frozen=True, slots=True)
class BusinessId:
    """A checked identifier. Build it with `parse`; `embedded` is the USCC inside a permit number,
    if any.
    """

    scheme: Scheme
    value: str
    checks: dict[str, str] = field(default_factory=dict, compare=False)
    alternatives: tuple[Scheme, ...] = field(default=(), compare=False)
    embedded: str | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return self.value

    @property
    def names_a_business(self) -> bool:
        """Whether departments can be asked for it: a permit number without a code inside is of one
        permit only.
        """
        return self.scheme is not Scheme.FOOD_PERMIT

    @property
    def key(self) -> str:
        """What names the business in tasks, records, entries: the code inside a permit number; an
        old tax number with its scheme, because the same digits may be somebody else's registration
        number.
        """
        if self.scheme is Scheme.TAX_NO_OLD:
            return f"{self.scheme}:{self.value}"
        return self.embedded or self.value


def normalise(text: str) -> str:
    """NFKC, upper case, no blanks, no hyphens. Idempotent; never guesses a character.

    >>> normalise("９１110105 ma0yyy-014t")
    '91110105MA0YYY014T'
    """
    if _PLAIN.fullmatch(text):
        return text
    while (
        folded := _fold(text)
    ) != text:  # dropping a blank can bring two characters together that fold again
        text = folded
    return text


def _fold(text: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).upper())
    return "".join(
        c for c in folded if not c.isspace() and unicodedata.category(c) not in {"Pd", "Cf", "Cc"}
    )


def uscc_check_character(first17: str) -> str:
    """Check character of GB 32100: alphabet[(31 - sum mod 31) mod 31].

    >>> uscc_check_character("91110105MA0YYY014")
    'T'
    """
    total: int = sum(map(mul, map(_USCC_VALUES.__getitem__, first17), USCC_WEIGHTS))
    return USCC_ALPHABET[(31 - total % 31) % 31]


def org_code_check_character(first8: str) -> str:
    """Check character of GB 11714: 11 - sum mod 11, ten is X, eleven is 0."""
    total: int = sum(map(mul, map(_BASE_36.__getitem__, first8), ORG_WEIGHTS))
    return _ORG_CHECKS[total % 11]


def reg_no_check_digit(first14: str) -> str:
    """Check digit of ISO 7064 MOD 11,10 over fourteen digits.

    >>> reg_no_check_digit("31011500000002")
    '9'
    """
    product = 10
    for digit in first14:
        total = (product + int(digit)) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)


Unusual = Literal["on_licence", "qr"]
"""Where a code stands that the arithmetic does not know: on the licence, or in its scanned code."""


def parse(text: str, unusual: Unusual | None = None) -> BusinessId:
    """Recognise and check an identifier, or raise `IdentifierError` with the exact reason.

    A scheme may be forced by a prefix (`tax_no_old:110108551385082`), for strings that fit two
    schemes. `unusual` takes a code all the same whose check character does not fit, and marks it.

    >>> parse("91110105 MA0YYY014t").value
    '91110105MA0YYY014T'
    """
    try:
        return _parsed(text)
    except IdentifierError as error:
        if unusual is None or error.code != "identifier.check_character":
            raise
        return _unusual(normalise(text), unusual, error)


def _unusual(value: str, where: Unusual, error: IdentifierError) -> BusinessId:
    """A code of before 2016 may have another check character than the arithmetic gives."""
    scheme = _scheme_of(value)
    if scheme not in {Scheme.USCC, Scheme.REG_NO}:
        raise error
    if has_form(value):
        raise IdentifierError(
            "identifier.personal_number", "This looks like a person's identity number."
        )
    if scheme == Scheme.USCC and value[1] not in CATEGORIES.get(value[0], ""):
        raise error
    return BusinessId(scheme, value, {"check_character": "mismatch", "unusual": where})


def _parsed(text: str) -> BusinessId:
    forced, _, rest = text.partition(":")
    if rest and forced in set(Scheme):
        return _PARSERS[Scheme(forced)](normalise(rest))
    value = normalise(text)
    if not value:
        raise IdentifierError("identifier.empty", "The identifier is empty.")
    if is_personal(value):
        raise IdentifierError(
            "identifier.personal_number", "This looks like a person's identity number."
        )
    if len(value) > _LONGEST:
        raise IdentifierError("identifier.length", f"No identifier has {len(value)} characters.")
    return _PARSERS[_scheme_of(value)](value)


def _scheme_of(value: str) -> Scheme:
    if _FOOD_PERMIT.fullmatch(value):
        return Scheme.FOOD_PERMIT
    match len(value):
        case 18 | 17 | 19:
            return Scheme.USCC
        case 15:
            return Scheme.REG_NO if value.isascii() and value.isdigit() else Scheme.TAX_NO_OLD
        case 9:
            return Scheme.ORG_CODE
        case 22:
            return Scheme.POLLUTANT_PERMIT
        case n:
            raise IdentifierError(
                "identifier.length",
                f"{n} characters fit no known identifier; a unified social credit code "
                f"has 18, a registration number 15.",
            )


def _require_charset(value: str, alphabet: str) -> None:
    for position, char in enumerate(value):
        if char not in alphabet:
            raise IdentifierError(
                "identifier.charset",
                f"Character {position + 1} is not allowed here.",
                position=position,
                suggestions=suggest(value),
            )


def is_credit_code(value: str) -> bool:
    """Whether eighteen places are a valid unified social credit code."""
    try:
        _parse_uscc(value)
    except IdentifierError:
        return False
    return True


def suggest(value: str) -> tuple[str, ...]:
    """Valid codes that differ only by characters that look alike; offered to a person, never
    applied.
    """
    swapped = "".join(LOOKALIKES.get(c, c) for c in value)
    if swapped == value:
        return ()
    try:
        return (parse(swapped).value,)
    except IdentifierError:
        return ()


def _parse_uscc(value: str) -> BusinessId:
    if len(value) != 18:  # noqa: PLR2004 - the length is the definition
        raise IdentifierError(
            "identifier.length",
            f"A unified social credit code has 18 characters, not {len(value)}.",
        )
    if not _USCC_CHARACTERS.issuperset(value):
        _require_charset(value, USCC_ALPHABET)
    if not (value[2:8].isdigit() and value[2:4] in provinces()):
        raise IdentifierError(
            "identifier.division",
            f"Places 3 to 8 are digits of the division of registration; none begins with "
            f"{value[2:4]}.",
            position=2,
        )
    expected = uscc_check_character(value[:17])
    if value[17] != expected:
        raise IdentifierError(
            "identifier.check_character",
            f"The last character should be {expected} if the other 17 are right.",
            position=17,
            expected=expected,
        )
    if value[1] not in CATEGORIES.get(value[0], ""):
        raise IdentifierError(
            "identifier.authority_category",
            f"Registration authority {value[0]} issues no codes of category {value[1]}.",
            position=1,
        )
    inner = "ok" if org_code_check_character(value[8:16]) == value[16] else "mismatch"
    return BusinessId(Scheme.USCC, value, _CHECKS[inner, value[2:6] in divisions()])


def _parse_reg_no(value: str) -> BusinessId:
    _require_length(value, 15)
    _require_charset(value, "0123456789")
    expected = reg_no_check_digit(value[:14])
    is_tax_number = org_code_check_character(value[6:14]) == value[14]
    if value[14] != expected:
        raise IdentifierError(
            "identifier.check_character",
            f"The last digit of a registration number should be {expected} if the other "
            f"14 are right.",
            position=14,
            expected=expected,
            suggestions=(f"{Scheme.TAX_NO_OLD}:{value}",) if is_tax_number else (),
        )
    return BusinessId(
        Scheme.REG_NO,
        value,
        {"check_character": "ok"},
        alternatives=(Scheme.TAX_NO_OLD,) if is_tax_number else (),
    )


def _parse_tax_no(value: str) -> BusinessId:
    _require_length(value, 15)
    _require_charset(value[:6], "0123456789")
    return BusinessId(Scheme.TAX_NO_OLD, value, _parse_org_code(value[6:]).checks)


def _parse_org_code(value: str) -> BusinessId:
    _require_length(value, 9)
    _require_charset(value, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    expected = org_code_check_character(value[:8])
    if value[8] != expected:
        raise IdentifierError(
            "identifier.check_character",
            f"The last character of an organisation code should be {expected} if the "
            f"other 8 are right.",
            position=8,
            expected=expected,
        )
    return BusinessId(Scheme.ORG_CODE, value, {"check_character": "ok"})


def _parse_food_permit(value: str) -> BusinessId:
    _require_length(value, 16)
    if not re.fullmatch(r"(JY|YB|SC)\d{14}", value, re.ASCII):
        raise IdentifierError(
            "identifier.charset", "A food permit number is JY, YB or SC and 14 digits.", position=2
        )
    # The check algorithm is not published: format is hard, the check digit is only reported.
    check = "ok" if reg_no_check_digit("0" + value[2:15]) == value[15] else "unverified"
    return BusinessId(Scheme.FOOD_PERMIT, value, {"check_character": check})


def _parse_pollutant_permit(value: str) -> BusinessId:
    _require_length(value, 22)
    if not re.fullmatch(r".{18}\d{3}[PWXYZ]", value, re.ASCII):
        raise IdentifierError(
            "identifier.charset",
            "A pollutant permit is a unified social credit code, three digits and P.",
            position=18,
        )
    inner = _parse_uscc(value[:18])
    return BusinessId(Scheme.POLLUTANT_PERMIT, value, inner.checks, embedded=inner.value)


def _require_length(value: str, length: int) -> None:
    if len(value) != length:
        raise IdentifierError(
            "identifier.length", f"Expected {length} characters, not {len(value)}."
        )


_PARSERS = {
    Scheme.USCC: _parse_uscc,
    Scheme.REG_NO: _parse_reg_no,
    Scheme.TAX_NO_OLD: _parse_tax_no,
    Scheme.ORG_CODE: _parse_org_code,
    Scheme.FOOD_PERMIT: _parse_food_permit,
    Scheme.POLLUTANT_PERMIT: _parse_pollutant_permit,
}
