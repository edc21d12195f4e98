"""What an officer does at a door, with or without a network. Each journey asserts; nothing here waits by the clock where a state can be waited for."""

import re
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

import httpx
from playwright.sync_api import Error, Page, Playwright, expect

from tests.pages.browser import Phone, phone
from tests.pages.demo import BUSINESS, Demo

NAME = "杭州示例餐饮有限公司"
INSPECTOR, COLLEAGUE, LEADER, SUPERVISOR = "王某", "李某", "陈某", "赵某"


def look_up(one: Phone, text: str) -> None:
    """Types a text and asks."""
    one.page.get_by_role("link", name="查询", exact=True).click()
    one.page.get_by_label("统一社会信用代码、注册号或名称").fill(text)
    one.page.get_by_role("button", name="查询", exact=True).click()


def whole(one: Phone) -> None:
    """Waits until every department has answered or been given up."""
    expect(one.page.locator(".profile .progress")).to_contain_text("返回", timeout=10_000)
    expect(one.page.locator(".profile .progress")).not_to_contain_text("正在", timeout=10_000)


def signs_on_and_checks(one: Phone, demo: Demo) -> None:
    """A link works once; a mistyped code is mended by one tap; three answers come while a department hangs; it is asked again."""
    page = one.page
    one.sign_on(demo.link(INSPECTOR))
    expect(page.get_by_text("我的检查任务")).to_be_visible()
    demo.fault("food", "hang")
    page.get_by_label("统一社会信用代码、注册号或名称").fill("9133O106MA2YYY034D")
    expect(page.get_by_text("第 5 位“O”有误")).to_be_visible()
    page.get_by_role("button", name=f"改用 {BUSINESS}").click()
    expect(page.locator("[data-question=registered][data-answer=yes]")).to_be_visible()
    expect(page.locator("[data-question=taxes_on_time][data-answer=no]")).to_contain_text("逾期")
    assert page.locator("[data-section=food][data-outcome]").count() == 0, "it is still waited for"
    whole(one)
    expect(page.get_by_role("heading", name=NAME)).to_be_visible()
    expect(page.locator(".progress")).to_contain_text("1 个部门未返回")
    food = page.locator("[data-section=food]")
    expect(food).to_have_attribute("data-outcome", re.compile("stale|timed_out"))
    demo.fault("food", "ok")
    food.locator("> summary").click()
    food.get_by_role("button", name="重新查询该部门").click()
    expect(food).to_have_attribute("data-outcome", "fresh", timeout=12_000)
    expect(page.locator(".progress")).to_contain_text("均已返回")
    assert "token" not in page.url
    assert BUSINESS in page.url


def a_link_works_once(player: Playwright, demo: Demo, folder: Path) -> None:
    """The same link on another phone says so; whoever it was is signed off on both, because one of them was not meant."""
    link = demo.link(SUPERVISOR, on_phone=True)
    with phone(player, folder / "first") as first:
        first.sign_on(link)
    with phone(player, folder / "other") as other:
        other.expected = ["400", "401", "403"]
        other.page.goto(link)
        other.page.get_by_role("dialog").get_by_role("button", name="登录", exact=True).click()
        expect(other.page.get_by_text("登录码无效、已使用或已过期")).to_be_visible()
        assert other.complaints == []


def another_text_hides_the_former(one: Phone) -> None:
    """The moment another business is asked for, the former answers are gone, also when it is refused."""
    page = one.page
    one.expected = ["422", "404", "403", "503"]
    page.goto(f"{page.url.split('#')[0]}#/b/91330106MA2YYY035B")
    expect(page.get_by_text(NAME)).to_have_count(0)
    expect(page.locator("[data-question=registered][data-answer=yes]")).to_have_count(0)
    expect(page.get_by_role("alert")).to_be_visible()
    one.expected = []


def reads_without_a_network(one: Phone) -> None:
    """A reload without a network shows the page, the copy, its age; and says that it may not be the latest."""
    page = one.page
    look_up(one, BUSINESS)
    whole(one)
    page.goto(f"{page.url.split('#')[0]}#/settings")
    expect(page.get_by_text("已就绪，无网络时可打开本页")).to_be_visible(timeout=20_000)
    one.expected = ["ERR_INTERNET_DISCONNECTED", "Failed to fetch"]
    one.context.set_offline(True)
    page.reload()
    page.get_by_role("link", name="查询", exact=True).click()
    page.get_by_role("button", name=re.compile(NAME)).first.click()
    expect(page.get_by_text("系统没有返回新的结果")).to_be_visible()
    expect(page.locator("[data-question=registered][data-answer=yes]")).to_be_visible()
    one.context.set_offline(False)
    one.expected = []


def begins_a_record(one: Phone) -> None:
    """The record of a visit, in a cellar: nothing typed that a department told; it is kept on the phone."""
    page = one.page
    one.expected = ["ERR_INTERNET_DISCONNECTED", "Failed to fetch"]
    one.context.set_offline(True)
    page.get_by_role("link", name="登记检查").click()
    expect(page.get_by_role("heading", name="登记检查")).to_be_visible()
    expect(page.get_by_text("ZJ-0001")).to_be_visible()
    page.get_by_label("姓名或执法证件号").fill("ZJ-0002")
    page.get_by_role("button", name="添加此证件号").click()
    fire = page.locator("fieldset", has=page.locator("legend", has_text="消防"))
    fire.get_by_text("不符合", exact=True).click()
    page.get_by_role("button", name="完成并发送").click()
    expect(page.get_by_text("“不符合”的事项请写明具体情形")).to_be_visible()
    fire.get_by_label("不符合的情形（必填）").fill("疏散通道堆放纸箱")
    page.get_by_role("button", name="完成并发送").click()
    expect(page.locator("[data-state=kept]")).to_be_visible()


def sends_it_once(player: Playwright, demo: Demo, profile: Path) -> str:
    """Begun again days later the phone has it still; a portal's page is no receipt; sent, it is there once."""
    with phone(player, profile) as one:
        page = one.page
        page.route("**/v1/inspections/*", lambda route: route.fulfill(status=200, content_type="text/html", body="<html>portal</html>") if route.request.method == "PUT" else route.continue_())  # fmt: skip
        page.goto(f"{demo.address}/m/#/outbox")
        expect(page.locator("[data-state=kept]")).to_contain_text("已尝试", timeout=15_000)
        page.unroute("**/v1/inspections/*")
        page.get_by_role("button", name="立即发送").click()
        expect(page.locator("[data-state=received]")).to_contain_text(
            "待其他检查人员确认", timeout=15_000
        )
        record = page.locator("[data-state=received] bdi.mono").first.inner_text()
        assert one.complaints == [], one.complaints
    with sqlite3.connect(
        f"file:{demo.folder / '.demo' / 'onevisit.db'}?mode=ro", uri=True
    ) as database:
        assert database.execute(
            "select count(*) from inspections where id = ?", (record,)
        ).fetchone() == (1,)
    return record


def the_second_officer_confirms(player: Playwright, demo: Demo, profile: Path, record: str) -> None:
    """On his own phone; then the departments receive it, and the first one's outbox says so."""
    with phone(player, profile) as other:
        other.sign_on(demo.link(COLLEAGUE))
        other.page.get_by_role("link", name="待发").click()
        expect(other.page.get_by_text("待我确认")).to_be_visible()
        expect(other.page.get_by_text("疏散通道堆放纸箱")).to_be_visible()
        other.page.get_by_role("button", name="我在现场，确认").click()
        expect(other.page.get_by_text("待我确认")).to_have_count(0)
        assert other.complaints == [], other.complaints
    until = time.monotonic() + 15
    while time.monotonic() < until:
        told = httpx.get(
            f"{demo.address}/v1/inspections/{record}", headers=demo.token("inspector")
        ).json()
        if told["state"] == "written_back":
            return
        time.sleep(0.2)
    raise AssertionError(told["state"])


def another_person_sees_nothing(player: Playwright, demo: Demo, profile: Path) -> None:
    """The phone is handed over while something waits: of the first person only a number is known."""
    with phone(player, profile) as one:
        page = one.page
        page.goto(f"{demo.address}/m/#/outbox")
        expect(page.locator("[data-state=received]")).to_contain_text("1/1", timeout=15_000)
        page.get_by_role("link", name="查看与打印").click()
        expect(page.get_by_role("heading", name="现场检查记录")).to_be_visible()
        expect(page.get_by_text("疏散通道堆放纸箱")).to_be_visible()
        one.sign_on(demo.link(SUPERVISOR, on_phone=True))
        page.get_by_role("link", name="待发").click()
        expect(page.get_by_text("没有待发送的记录")).to_be_visible()
        expect(page.get_by_text(NAME)).to_have_count(0)
        page.get_by_role("link", name="查询", exact=True).click()
        expect(page.get_by_text("在本机查过的经营主体会显示在这里")).to_be_visible()
        expect(page.get_by_text(NAME)).to_have_count(0)


def _begun_anew(page: Page) -> None:
    """Until the page of before is gone."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        with suppress(Error):  # asked in the middle of it
            if page.evaluate("window.__before === undefined && document.readyState === 'complete'"):
                return
        time.sleep(0.1)
    raise AssertionError("the page did not begin anew")


def signing_out_leaves_nothing(player: Playwright, demo: Demo, profile: Path) -> None:
    """Databases, caches, workers: none is left, and the page asks who is there."""
    with phone(player, profile) as one:
        page = one.page
        page.goto(f"{demo.address}/m/")
        page.get_by_role("button", name="我的登录").click()
        page.get_by_role("button", name="退出登录").click()
        page.evaluate("() => { window.__before = true; }")
        page.get_by_role("alert").get_by_role("button", name="退出登录").click()
        _begun_anew(page)
        expect(page.get_by_role("dialog", name="登录")).to_be_visible()
        left = page.evaluate(
            "async () => [(await indexedDB.databases()).filter((d) => d.name !== 'onevisit').length, sessionStorage.length]"
        )
        assert left == [0, 0], left
        rows = page.evaluate("""async () => new Promise((done) => { const asked = indexedDB.open('onevisit'); asked.onsuccess = () => {
          const db = asked.result; if (!db.objectStoreNames.contains('rows')) { db.close(); done([]); return; }
          const all = db.transaction('rows').objectStore('rows').getAll();
          all.onsuccess = () => { db.close(); done(all.result.map((row) => `${row.kind} of ${row.person} at ${row.at}`)); }; }; })""")
        assert rows == [], rows
