"""Kinds of notices, and their words. Pure."""

from pathlib import Path

from pydantic_core import PydanticCustomError

from adapters.contract.words import Advice, advice_of

KINDS: dict[str, Advice] = advice_of(Path(__file__).parents[1] / "data" / "notices.csv")
"""Every kind of notice."""


def known_kind(name: str) -> str:
    """The same. Raises PydanticCustomError for what is no kind."""
    if name not in KINDS:
        raise PydanticCustomError("kind_unknown", "there is no such kind of notice")
    return name
