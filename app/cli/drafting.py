"""A department's first day, before anything is registered: a manifest to begin with, what a section
has, one question to the own system.
"""

import asyncio
import difflib
import ipaddress
import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import typer
from msgspec import inspect

from adapters.contract import SECTIONS, AdapterQuery, IdentifierError, Manifest, parse, shape_of
from adapters.contract.errors import AdapterError
from adapters.contract.labels import label_of, value_label, values_of
from adapters.contract.reading import UNKNOWN
from adapters.transport.exchange import Exchange
from adapters.transport.guard import AddressGuard
from app.cli.words import said

_SECONDS = 5.0
_ANYWHERE = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))


def skeleton(name: str, department: str, section: str, address: str) -> dict[str, Any]:
    """A manifest to fill in: what must be there, and a mapping that shows where things go."""
    return {
        "$schema": "openapi/manifest.schema.json",
        "adapter_id": name,
        "department": department,
        "section": section,
        "title_zh": "（部门名称）",
        "title_en": name.replace("_", " "),
        "base_url": address,
        "legal_basis": "（法律依据）",
        "catalogue_no": "",
        "contact": "（接口负责人）",
        "sample_business_id": "91310115MA1YYY024Y",
        "unknown_business_id": "91500103MAEYYY1167",
        "mapping": {
            "request": {"path": "/query", "query": {"tyshxydm": "{business_id}"}},
            "response": {
                "success": {"path": "code", "equals": "00"},
                "business_id": "data.tyshxydm",
                "as_of": "data.gxsj",
                "record": "data",
                "no_record": [{"path": "data.list", "empty": True}],
                "not_applicable": [],
            },
            "fields": [
                {
                    "to": "permits",
                    "path": "list",
                    "each": [
                        {"to": "name", "path": "xkzmc", "convert": "text"},
                        {"to": "permit_no", "path": "xkzbh", "convert": "text"},
                        {"to": "valid_to", "path": "yxqz", "convert": "date"},
                    ],
                }
            ],
        },
    }


def fields_of(section: str) -> list[dict[str, Any]]:
    """What a section may tell: field, kind, what it is called, allowed values."""
    return _fields(shape_of(section), "")


def _fields(shape: type[msgspec.Struct], before: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for field in inspect.type_info(shape).fields:  # type: ignore[attr-defined]  # of structs
        words = label_of(shape, field.name)
        kind = _kind(field.type)
        values = [v for v in values_of(field.type) if v != UNKNOWN or kind == "code"]
        found.append(
            {
                "field": before + field.name,
                "kind": kind,
                "zh": words.zh,
                "en": words.en,
                "values": {v: value_label(shape, field.name, v).zh for v in values},
            }
        )
        inner = _inner(field.type)
        if inner is not None:
            mark = "[]." if kind == "list" else "."
            found += _fields(inner, f"{before}{field.name}{mark}")
    return found


def _kind(kind: inspect.Type) -> str:
    match kind:
        case inspect.UnionType():
            return _kind(next(t for t in kind.types if not isinstance(t, inspect.NoneType)))
        case inspect.Metadata():
            return _kind(kind.type)
        case inspect.LiteralType():
            return "code"
        case inspect.StructType():
            return "object"
        case _:
            return type(kind).__name__.removesuffix("Type").lower()


def _inner(kind: inspect.Type) -> type[msgspec.Struct] | None:
    for part in (kind, *getattr(kind, "types", ()), getattr(kind, "item_type", None)):
        if isinstance(part, inspect.StructType):
            return part.cls
    return None


def ask_once(document: Any, business: str, secrets: dict[str, str]) -> dict[str, Any]:
    """One question to the department's own system, from this machine: what was sent, what came, and
    what it becomes. Raises ValueError with a sentence.
    """
    from app.registry.loader import kind_of

    try:
        manifest = msgspec.convert({"region": "000000"} | document, Manifest)
    except (msgspec.ValidationError, TypeError) as error:
        raise ValueError(str(error)) from error
    if manifest.mapping is None and manifest.section not in SECTIONS:
        raise ValueError(said("The section has no mapping.", "该板块没有映射。"))
    try:
        scheme = str(parse(business).scheme)
    except IdentifierError:
        scheme = UNKNOWN

    async def ask() -> dict[str, Any]:
        exchange = Exchange(AddressGuard(allow=_ANYWHERE, allow_http=True))
        try:
            adapter: Any = kind_of(manifest).build(
                manifest, exchange, secrets, lambda: datetime.now(UTC)
            )
            until = asyncio.get_running_loop().time() + _SECONDS
            query = AdapterQuery(
                business, scheme, None, "conformance", "gateway", uuid.uuid4().hex, until
            )
            seen = await adapter.transcript(query)
            return _told(adapter, seen, business)
        finally:
            await exchange.aclose()

    try:
        return asyncio.run(ask())
    except (AdapterError, TimeoutError) as error:
        raise ValueError(str(error) or type(error).__name__) from error


def _told(adapter: Any, seen: Any, business: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "sent": seen.sent,
        "status": seen.status,
        "content_type": seen.fields.get("content-type", ""),
        "came": seen.body.decode("utf-8", "replace")[:4000],
    }
    try:
        answer = adapter.read(seen.status, seen.fields, seen.body, business)
    except AdapterError as error:
        return {**told, "outcome": str(error.outcome), "reason": error.code, "detail": error.detail}
    if answer.data is None:
        return {**told, "outcome": "not_found", "reason": answer.reason}
    return {
        **told,
        "outcome": "fresh",
        "data": msgspec.to_builtins(answer.data),
        "unreadable": msgspec.to_builtins(answer.unreadable),
    }


def differences(before: Any, after: Any, name: str) -> list[str]:
    """The lines in which two manifests differ."""

    def lines(document: Any) -> list[str]:
        return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True).splitlines()

    return list(
        difflib.unified_diff(lines(before), lines(after), f"{name} (registered)", name, lineterm="")
    )


def write_new(path: Path, document: Any) -> None:
    """Write a file that is not there yet. Raises ValueError with a sentence."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    except FileExistsError as error:
        raise ValueError(said(f"{path} is there already.", f"{path} 已存在。")) from error
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
    typer.echo(said(f"written: {path}", f"已写入：{path}"))
