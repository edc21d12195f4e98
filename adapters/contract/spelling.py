"""Words that departments put where a value belongs, and how they write them: dated data
(`data/value_words.csv`, `code_labels.csv`, `private_use.csv`). Pure.
"""

import re
import unicodedata
from functools import cache, lru_cache
from pathlib import Path

from adapters.contract.tables import rows

_DATA = Path(__file__).with_name("data")
_SIGNS = "。.,;:、·…*※\"'“”‘’「」『』()[]【】〔〕{}<>《》〈〉-—–─━―‐_~～|\\/!•・"
_LEADS = re.compile(r"(有效期限?|营业期限|经营期限|期限)?(截止|截至|至|到)?[:：]?(?=.)")
_BRACKETS = re.compile(r"[()\[\]【】]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f"
    "\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_PILE = re.compile(f"([{_MARKS}]{{2}})[{_MARKS}]+")
_PRIVATE = re.compile("[\ue000-\uf8ff]")


@cache
def _words() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    columns = ("kind", "text", "valid_from", "source", "confidence")
    for row in rows(_DATA / "value_words.csv", columns):
        found.setdefault(row["kind"], set()).add(folded(row["text"]))
    return {kind: frozenset(texts) for kind, texts in found.items()}


@cache
def _labels() -> dict[tuple[str, str], str]:
    columns = ("field", "value", "text", "valid_from", "source", "confidence")
    table = rows(_DATA / "code_labels.csv", columns)
    return {(row["field"], folded(row["text"])): row["value"] for row in table}


@cache
def _moved() -> dict[int, str]:
    table = rows(_DATA / "private_use.csv", ("private", "today", "bytes", "source"))
    return {int(row["private"], 16): chr(int(row["today"], 16)) for row in table}


@lru_cache(maxsize=16_384)
def folded(text: str) -> str:
    """A word as it is compared: compatible width, lower case, no blanks.

    >>> folded("吊销，  未注销")
    '吊销,未注销'
    """
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text.replace("&nbsp;", " ")))
    return "".join(plain.casefold().split())


def bare(text: str) -> str:
    """A folded word without the signs around it; empty for signs alone."""
    return folded(text).strip(_SIGNS)


def says(kind: str, text: str) -> bool:
    """Whether a text is one of a kind of words (`no_end`, `not_told`, `true`, `false`, …), with
    whatever signs stand around it.
    """
    known, whole = _words()[kind], folded(text)
    return whole in known or whole.strip(_SIGNS) in known


def says_no_end(text: str) -> bool:
    """Whether a text in an end date says that there is none: a word for it, with or without what
    leads up to it, or nothing but signs.

    >>> [says_no_end(t) for t in ("长期有效。", "至 长期", "——", "待定")]
    [True, True, True, False]
    """
    whole = bare(text)
    if not whole:
        return True
    known = _words()["no_end"]
    words = [word for part in _BRACKETS.split(whole) if (word := part.strip(_SIGNS))]
    return all(w in known or _LEADS.sub("", w, count=1).strip(_SIGNS) in known for w in words)


def code_of_label(field: str, text: str) -> str | None:
    """The code whose label a department told in its place; None for a text that is no label.

    >>> code_of_label("reg_status_code", "吊销，未注销")
    '2'
    """
    return _labels().get((field, folded(text))) or _labels().get((field, bare(text)))


def shown(text: str) -> str:
    """A text as it may be shown: without signs that nobody sees (zero width, byte order, tags,
    controls), and without piles of combining marks.
    """
    return _PILE.sub(r"\1", _INVISIBLE.sub("", text))


def letters_of_today(text: str) -> str:
    """A text with the letters that GB 18030 moved out of the private-use area at their place of
    today; other private letters stay.
    """
    return text.translate(_moved()) if _PRIVATE.search(text) else text
