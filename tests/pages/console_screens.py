"""Every screen of the console: axe in every theme and text size, width, keyboard alone, hostile texts; what each role sees without a complaint, in both languages."""

import itertools
import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Playwright, Route, expect

from tests.pages.browser import Phone, phone
from tests.pages.console import AUDITOR, COORDINATOR, MANAGER, WIDE, open_at, sign_on
from tests.pages.demo import Demo
from tests.pages.hostile import _LOOK, texts
from tests.pages.journeys import LEADER, SUPERVISOR
from tests.pages.screens import SIZES, THEMES, preferences_of

OF_ROLES = {
    SUPERVISOR: ("/", "/records", "/records?officer=ZJ-NOBODY", "/records/{record}", "/deliveries", "/decisions", "/tasks", "/help", "/settings"),
    COORDINATOR: ("/", "/adapters", "/adapters/food_jiande", "/adapters/tax", "/agreements", "/agreements/fire-tax/2", "/people"),
    MANAGER: ("/adapters/new", "/adapters/tax/edit", "/agreements/new", "/people/import"),
    LEADER: ("/", "/tasks", "/people"),
    AUDITOR: ("/", "/audit"),
}  # fmt: skip
"""Addresses behind `#` by who looks at them."""


def settle(one: Phone, demo: Demo, path: str) -> None:
    """Opens a screen, when what it shows is there; `{record}` is the newest record."""
    record = ""
    if "{record}" in path:
        open_at(one, demo, "/records")
        link = one.page.locator("main tbody tr a").first
        record = str(link.get_attribute("href")).rpartition("/")[2]
    open_at(one, demo, path.replace("{record}", record))
    expect(one.page.locator("main h1, main h2").first).to_be_visible()
    one.page.wait_for_timeout(120)


def every_screen(player: Playwright, demo: Demo, folder: Path, *, small: bool) -> str:
    """0 findings of axe, 0 complaints, and no screen scrolls sideways but its tables; at 360 px and 320 px with text twice as large too."""
    found, looked = [], 0
    themes = THEMES[::2] if small else THEMES
    for name, paths in OF_ROLES.items():
        with phone(player, folder / name, **WIDE) as one:
            sign_on(one, demo, name)
            for theme, size in itertools.product(themes, SIZES[1:] if small else SIZES):
                one.prefer(**preferences_of(theme, size))
                for path in paths:
                    settle(one, demo, path)
                    looked += 1
                    found += [f"{name} {theme} {size} {path}: {row}" for row in one.axe()]
                    if one.too_wide():
                        found.append(f"{name} {theme} {size} {path}: scrolls sideways")
                    if path == "/adapters/tax":  # what drew the chart is taken away here
                        one.page.locator("nav a[href='#/agreements']").click()
                        expect(one.page.locator("main tbody tr a").first).to_be_visible()
            for width, size in ((360, ""), (320, "30px")):
                one.page.set_viewport_size({"width": width, "height": 740})
                one.prefer(language="en")
                for path in paths:
                    settle(one, demo, path)
                    one.page.evaluate(f"document.documentElement.style.fontSize = '{size}'")
                    looked += 1
                    if one.too_wide():
                        found.append(f"{name} {width} px {path}: scrolls sideways")
                    if not size:
                        found += [f"{name} {width} px {path}: {row}" for row in one.axe()]
            found += [f"{name}: {row}" for row in [*one.complaints, *one.violations()]]
    assert found == [], "\n".join(found[:40])
    return f"{looked} screens"


def keyboard_at_the_desk(player: Playwright, demo: Demo, folder: Path) -> None:
    """To the records, into the first one, and back, without touching anything; the focus is seen."""
    with phone(player, folder, **WIDE) as one:
        sign_on(one, demo, SUPERVISOR)
        page = one.page

        def until(selector: str, most: int = 60) -> None:
            for _ in range(most):
                page.keyboard.press("Tab")
                if page.evaluate("(s) => document.activeElement.matches(s)", selector):
                    return
            raise AssertionError(f"never reached {selector}")

        until("nav a[href='#/records']")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        expect(page.locator("main tbody tr a").first).to_be_visible()
        until("main tbody tr a")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="现场检查记录")).to_be_visible()
        until("header .who")
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)


_KEPT = {"id", "digest", "agreement_id", "person_id", "role_id", "unit_id", "state", "kind", "event", "result", "mode", "presence", "next_cursor", "resume_cursor", "permissions", "access_token", "token_type", "status", "role", "party", "act", "verdict", "purpose", "import_id"}  # fmt: skip
"""Keys that the page acts on: what stands there is the interface's own, never somebody's text."""


class Twister:
    """The gateway's own answers, with a hostile text in place of every text of somebody."""

    def __init__(self) -> None:
        self._told = texts(300, seed=14)
        self.used = 0

    def _twisted(self, value: Any, key: str) -> Any:
        if isinstance(value, dict):
            return {k: self._twisted(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [self._twisted(v, key) for v in value]
        if isinstance(value, str) and key not in _KEPT:
            self.used += 1
            return self._told[self.used % len(self._told)]
        return value

    def answer(self, route: Route) -> None:
        if route.request.url.endswith(("/v1/me", "/v1/sign-on", "/v1/token")):
            route.continue_()
            return
        told = route.fetch()
        if "json" not in told.headers.get("content-type", "") or not told.ok:
            route.fulfill(response=told)
            return
        body = json.dumps(self._twisted(told.json(), ""))
        route.fulfill(response=told, body=body)


def hostile_texts_at_the_desk(player: Playwright, demo: Demo, folder: Path) -> str:
    """Nothing runs, nothing is markup, nothing turns the order of what is read."""
    twister, found = Twister(), []
    for name, paths in OF_ROLES.items():
        with phone(player, folder / name, **WIDE) as one:
            dialogs: list[str] = []
            one.page.on("dialog", lambda dialog, seen=dialogs: seen.append(dialog.message))
            sign_on(one, demo, name)
            one.page.route("**/v1/**", twister.answer)
            for path in paths:
                if "{record}" in path:
                    continue
                open_at(one, demo, path)
                one.page.evaluate(
                    "document.querySelectorAll('main details').forEach((d) => { d.open = true; })"
                )
                one.page.wait_for_timeout(200)
                seen = one.page.evaluate(_LOOK)
                bad = [k for k in ("ran", "scripts", "frames", "handlers", "turned") if seen[k]]
                if bad or one.too_wide() or dialogs:
                    found.append(f"{name} {path}: {bad} {dialogs} wide={one.too_wide()}")
            one.page.unroute_all(behavior="ignoreErrors")
    assert found == [], "\n".join(found)
    assert twister.used >= 300
    return f"{twister.used} places"
