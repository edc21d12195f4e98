"""IdentifierInvalid and its kin, one class per reason so that each has its own words."""

from adapters.contract import IdentifierError
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


class IdentifierPersonal(InvalidRequest):
    code = "identifier.personal_number"


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
    kind = CATALOGUE[error.code]
    problem = kind(error.detail, pointer=pointer, hints=hints)
    if not isinstance(problem, InvalidRequest):
        raise TypeError(error.code)
    return problem
