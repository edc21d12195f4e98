"""IdentifierInvalid and its kin, one class per reason so that each has its own words."""

from adapters.contract import IdentifierError
from adapters.contract.business_id import Unusual
from app.core.errors import CATALOGUE, InvalidRequest


class IdentifierEmpty(InvalidRequest):
    code = "identifier.empty"


class IdentifierLength(InvalidRequest):
    code = "identifier.length"


class IdentifierCharset(InvalidRequest):
    code = "identifier.charset"


class IdentifierCheck(InvalidRequest):
    code = "identifier.check_character"


class IdentifierCategory(InvalidRequest):
    code = "identifier.authority_category"


class IdentifierDivision(InvalidRequest):
    code = "identifier.division"


class IdentifierPersonal(InvalidRequest):
    code = "identifier.personal_number"


def ways_to_ask_anyway(error: IdentifierError) -> list[Unusual]:
    """Whether a code may stand so on a licence: some of before 2016 do not follow the
    arithmetic.
    """
    return ["on_licence", "qr"] if error.code == "identifier.check_character" else []


def as_problem(error: IdentifierError, pointer: str) -> InvalidRequest:
    """The problem of an identifier that does not parse, with the expected character and suggestions
    where known.
    """
    hints: dict[str, object] = {}
    if error.expected is not None:
        hints["expected"] = error.expected
    if error.position is not None:
        hints["position"] = error.position + 1
    if error.suggestions:
        hints["suggestions"] = list(error.suggestions)
    if ways := ways_to_ask_anyway(error):
        hints["unusual"] = ways
    kind = CATALOGUE[error.code]
    problem = kind(error.detail, pointer=pointer, hints=hints)
    if not isinstance(problem, InvalidRequest):
        raise TypeError(error.code)
    return problem
