"""The OpenAPI document (3.1.0): FastAPI's, with the contract's own components and what each
operation can answer.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from adapters.contract import SECTIONS, Manifest
from adapters.contract.labels import label_of, shapes, value_label, values_of
from adapters.contract.words import Words, words_of
from app.api.table import every_route
from app.core.problems import MEDIA_TYPE
from app.core.schemas import Problem
from app.profile.schemas import BatchLine, Profile, SectionAlone, StreamLine

OPENAPI_VERSION = "3.1.0"
"""Not 3.2: common generators refuse it, and nothing of it is used."""
_DATA = Path(__file__).with_name("data")
_EXAMPLES = Path(__file__).parents[2] / "openapi" / "examples" / "answers"
_OPERATIONS = words_of(_DATA / "operations.csv")
_TAGS = words_of(_DATA / "tags.csv")
_REFERENCE = "#/components/schemas/{name}"
_FALLBACK = "other"

_DESCRIPTION = """一次查：进一次门、查多项事。One visit, many departments.

- Every refusal is `application/problem+json` (RFC 9457) with words in Chinese and English.
- Query parameters and body fields that are not listed are refused (422), so that a mistyped one is
  not silently ignored. 未列出的参数一律拒绝。
- `not_found` means that a department has no record; it never means compliant. 无记录不等于合规。
"""
_REFUSALS = {
    400: "The request cannot be read",
    401: "The access token is missing or does not verify",
    403: "The caller may not do this",
    404: "There is no such thing, or none the caller may know of",
    408: "The request came too slowly",
    409: "The thing's state does not allow it, or another request changed it at the same time",
    413: "The body is larger than allowed",
    415: "The content type is not JSON",
    422: "The content cannot be accepted; errors has pointers",
    429: "The caller asks too often; Retry-After says when to come again",
    500: "The gateway failed; it has been logged",
    503: "Not now; Retry-After says when",
}
_HEADERS = {
    "X-Request-Id": "the trace id of this request; give it to the operator",
    "ETag": "of data, outcomes, source times and policy; send it back as If-None-Match",
    "RateLimit": "what is left of your look-ups (draft-ietf-httpapi-ratelimit-headers)",
    "RateLimit-Policy": "how many look-ups you may make in which time",
    "Retry-After": "seconds after which to come again",
    "WWW-Authenticate": "what the token lacks",
    "Location": "where to look for progress",
    "Replayed": "true where the record was stored before",
    "Content-Disposition": "the file's name",
}
_OF_STATUS = {
    "401": ("WWW-Authenticate",),
    "429": ("Retry-After", "RateLimit", "RateLimit-Policy"),
    "503": ("Retry-After",),
}
_LOOK_UPS = frozenset({"read_profile", "read_section", "read_profiles"})
_OF_OPERATION = {
    ("read_profile", "200"): ("ETag", "RateLimit", "RateLimit-Policy"),
    ("read_profile", "304"): ("ETag", "RateLimit", "RateLimit-Policy"),
    ("read_section", "200"): ("RateLimit", "RateLimit-Policy"),
    ("read_profiles", "200"): ("RateLimit", "RateLimit-Policy"),
    ("verify_adapter", "202"): ("Location",),
    ("submit_inspection", "200"): ("Replayed",),
    ("stream_records_csv", "200"): ("Content-Disposition",),
}


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """The document; made once per application."""
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(
        title="OneVisit gateway",
        version="1.0.0",
        openapi_version=OPENAPI_VERSION,
        summary="一次查 · one visit, many departments",
        description=_DESCRIPTION,
        routes=app.routes,
        servers=[{"url": "/", "description": "the gateway that serves this document"}],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        tags=[{"name": n, "description": f"{w.zh} / {w.en}"} for n, w in _TAGS.items()],
    )
    _components(document["components"]["schemas"])
    _headers(document["components"])
    routes = {route.name: route for route in every_route(app)}
    for item in document["paths"].values():
        for operation in item.values():
            _complete(operation, routes[operation["operationId"]])
    app.openapi_schema = document
    return document


def _components(schemas: dict[str, Any]) -> None:
    """The contract's own shapes, in place of FastAPI's words for them."""
    roots = [Profile, SectionAlone, Manifest, Problem, *SECTIONS.values(), StreamLine, BatchLine]
    unions, components = msgspec.json.schema_components(roots, ref_template=_REFERENCE)
    schemas.update(components)
    schemas["StreamLine"], schemas["BatchLine"] = unions[-2:]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for shape in shapes():
        _label(shape, schemas[shape.__name__])
    _sections(schemas)


def _label(shape: type[msgspec.Struct], schema: dict[str, Any]) -> None:
    """Titles of fields and code values in both languages."""
    for field in msgspec.inspect.type_info(shape).fields:  # type: ignore[attr-defined]  # of structs
        told = schema["properties"][field.name]
        told["title"] = _both(label_of(shape, field.name))
        values = values_of(field.type)
        if values:
            named = {value: _both(value_label(shape, field.name, value)) for value in values}
            told["description"] = "; ".join(f"{value}: {words}" for value, words in named.items())


def _sections(schemas: dict[str, Any]) -> None:
    """A section of a profile holds the data of its own kind."""
    any_data = [{"$ref": _REFERENCE.format(name=shape.__name__)} for shape in SECTIONS.values()]
    plain = schemas["SectionRead"]
    plain["properties"]["data"] = {"anyOf": any_data}
    of_profile = {}
    for section, shape in SECTIONS.items():
        name = f"{shape.__name__}Section"
        data = {"$ref": _REFERENCE.format(name=shape.__name__)}
        typed = {**plain["properties"], "data": data}
        schemas[name] = {**plain, "title": name, "properties": typed}
        of_profile[section] = {"$ref": _REFERENCE.format(name=name)}
    other = of_profile.pop(_FALLBACK)
    schemas["Profile"]["properties"]["sections"] = {
        "type": "object",
        "description": "by section; one that this document does not name has the common shape",
        "properties": of_profile,
        "additionalProperties": other,
    }


def _headers(components: dict[str, Any]) -> None:
    components["headers"] = {
        name: {"description": description, "schema": {"type": "string"}}
        for name, description in _HEADERS.items()
    }


def _complete(operation: dict[str, Any], route: APIRoute) -> None:
    name = operation["operationId"]
    operation["summary"] = _both(_OPERATIONS[name])
    _add_refusals(operation, route)
    for status, response in operation["responses"].items():
        own = ("X-Request-Id", *_OF_OPERATION.get((name, status), ()), *_OF_STATUS.get(status, ()))
        response["headers"] = {h: {"$ref": f"#/components/headers/{h}"} for h in own}
    if any(getattr(d.call, "permission", None) for d in route.dependant.dependencies) or (
        "security" in operation
    ):
        operation["security"] = [{"HTTPBearer": []}]
    _add_examples(operation)


def _add_refusals(operation: dict[str, Any], route: APIRoute) -> None:
    """Only what this operation can refuse."""
    problem = {MEDIA_TYPE: {"schema": {"$ref": _REFERENCE.format(name="Problem")}}}
    responses = operation["responses"]
    responses.pop("422", None)
    for status in sorted(_can_refuse(operation, route)):
        known = responses.setdefault(str(status), {"description": _REFUSALS[status]})
        known.setdefault("content", {}).update(problem)
    operation["responses"] = dict(sorted(responses.items()))


def _can_refuse(operation: dict[str, Any], route: APIRoute) -> set[int]:
    name = operation["operationId"]
    found = {429, 500, 503}
    if "security" in operation:
        found |= {401, 403}
    parameters = operation.get("parameters", ())
    if any(p["in"] == "path" for p in parameters):
        found.add(404)
    if parameters:
        found.add(422)
    if "requestBody" in operation:
        found |= {400, 408, 413, 415, 422}
    if route.methods and route.methods & {"POST", "PUT", "DELETE"} and name not in _LOOK_UPS:
        found.add(409)
    if name == "compare_agreement":  # of versions that this release does not read
        found.add(409)
    if name == "read_metrics":
        found.add(403)
    return found


def _add_examples(operation: dict[str, Any]) -> None:
    """What was asked and answered when the examples were run last (`openapi/examples/answers`)."""
    recorded = _recorded().get(operation["operationId"])
    if recorded is None:
        return
    for body in operation.get("requestBody", {}).get("content", {}).values():
        if recorded["request"] is not None:
            body["example"] = recorded["request"]
    content = operation["responses"].get(str(recorded["status"]), {}).get("content", {})
    told = content.get(recorded["media_type"])
    if told is not None:
        told["example"] = recorded["response"]


@cache
def _recorded() -> dict[str, Any]:
    """By operation; none where the examples were not run yet, or are not installed beside us."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(_EXAMPLES.glob("*.json"))
    }


def _both(words: Words) -> str:
    return f"{words.zh} / {words.en}"
