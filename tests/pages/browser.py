"""Debian's Chromium, one profile a phone, watched: what it complains of, what the policy refused, what axe finds."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, Playwright

AXE = Path(__file__).parents[2] / "app/web/ui/node_modules/axe-core/axe.min.js"
CHROMIUM = "/usr/bin/chromium"
_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
_WATCH = """
window.__violations = [];
addEventListener('securitypolicyviolation', (e) => window.__violations.push(`${e.effectiveDirective} ${e.blockedURI} ${e.sample}`));
"""
_AXE = "async () => (await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})).violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target.join(' ')).join(' | ')}`)"


class Phone:
    """A page in a profile of its own. `complaints` gathers what the console said and what the policy refused."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.complaints: list[str] = []
        context.add_init_script(_WATCH)
        context.on("weberror", lambda error: self.complaints.append(f"error {error.error}"))
        self.page: Page = context.pages[0] if context.pages else context.new_page()
        self.page.on("console", self._said)
        self.expected: list[str] = []
        """Parts of what the console may say: refusals that a journey asks for."""

    def _said(self, message: Any) -> None:
        if message.type in {"error", "warning"} and not any(
            part in message.text for part in self.expected
        ):
            self.complaints.append(
                f"{message.type} {message.text} {message.location.get('url', '')[-90:]}"
            )

    def violations(self) -> list[str]:
        """What the policy refused on the screens since the last load."""
        return list(self.page.evaluate("window.__violations ?? []"))

    def prefer(self, **preferences: Any) -> None:
        """Settings as the page keeps them; they hold from the next load on."""
        base = {"language": "zh", "size": 100, "theme": "light", "elder": False, "still": True}
        told = json.dumps(json.dumps(base | preferences))
        self.page.evaluate(f"localStorage.setItem('onevisit.preferences', {told})")

    def sign_on(self, link: str) -> None:
        """Opens a link and says that it was meant."""
        self.page.goto(link)
        self.page.get_by_role("dialog").get_by_role("button", name="登录", exact=True).click()
        self.page.get_by_role("dialog").wait_for(state="detached")

    def axe(self) -> list[str]:
        """What axe finds wrong on the whole screen, without a bar over a part of it; its script runs apart from the page's policy."""
        if not self.page.evaluate("typeof axe !== 'undefined'"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        size = self.page.viewport_size
        assert size is not None
        tall = self.page.evaluate("document.documentElement.scrollHeight")
        self.page.set_viewport_size({"width": size["width"], "height": max(tall, size["height"])})
        try:
            return list(self.page.evaluate(_AXE))
        finally:
            self.page.set_viewport_size(size)

    def too_wide(self) -> bool:
        """Whether the screen scrolls sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"))


@contextmanager
def phone(
    player: Playwright,
    profile: Path,
    *,
    width: int = 360,
    height: int = 740,
    flags: tuple[str, ...] = (),
    locale: str = "zh-CN",
) -> Iterator[Phone]:
    """A phone whose store outlives the browser: begun again with the same profile it is the same phone."""
    context = player.chromium.launch_persistent_context(
        str(profile), executable_path=CHROMIUM, args=[*_FLAGS, *flags], viewport={"width": width, "height": height},
        locale=locale, bypass_csp=False,
    )  # fmt: skip
    context.set_default_timeout(15_000)
    try:
        yield Phone(context)
    finally:
        context.close()
