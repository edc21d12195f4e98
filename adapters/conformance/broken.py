"""Broken answers, and whether a department's reading turns one into a statement about a business.
No network: the answers are committed (`data/broken_answers.jsonl`) or made from a sound one. Pure.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from adapters.contract.adapter import Examinable, SectionAnswer, Transcript
from adapters.contract.errors import AdapterError

OTHER = "91330106MA2YYY034D"
ANOTHER = "91310115MA1YYY024Y"
_TAG = re.compile(rb"(</?)([A-Za-z_][\w.-]*)")
_LABELS = {"json": "application/json", "xml": "application/xml"}


class Broken(NamedTuple):
    """An answer that says nothing about a business."""

    name: str
    status: int
    type: str
    body: bytes


class Believed(NamedTuple):
    """A broken answer that was read as a statement: `as_what` is `fresh` or a reason."""

    name: str
    as_what: str


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    status: int
    type: str
    body: str


@cache
def committed() -> tuple[_Row, ...]:
    """The answers as they are kept: `{business_id}`, `{other}`, `{now}` stand in them."""
    text = (Path(__file__).with_name("data") / "broken_answers.jsonl").read_bytes()
    return tuple(msgspec.json.Decoder(_Row).decode_lines(text))


def broken_answers(asked: str, now: str) -> list[Broken]:
    """The committed answers for a business."""
    other = OTHER if asked != OTHER else ANOTHER
    return [
        Broken(
            row.name,
            row.status,
            row.type,
            row.body.replace("{business_id}", asked)
            .replace("{other}", other)
            .replace("{now}", now)
            .encode(),
        )
        for row in committed()
    ]


def broken_from(sound: Transcript, asked: str) -> Iterator[Broken]:
    """What becomes of a department's own sound answer: cut, of another business, without its echo,
    with other keys, wrapped, or with a failing status.
    """
    body, kind = sound.body, sound.fields.get("content-type", "")
    other = OTHER if asked != OTHER else ANOTHER
    half = len(body) // 2
    made: dict[str, bytes] = {
        "cut_in_half": body[:half],
        "cut_at_the_end": body.rstrip()[:-1],
        "of_another_business": body.replace(asked.encode(), other.encode()),
        "without_the_echo": body.replace(asked.encode(), b""),
        **_with_other_keys(body),
    }
    for name, changed in made.items():
        if changed != body:
            yield Broken(name, sound.status, kind, changed)
    for status in (206, 302, 401, 403, 429, 500, 502, 503):
        yield Broken(f"with_status_{status}", status, kind, body)


def _with_other_keys(body: bytes) -> dict[str, bytes]:
    try:
        document = json.loads(body)
    except ValueError:
        if not body.lstrip().startswith(b"<"):
            return {}
        return {
            "keys_in_other_case": _TAG.sub(lambda m: m[1] + m[2].swapcase(), body),
            "keys_renamed": _TAG.sub(rb"\1\2_v2", body),
        }
    made = {
        "keys_in_other_case": _renamed(document, str.swapcase),
        "keys_renamed": _renamed(document, lambda key: f"{key}_v2"),
        "wrapped": {"result": document},
        "as_a_text": json.dumps(document),
    }
    return {
        name: json.dumps(changed).encode() for name, changed in made.items() if changed != document
    }


def _renamed(document: Any, rename: Any) -> Any:
    if isinstance(document, dict):
        return {rename(key): _renamed(value, rename) for key, value in document.items()}
    if isinstance(document, list):
        return [_renamed(value, rename) for value in document]
    return document


def believed(adapter: Examinable, answers: list[Broken], asked: str) -> list[Believed]:
    """The broken answers that a department's reading takes for a statement, each read under its own
    label and under the one that the department uses.
    """
    usual = dict.fromkeys((*_LABELS.values(), "text/html; charset=utf-8"))
    found: dict[str, Believed] = {}
    for answer in answers:
        for label in dict.fromkeys((answer.type, *usual)):
            try:
                said = adapter.read(answer.status, {"content-type": label}, answer.body, asked)
            except AdapterError:
                continue
            found.setdefault(answer.name, Believed(answer.name, _as_what(said)))
    return list(found.values())


def _as_what(said: SectionAnswer) -> str:
    return "fresh" if said.data is not None else said.reason or "no_record"
