"""The truth in each department's own words: field names, dates and code tables as real systems
write them.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from adapters.fakes.world import MockBusiness, SiteTruth

Native = Callable[[MockBusiness, SiteTruth | None, date], dict[str, Any] | None]


def _site_of(business: MockBusiness, site: SiteTruth | None) -> SiteTruth | None:
    return site or (business.sites[0] if len(business.sites) == 1 else None)


def registration(b: MockBusiness, _site: SiteTruth | None, _today: date) -> dict[str, Any] | None:
    """gsxt-like abbreviations; an unlicensed business has no row."""
    if not b.registered:
        return None
    food = [
        {
            "xkzbh": s.food_permit_no,
            "xkmc": "食品经营许可证",
            "jyz": b.name,
            "yxqz": s.food_valid_to.isoformat(),
            "cs": s.site_ref,
        }
        for s in b.sites
    ]
    return {
        "uniscid": b.business_id, "regno": b.reg_no, "entname": b.name,
        "enttype": "有限责任公司(自然人投资或控股)",
        "lerep": b.legal_rep, "cerno": b.legal_rep_id, "tel": b.phone, "regcap": "100.0",
        "estdate": b.established.strftime("%Y年%m月%d日"),
        "opfrom": b.established.strftime("%Y年%m月%d日"), "opto": "长期",
        "dom": b.sites[0].address, "opscope": f"{b.trade[0]}服务；许可项目凭许可证经营",
        "industryco": b.trade[1],
        "regorg": "市场监督管理局", "regstate": b.status, "regstate_cn": b.raw_status,
        "xybz": "1" if b.suspended else "0",
        "fxdj": "B", "permits": food if b.trade[3] else [],
        "xzqh": b.division,
        "premises": [
            {"bh": s.site_ref, "mc": s.name, "dz": s.address, "xzqh": b.division} for s in b.sites
        ],
    }  # fmt: skip


def tax(b: MockBusiness, _site: SiteTruth | None, today: date) -> dict[str, Any] | None:
    """Pinyin initials and the DM_ code tables of tax systems."""
    if not b.tax_known:
        return None
    name = b.told.get("entity_name") or b.told.get("name_variant") or b.name
    periods = [
        (today.replace(day=1) - timedelta(days=31 * (i + 1))).strftime("%Y-%m")
        for i in range(b.overdue)
    ]
    notice = {
        "zsxmmc": "增值税",
        "ssq": today.strftime("%Y-%m"),
        "ggrq": today.strftime("%Y%m%d"),
        "swjg": "税务局",
    }
    return {
        "nsrsbh": b.business_id, "nsrmc": name, "nsrzt_dm": b.tax_status,
        "djrq": b.established.strftime("%Y%m%d"),
        "zgswjmc": "税务局第一税务所", "zzsnsrlx": "2", "sfaqsb": b.filing,
        "yqwsbqs": str(b.overdue),
        "yqssq": ",".join(periods), "sbse": "12345.67", "sbsr": "456789.00", "xydj": b.credit,
        "xynd": str(today.year - 1),
        "qsggbz": "1" if b.arrears else "0", "qsgg": [notice] if b.arrears else [],
        "nbqsbz": "1" if b.arrears else "0", "fpzt": "正常",
    }  # fmt: skip


_FIRE = {"yes": "有效", "no": "未办理", "expired": "已过期", "revoked": "已撤销"}


def fire(b: MockBusiness, site: SiteTruth | None, _today: date) -> dict[str, Any] | None:
    """Long English names and Chinese states; one premises, or the list of all when none was
    named.
    """
    if not b.fire_known:
        return None
    gathering = "是" if b.trade[2] else "否"
    rows = [
        {"siteNo": s.site_ref, "siteName": s.name, "siteAddr": s.address,
        "checkState": _FIRE[s.fire] if b.trade[2] else "无需",
         "docNo": f"消安检字〔2024〕第{s.site_ref}号",
         "expire": s.fire_valid_to.strftime("%Y/%m/%d")}
        for s in b.sites
    ]  # fmt: skip
    record: dict[str, Any] = {
        "unitName": b.name,
        "publicGathering": gathering,
        "keyUnit": "否",
        "sites": rows,
    }
    if chosen := _site_of(b, site):
        row = next(r for r in rows if r["siteNo"] == chosen.site_ref)
        order = {
            "kind": "限期改正",
            "no": "消限字〔2026〕第1号",
            "item": "疏散通道堆物",
            "due": "2026/12/31",
            "state": "0",
        }
        record |= {
            "siteNo": row["siteNo"], "state": row["checkState"], "docNo": row["docNo"],
            "expire": row["expire"],
            "method": "告知承诺", "orders": [order] if chosen.fire == "no" and b.trade[2] else [],
            "drill": "2026/03/15",
        }  # fmt: skip
    return record


def food(b: MockBusiness, site: SiteTruth | None, today: date) -> dict[str, Any] | None:
    """Rows under `rows`; no rows is how this system says that it has no record."""
    if not b.trade[3]:
        return None
    chosen = _site_of(b, site)
    sites = [chosen] if chosen else list(b.sites)
    rows = [
        {"xkz": b.told.get("permit_no", s.food_permit_no), "jyz": b.told.get("permit_holder",
        b.name), "cs": s.site_ref,
         "mc": s.name, "dz": s.address, "yxq": s.food_valid_to.strftime("%Y-%m-%d"),
         "zt": "1" if s.food_valid_to >= today else "2"}
        for s in sites
    ]  # fmt: skip
    return {
        "rows": rows, "fzr": b.told.get("legal_rep_name", b.legal_rep), "jyz": b.name,
        "ztyt": "餐饮服务经营者",
        "jyxm": "热食类食品制售、自制饮品制售", "fxdj": "B", "jkz": "8", "jkz_dq": "0",
        "cs": chosen.site_ref if chosen else "",
        "zt": rows[0]["zt"] if chosen else "",
    }  # fmt: skip


def special_equipment(
    b: MockBusiness, _site: SiteTruth | None, today: date
) -> dict[str, Any] | None:
    """A list of equipment with compact dates."""
    if b.trade[0] not in {"酒店", "超市", "机械"}:
        return None
    due = (today + timedelta(days=120)).strftime("%Y%m%d")
    lift = {
        "djbh": f"梯11{b.division}",
        "sblb": "电梯",
        "scjy": "20260110",
        "xcjy": due,
        "jl": "合格",
        "wb": "维保单位甲",
    }
    return {"sb": [lift], "cqsl": "0", "zddw": "N", "aqgly": "TS-0001"}


def public_security(
    b: MockBusiness, _site: SiteTruth | None, _today: date
) -> dict[str, Any] | None:
    """Upper-case pinyin for XML; only special trades are known."""
    if b.trade[0] not in {"酒店", "娱乐", "洗浴"}:
        return None
    permit = {
        "LB": "XK",
        "MC": "特种行业许可证",
        "BH": f"特许{b.division}",
        "CZR": b.name,
        "QSRQ": "2022-05-01",
        "JG": "公安局",
    }
    return {
        "TZHY": {"酒店": "旅馆业"}.get(b.trade[0], "洗浴足浴"),
        "XKZT": "有效",
        "LGSC": "是",
        "LXTS": "90",
        "JLS": {"JL": [permit]},
    }


def civil_affairs(b: MockBusiness, _site: SiteTruth | None, today: date) -> dict[str, Any] | None:
    """Already canonical: this system was written against the contract."""
    return {
        "org_kind": "民办非企业单位", "org_registration_no": b.business_id,
        "annual_inspection_year": today.year - 1,
        "annual_inspection": "qualified", "permits": [], "orders": [], "flags": [],
    }  # fmt: skip


def urban_management(
    b: MockBusiness, _site: SiteTruth | None, _today: date
) -> dict[str, Any] | None:
    """Yes and no as Chinese words, violations as a list."""
    return {
        "mqsb": "是",
        "ccht": "是" if b.trade[3] else "否",
        "wzajs": 0,
        "xk": [{"mc": "店招备案", "bh": f"招{b.division}"}],
        "wt": [],
    }


def health(b: MockBusiness, _site: SiteTruth | None, today: date) -> dict[str, Any] | None:
    """Chinese long dates."""
    if not b.trade[2]:
        return None
    until = (today + timedelta(days=400)).strftime("%Y年%m月%d日")
    return {
        "hygienePermit": {"code": f"卫公证字{b.division}", "until": until, "state": "A"},
        "grade": "A",
        "staff": 8,
        "recheck": until,
    }


def ecology(b: MockBusiness, _site: SiteTruth | None, _today: date) -> dict[str, Any] | None:
    """The pollutant permit embeds the business's code; categories are digits."""
    number = f"{b.business_id}001P" if b.trade[0] == "机械" else ""
    return {
        "xkzbh": number,
        "gllb": "2" if number else "0",
        "yxq": "20290630",
        "hbxy": "绿",
        "cbbj": "0",
    }


def human_resources(
    _b: MockBusiness, _site: SiteTruth | None, _today: date
) -> dict[str, Any] | None:
    """0 and 1, and bands instead of counts."""
    return {"blacklist": "0", "insurance": "1", "band": "10-49", "licences": []}


def emergency(b: MockBusiness, _site: SiteTruth | None, _today: date) -> dict[str, Any] | None:
    """Already canonical."""
    factory = b.trade[0] == "机械"
    return {
        "work_safety_permit": "yes" if factory else "not_required", "open_major_hazard_count": 0,
        "permits": [], "orders": [], "flags": [{"code": "drill", "text": "年度演练已备案"}],
    }  # fmt: skip


def customs(b: MockBusiness, _site: SiteTruth | None, _today: date) -> dict[str, Any] | None:
    """Camel case, credit levels as letters; trade values are in the source and never leave the
    gateway.
    """
    if b.trade[0] not in {"商贸", "机械"}:
        return None
    return {
        "customsRegNo": f"33{b.division}01"[:10],
        "creditLevel": "B",
        "tradeValue": 1234567.89,
        "penaltyList": [],
    }
