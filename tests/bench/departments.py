"""Cheap departments for the bench: one nginx worker that answers for every section, at once or after 20 or 80 ms.

`canonical` departments speak department-adapter.v1; `native` ones say the same in field names, dates and codes of their own, so that
every answer must be mapped. Each answer echoes the identifier that was asked and is 1.2 to 2.1 KB long.
"""

import json
from pathlib import Path
from typing import Any

SECTIONS = (
    "registration", "tax", "fire", "food", "special_equipment", "public_security", "civil_affairs", "urban_management", "health",
    "ecology", "human_resources", "emergency",
)  # fmt: skip
DELAYS_MS = (0, 20, 80)
FIRST_PORT = 21000
UNKNOWN = "91500103MAEYYY1167"
SAMPLE = "91330106MA2YYY034D"
AS_OF = "2026-11-20T08:30:00Z"
MASKED = ("name", "no")
"""Peers hide two texts of each answer's first permit, site, or list entry: `data.<list>[0].name` and the number beside it."""


def port_of(index: int, delay_ms: int, *, native: bool) -> int:
    """The port of a department."""
    return FIRST_PORT + 100 * DELAYS_MS.index(delay_ms) + (50 if native else 0) + index


def _permit(index: int) -> dict[str, Any]:
    return {
        "name": "食品经营许可证（含网络经营与中央厨房配送）", "permit_no": f"JY1330106{index:07d}", "holder_name": "杭州示例餐饮有限公司",
        "scope": "热食类食品制售，冷食类食品制售，自制饮品制售（不含自酿酒）", "valid_from": "2024-03-01", "valid_to": "2029-02-28",
        "org": "杭州市西湖区市场监督管理局", "status": "valid", "site_ref": f"S{index:03d}",
    }  # fmt: skip


def _order(index: int) -> dict[str, Any]:
    return {
        "kind": "责令限期改正通知", "doc_no": f"杭西责改〔2026〕第{index:04d}号", "item": "疏散通道堆放杂物，安全出口标识损坏，应于期限内整改完毕并复查",
        "issued_on": "2026-05-11", "due_on": "2026-06-11", "state": "rectified",
    }  # fmt: skip


def _site(index: int) -> dict[str, Any]:
    return {
        "site_ref": f"S{index:03d}",
        "name": "示例餐饮文三路店",
        "address": "浙江省杭州市西湖区文三路 199 号 1 幢 101 室",
    }


def data_of(section: str) -> dict[str, Any]:
    """What a department says: the same for every business, 1.2 to 2.1 KB."""
    standing = {
        "permits": [_permit(1), _permit(2)], "orders": [_order(1), _order(2)],
        "flags": [{"code": "KEY_UNIT", "text": "本年度重点监管单位", "since": "2026-01-01"}],
    }  # fmt: skip
    return {
        "registration": {
            "uscc": SAMPLE, "division_code": "330106", "entity_name": "杭州示例餐饮有限公司", "entity_type": "有限责任公司（自然人投资或控股）", "legal_rep_name": "王示例",
            "contact_phone": "13812345678", "registered_capital": 500.0, "established_on": "2015-04-01", "term_from": "2015-04-01",
            "registered_address": "浙江省杭州市西湖区文三路 199 号", "business_scope": "餐饮服务；食品销售；食品互联网销售；货物进出口；停车场服务（许可项目以审批结果为准）",
            "industry_code": "H6210", "reg_org": "杭州市西湖区市场监督管理局", "reg_status_code": "1", "reg_status": "存续", "suspended": False,
            "permits": [_permit(1), _permit(2), _permit(3)], "sites": [_site(1)],
            "penalties": [{"decision_no": "杭西市监罚〔2025〕88号", "violation_type": "未按规定公示", "content": "警告", "decided_on": "2025-07-01"}],
        },
        "tax": {
            "taxpayer_id": SAMPLE, "taxpayer_name": "杭州示例餐饮有限公司", "taxpayer_status": "正常", "tax_registered_on": "2015-04-20",
            "tax_authority": "国家税务总局杭州市西湖区税务局第一税务所", "vat_taxpayer_type": "一般纳税人", "filing_on_time": "yes",
            "overdue_filing_count": 0, "tax_credit_grade": "B", "tax_credit_year": 2025, "arrears_announced": False, "arrears_internal": False,
            "arrears": [
                {"tax_kind": f"增值税及附加税费（第{n}期，已缴清，公告保留）", "period": f"2019-{n:02d}", "announced_on": "2019-12-31", "org": "国家税务总局杭州市西湖区税务局"}
                for n in range(1, 7)
            ], "invoice_status": "正常领用",
        },
        "fire": {
            "site_ref": "S001", "unit_name": "杭州示例餐饮有限公司", "is_public_gathering_place": True, "fire_permit": "yes",
            "fire_pre_opening": {"doc_no": "杭西消安检字〔2024〕第0188号", "method": "告知承诺", "issued_on": "2024-06-01", "org": "杭州市西湖区消防救援大队"},
            "is_key_fire_unit": False, "rectify_orders": [_order(n) for n in range(1, 5)], "last_drill_on": "2026-03-15",
            "sites": [{**_site(1), "answer": "yes", "permit_no": "杭西消安检字〔2024〕第0188号"}],
        },
        "food": {
            "site_ref": "S001", "holder_name": "杭州示例餐饮有限公司", "legal_rep_name": "王示例", "food_permit": "yes", "operator_format": "餐饮服务经营者",
            "operation_items": ["热食类食品制售", "冷食类食品制售", "自制饮品制售"], "permits": [_permit(1), _permit(2), _permit(3)],
            "food_risk_grade": "B", "health_cert_count": 18, "sites": [{**_site(1), "answer": "yes", "valid_to": "2029-02-28"}],
        },
        "special_equipment": {
            "equipment": [
                {"use_registration_no": f"梯11浙A{n:05d}", "equipment_kind": "曳引驱动乘客电梯", "last_inspection_on": "2026-03-01", "next_inspection_on": "2027-03-01", "inspection_conclusion": "合格", "maintenance_unit": "杭州示例电梯工程有限公司"}
                for n in range(1, 7)
            ], "overdue_inspection_count": 0, "is_key_unit": False, "safety_manager_cert": "TS6AAZ00001",
        },
        "public_security": {"special_trade_kind": "旅馆业", "special_trade_permit": "yes", "guest_register_ok": True, "cctv_retention_days": 90, **standing},
        "civil_affairs": {"org_kind": "民办非企业单位", "org_registration_no": SAMPLE, "annual_inspection_year": 2025, "annual_inspection": "qualified", **standing},
        "urban_management": {"front_three_duties": "yes", "kitchen_waste_contract": True, "open_violation_count": 0, **standing},
        "health": {"hygiene_permit": "yes", "quantified_grade": "A", "recheck_due": "2028-01-01", "staff_health_certs": 18, **standing},
        "ecology": {"permit_category": "registered", "env_credit": "绿", "monitor_exceeded": False, **standing},
        "human_resources": {"wage_arrears_listed": False, "social_insurance_status": "正常缴费", "insured_count_band": "10-49", **standing},
        "emergency": {"work_safety_permit": "not_required", "safety_standard_level": "三级", "open_major_hazard_count": 0, **standing},
    }[section]  # fmt: skip


def first_list_of(section: str) -> str:
    """The list in which peers hide two texts of the first entry."""
    return {"tax": "arrears", "fire": "rectify_orders", "special_equipment": "equipment"}.get(
        section, "permits"
    )


def hidden_by_peers(section: str) -> tuple[str, str]:
    """The two fields of that entry."""
    return {
        "tax": ("tax_kind", "org"), "fire": ("item", "doc_no"), "special_equipment": ("use_registration_no", "maintenance_unit"),
    }.get(section, ("holder_name", "permit_no"))  # fmt: skip


_DATES = {
    "valid_from",
    "valid_to",
    "issued_on",
    "due_on",
    "established_on",
    "since",
    "last_drill_on",
    "next_inspection_on",
}
_CODES = {"valid": "1", "rectified": "9", "yes": "Y", "no": "N"}


def _native(value: Any, name: str = "") -> Any:
    """The same in a department's own words: camel-like names with an x_ in front, slashed dates, letters for states."""
    if isinstance(value, dict):
        return {
            f"x{key.title().replace('_', '')}": _native(inner, key) for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_native(item, name) for item in value]
    if name in _DATES:
        return value.replace("-", "/")
    if name in {"status", "state", "fire_permit", "filing_on_time"}:
        return _CODES.get(value, value)
    return value


def _rules(data: dict[str, Any]) -> list[dict[str, Any]]:
    rules = []
    for name, value in data.items():
        rule: dict[str, Any] = {"to": name, "path": f"x{name.title().replace('_', '')}"}
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rule["each"] = _rules(value[0])
        elif isinstance(value, dict):
            rule["fields"] = _rules(value)
        elif name in _DATES:
            rule["convert"] = "date"
        elif name in {"status", "state", "fire_permit", "filing_on_time"}:
            rule |= {"convert": "code", "table": "states"}
        rules.append(rule)
    return rules


def body_of(section: str, *, native: bool, business_id: str = "@ID@") -> str:
    """The answer's text; `@ID@` stands for the identifier asked."""
    data = data_of(section)
    if native:
        return json.dumps(
            {"kod": 0, "dm": business_id, "gxsj": "2026-11-20 16:30:00", "jl": _native(data)},
            ensure_ascii=False,
            separators=(",", ":"),
        )
    envelope = {"business_id": business_id, "as_of": AS_OF, "status": "found", "data": data}
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":"))


def manifest_of(section: str, port: int, *, native: bool) -> dict[str, Any]:
    """The manifest a department of the bench registers with."""
    manifest: dict[str, Any] = {
        "adapter_id": section, "department": section, "section": section, "title_zh": section, "title_en": section,
        "base_url": f"http://127.0.0.1:{port}", "catalogue_no": f"BENCH-{section}", "required": section in {"registration", "tax", "fire"},
        "sample_business_id": SAMPLE, "unknown_business_id": UNKNOWN, "capacity": {"initial": 256, "most": 1024},
    }  # fmt: skip
    if native:
        manifest["mapping"] = {
            "response": {"business_id": "dm", "as_of": "gxsj", "record": "jl", "success": {"path": "kod", "equals": 0},
                         "no_record": [{"path": "kod", "equals": 2001}], "not_applicable": []},
            "tables": {"states": {letter: word for word, letter in _CODES.items()} | {"*": "unknown"}},
            "fields": _rules(data_of(section)),
        }  # fmt: skip
    return manifest


def _server(section: str, port: int, delay_ms: int, *, native: bool) -> str:
    body = body_of(section, native=native).replace("@ID@", "$1")
    unknown = (
        {"kod": 2001, "dm": UNKNOWN, "gxsj": None, "jl": None}
        if native
        else {"business_id": UNKNOWN, "as_of": AS_OF, "status": "not_found"}
    )
    if delay_ms:
        answer = (
            f"content_by_lua_block {{ ngx.sleep({delay_ms / 1000}); local b = [==[{body}]==]; b = b:gsub('$1', ngx.var[1], 1); "
            "ngx.header['Content-Length'] = #b; ngx.print(b) }"
        )
    else:
        answer = f"return 200 '{body}';"
    return (
        f"server {{ listen 127.0.0.1:{port} backlog=4096; default_type application/json;\n"
        f" location = /v1/sections/{section}/{UNKNOWN} {{ return 200 '{json.dumps(unknown)}'; }}\n"
        f" location ~ ^/v1/sections/[a-z_]+/([0-9A-Z]+)$ {{ {answer} }}\n"
        " location / { return 400 '{}'; } }\n"
    )


def write_nginx(folder: Path) -> Path:
    """The configuration of all departments; one worker, in the foreground."""
    modules = "".join(
        f"load_module /usr/lib/nginx/modules/{name}.so;\n"
        for name in ("ndk_http_module", "ngx_http_lua_module")
    )
    servers = [
        _server(section, port_of(index, delay, native=native), delay, native=native)
        for index, section in enumerate(SECTIONS)
        for delay in DELAYS_MS
        for native in ((False, True) if not delay else (False,))
    ]
    text = (
        f"{modules}worker_processes 1; daemon off; master_process off; pid {folder}/departments.pid; error_log {folder}/departments.log error;\n"
        "worker_rlimit_nofile 20000; events { worker_connections 16000; multi_accept on; }\n"
        f"http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 3600s; server_tokens off; tcp_nodelay on;\n"
        f"server {{ listen 127.0.0.1:{FIRST_PORT + 99}; location = /status {{ stub_status; }} }}\n{''.join(servers)}}}\n"
    )
    path = folder / "departments.conf"
    path.write_text(text, encoding="utf-8")
    return path
