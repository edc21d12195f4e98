"""Canonical sections of a profile: one definition for validation, both OpenAPI documents and the
Python adapters.

Every field is optional: a department tells what it knows, and unknown is a value. The class of each
field is dated data of the catalogue (`app/catalogue/data/field_classes.csv`), not part of the
shape; a field without a class is never released.
"""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

Code = Annotated[str, Meta(max_length=64)]
LONGEST_NAME = 300
Name = Annotated[str, Meta(max_length=LONGEST_NAME)]
Text = Annotated[str, Meta(max_length=4000)]
UNIT = "unit"
"""How many yuan an amount's unit has, in the extra of its type; where it is silent, one."""
TenThousandYuan = Annotated[float, Meta(description="万元 (10 000 yuan)", extra={UNIT: 10_000})]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
YesNo = Literal["yes", "no", "unknown"]
PermitAnswer = Literal["yes", "no", "expired", "revoked", "not_required", "unknown"]


class Permit(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An administrative permit (行政许可) or a filing with the same effect."""

    name: Name | None = None
    permit_no: Code | None = None
    holder_name: Name | None = None
    scope: Text | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    org: Name | None = None
    status: Literal["valid", "expired", "revoked", "suspended", "unknown"] | None = None
    site_ref: Code | None = None


class Order(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An order to correct, a directive or a stop order, until it is closed."""

    kind: Name | None = None
    doc_no: Code | None = None
    item: Text | None = None
    issued_on: date | None = None
    due_on: date | None = None
    state: Literal["open", "rectified", "overdue", "withdrawn"] | None = None


class Flag(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Membership of a list (blacklist, key unit …) with its period."""

    code: Code
    text: Text | None = None
    since: date | None = None
    until: date | None = None


class Penalty(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A published penalty decision (R-CFGS art 4)."""

    decision_no: Code | None = None
    violation_type: Name | None = None
    content: Text | None = None
    org: Name | None = None
    decided_on: date | None = None
    publish_until: date | None = None


class Listing(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An entry of the abnormal-operations or serious-violation list (R-YC art 4, R-YZ art 16)."""

    reason_code: Code | None = None
    basis: Text | None = None
    listed_on: date | None = None
    removed_on: date | None = None


class Site(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Premises of a business as the registration office knows them."""

    site_ref: Code
    name: Name | None = None
    address: Name | None = None
    division_code: Code | None = None


class SitePermit(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What one premises holds, where a department answers for several."""

    site_ref: Code
    name: Name | None = None
    address: Name | None = None
    answer: PermitAnswer = "unknown"
    permit_no: Code | None = None
    valid_to: date | None = None


class Registration(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """工商/市场监管: the licence and its state. `reg_status_code`: 1 存续 2 吊销 3 吊销后注销 4
    注销 5 撤销 6 迁出 9 其他. `division_code` is where the business is (GB/T 2260), whatever the
    digits of its code say.
    """

    uscc: Code | None = None
    reg_no: Code | None = None
    entity_name: Name | None = None
    entity_type: Name | None = None
    legal_rep_name: Name | None = None
    legal_rep_id_no: Code | None = None
    contact_phone: Code | None = None
    registered_capital: TenThousandYuan | None = None
    established_on: date | None = None
    term_from: date | None = None
    term_to: date | None = None
    registered_address: Name | None = None
    business_scope: Text | None = None
    industry_code: Code | None = None
    reg_org: Name | None = None
    reg_status_code: Literal["1", "2", "3", "4", "5", "6", "9"] | None = None
    reg_status: Name | None = None
    reg_status_raw: Name | None = None
    suspended: bool | None = None
    suspended_until: date | None = None
    abnormal: list[Listing] = []
    serious_illegal: list[Listing] = []
    penalties: list[Penalty] = []
    permits: list[Permit] = []
    sites: list[Site] = []
    division_code: Code | None = None
    risk_class: Literal["A", "B", "C", "D"] | None = None


class Arrears(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Announced tax arrears (欠税公告, R-QS art 4)."""

    tax_kind: Name | None = None
    period: Code | None = None
    announced_on: date | None = None
    org: Name | None = None


class Tax(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """税务: standing as a taxpayer. Amounts exist only at the source (class 1) and never travel
    further.
    """

    taxpayer_id: Code | None = None
    taxpayer_name: Name | None = None
    taxpayer_status: Name | None = None
    tax_registered_on: date | None = None
    tax_authority: Name | None = None
    vat_taxpayer_type: Name | None = None
    filing_on_time: YesNo | None = None
    overdue_filing_count: Count | None = None
    overdue_periods: list[Code] = []
    declared_tax: float | None = None
    declared_revenue: float | None = None
    tax_credit_grade: Literal["A", "B", "M", "C", "D"] | None = None
    tax_credit_year: Annotated[int, Meta(ge=1990, le=2200)] | None = None
    arrears_announced: bool | None = None
    arrears: list[Arrears] = []
    arrears_internal: bool | None = None
    major_tax_violation: Flag | None = None
    invoice_status: Name | None = None


class FirePreOpening(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """公众聚集场所投入使用、营业前消防安全检查 (L-XF art 15)."""

    doc_no: Code | None = None
    method: Name | None = None
    issued_on: date | None = None
    valid_to: date | None = None
    org: Name | None = None
    revoked_on: date | None = None


class Fire(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """消防救援: for the site asked, or for the only one; with several sites and none chosen only
    `sites` is filled.
    """

    site_ref: Code | None = None
    unit_name: Name | None = None
    is_public_gathering_place: bool | None = None
    fire_permit: PermitAnswer | None = None
    fire_pre_opening: FirePreOpening | None = None
    is_key_fire_unit: bool | None = None
    hazards: list[Order] = []
    rectify_orders: list[Order] = []
    stop_orders: list[Order] = []
    temp_seal: bool | None = None
    last_drill_on: date | None = None
    sites: list[SitePermit] = []


class Food(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """食品经营许可: for the site asked, or for the only one (R-SX art 27: one permit, one
    place).
    """

    site_ref: Code | None = None
    holder_name: Name | None = None
    legal_rep_name: Name | None = None
    food_permit: PermitAnswer | None = None
    operator_format: Name | None = None
    operation_items: list[Name] = []
    prepackaged_filing_no: Code | None = None
    permits: list[Permit] = []
    food_risk_grade: Literal["A", "B", "C", "D"] | None = None
    health_cert_count: Count | None = None
    health_cert_expiring: Count | None = None
    sites: list[SitePermit] = []


class Equipment(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One piece of special equipment (R-TS)."""

    use_registration_no: Code | None = None
    equipment_kind: Name | None = None
    last_inspection_on: date | None = None
    next_inspection_on: date | None = None
    inspection_conclusion: Name | None = None
    maintenance_unit: Name | None = None


class SpecialEquipment(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """质监/特种设备: lifts, boilers, pressure vessels and the directives about them."""

    equipment: list[Equipment] = []
    overdue_inspection_count: Count | None = None
    is_key_unit: bool | None = None
    safety_manager_cert: Code | None = None
    directives: list[Order] = []


class CommonRecord(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The common shape of a department's word on a business: its permits, open orders and lists."""

    permits: list[Permit] = []
    orders: list[Order] = []
    flags: list[Flag] = []


class PublicSecurity(CommonRecord, frozen=True, omit_defaults=True, kw_only=True):
    """公安: special trades. Persons and cases never enter."""

    special_trade_kind: Name | None = None
    special_trade_permit: PermitAnswer | None = None
    guest_register_ok: bool | None = None
    cctv_retention_days: Count | None = None


class CivilAffairs(CommonRecord, frozen=True, omit_defaults=True, kw_only=True):
    """民政: social organisations, elderly care, charity."""

    org_kind: Name | None = None
    org_registration_no: Code | None = None
    annual_inspection_year: Annotated[int, Meta(ge=1990, le=2200)] | None = None
    annual_inspection: (
        Literal["qualified", "basically_qualified", "unqualified", "unknown"] | None
    ) = None


class UrbanManagement(CommonRecord, frozen=True, omit_defaults=True, kw_only=True):
    """城管: street, signs, kitchen waste."""

    front_three_duties: YesNo | None = None
    kitchen_waste_contract: bool | None = None
    open_violation_count: Count | None = None


class Health(CommonRecord, frozen=True, omit_defaults=True, kw_only=True):
    """卫健: hygiene of public places (L-GW)."""

    hygiene_permit: PermitAnswer | None = None
    quantified_grade: Literal["A", "B", "C"] | None = None
    recheck_due: date | None = None
    staff_health_certs: Count | None = None


class Ecology(CommonRecord, frozen=True, omit_defaults=True, kw_only=True):
    """生态环境: pollutant permit or registration (L-PW)."""

    permit_category: Literal["key", "simplified", "registered", "none", "unknown"] | None = None
    env_credit: Name | None = None
    monitor_exceeded: bool | None = None


class HumanResources(CommonRecord, frozen=True, omit_defaults=True, kw_only=True):
    """人社: wages and insurance."""

    wage_arrears_listed: bool | None = None
    social_insurance_status: Name | None = None
    insured_count_band: Name | None = None


class Emergency(CommonRecord, frozen=True, omit_defaults=True, kw_only=True):
    """应急管理: work safety and hazardous chemicals."""

    work_safety_permit: PermitAnswer | None = None
    safety_standard_level: Name | None = None
    open_major_hazard_count: Count | None = None


class Customs(CommonRecord, frozen=True, omit_defaults=True, kw_only=True):
    """海关: registration and credit; trade values stay at the source."""

    customs_reg_no: Code | None = None
    customs_credit_level: Name | None = None
    declared_trade_value: float | None = None


SECTIONS: dict[str, type[Struct]] = {
    "registration": Registration,
    "tax": Tax,
    "fire": Fire,
    "food": Food,
    "special_equipment": SpecialEquipment,
    "public_security": PublicSecurity,
    "civil_affairs": CivilAffairs,
    "urban_management": UrbanManagement,
    "health": Health,
    "ecology": Ecology,
    "human_resources": HumanResources,
    "emergency": Emergency,
    "customs": Customs,
    "other": CommonRecord,
}
"""Section name -> shape. `other` serves any further department by configuration alone."""


encode = msgspec.json.Encoder().encode
"""A section, or anything else that leaves, as JSON."""


def shape_of(section: str) -> type[Struct]:
    """The shape of a section; a name the product does not know yet has the common shape
    `CommonRecord`.
    """
    return SECTIONS.get(section, CommonRecord)
