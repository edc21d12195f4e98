"""What a department declares about its adapter. A manifest is data: registering one needs no code
release.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from adapters.contract.days import DATE_FORMATS

AdapterId = Annotated[
    str, Meta(pattern=r"^[a-z][a-z0-9_]{1,39}$", description="snake_case, 2 to 40 characters")
]
Label = Annotated[str, Meta(min_length=1, max_length=80)]
Address = Annotated[str, Meta(min_length=8, max_length=300)]
Path = Annotated[str, Meta(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f]*$")]


MediaType = Annotated[str, Meta(max_length=100, pattern=r"^[a-z0-9.+-]+/[a-z0-9.+*-]+$")]


class Condition(Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """True when the value at `path` is `equals` (or one of them), or is there and empty when
    `empty` is set, and the HTTP status is `status` if given.

    A status alone never means "no record", but for 204 and 205, which have no content by
    definition: a proxy's 404 says nothing about a business. "No record" counts only in an answer
    that names the business asked; `without_echo` says why this one does not, for the reviewer.
    """

    status: Annotated[int, Meta(ge=100, le=599)] | None = None
    path: Path | None = None
    equals: str | int | bool | list[str | int] | None = None
    empty: bool = False
    reason: str | None = None
    without_echo: Annotated[str, Meta(min_length=4, max_length=300)] | None = None


def _envelope_no_record() -> list[Condition]:
    return [Condition(path="status", equals="not_found")]


def _envelope_not_applicable() -> list[Condition]:
    return [Condition(path="status", equals="not_applicable")]


def _date_formats() -> list[str]:
    return list(DATE_FORMATS)


class RequestSpec(
    Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True
):
    """How the department is asked. `{business_id}`, `{scheme}`, `{site}` and `{section}` are filled
    in, escaped for their place.

    A POST sends one of: `body`, an object of JSON; `form`, the fields of a form; `text`, a template
    of a text or of XML. `content_type` and `charset` say how, where it is not the usual.
    """

    method: Literal["GET", "POST"] = "GET"
    path: Annotated[str, Meta(max_length=300, pattern=r"^/[^\s\x00-\x1f]*$")] = (
        "/v1/sections/{section}/{business_id}"
    )
    query: dict[str, str] = {}
    body: dict[str, Any] | None = None
    form: dict[str, str] | None = None
    text: Annotated[str, Meta(min_length=1, max_length=4000)] | None = None
    content_type: MediaType | None = None
    charset: Literal["utf-8", "gb18030"] = "utf-8"


class ResponseSpec(
    Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True
):
    """Where things are in the department's answer; the defaults are the envelope of
    department-adapter.v1.yaml.

    Read in this order: HTTP status, content type, `success`, `business_id` (the echo), `no_record`
    and `not_applicable`, the record. `content_type` says what the answer is labelled, where it is
    not the usual. `as_of` may be `@received`: the source tells no time, and what it says is as old
    as its answer.
    """

    format: Literal["json", "xml"] = "json"
    content_type: MediaType | list[MediaType] | None = None
    charset: Literal["utf-8", "gb18030"] = "utf-8"
    business_id: Path = "business_id"
    as_of: Path = "as_of"
    record: Path = "data"
    success: Condition | None = None
    no_record: list[Condition] = field(default_factory=_envelope_no_record)
    not_applicable: list[Condition] = field(default_factory=_envelope_not_applicable)


MOST_DATE_FORMATS = 16
"""Of a manifest; each is tried on every date. Of more the first count."""


class FieldRule(Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """One canonical field: take `path` (JMESPath), apply `convert`, or map each element of a list
    with `each`.
    """

    to: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
    path: Path
    convert: Literal["none", "text", "date", "int", "number", "bool", "code", "list"] = "none"
    table: str | None = None
    default: str | int | bool | None = None
    each: "list[FieldRule] | None" = None
    fields: "list[FieldRule] | None" = None


class Mapping(Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """Declarative translation of what a department already serves into its canonical section."""

    request: RequestSpec = RequestSpec()
    response: ResponseSpec = ResponseSpec()
    fields: list[FieldRule] | None = None
    tables: dict[str, dict[str, str | bool | None]] = {}
    date_formats: list[str] = field(default_factory=_date_formats)


class AuthSpec(Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """How the gateway identifies itself to the department; the secret itself is stored apart,
    encrypted.
    """

    kind: Literal["none", "api_key", "bearer", "basic", "login"] = "none"
    header: Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,64}$")] = "X-Api-Key"


class Capacity(Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """What the department's system can take at once. The gateway begins with `initial` and finds
    its way between 4 (or `most`, where that is less) and `most`.
    """

    initial: Annotated[int, Meta(ge=1, le=2000)] = 16
    most: Annotated[int, Meta(ge=1, le=2000)] = 128


class Manifest(Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """An adapter's declaration. `kind` is `standard_rest` or the name of a Python adapter in
    `adapters.departments`.
    """

    schema_file: str | None = field(default=None, name="$schema")
    """For editors; the gateway does not read it."""
    adapter_id: AdapterId
    department: AdapterId
    section: AdapterId
    title_zh: Label
    title_en: Label
    base_url: Address
    replicas: Annotated[
        list[Address],
        Meta(max_length=3, description="other addresses of the same system, for hedged questions"),
    ] = []
    capacity: Capacity = Capacity()
    kind: AdapterId = "standard_rest"
    axis: Literal["vertical", "horizontal"] = "horizontal"
    region: Annotated[str, Meta(pattern=r"^\d{6}$", description="division code, GB/T 2260")] = (
        "000000"
    )
    scope: Literal["entity", "site"] = "entity"
    operations: list[Literal["search", "resolve_qr", "results", "aggregate"]] = []
    required: bool = False
    legal_basis: Label = "政务数据共享条例（国令第809号）"
    sharing_attribute: Literal["unconditional", "conditional", "none"] = "conditional"
    catalogue_no: Annotated[str, Meta(max_length=64)] = ""
    contact: Annotated[str, Meta(max_length=120)] = ""
    auth: AuthSpec = AuthSpec()
    mapping: Mapping | None = None
    sample_business_id: Annotated[str, Meta(min_length=4, max_length=64)]
    unknown_business_id: Annotated[str, Meta(min_length=4, max_length=64)]
