"""Masks (docs/sources.md): server side, before serialising, idempotent. Pure."""

import re
from collections.abc import Callable
from typing import Any

from adapters.contract.business_id import is_resident_number

_ID = re.compile(r"(?<![0-9A-Za-z])(\d{6})(\d{8})(\d{3}[\dXx])(?![0-9A-Za-z])")
_MOBILE = re.compile(r"(?<!\d)(1\d{2})(\d{4})(\d{4})(?!\d)")
_DIGITS_OF_A_YEAR = range(1800, 2100)


def id_number(value: str) -> str:
    """Hides the birth date: 110105********002X (R-SSX art 12); other texts keep nothing but their length."""
    if re.fullmatch(r"\d{6}[\d*]{8}\d{3}[\dXx]", value):
        return value[:6] + "********" + value[14:]
    return "*" * len(value)


def phone(value: str) -> str:
    """Mobile numbers keep three and four digits; others keep the last two."""
    if re.fullmatch(r"1\d{2}[\d*]{4}\d{4}", value):
        return value[:3] + "****" + value[7:]
    return "*" * max(len(value) - 2, 0) + value[-2:]


def free_text(value: str) -> str:
    """Masks identity and mobile numbers inside a text, and leaves business codes alone."""
    return _MOBILE.sub(r"\1****\3", _ID.sub(_hide_person, value))


def _hide_person(found: re.Match[str]) -> str:
    looks_like_a_date = int(found[2][:4]) in _DIGITS_OF_A_YEAR
    return f"{found[1]}********{found[3]}" if looks_like_a_date or is_resident_number(found[0].upper()) else found[0]


MASKS: dict[str, Callable[[str], str]] = {"id_number": id_number, "phone": phone, "free_text": free_text}


def mask(rule: str, value: Any) -> Any:
    """Apply a rule to every text of a value, however nested."""
    if isinstance(value, str):
        return MASKS[rule](value)
    if isinstance(value, list):
        return [mask(rule, item) for item in value]
    if isinstance(value, dict):
        return {key: mask(rule, item) for key, item in value.items()}
    return value
