"""The rules of law that the system knows, as dated data: what each says, how sure it is, what
guards it, and the test that fails without it.
"""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal, cast

from adapters.contract.tables import day_of, rows
from adapters.contract.words import Words

Mode = Literal["block", "warn", "policy", "later"]
_COLUMNS = (
    "rule", "zh", "en", "source", "confidence", "valid_from", "valid_to", "mode", "guard", "test",
)  # fmt: skip
_PATH = Path(__file__).with_name("data") / "rules.csv"


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule. `guard` is the function or shape that upholds it, or a part of it; `test` what
    fails without. `valid_from` is None where it is not known.
    """

    name: str
    words: Words
    source: str
    confidence: str
    valid_from: date | None
    valid_to: date | None
    mode: Mode
    guard: str
    test: str


@cache
def all_rules() -> tuple[RuleRow, ...]:
    """All rules, in the order of the table."""
    return tuple(
        RuleRow(
            row["rule"],
            Words(row["zh"], row["en"]),
            row["source"],
            row["confidence"],
            day_of(row["valid_from"]),
            day_of(row["valid_to"]),
            cast("Mode", row["mode"]),
            row["guard"],
            row["test"],
        )
        for row in rows(_PATH, _COLUMNS, frozenset({"valid_from", "valid_to", "guard", "test"}))
    )


def page() -> str:
    """The table as a page for people."""
    lines = [
        "# Rules of law, and what upholds them / 规则与执行",
        "",
        "Written by `make rules` from `app/catalogue/data/rules.csv`. `block`: the system does not",
        "do otherwise. `policy`: how it is meant to be used. `later`: known, not built.",
        "Confidence: H the law's text, M a notice or several pages, L a report.",
        "A guard upholds at least a part of what its rule says. What blocks with confidence M or",
        "L is switched by region (`PUT /v1/catalogue/rules/{rule}/regions/{region}`): it warns.",
        "`make campaign-rules` switches each guard that is a function off: its test must fail.",
        "",
        "| rule | 规则 | what it says | source | | mode | guard | test |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.name} | {r.words.zh} | {r.words.en} | {r.source} | {r.confidence} | {r.mode} | "
        f"{f'`{r.guard}`' if r.guard else ''} | {f'`{r.test}`' if r.test else ''} |"
        for r in all_rules()
    ]
    return "\n".join(lines) + "\n"
