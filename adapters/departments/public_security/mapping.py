"""The police system's XML (already nested dicts) into the canonical `public_security` section.
Pure.
"""

from typing import Any

from adapters.contract.convert import to_bool, to_code, to_date, to_int, to_list, to_text

_PERMIT = {"有效": "yes", "过期": "expired", "吊销": "revoked", "无": "no", "无需": "not_required"}
_ORDER_STATE = {"未整改": "open", "已整改": "rectified", "逾期": "overdue"}


def to_public_security(record: dict[str, Any]) -> dict[str, Any]:
    """Canonical values. Rows are told apart by `LB` (kind): XK permit, CF penalty order, BQ list
    flag.
    """
    rows = [row for row in to_list((record.get("JLS") or {}).get("JL")) if isinstance(row, dict)]
    values = {
        "special_trade_kind": to_text(record.get("TZHY")),
        "special_trade_permit": to_code(_PERMIT, record.get("XKZT")) or "unknown",
        "guest_register_ok": to_bool(record.get("LGSC") or None),
        "cctv_retention_days": to_int(record.get("LXTS")),
        "permits": [_permit(row) for row in rows if row.get("LB") == "XK"],
        "orders": [_order(row) for row in rows if row.get("LB") == "CF"],
        "flags": [_flag(row) for row in rows if row.get("LB") == "BQ"],
    }
    return {name: value for name, value in values.items() if value is not None}


def _permit(row: dict[str, Any]) -> dict[str, Any]:
    return _kept(
        name=to_text(row.get("MC")),
        permit_no=to_text(row.get("BH")),
        holder_name=to_text(row.get("CZR")),
        valid_from=to_date(row.get("QSRQ")),
        valid_to=to_date(row.get("JZRQ")),
        org=to_text(row.get("JG")),
    )


def _order(row: dict[str, Any]) -> dict[str, Any]:
    return _kept(
        kind=to_text(row.get("MC")),
        doc_no=to_text(row.get("BH")),
        issued_on=to_date(row.get("QSRQ")),
        due_on=to_date(row.get("JZRQ")),
        state=to_code(_ORDER_STATE, row.get("ZT")),
    )


def _flag(row: dict[str, Any]) -> dict[str, Any]:
    return _kept(
        code=to_text(row.get("BH")) or "flag",
        text=to_text(row.get("MC")),
        since=to_date(row.get("QSRQ")),
    )


def _kept(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
