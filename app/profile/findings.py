"""What an officer should notice, derived from released values only. Pure."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from msgspec import Struct

SOON_DAYS = 30


class Noticed(Struct, frozen=True):
    """A finding with the pointers it rests on."""

    code: str
    severity: str
    zh: str
    en: str
    cites: tuple[str, ...]


def _food_permits(data: Any, today: date) -> Iterator[Noticed]:
    for index, permit in enumerate(data.permits):
        until = permit.valid_to
        if until is None:
            continue
        left, cite = (until - today).days, f"/sections/food/data/permits/{index}/valid_to"
        if left < 0:
            yield Noticed(
                "food.permit_expired",
                "serious",
                f"食品经营许可证已过期 {-left} 天",
                f"Food operation permit expired {-left} days ago",
                (cite,),
            )
        elif left <= SOON_DAYS:
            yield Noticed(
                "food.permit_expires_soon",
                "attention",
                f"食品经营许可证 {left} 天后到期",
                f"Food operation permit expires in {left} days",
                (cite,),
            )


def _fire(data: Any, _today: date) -> Iterator[Noticed]:
    for index, site in enumerate(data.sites):
        if site.answer in {"expired", "revoked", "no"} and data.is_public_gathering_place:
            name = site.name or site.site_ref
            words = {
                "expired": ("过期", "expired"),
                "revoked": ("被撤销", "revoked"),
                "no": ("缺失", "missing"),
            }
            zh, en = words[site.answer]
            cite = f"/sections/fire/data/sites/{index}/answer"
            yield Noticed(
                "fire.permit_not_valid",
                "serious",
                f"{name}：消防许可{zh}",
                f"{name}: fire permit {en}",
                (cite,),
            )
    open_orders = [i for i, o in enumerate(data.rectify_orders) if o.state in {"open", "overdue"}]
    if open_orders:
        cites = tuple(f"/sections/fire/data/rectify_orders/{i}" for i in open_orders)
        text = f"{len(open_orders)} 项消防责令改正未完成"
        yield Noticed(
            "fire.order_open",
            "attention",
            text,
            f"{len(open_orders)} fire order(s) not yet met",
            cites,
        )


def _registration(data: Any, _today: date) -> Iterator[Noticed]:
    if data.suspended:
        cite = ("/sections/registration/data/suspended",)
        yield Noticed(
            "registration.suspended", "attention", "已登记歇业", "Business is suspended", cite
        )
    if any(entry.removed_on is None for entry in data.abnormal):
        cite = ("/sections/registration/data/abnormal",)
        text = ("列入经营异常名录", "On the list of abnormal operations")
        yield Noticed("registration.abnormal_listed", "attention", *text, cite)
    if any(entry.removed_on is None for entry in data.serious_illegal):
        cite = ("/sections/registration/data/serious_illegal",)
        text = ("列入严重违法失信名单", "On the list of serious violations")
        yield Noticed("registration.serious_illegal", "serious", *text, cite)


def _flag(section: str, name: str, zh: str, en: str) -> Callable[[Any, date], Iterator[Noticed]]:
    def rule(data: Any, _today: date) -> Iterator[Noticed]:
        if getattr(data, name):
            yield Noticed(
                f"{section}.{name}", "serious", zh, en, (f"/sections/{section}/data/{name}",)
            )

    return rule


RULES: dict[str, Callable[[Any, date], Iterator[Noticed]]] = {
    "registration": _registration,
    "fire": _fire,
    "food": _food_permits,
    "special_equipment": _flag(
        "special_equipment",
        "overdue_inspection_count",
        "有特种设备超期未检",
        "Special equipment is overdue for inspection",
    ),
    "human_resources": _flag(
        "human_resources",
        "wage_arrears_listed",
        "列入欠薪失信联合惩戒名单",
        "On the list for unpaid wages",
    ),
    "ecology": _flag(
        "ecology",
        "monitor_exceeded",
        "自动监测数据超标",
        "Automatic monitoring shows limits exceeded",
    ),
    "tax": _flag("tax", "major_tax_violation", "重大税收违法失信", "Major tax violation on record"),
}


def notice(released: dict[str, Any], today: date) -> list[Noticed]:
    """All findings, serious ones first."""
    found = [
        n
        for section, data in released.items()
        if section in RULES
        for n in RULES[section](data, today)
    ]
    return sorted(found, key=lambda n: n.severity != "serious") if len(found) > 1 else found
