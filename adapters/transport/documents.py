"""Turning a department's bytes into plain values, within bounds: strict charset, hardened JSON and
XML.
"""

import codecs
import json
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
import msgspec
from defusedxml import DefusedXmlException

from adapters.contract.errors import AdapterMalformed
from adapters.contract.spelling import letters_of_today
from adapters.transport.guard import Limits
from adapters.transport.scan import check_cost, check_text, repeats_keys


def _what_windows_adds(error: UnicodeError) -> tuple[str, int]:
    """GBK as Windows writes it has two bytes more than GB 18030: each costs one sign."""
    if isinstance(error, UnicodeDecodeError):
        sign = _OF_WINDOWS.get(error.object[error.start])
        if sign is not None:
            return sign, error.start + 1
    raise error


_OF_WINDOWS = {0x80: "\u20ac", 0xFF: "\ufffd"}
codecs.register_error("what_windows_adds", _what_windows_adds)


def decode_text(raw: bytes, charset: str) -> str:
    """A text in the declared charset, without a mark of its byte order. GB 18030 is read as it is
    really written (edition of 2022, and what Windows adds); all else is refused.
    """
    try:
        if charset == "gb18030":
            text = letters_of_today(raw.decode(charset, "what_windows_adds"))
        else:
            text = raw.decode(charset)
    except UnicodeDecodeError as error:
        raise AdapterMalformed("encoding", f"not valid {charset}") from error
    return text.removeprefix("\ufeff")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise AdapterMalformed("duplicate_key")
    return found


def _no_constant(name: str) -> Any:
    raise AdapterMalformed("not_parsable", f"{name} is no JSON value")


def decode_json(raw: bytes, limits: Limits) -> Any:
    """Plain values of JSON in UTF-8, with the same refusals as `parse_json`, at the decoder's
    speed.
    """
    raw = raw.removeprefix(codecs.BOM_UTF8)
    check_text(raw)
    check_cost(raw, limits)
    try:
        document = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return parse_json(raw.decode(), limits)
    if repeats_keys(raw, document) is False:
        return document
    return parse_json(raw.decode(), limits)


def parse_json(text: str, limits: Limits) -> Any:
    """JSON without NaN, without repeated keys, within depth, node and string bounds."""
    check_cost(text.encode("utf-8", "surrogatepass"), limits)
    try:
        document = json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        code = "too_complex" if isinstance(error, RecursionError) else "not_parsable"
        raise AdapterMalformed(code, type(error).__name__) from error
    check_structure(document, limits)
    return document


def check_structure(document: Any, limits: Limits) -> None:
    """Walk a parsed document and refuse one that is too deep, too large, or holds text no database
    can store.
    """
    nodes, level, depth = 0, [document], 0
    while level:
        depth += 1
        nodes += len(level)
        if depth > limits.depth or nodes > limits.nodes:
            raise AdapterMalformed("too_complex", f"depth {depth}, {nodes} parts")
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.keys())
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
            elif isinstance(item, str):
                _check_string(item, limits)
        level = below


def _check_string(text: str, limits: Limits) -> None:
    if len(text) > limits.string:
        raise AdapterMalformed("too_complex", "a text is longer than allowed")
    if "\x00" in text or (not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text)):
        raise AdapterMalformed("encoding", "a text holds NUL or half a character")


def parse_xml(text: str, limits: Limits) -> dict[str, Any]:
    """XML without DTD, entities or external references, as nested dicts; repeated elements become
    lists, an attribute is `@name`, the text of an element with attributes is `TEXT`.

    The text is decoded already, so a declaration that names a charset is cut off: expat knows no
    GB18030.
    """
    if text.count("<") > 2 * limits.nodes:
        raise AdapterMalformed("too_complex", "too many elements")
    body = text.lstrip("\ufeff \r\n\t")
    if body.startswith("<?xml"):
        body = body.partition("?>")[2]
    try:
        root = defusedxml.ElementTree.fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, RecursionError) as error:
        raise AdapterMalformed("not_parsable", type(error).__name__) from error
    document = {_local(root): _element(root, limits.depth)}
    check_structure(document, limits)
    return document


TEXT = "#text"
_SCHEMA_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _element(element: Element, depth: int) -> Any:
    if depth == 0:
        raise AdapterMalformed("too_complex", "XML nested too deep")
    if element.get(f"{_SCHEMA_INSTANCE}nil") in {"true", "1"}:
        return None
    text = (element.text or "").strip()
    found: dict[str, Any] = {
        f"@{name.rpartition('}')[2]}": value
        for name, value in element.attrib.items()
        if not name.startswith(_SCHEMA_INSTANCE)
    }
    if not len(element):
        if found and text:
            found[TEXT] = text
        return found or text
    for child in element:
        name, value = _local(child), _element(child, depth - 1)
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found
