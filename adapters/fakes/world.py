"""Generated businesses and the truth about them. The same seed and index give the same business,
however many there are.
"""

import random
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from typing import Any

from adapters.contract.business_id import (
    USCC_ALPHABET,
    org_code_check_character,
    reg_no_check_digit,
    uscc_check_character,
)

CITIES = (
    ("330106", "杭州", "杭州市西湖区"),
    ("310115", "上海", "上海市浦东新区"),
    ("440305", "深圳", "深圳市南山区"),
    ("320102", "南京", "南京市玄武区"),
    ("510104", "成都", "成都市锦江区"),
    ("370102", "济南", "济南市历下区"),
)
TOWNS = {
    **{city[0]: city[2] for city in CITIES},
    "110105": "北京市朝阳区",
    "330203": "宁波市海曙区",
    "330602": "绍兴市越城区",
    "420106": "武汉市武昌区",
    "500103": "重庆市渝中区",
}
"""Where the planted businesses are, by division."""
WORDS = ("示例", "样板", "虚构", "模拟", "演示", "假设", "试作", "范例", "拟名", "样品")
MARKS = (
    "东风",
    "清泉",
    "云松",
    "海棠",
    "金石",
    "长亭",
    "晨光",
    "南山",
    "白鹭",
    "知秋",
    "远帆",
    "素年",
)
TRADES = (  # name, industry code, public gathering place, food
    ("餐饮", "6210", True, True),
    ("酒店", "6110", True, True),
    ("娱乐", "9011", True, False),
    ("商贸", "5211", False, True),
    ("科技", "6510", False, False),
    ("机械", "3484", False, False),
    ("超市", "5212", True, True),
    ("洗浴", "8051", True, False),
)
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫"
GIVEN = ("某", "某某", "甲", "乙", "丙丁", "子虚", "乌有")
NORMAL, ABNORMAL, TAX_DEREGISTERED, TAX_LIQUIDATION = "03", "05", "07", "08"
ALIVE, REVOKED, DEREGISTERED, CANCELLED, MOVED, OTHER = "1", "2", "4", "5", "6", "9"
DEAD = frozenset({REVOKED, "3", DEREGISTERED, CANCELLED, MOVED})


@dataclass(frozen=True, slots=True)
class SiteTruth:
    """One premises: `fire` is yes | no | expired | revoked."""

    site_ref: str
    name: str
    address: str
    fire: str
    fire_valid_to: date
    food_valid_to: date
    food_permit_no: str


@dataclass(frozen=True, slots=True)
class MockBusiness:
    """What is true of a generated business, and how departments get it wrong."""

    business_id: str
    reg_no: str
    name: str
    trade: tuple[str, str, bool, bool]
    division: str
    legal_rep: str
    legal_rep_id: str
    phone: str
    status: str
    sites: tuple[SiteTruth, ...]
    established: date
    raw_status: str = ""
    suspended: bool = False
    registered: bool = True
    tax_known: bool = True
    tax_status: str = NORMAL
    overdue: int = 0
    arrears: bool = False
    filing: str = "Y"
    credit: str = "B"
    fire_known: bool = True
    told: dict[str, str] = field(default_factory=dict)
    """Element -> the different value one department tells; `name_variant` is the same name in
    another spelling.
    """

    @property
    def is_social(self) -> bool:
        """Whether civil affairs is its registration authority."""
        return self.business_id.startswith("5")


def personal_number(rng: random.Random) -> str:
    """Eighteen characters that look like an identity number of someone born in 1800."""
    return f"110105{1800}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}{rng.randint(0, 999):03d}X"


def uscc(kind: str, division: str, serial: int) -> str:
    """A valid code with the implausible serial YYY."""
    tail = USCC_ALPHABET[serial // 31 % 31] + USCC_ALPHABET[serial % 31]
    body = (
        "M" + USCC_ALPHABET[serial // 29791 % 31] + USCC_ALPHABET[serial // 961 % 31] + "YYY" + tail
    )
    first17 = kind + division + body + org_code_check_character(body)
    return first17 + uscc_check_character(first17)


NINGBO, SHAOXING = uscc("91", "330203", 950_001), uscc("91", "330602", 950_002)
MOVED_TO_NINGBO = uscc("91", "330106", 950_003)
"""Its code still says Hangzhou."""


def _site(
    rng: random.Random, index: int, city: tuple[str, str, str], label: str, today: date
) -> SiteTruth:
    fire = rng.choices(("yes", "no", "expired", "revoked"), (82, 7, 9, 2))[0]
    days = rng.randint(40, 900) if fire == "yes" else -rng.randint(5, 300)
    food = f"JY{rng.choice('12')}{city[0]}{rng.randint(0, 999999):06d}"
    return SiteTruth(
        site_ref=f"S{index:03d}",
        name=label,
        address=f"{city[2]}{rng.choice(MARKS)}路{rng.randint(1, 400)}号",
        fire=fire,
        fire_valid_to=today + timedelta(days=days),
        food_valid_to=today + timedelta(days=rng.randint(60, 1500)),
        food_permit_no=food + reg_no_check_digit("0" + food[2:]),
    )


def _tax(rng: random.Random, status: str) -> dict[str, Any]:
    if status in DEAD:
        lying = status == REVOKED and rng.random() < 0.3
        return {"tax_status": NORMAL if lying else TAX_DEREGISTERED, "filing": "Y" if lying else ""}
    case = rng.choices(
        ("fine", "abnormal", "overdue", "arrears", "unknown", "unclear"), (84, 4, 6, 2, 2, 2)
    )[0]
    overdue = rng.randint(1, 3)
    cases: dict[str, dict[str, Any]] = {
        "fine": {},
        "abnormal": {"tax_status": ABNORMAL, "filing": "N", "overdue": overdue},
        "overdue": {"filing": "N", "overdue": overdue},
        "arrears": {"arrears": True},
        "unknown": {"tax_known": False},
        "unclear": {"filing": ""},
    }
    return {**cases[case], "credit": rng.choice("ABBBMCD")}


def _mistakes(rng: random.Random, business: MockBusiness) -> dict[str, str]:
    told: dict[str, str] = {}
    if business.trade[3] and rng.random() < 0.06:
        told["legal_rep_name"] = (
            rng.choice([s for s in SURNAMES if s != business.legal_rep[0]]) + "旧任"
        )
    if rng.random() < 0.04:
        told["entity_name"] = business.name.replace(business.name[2:6], rng.choice(WORDS) + "旧号")
    elif rng.random() < 0.4:
        told["name_variant"] = _variant(rng, business.name)
    if business.trade[3] and len(business.sites) == 1 and rng.random() < 0.03:
        told["permit_no"] = "JY" + str(rng.randint(10**13, 10**14 - 1))
    return told


def _variant(rng: random.Random, name: str) -> str:
    """The same name as another office writes it: brackets, administrative prefix, legal form."""
    city, rest = name[:2], name[2:]
    return rng.choice(
        (
            f"{city}市{rest}",
            rest.replace("有限公司", "有限责任公司"),
            f"{rest[:4]}（{city}）{rest[4:]}",
            f" {name} ",
        )
    )


_STATUSES = (
    (ALIVE, "存续", False),
    (ALIVE, "在业", False),
    (ALIVE, "歇业", True),
    (REVOKED, "吊销，未注销", False),
    (DEREGISTERED, "注销", False),
    (CANCELLED, "撤销", False),
    (MOVED, "迁出", False),
    (OTHER, "待核实", False),
)
_STATUS_SHARES = (60, 25, 2, 5, 4, 1, 1, 2)


def generate(seed: int, index: int, today: date) -> MockBusiness:
    """The business with this index."""
    rng = random.Random(f"{seed}:{index}")
    city = rng.choice(CITIES)
    kind, form = rng.choices((("91", "有限公司"), ("92", "店"), ("52", "服务中心")), (74, 22, 4))[0]
    trade = rng.choice(TRADES)
    name = f"{city[1]}{rng.choice(WORDS)}{rng.choice(MARKS)}{trade[0]}{form}"
    serial = f"{city[0]}{rng.choice('03')}{index:07d}"
    status, raw, suspended = rng.choices(_STATUSES, _STATUS_SHARES)[0]
    sites = 3 if kind == "91" and rng.random() < 0.05 else 1
    business = MockBusiness(
        business_id=uscc(kind, city[0], index),
        reg_no=serial + reg_no_check_digit(serial),
        name=name,
        trade=trade,
        division=city[0],
        legal_rep=rng.choice(SURNAMES) + rng.choice(GIVEN),
        legal_rep_id=personal_number(rng),
        phone=f"1990000{rng.randint(0, 9999):04d}",
        status=status,
        raw_status=raw,
        suspended=suspended,
        registered=rng.random() > 0.02,
        sites=tuple(
            _site(rng, i + 1, city, f"{name}{i + 1}号店" if sites > 1 else name, today)
            for i in range(sites)
        ),
        established=today - timedelta(days=rng.randint(400, 7000)),
        fire_known=rng.random() > 0.03,
        **_tax(rng, status),
    )
    return replace(business, told=_mistakes(rng, business))


def _clean(
    today: date, code: str, index: int, name: str, trade: int, **changes: Any
) -> MockBusiness:
    """A business in good order under a given code, but for the changes."""
    base = generate(0, index, today)
    until = today + timedelta(days=500)
    site = replace(
        _site(random.Random(code), 1, (code[2:8], "", TOWNS[code[2:8]]), name, today),
        fire="yes",
        fire_valid_to=until,
    )
    base = replace(
        base, business_id=code, name=name, trade=TRADES[trade], sites=(site,), status=ALIVE,
        raw_status="存续", suspended=False, registered=True, tax_known=True, tax_status=NORMAL,
        overdue=0, arrears=False, filing="Y", credit="A", fire_known=True, told={},
        legal_rep="王某", division=code[2:8],
    )  # fmt: skip
    return replace(base, **changes)


def _planted(today: date) -> dict[str, MockBusiness]:
    """Businesses with a known story, by their code (reference vectors with the implausible serial
    YYY).
    """
    clean = partial(_clean, today)
    chain = clean("91370102999999066X", 900_007, "济南范例餐饮有限公司", 0)
    soon = today + timedelta(days=21)
    main = clean(
        "91330106MA2YYY034D", 900_001, "杭州示例餐饮有限公司", 0, overdue=1, filing="N", credit="B"
    )
    plants = [
        clean("91310115MA1YYY024Y", 900_000, "上海样板酒店有限公司", 1),
        replace(
            main,
            told={"legal_rep_name": "李某某"},
            sites=(replace(main.sites[0], food_valid_to=soon),),
        ),
        replace(
            clean("91500103MAEYYY1167", 900_002, "重庆虚构商贸有限公司", 3),
            status=REVOKED,
            raw_status="吊销，未注销",
        ),
        clean("91110105MA0YYY014T", 900_004, "北京模拟科技有限公司", 4),
        replace(
            clean("92320102MA7YYY076M", 900_005, "南京演示餐饮店", 0, credit="D"),
            tax_status=ABNORMAL,
            overdue=2,
            filing="N",
        ),
        clean("93510104MA6YYY058N", 900_006, "成都假设商贸合作社", 3, tax_known=False),
        clean("51420106MJ9YYY080Q", 900_008, "武汉样品服务中心", 4),
    ]
    expired = clean("92440305MA5YYY0481", 900_003, "深圳试作洗浴店", 7)
    gone = today - timedelta(days=33)
    plants.append(
        replace(expired, sites=(replace(expired.sites[0], fire="expired", fire_valid_to=gone),))
    )
    moved = clean(MOVED_TO_NINGBO, 900_013, "杭州迁甬示例餐饮有限公司", 0, division="330203")
    plants += [
        _chain(chain, today, gone),
        clean(NINGBO, 900_011, "宁波示例餐饮有限公司", 0),
        clean(SHAOXING, 900_012, "绍兴示例餐饮有限公司", 0),
        replace(
            moved,
            sites=(replace(moved.sites[0], address=f"{TOWNS['330203']}海棠路7号"),),
        ),
    ]
    return {b.business_id: b for b in plants}


def _chain(business: MockBusiness, today: date, gone: date) -> MockBusiness:
    """Three shops of one business, of which the second's fire permit has expired."""
    rng, town = random.Random(business.business_id), (business.division, "", TOWNS["370102"])
    stores = [
        replace(
            _site(rng, i, town, f"{business.name}{i}号店", today),
            fire="yes",
            fire_valid_to=business.sites[0].fire_valid_to,
        )
        for i in (1, 2, 3)
    ]
    stores[1] = replace(stores[1], fire="expired", fire_valid_to=gone)
    return replace(business, sites=tuple(stores))


class World:
    """All businesses of one seed, found by unified code or registration number."""

    def __init__(self, seed: int, count: int, today: date) -> None:
        self.today = today
        self.planted = _planted(today)
        self.generated = [generate(seed, index, today) for index in range(count)]
        self._by_id = {b.business_id: b for b in (*self.generated, *self.planted.values())}
        self._by_id.update({b.reg_no: b for b in self.generated})

    def find(self, business_id: str) -> MockBusiness | None:
        """The business any of whose identifiers this is."""
        return self._by_id.get(business_id)

    def search(self, text: str, limit: int) -> list[MockBusiness]:
        """Registered businesses whose name or address holds the text."""
        everyone = (*self.planted.values(), *self.generated)
        return [
            b for b in everyone if b.registered and (text in b.name or text in b.sites[0].address)
        ][:limit]


def true_headline(business: MockBusiness, site_ref: str | None = None) -> dict[str, str]:
    """The right answers, worked out from the truth alone; imports nothing of the gateway."""
    alive = business.registered and business.status not in DEAD
    registered = "no" if not alive else "unknown" if business.status == OTHER else "yes"
    if not business.registered and not business.business_id.startswith("9"):
        registered = "unknown"  # another authority registers such bodies
    if not business.tax_known:
        taxes = "unknown"
    elif business.tax_status == ABNORMAL or business.overdue or business.arrears:
        taxes = "no"
    else:
        taxes = "yes" if business.tax_status == NORMAL and business.filing == "Y" else "unknown"
    site = next((s for s in business.sites if s.site_ref == site_ref), business.sites[0])
    if not business.fire_known or (
        site_ref is None and (len(business.sites) > 1 or not business.registered)
    ):
        fire = "unknown"  # which premises is meant, nobody can tell
    elif not business.trade[2]:
        fire = "not_required"
    else:
        fire = "yes" if site.fire == "yes" else "no"
    return {"registered": registered, "taxes_on_time": taxes, "fire_permit": fire}


def true_conflicts(business: MockBusiness) -> set[str]:
    """Elements that two departments truly tell differently."""
    if not business.registered:
        return set()
    found = {element for element in business.told if element != "name_variant"}
    if not business.tax_known:
        found -= {"entity_name"}
    if business.tax_known and business.status in DEAD and business.tax_status == NORMAL:
        found.add("status")
    return found
