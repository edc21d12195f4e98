"""The tax system's words (pinyin abbreviations, code tables) into the canonical `tax` section.
Pure.
"""

from typing import Any

from adapters.contract.convert import (
    Unread,
    Wanted,
    to_bool,
    to_code,
    to_date,
    to_int,
    to_list,
    to_number,
    to_text,
)

# Codes of the tax system's own table DM_GY_NSRZT.
TAXPAYER_STATUS = {
    "03": "正常",
    "04": "停业",
    "05": "非正常",
    "06": "非正常户注销",
    "07": "注销",
    "08": "清算",
    "09": "报验",
    "10": "核销报验",
}
_VAT = {"1": "一般纳税人", "2": "小规模纳税人"}
_ON_TIME = {"Y": "yes", "N": "no"}


def to_tax(record: dict[str, Any]) -> dict[str, Any]:
    """Canonical values; an unmapped status keeps its raw text, an unknown filing state is
    `unknown`, never `yes`.
    """
    values = {
        "taxpayer_id": to_text(record.get("nsrsbh")),
        "taxpayer_name": to_text(record.get("nsrmc")),
        "taxpayer_status": TAXPAYER_STATUS.get(
            str(record.get("nsrzt_dm")), to_text(record.get("nsrztmc"))
        ),
        "tax_registered_on": to_date(record.get("djrq")),
        "tax_authority": to_text(record.get("zgswjmc")),
        "vat_taxpayer_type": to_code(_VAT, record.get("zzsnsrlx")),
        "filing_on_time": to_code(_ON_TIME, record.get("sfaqsb")) or "unknown",
        "overdue_filing_count": to_int(record.get("yqwsbqs")),
        "overdue_periods": to_list(record.get("yqssq")),
        "declared_tax": to_number(record.get("sbse")),
        "declared_revenue": to_number(record.get("sbsr")),
        "tax_credit_grade": to_text(record.get("xydj")),
        "tax_credit_year": to_int(record.get("xynd")),
        "arrears_announced": to_bool(record.get("qsggbz")),
        "arrears": [
            _arrears(row) if isinstance(row, dict) else Unread(Wanted.OBJECT)
            for row in to_list(record.get("qsgg"))
        ],
        "arrears_internal": to_bool(record.get("nbqsbz")),
        "invoice_status": to_text(record.get("fpzt")),
    }
    return {name: value for name, value in values.items() if value is not None}


def _arrears(row: dict[str, Any]) -> dict[str, Any]:
    values = {
        "tax_kind": to_text(row.get("zsxmmc")),
        "period": to_text(row.get("ssq")),
        "announced_on": to_date(row.get("ggrq")),
        "org": to_text(row.get("swjg")),
    }
    return {name: value for name, value in values.items() if value is not None}
