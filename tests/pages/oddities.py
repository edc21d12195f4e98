"""What a phone lives through: a full disk, a clock of last year, a platform that signs people on."""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import Playwright, Route, expect

from tests.pages.browser import Phone, phone
from tests.pages.demo import BUSINESS, Demo
from tests.pages.journeys import NAME, look_up, whole
from tests.pages.screens import go, task_of

NOTE = "门口堆放杂物，已拍照"
_FULL = """() => { window.__put = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = () => { throw new DOMException('no room', 'QuotaExceededError'); }; }"""


def _form(one: Phone, address: str, note: str) -> None:
    """The form of a visit with a note that lies on the device."""
    go(one, address, f"/b/{BUSINESS}/visit?task={task_of(one)}")
    one.page.get_by_label("整体说明").fill(note)
    expect(one.page.get_by_text("已保存在本机", exact=True)).to_be_visible()


def a_full_disk_is_said(one: Phone, address: str) -> None:
    """What cannot be kept is said at once, and stays on the screen; with room it is kept."""
    page = one.page
    _form(one, address, "一")
    page.evaluate(_FULL)
    page.get_by_label("整体说明").fill(NOTE)
    expect(page.get_by_role("alert")).to_contain_text("未能保存")
    expect(page.get_by_label("整体说明")).to_have_value(NOTE)
    page.evaluate("() => { IDBObjectStore.prototype.put = window.__put; }")
    page.get_by_label("整体说明").fill(NOTE + "。")
    expect(page.get_by_role("alert")).to_have_count(0)


def a_clock_of_last_year(one: Phone, address: str) -> None:
    """The gateway says whether a sign-in has ended, not the phone's clock; what was kept under another clock is not shown as of now."""
    page = one.page
    page.clock.set_system_time(datetime.now(UTC) - timedelta(days=365))
    go(one, address, "/")
    expect(page.get_by_role("dialog")).to_have_count(0)
    look_up(one, BUSINESS)
    whole(one)
    expect(page.get_by_role("heading", name=NAME)).to_be_visible()
    page.clock.set_system_time(datetime.now(UTC))
    go(one, address, "/")


def a_pin_is_asked_for(one: Phone, address: str) -> None:
    """Set in the settings, asked for at the next beginning: behind it everything is as it was, before it nothing is seen."""
    page = one.page
    go(one, address, "/settings")
    page.get_by_role("button", name="设置 PIN").click()
    page.get_by_label("新 PIN").fill("246810")
    page.get_by_label("再输入一次").fill("246810")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_role("button", name="立即锁定")).to_be_visible()
    page.goto("about:blank")
    page.goto(f"{address}/m/")
    box = page.get_by_role("dialog", name="请输入 PIN")
    expect(box).to_be_visible()
    expect(page.get_by_text(NAME)).to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(box).to_be_visible()
    box.get_by_role("textbox").fill("000000")
    box.get_by_role("button", name="解锁").click()
    expect(box).to_contain_text("还可尝试 9 次")
    box.get_by_role("textbox").fill("246810")
    box.get_by_role("button", name="解锁").click()
    expect(box).to_have_count(0)
    expect(page.locator("a.task", has_text=NAME).first).to_be_visible()
    page.get_by_role("button", name="我的登录").click()
    page.get_by_role("link", name="设置").click()
    page.get_by_role("button", name="取消 PIN").click()
    expect(page.get_by_role("button", name="设置 PIN")).to_be_visible()


def drafts_go_when_asked_twice(one: Phone, address: str) -> None:
    """What the journeys before left."""
    page = one.page
    go(one, address, "/outbox")
    drafts = page.locator("[data-state=draft]")
    expect(drafts.first).to_be_visible()
    while drafts.count():
        left = drafts.count()
        drafts.first.get_by_role("button", name="删除草稿").click()
        drafts.first.get_by_role("button", name="再点一次删除").click()
        expect(drafts).to_have_count(left - 1)


class Platform:
    """The city's identity platform, played at an address of the gateway's own."""

    def __init__(self, demo: Demo) -> None:
        self.issuer = f"{demo.address}/platform"
        self.token = demo.token("inspector")["Authorization"].removeprefix("Bearer ")
        self.challenge = ""

    def answer(self, route: Route) -> None:
        url = urlsplit(route.request.url)
        if url.path == "/v1/sign-on":
            body = {
                "issuer": self.issuer,
                "client_id": "page",
                "scopes": ["openid"],
                "codes": True,
                "complain": None,
            }
        elif url.path.endswith("openid-configuration"):
            body = {
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
            }
        elif url.path.endswith("/authorize"):
            asked = dict(parse_qsl(url.query))
            assert asked["code_challenge_method"] == "S256"
            self.challenge = asked["code_challenge"]
            route.fulfill(
                status=302,
                headers={"Location": f"{asked['redirect_uri']}?code=c1&state={asked['state']}"},
            )
            return
        else:
            form = dict(parse_qsl(route.request.post_data or ""))
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == self.challenge
            body = {"access_token": self.token, "token_type": "Bearer", "expires_in": 3600}
        route.fulfill(status=200, content_type="application/json", body=json.dumps(body))


def signs_on_at_the_platform(player: Playwright, demo: Demo, profile: Path) -> None:
    """Code flow with PKCE, back to the screen of before; an answer that nobody asked for signs nobody in."""
    platform = Platform(demo)
    with phone(player, profile) as one:
        for pattern in ("**/v1/sign-on", "**/platform/**"):
            one.context.route(pattern, platform.answer)
        page = one.page
        page.goto(f"{demo.address}/m/?code=stolen&state=foreign")
        expect(page.get_by_text("统一身份认证未完成")).to_be_visible()
        page.goto(f"{demo.address}/m/#/today")
        page.get_by_role("button", name="统一身份认证登录").click()
        expect(page.get_by_role("heading", name="我的检查任务")).to_be_visible()
        expect(page.locator("a.task").first).to_be_visible()
        assert "code=" not in page.url
        assert one.violations() == []
        assert one.complaints == [], one.complaints
