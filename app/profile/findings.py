"""What an officer should notice, derived from released values only; words and severity are data
(`data/findings.csv`). Pure.
"""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, cast

from adapters.contract.tables import rows
from adapters.contract.words import Words
from app.profile.schemas import Finding, Severity

SOON_DAYS = 30
_MISSING = {"expired": "expired", "revoked": "revoked", "no": "missing"}
"""What a site's answer says of its fire permit."""


class FindingKind(NamedTuple):
    """A kind of finding: how serious it is, and its words."""

    severity: Severity
    words: Words


FINDINGS: dict[str, FindingKind] = {
    row["code"]: FindingKind(cast("Severity", row["severity"]), Words(row["zh"], row["en"]))
    for row in rows(
        Path(__file__).with_name("data") / "findings.csv", ("code", "severity", "zh", "en")
    )
}


def _noticed(code: str, *cites: str, **values: object) -> Finding:
    kind = FINDINGS[code]
    pointers = [f"/sections/{code.partition('.')[0]}/data/{cite}" for cite in cites]
    words = kind.words.filled(**values) if values else kind.words
    return Finding(code, kind.severity, words, pointers)


def _food_permits(data: Any, today: date) -> Iterator[Finding]:
    for index, permit in enumerate(data.permits):
        if permit.valid_to is None:
            continue
        left, cite = (permit.valid_to - today).days, f"permits/{index}/valid_to"
        if left < 0:
            yield _noticed("food.permit_expired", cite, days=-left)
        elif left <= SOON_DAYS:
            yield _noticed("food.permit_expires_soon", cite, days=left)


def _fire(data: Any, _today: date) -> Iterator[Finding]:
    for index, site in enumerate(data.sites):
        if site.answer in _MISSING and data.is_public_gathering_place:
            code = f"fire.permit_{_MISSING[site.answer]}"
            yield _noticed(code, f"sites/{index}/answer", site=site.name or site.site_ref)
    still_open = [i for i, o in enumerate(data.rectify_orders) if o.state in {"open", "overdue"}]
    if still_open:
        cites = (f"rectify_orders/{i}" for i in still_open)
        yield _noticed("fire.order_open", *cites, count=len(still_open))


def _registration(data: Any, _today: date) -> Iterator[Finding]:
    if data.suspended:
        yield _noticed("registration.suspended", "suspended")
    if any(entry.removed_on is None for entry in data.abnormal):
        yield _noticed("registration.abnormal_listed", "abnormal")
    if any(entry.removed_on is None for entry in data.serious_illegal):
        yield _noticed("registration.serious_illegal", "serious_illegal")


def _flag(section: str, name: str) -> Callable[[Any, date], Iterator[Finding]]:
    def rule(data: Any, _today: date) -> Iterator[Finding]:
        if getattr(data, name):
            yield _noticed(f"{section}.{name}", name)

    return rule


DERIVED: dict[str, Callable[[Any, date], Iterator[Finding]]] = {
    "registration": _registration,
    "fire": _fire,
    "food": _food_permits,
    **{
        section: _flag(section, name)
        for section, name in (
            ("special_equipment", "overdue_inspection_count"),
            ("human_resources", "wage_arrears_listed"),
            ("ecology", "monitor_exceeded"),
            ("tax", "major_tax_violation"),
        )
    },
}


def notice(released: dict[str, Any], today: date) -> list[Finding]:
    """All findings, serious ones first."""
    found = [
        n for name, data in released.items() if name in DERIVED for n in DERIVED[name](data, today)
    ]
    return sorted(found, key=lambda n: n.severity != "serious") if len(found) > 1 else found
