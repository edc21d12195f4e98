"""The published vocabulary between gateway and departments (msgspec structs and the standard
library only).

`BusinessId` and `parse` (identifiers), `SECTIONS` (shapes), `Manifest` (declaration),
`DepartmentAdapter` with `AdapterQuery` and `SectionAnswer` (the seam), `Outcome` and `REASONS`
(what became of a question), `AdapterError` (failures). What does not live here: transport, classes
of fields, agreements. ADR 0002.
"""

from adapters.contract.adapter import (
    AdapterQuery,
    Asking,
    Candidate,
    DepartmentAdapter,
    OnAnswer,
    OptionalOperations,
    ResultReceipt,
    SectionAnswer,
)
from adapters.contract.business_id import BusinessId, IdentifierError, Scheme, parse
from adapters.contract.errors import (
    AdapterError,
    AdapterMalformed,
    AdapterTimedOut,
    AdapterUnavailable,
    DeclarationError,
)
from adapters.contract.manifest import (
    AuthSpec,
    Condition,
    FieldRule,
    Manifest,
    Mapping,
    RequestSpec,
    ResponseSpec,
)
from adapters.contract.reasons import ANSWERED, REASONS, Outcome, Reason
from adapters.contract.sections import SECTIONS, shape_of

__all__ = [
    "ANSWERED",
    "REASONS",
    "SECTIONS",
    "AdapterError",
    "AdapterMalformed",
    "AdapterQuery",
    "AdapterTimedOut",
    "AdapterUnavailable",
    "Asking",
    "AuthSpec",
    "BusinessId",
    "Candidate",
    "Condition",
    "DeclarationError",
    "DepartmentAdapter",
    "FieldRule",
    "IdentifierError",
    "Manifest",
    "Mapping",
    "OnAnswer",
    "OptionalOperations",
    "Outcome",
    "Reason",
    "RequestSpec",
    "ResponseSpec",
    "ResultReceipt",
    "Scheme",
    "SectionAnswer",
    "parse",
    "shape_of",
]
