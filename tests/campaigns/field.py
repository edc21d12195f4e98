"""What departments, issuers, licences and people really send, each with the right value (`field.jsonl`).

`python -m tests.campaigns.field`. Every input goes through the code that serves it. A good third must stay what it is: an honest "no
record", a real bomb, a number that only looks like a telephone. `--reading-turned-back` looks for "no record" first, as was done once,
and must fail.
"""

import argparse
import asyncio
import contextlib
import gzip
import json
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from pydantic import TypeAdapter, ValidationError

from adapters.contract import AdapterError, IdentifierError, Manifest, parse
from adapters.contract.convert import Unread, to_list
from adapters.contract.days import to_date, to_instant
from adapters.contract.reading import read_record
from adapters.contract.sections import SECTIONS
from adapters.contract.spelling import shown
from adapters.departments.standard_rest import reader
from adapters.departments.standard_rest.adapter import StandardRestAdapter
from adapters.transport.answers import is_echo, retry_after_of
from adapters.transport.exchange import Exchange
from adapters.transport.guard import AddressGuard, Limits, decode_body
from adapters.transport.heads import RoutedQuery
from app.agreements.masking import mask
from app.businesses.matching import is_known_host, read, searches
from app.businesses.service import QR_HOSTS
from app.catalogue.service import catalogue_on
from app.core.moments import Moment
from app.inspections.rules import visit_time_error
from app.organisations.schemas import CertificateNo
from app.profile.merge import find_conflicts
from app.supervision.csv_safety import safe_cell
from app.supervision.spreadsheet import language_of
from app.tasks.lifecycle import was_open

CORPUS = Path(__file__).with_name("field.jsonl")
LEAST_INPUTS, LEAST_STAYING = 400, 0.30
NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
ASKED = "91330106MA90001Y88"
_PERMITS = {
    "to": "permits",
    "path": "xk",
    "each": [{"to": "permit_no", "path": "bh", "convert": "text"}],
}
_PINYIN = {
    "response": {
        "business_id": "dm",
        "as_of": "sj",
        "record": "sjx",
        "no_record": [{"path": "zt", "equals": "wjl"}],
        "not_applicable": [],
    },
    "fields": [_PERMITS],
}
_NAMED = {"to": "flags", "path": "[@]", "each": [{"to": "code", "path": "mc", "convert": "text"}]}


def _response(**response: Any) -> dict[str, Any]:
    return {**_PINYIN["response"], **response}


MAPPINGS: dict[str, dict[str, Any] | None] = {
    "contract": None,
    "pinyin": _PINYIN,
    "empty": {
        "response": {
            "business_id": "tyshxydm",
            "as_of": "gxsj",
            "record": "jg",
            "no_record": [{"path": "jg.xkz", "empty": True}],
            "not_applicable": [],
        },
        "fields": [
            {
                "to": "permits",
                "path": "xkz",
                "each": [{"to": "permit_no", "path": "xkzbh", "convert": "text"}],
            }
        ],
    },
    "success": {
        "response": _response(
            business_id="data[0].dm",
            as_of="data[0].sj",
            record="data[0]",
            success={"path": "code", "equals": "00"},
            no_record=[{"path": "data", "empty": True}],
        ),
        "fields": [_NAMED],
    },
    "two_codes": {
        "response": _response(
            business_id="data.dm",
            as_of="data.sj",
            record="data.row",
            success={"path": "code", "equals": 0},
            no_record=[{"path": "code", "equals": 2001}],
        ),
        "fields": [_NAMED],
    },
    "without_echo": {
        "response": _response(
            business_id="rows[0].dm",
            record="rows[0]",
            success={"path": "code", "equals": "00"},
            no_record=[
                {
                    "path": "rows",
                    "empty": True,
                    "without_echo": "the list is empty and names nobody",
                }
            ],
        ),
        "fields": [_NAMED],
    },
    "absent_404": {
        "response": _response(
            success={"path": "code", "equals": "00"},
            no_record=[{"status": 404, "path": "sjx", "empty": True}],
        ),
        "fields": [_PERMITS],
    },
    "no_content": {"response": _response(no_record=[{"status": 204}]), "fields": [_PERMITS]},
}


def adapter_of(mapping: dict[str, Any] | None) -> StandardRestAdapter:
    """A department that is never asked."""
    manifest = {
        "adapter_id": "field", "department": "field", "section": "field", "title_zh": "现场", "title_en": "field",
        "base_url": "https://field.example", "sample_business_id": ASKED, "unknown_business_id": ASKED,
        **({} if mapping is None else {"mapping": mapping}),
    }  # fmt: skip
    return StandardRestAdapter(
        msgspec.convert(manifest, Manifest), Exchange(AddressGuard()), {}, lambda: NOW
    )


def _said(mapping: dict[str, Any] | None, status: int, media: str, body: bytes) -> Any:
    return adapter_of(mapping).read(status, {"content-type": media}, body, ASKED)


def tell_read(given: dict[str, Any]) -> Any:
    try:
        answer = _said(
            MAPPINGS[given["manifest"]], given["status"], given["type"], given["body"].encode()
        )
    except AdapterError as error:
        return error.code
    return answer.reason or "fresh"


def _value(shape: str, field: str, told: Any) -> Any:
    """A value as the section has it, or what was wanted where it was left out."""
    found = read_record(
        {field: told, "division_code": "330106", "legal_rep_name": "x", "permits": []}
        if shape == "registration"
        else {field: told, "tax_authority": "x"},
        SECTIONS[shape],
    )
    if found.unreadable:
        return f"unreadable:{found.unreadable[0].wanted}"
    value = getattr(found.data, field)
    return value.isoformat() if isinstance(value, date) else value


def tell_date(told: Any) -> Any:
    return _value("registration", "term_to", told)


def tell_instant(told: Any) -> Any:
    try:
        return to_instant(told).isoformat()
    except ValueError:
        return "refused"


def _permit(mapping: dict[str, Any], media: str, body: bytes) -> str:
    try:
        answer = _said(mapping, 200, media, body)
    except AdapterError as error:
        return f"refused:{error.code}"
    return str(answer.data.permits[0].permit_no)


def tell_bytes(given: dict[str, Any]) -> Any:
    spec = given["spec"]
    response, each, media = _response(), "bh", "application/json"
    if "xml" in spec:
        at = '"@dm"', '"@sj"', '"@bh"'
        if spec["xml"] == "elements":
            at = "dm", "sj", "bh"
        response = _response(business_id=f"R.{at[0]}", as_of=f"R.{at[1]}", record="R", format="xml")
        each, media = at[2], "application/xml"
    response |= {k: v for k, v in spec.items() if k in {"charset", "record"}}
    rule = {**_PERMITS, "each": [{"to": "permit_no", "path": each, "convert": "text"}]}
    return _permit({"response": response, "fields": [rule]}, media, bytes.fromhex(given["hex"]))


def tell_label(given: dict[str, Any]) -> Any:
    declared = {} if given["declared"] is None else {"content_type": given["declared"]}
    body = {
        "dm": ASKED,
        "sj": "2026-11-20 10:00:00",
        "zt": "ok",
        "sjx": {"xk": [{"bh": "FR-0001"}]},
    }
    return _permit(
        {**_PINYIN, "response": _response(**declared)}, given["type"], json.dumps(body).encode()
    )


def tell_inflate(size: int) -> str:
    packed = gzip.compress(b"0" * size)
    try:
        decode_body({"content-encoding": "gzip"}, packed, Limits())
    except AdapterError:
        return "refused"
    return "read"


def tell_target(given: dict[str, Any]) -> str:
    adapter = adapter_of({**_PINYIN, "request": given})
    query = RoutedQuery(ASKED, "uscc", None, "patrol", "u", "t", 0.0)
    return adapter._doors[0][1].target(query)  # noqa: SLF001 - what a department sees


def tell_typed(text: str) -> list[Any]:
    found = read(text)
    value = found.identifier.value if found.identifier else found.text or None
    return [found.kind, None if found.kind in {"short", "personal", "broken", "url"} else value]


def tell_identifier(text: str) -> str:
    try:
        parse(text)
    except IdentifierError as error:
        return error.code
    return "ok"


def tell_unusual(given: dict[str, Any]) -> str:
    try:
        return "unusual" if "unusual" in parse(given["code"], given["unusual"]).checks else "ok"
    except IdentifierError as error:
        return error.code


def _valid(kind: Any, value: Any) -> str:
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        return error.errors()[0]["type"]
    return "ok"


def tell_visit_clock(minutes: list[int]) -> str:
    began, ended = (NOW + timedelta(minutes=m) for m in minutes)
    wrong = visit_time_error(began, ended, NOW)
    if wrong is None:
        return "ok"
    return "clock" if "clock" in wrong.detail else "old" if "back" in wrong.detail else "order"


CATALOGUE = catalogue_on(NOW.date())


def _conflicts(released: dict[str, Any], site: str | None = None) -> list[str]:
    told = {name: msgspec.convert(data, SECTIONS[name]) for name, data in released.items()}
    return [c.element for c in find_conflicts(told, {}, CATALOGUE, site)]


def tell_permits(given: dict[str, Any]) -> list[str]:
    def rows(of: dict[str, list[str]]) -> list[dict[str, str]]:
        return [{"permit_no": n, "site_ref": s} for n, sites in of.items() for s in sites]

    sides = {name: {"permits": rows(given[name])} for name in ("registration", "food")}
    return _conflicts(sides, given["site"])


HOW: dict[str, Any] = {
    "read": tell_read,
    "date": tell_date,
    "capital": lambda told: _value("registration", "registered_capital", told),
    "status": lambda told: _value("registration", "reg_status_code", told),
    "truth": lambda told: _value("registration", "suspended", told),
    "count": lambda told: _value("tax", "overdue_filing_count", told),
    "instant": tell_instant,
    "seconds": lambda told: str(to_date(told, ("%s",))),
    "bytes": tell_bytes,
    "label": tell_label,
    "echo": lambda given: is_echo(given["asked"], given["told"]),
    "retry_after": lambda told: retry_after_of({"retry-after": told}, lambda: NOW),
    "list": to_list,
    "inflate": tell_inflate,
    "target": tell_target,
    "shown": shown,
    "typed": tell_typed,
    "searched": lambda text: searches(text)[0],
    "identifier": tell_identifier,
    "mask": lambda text: mask("free_text", text),
    "unusual": tell_unusual,
    "host": lambda host: is_known_host(host, QR_HOSTS),
    "certificate": lambda number: _valid(CertificateNo, number) == "ok",
    "task_clock": lambda minutes: (
        "open"
        if was_open(NOW, None, NOW + timedelta(hours=72), NOW + timedelta(minutes=minutes))
        else "closed"
    ),
    "visit_clock": tell_visit_clock,
    "names": lambda pair: (
        not _conflicts(
            {"registration": {"entity_name": pair[0]}, "tax": {"taxpayer_name": pair[1]}}
        )
    ),
    "persons": lambda pair: (
        not _conflicts(
            {"registration": {"legal_rep_name": pair[0]}, "food": {"legal_rep_name": pair[1]}}
        )
    ),
    "permits": tell_permits,
    "cell": safe_cell,
    "language": language_of,
    "moment": lambda text: _valid(Moment, text),
}
"""How an input of each kind is told."""


def rows() -> list[dict[str, Any]]:
    """The corpus."""
    with CORPUS.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def tell(row: dict[str, Any]) -> Any:
    """What the product makes of an input."""
    told = HOW[row["how"]](row["given"])
    return f"unreadable:{told.wanted}" if isinstance(told, Unread) else told


@contextlib.contextmanager
def reading_turned_back():
    """ "No record" is looked for first and needs no echo, whatever the answer says of itself."""

    def read_first(self, response, asked, digest):
        with contextlib.suppress(AdapterError):
            document = self._document(response)
            found = self._absence(response.status, document)
            if found is not None:
                return reader.SectionAnswer(None, None, digest, found.reason)
        return read_as_now(self, response, asked, digest)

    read_as_now = reader.Reader.read
    reader.Reader.read = read_first
    try:
        yield
    finally:
        reader.Reader.read = read_as_now


def campaign() -> dict[str, Any]:
    """Every input once; `wrong` are those that are not told right."""
    found = rows()
    wrong = [
        {**row, "told": told}
        for row in found
        if json.dumps(told := tell(row), default=str) != json.dumps(row["right"])
    ]
    return {
        "inputs": len(found),
        "staying": sum(bool(row.get("stays")) for row in found),
        "by_kind": dict(sorted(Counter(row["kind"] for row in found).items())),
        "wrong": wrong,
    }


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reading-turned-back", action="store_true")
    turned = parser.parse_args().reading_turned_back
    with reading_turned_back() if turned else contextlib.nullcontext():
        result = campaign()
    for row in result["wrong"]:
        print(json.dumps(row, ensure_ascii=False, default=str))
    enough = (
        result["inputs"] >= LEAST_INPUTS and result["staying"] >= LEAST_STAYING * result["inputs"]
    )
    ok = enough and not result["wrong"]
    print(json.dumps({**result, "wrong": len(result["wrong"]), "ok": ok}))
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
