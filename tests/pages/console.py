"""What people do at the console: a department brings a system in, three parties sign, a leader assigns, a supervisor takes records, an auditor follows a refusal."""

import json
import re
import time
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx
from playwright.sync_api import Page, Playwright, expect

from adapters.fakes.departments import manifest_of
from tests.pages.browser import Phone, phone
from tests.pages.demo import BUSINESS, Demo
from tests.pages.journeys import COLLEAGUE, INSPECTOR, LEADER, SUPERVISOR

COORDINATOR, MANAGER, AUDITOR = "林某", "高某", "钱某"
WIDE = {"width": 1280, "height": 900}
AGREEMENT = "/agreements/fire-tax/2"


def open_at(one: Phone, demo: Demo, path: str) -> Page:
    """A screen of the console, when it has settled."""
    one.page.goto("about:blank")
    one.page.goto(f"{demo.address}/console#{path}")
    expect(one.page.locator("main")).to_be_visible()
    settled(one.page)
    return one.page


def settled(page: Page) -> None:
    """Until no place is held any more."""
    expect(page.locator("main .hold")).to_have_count(0)
    expect(page.locator("main tbody[aria-hidden=true]")).to_have_count(0)


def sign_on(one: Phone, demo: Demo, name: str) -> None:
    """At the console, by a link."""
    link = demo.link(name).replace("/m/#", "/console#")
    one.sign_on(link)
    expect(one.page.get_by_role("heading", level=1)).to_contain_text(name)


def rows_of(page: Page) -> int:
    """Rows of the table that is shown."""
    return page.locator("main tbody:not([aria-hidden]) tr").count()


def every_row(page: Page) -> list[str]:
    """Numbers of the records that are shown, when all of them are."""
    more = page.get_by_role("button", name="加载更多")
    while more.count():
        before = rows_of(page)
        more.click()
        expect(page.locator("main tbody tr").nth(before)).to_be_visible()
    links = page.locator("main tbody tr td:first-child a").all()
    return [str(link.get_attribute("href")).rpartition("/")[2] for link in links]


def _exports(page: Page, shown: list[str], demo: Demo) -> None:
    """Lines, spreadsheet and the copied call hold what is shown, in its order."""

    def taken(name: str) -> str:
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        return Path(download.value.path()).read_text(encoding="utf-8-sig")

    lines = taken("导出逐行数据（NDJSON）").splitlines()
    assert [json.loads(line).get("id") for line in lines[:-1]] == shown
    told = dict.fromkeys(re.findall(r"[0-9a-f-]{36}", taken("导出表格（CSV）")))
    assert [number for number in told if number in shown] == shown
    page.get_by_role("button", name="复制为接口调用").click()
    address = re.search(r"'(http[^']+)'", page.locator("p.code").inner_text())
    assert address is not None
    again = httpx.get(address[1], headers=demo.token("supervisor")).text.splitlines()
    assert [json.loads(line).get("id") for line in again[:-1]] == shown


def takes_what_is_shown(player: Playwright, demo: Demo, folder: Path) -> str:
    """A filter stands in the address, is saved by name, found again after a restart; the export is equal line by line; Back goes back."""
    with phone(player, folder, **WIDE) as one:
        sign_on(one, demo, SUPERVISOR)
        page = open_at(one, demo, "/records")
        page.get_by_role("combobox", name="状态").select_option(label="各部门均已接收")
        page.wait_for_url("**state=written_back*")
        page.get_by_label("执法证件号").fill("ZJ-0003")
        page.get_by_label("执法证件号").press("Enter")
        page.wait_for_url("**officer=ZJ-0003*")
        expect(page.locator("main tbody tr a").first).to_be_visible()
        settled(page)
        shown = every_row(page)
        assert shown
        _exports(page, shown, demo)
        page.get_by_role("button", name="保存此筛选").click()
        page.get_by_placeholder("筛选名称").fill("孙某已送达")
        page.get_by_role("button", name="保存此筛选").click()
        expect(page.get_by_text("已保存“孙某已送达”")).to_be_visible()
        page.go_back()
        page.wait_for_url("**state=written_back")
        assert one.complaints == [], one.complaints
    with phone(player, folder, **WIDE) as one:
        page = open_at(one, demo, "/records")
        page.get_by_role("button", name="孙某已送达").click()
        page.wait_for_url("**officer=ZJ-0003*")
        settled(page)
        page.locator("main tbody tr a").first.click()
        expect(page.get_by_role("heading", name="现场检查记录")).to_be_visible()
        expect(page.get_by_text("内容摘要")).to_be_visible()
        assert one.violations() == []
    return f"{len(shown)} records"


def assigns(player: Playwright, demo: Demo, folder: Path) -> None:
    """A leader approves what another one opened, reviews a broken glass, assigns a task, and gives it to somebody else."""
    with phone(player, folder, **WIDE) as one:
        sign_on(one, demo, LEADER)
        page = one.page
        expect(page.locator("[data-waiting=approvals]")).to_contain_text("1")
        open_at(one, demo, "/tasks")
        page.get_by_role("button", name="批准", exact=True).click()
        expect(page.get_by_text("已批准")).to_be_visible()
        page.get_by_role("button", name="复核", exact=True).click()
        box = page.get_by_role("dialog")
        box.get_by_label("复核意见").fill("现场确有火情，查阅必要")
        box.get_by_role("button", name="认定有必要").click()
        expect(page.get_by_text("已复核", exact=True)).to_be_visible()
        page.get_by_role("button", name="指派任务").click()
        box.get_by_label("统一社会信用代码").fill(BUSINESS)
        box.get_by_label("按姓名查找检查人员").fill("王某")
        box.get_by_label("按姓名查找检查人员").press("Enter")
        box.get_by_role("button", name=re.compile("^王某")).click()
        box.get_by_label("检查依据").fill("投诉举报 2026-1128")
        box.get_by_role("button", name="立即指派").click()
        expect(page.get_by_text("已指派")).to_be_visible()
        row = page.locator("main tbody tr", has_text="投诉举报 2026-1128")
        row.get_by_role("button", name="改派").click()
        box.get_by_role("button", name=re.compile("^移除")).click()
        assert box.get_by_role("button", name="立即指派").is_disabled()
        box.get_by_label("按姓名查找检查人员").fill("孙某")
        box.get_by_label("按姓名查找检查人员").press("Enter")
        box.get_by_role("button", name=re.compile("^孙某")).click()
        box.get_by_role("button", name="立即指派").click()
        expect(row).to_have_count(1)
        expect(row).to_contain_text("inspector-sun")
        assert one.complaints == [], one.complaints
        assert one.violations() == []


class _Field:
    """Whether a field of the tax department's is told to the demo's inspector. While it is asked for, the agreement that the demo started from is suspended."""

    _SEED = "/v1/agreements/seed-inspection/versions/1"

    def __init__(self, demo: Demo) -> None:
        self._demo, self._inspector = demo, demo.token("inspector")
        rows = httpx.get(f"{demo.address}/v1/tasks", headers=self._inspector).json()["items"]
        task = next(row["id"] for row in rows if row["business_id"] == BUSINESS)
        self._path = f"/v1/profiles/{BUSINESS}/sections/tax?purpose=inspection&task={task}"

    def __enter__(self) -> Self:
        self._act("suspend")
        return self

    def __exit__(self, *_error: object) -> None:
        self._act("resume")

    def _act(self, act: str) -> None:
        path, body = f"{self._demo.address}{self._SEED}:{act}", {"reason": "the departments' own"}
        httpx.post(path, headers=self._demo.token("nation"), json=body).raise_for_status()

    def is_told(self) -> bool:
        answer = httpx.get(self._demo.address + self._path, headers=self._inspector).json()
        return "vat_taxpayer_type" in (answer.get("section", answer).get("data") or {})

    def seconds_until(self, *, told: bool) -> float:
        """How long it takes until it is, or is not. Raises after five seconds."""
        begun = time.monotonic()
        while self.is_told() is not told:
            if time.monotonic() - begun > 5:
                raise AssertionError(f"told: {not told}")
            time.sleep(0.02)
        return time.monotonic() - begun


def _signs(player: Playwright, demo: Demo, folder: Path, name: str) -> None:
    with phone(player, folder / name, **WIDE) as one:
        sign_on(one, demo, name)
        page = open_at(one, demo, AGREEMENT)
        expect(page.get_by_text("与第 1 版的差异")).to_be_visible()
        expect(page.locator("ins").first).to_contain_text("增值税纳税人类型")
        page.get_by_role("button", name="代表本方签署").click()
        page.get_by_role("dialog").get_by_role("button", name="确认签署").click()
        expect(page.get_by_text("已签署", exact=True)).to_be_visible()
        pressable = page.locator("main button:enabled", has_text="代表本方签署")
        expect(pressable).to_have_count(0)
        assert one.complaints == [], one.complaints


def three_parties_sign(player: Playwright, demo: Demo, folder: Path) -> str:
    """The source reads what changed and signs, the coordinator signs, it is in force; the source suspends it, and a field is gone within a second."""
    with _Field(demo) as field:
        _signs(player, demo, folder, MANAGER)
        assert not field.is_told()
        _signs(player, demo, folder, COORDINATOR)
        field.seconds_until(told=True)
        with phone(player, folder / MANAGER, **WIDE) as one:
            page = open_at(one, demo, AGREEMENT)
            expect(page.get_by_text(re.compile("今日已用"))).to_be_visible()
            page.get_by_role("button", name="暂停协议").click()
            box = page.get_by_role("dialog")
            box.get_by_label("理由").fill("数据核对中")
            box.get_by_role("button", name="暂停协议").click()
            expect(page.get_by_text("已暂停，相关字段不再提供")).to_be_visible()
            gone = field.seconds_until(told=False)
            assert gone < 1, gone
            assert one.complaints == [], one.complaints
    return f"gone after {gone:.2f} s"


def follows_a_refusal(player: Playwright, demo: Demo, folder: Path) -> None:
    """The number under a refusal on an officer's screen leads to its entry: typed in, and there it is."""
    with phone(player, folder / "officer") as one:
        one.expected = ["422", "403", "404"]
        one.sign_on(demo.link(COLLEAGUE))
        one.page.goto(f"{demo.address}/m/#/b/91330106MA2YYY035B")
        trace = one.page.locator(".problem p .mono").first.inner_text()
    with phone(player, folder / "auditor", **WIDE) as one:
        sign_on(one, demo, AUDITOR)
        one.page.get_by_role("link", name="使用留痕").click()
        one.page.get_by_label("跟踪号").fill(trace)
        one.page.get_by_label("跟踪号").press("Enter")
        expect(one.page.locator("main tbody tr").first).to_contain_text("拒绝")
        one.page.locator("main tbody tr details").first.click()
        expect(one.page.locator("main tbody tr").first).to_contain_text(trace)
        assert one.complaints == [], one.complaints


def _health_manager(demo: Demo) -> str:
    """Somebody new: a data manager of the health department, registered and given the role by two people."""
    system, security = demo.token("system"), demo.token("security")
    unit = {"unit_id": "health-hangzhou", "name": {"zh": "杭州市卫生健康委员会", "en": "Hangzhou health"}, "tier": "city", "region": "330100", "department": "health", "parts": ["source"]}  # fmt: skip
    httpx.post(f"{demo.address}/v1/units", json=unit, headers=system).raise_for_status()
    person = {"name": "文某", "subject": "manager-wen", "unit": "health-hangzhou"}
    made = httpx.post(f"{demo.address}/v1/people", json=person, headers=system).raise_for_status()
    path = f"{demo.address}/v1/people/{made.json()['person_id']}/roles"
    httpx.post(path, json={"role": "data_manager"}, headers=security).raise_for_status()
    return "文某"


def _registers(page: Page, document: dict[str, Any], sample: str) -> None:
    page.get_by_role("link", name="登记接入").click()
    page.get_by_role("button", name="改用 JSON").click()
    page.get_by_label("接入配置（JSON）").fill(json.dumps(document, ensure_ascii=False))
    page.get_by_label(re.compile("^粘贴一段")).fill(sample)
    page.get_by_role("button", name="查看结果").click()
    expect(page.locator("[data-preview]")).to_contain_text("{")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_text("下一步：数据管理员进行接口检测。")).to_be_visible()
    expect(page.get_by_text("请先通过接口检测")).to_be_visible()


def _mends(page: Page) -> None:
    """The exam says what was wanted and what came; a new version without the mistake passes."""
    page.get_by_role("button", name="开始检测").click()
    expect(page.get_by_text(re.compile(r"\d+ 项未通过"))).to_be_visible(timeout=30_000)
    expect(page.locator(".case").first).to_contain_text("未通过")
    expect(page.locator(".case strong").first).not_to_be_empty()
    page.get_by_role("link", name="登记新版本").click()
    page.get_by_label("返回中主体代码的位置").fill("")
    page.get_by_role("button", name="登记为新版本").click()
    page.get_by_role("button", name="开始检测").click()
    expect(page.get_by_text("检测通过").nth(1)).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="提交审核").click()
    expect(page.get_by_text("已提交审核")).to_be_visible()


def brings_a_system_in(player: Playwright, demo: Demo, folder: Path) -> None:
    """From nothing to published on screens alone; the exam says what is wrong, and it is mended by what it says."""
    name = _health_manager(demo)
    rows = httpx.get(f"{demo.address}/v1/adapters", headers=demo.token("coordinator")).json()
    address = next(row["manifest"]["base_url"] for row in rows if row["id"] == "health")
    document = manifest_of("health", address) | {"adapter_id": "health_jiande", "region": "330182"}
    document["mapping"]["response"] = {"business_id": "nowhere"}
    with phone(player, folder / "manager", **WIDE) as one:
        sign_on(one, demo, name)
        page = open_at(one, demo, "/adapters")
        _registers(page, document, _sample(address, document))
        _mends(page)
        assert one.complaints == [], one.complaints
    with phone(player, folder / "coordinator", **WIDE) as one:
        sign_on(one, demo, COORDINATOR)
        one.page.get_by_role("link", name="health_jiande").click()
        one.page.get_by_role("button", name="审核通过并发布").click()
        expect(one.page.get_by_text("已在服务。")).to_be_visible()
        expect(one.page.locator(".timeline")).to_contain_text("manager-wen")
        one.page.get_by_role("button", name="暂停服务").click()
        expect(one.page.get_by_role("dialog")).to_contain_text("有效共享协议")
        one.page.get_by_role("dialog").get_by_role("button", name="取消").click()
        assert one.complaints == [], one.complaints


def _sample(address: str, document: dict[str, Any]) -> str:
    """What the department's system really answers."""
    return httpx.get(f"{address}/v1/sections/health/{document['sample_business_id']}").text


def one_who_may_not(player: Playwright, demo: Demo, folder: Path) -> None:
    """An officer at the console is told why a screen stays shut, and asks for nothing behind it; a filter in the address that is nonsense is the interface's to refuse."""
    with phone(player, folder, **WIDE) as one:
        asked: list[str] = []
        one.page.on("request", lambda request: asked.append(urlsplit(request.url).path))
        sign_on(one, demo, INSPECTOR)
        for path in ("/records", "/audit", "/people", "/adapters", "/agreements", "/deliveries"):
            page = open_at(one, demo, path)
            expect(page.get_by_role("alert")).to_contain_text("您的角色没有打开此页的权限")
        assert not {p for p in asked if p.startswith(("/v1/records", "/v1/audit", "/v1/people"))}
    with phone(player, folder / "other", **WIDE) as one:
        one.expected = ["422"]
        sign_on(one, demo, SUPERVISOR)
        page = open_at(one, demo, "/records?state=nonsense&since=yesterday")
        expect(page.get_by_role("alert")).to_contain_text("请求内容不符合要求")
        assert parse_qs(urlsplit(page.url).fragment.partition("?")[2])["state"] == ["nonsense"]
        page = open_at(one, demo, "/records?officer=ZJ-NOBODY")
        expect(page.get_by_text("没有符合条件的记录")).to_be_visible()
        page.get_by_role("button", name="清除筛选").first.click()
        expect(page.locator("main tbody tr").first).to_be_visible()
