"""The page /m in Debian's Chromium, on a screen 360 pixels wide, with one department hanging.

Sections must fill in while the hanging one is still waited for, the three chips must stand at the end, reasons must be words, nothing may
be wider than the screen, and the page must not write an error. `--screenshot FILE` keeps a picture.
"""

import argparse
import asyncio
import base64
import contextlib
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.campaigns import stage

CODE = "91330106MA2YYY034D"
NAMES = ("registration", "tax", "fire", "food", "health", "emergency")
HANGING, WIDTH, HEIGHT = "fire", 360, 740
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--remote-debugging-pipe", "--lang=zh-CN",
)  # fmt: skip


class Browser:
    """Chromium, driven through its debugging pipe: JSON messages that end with NUL."""

    def __init__(self, profile: Path) -> None:
        self._numbers = itertools.count(1)
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        command = [
            shutil.which("chromium") or "chromium",
            *_FLAGS,
            f"--user-data-dir={profile}",
            "about:blank",
        ]
        wired = [
            "bash",
            "-c",
            f'exec 3<&{to_browser} 4>&{from_browser}; exec "$@"',
            "chromium",
            *command,
        ]
        self._process = subprocess.Popen(
            wired,
            pass_fds=(to_browser, from_browser),
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._waiting = b""
        self.events: list[dict[str, Any]] = []
        self.session = ""

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and wait for its result; events in between are kept."""
        number = next(self._numbers)
        message = {
            "id": number,
            "method": method,
            "params": parameters,
            **({"sessionId": self.session} if self.session else {}),
        }
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != number:
            self.events.append(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._waiting:
            data = os.read(self._read, 1 << 16)
            if not data:
                raise RuntimeError("Chromium ended")
            self._waiting += data
        text, _, self._waiting = self._waiting.partition(b"\0")
        return json.loads(text)

    def open(self, url: str) -> None:
        """A page as a phone shows it."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=WIDTH,
            height=HEIGHT,
            deviceScaleFactor=2,
            mobile=True,
        )
        self.call("Page.navigate", url=url)
        self.until(
            "document.readyState === 'complete' && document.getElementById('go')?.textContent.length > 0"
        )

    def run(self, expression: str) -> Any:
        """The value of an expression in the page."""
        result = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in result:
            raise RuntimeError(str(result["exceptionDetails"])[:400])
        return result["result"].get("value")

    def until(self, expression: str, seconds: float = 10.0) -> float:
        """Wait until an expression holds; how long that took."""
        begun = time.monotonic()
        while not self.run(expression):
            if time.monotonic() - begun > seconds:
                raise RuntimeError(f"did not come true in {seconds} s: {expression}")
            time.sleep(0.02)
        return time.monotonic() - begun

    @property
    def complaints(self) -> list[str]:
        """Errors that the page wrote or threw."""
        found = [
            e
            for e in self.events
            if e.get("method") in {"Runtime.exceptionThrown", "Log.entryAdded"}
        ]
        errors = [
            e
            for e in found
            if e["method"] == "Runtime.exceptionThrown" or e["params"]["entry"]["level"] == "error"
        ]
        return [json.dumps(e["params"])[:300] for e in errors if "favicon" not in json.dumps(e)]

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)
        os.close(self._write)
        os.close(self._read)


CARD = "document.querySelector('[data-section=\"{}\"]')"
CARDS = "document.querySelectorAll('#sections [data-outcome]').length"


WATCH = """
window.seen = {}; window.shift = 0;
new MutationObserver(() => {
  for (const card of document.querySelectorAll('#sections [data-outcome]')) window.seen[card.dataset.section] ??= performance.now();
  for (const chip of document.querySelectorAll('.chip:not(.waiting)')) window.seen[chip.dataset.question] ??= performance.now();
}).observe(document.body, { subtree: true, childList: true, attributes: true });
new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.shift += entry.value; }).observe({ type: 'layout-shift', buffered: true });
"""
RESTS_ON = {"registered": "registration", "taxes_on_time": "tax"}
LONGEST_CHIP_MS, MOST_SHIFT, VISITS = 100, 0.1, 5
OTHER = "91310115MA1YYY024Y"


def watch_chips(browser: Browser, gateway: stage.Gateway) -> dict[str, Any]:
    """Five look-ups: how long after its department an answer is shown, and how much moves."""
    behind, shifts = [], []
    for _ in range(VISITS):
        browser.open(f"http://{stage.HOST}:{gateway.port}/m#code={CODE}&token={gateway.token(0)}")
        browser.run(WATCH)
        browser.run("document.getElementById('go').click()")
        browser.until("document.querySelectorAll('.chip:not(.waiting)').length === 3")
        seen = browser.run("window.seen")
        behind += [seen[question] - seen[name] for question, name in RESTS_ON.items()]
        time.sleep(0.2)
        shifts.append(browser.run("window.shift"))
    return {"chip_ms": statistics.median(behind), "shift": max(shifts)}


def nothing_is_left(browser: Browser, code: str, purpose: str) -> bool:
    """After another text is asked and refused, nothing of the first business is on the screen."""
    name = browser.run("document.getElementById('name').textContent")
    browser.run(
        f"document.getElementById('purpose').value = '{purpose}'; document.getElementById('text').value = '{code}'; "
        "document.getElementById('go').click()"
    )
    at_once = browser.run("document.getElementById('result').hidden")
    browser.until("document.getElementById('notice').textContent.length > 0")
    shown = browser.run("document.body.innerText")
    return bool(at_once) and bool(name) and name not in shown and "存续" not in shown


def visit(browser: Browser, gateway: stage.Gateway) -> dict[str, Any]:
    """One look-up by a person; what was seen."""
    token = gateway.token(0)
    browser.open(f"http://{stage.HOST}:{gateway.port}/m#code={CODE}&token={token}")
    browser.run(
        "document.documentElement.lang === 'zh' || document.getElementById('language').click()"
    )
    browser.run("document.getElementById('go').click()")
    partial = browser.until(f"{CARDS} === {len(NAMES) - 1}")
    waiting = browser.run(f"!{CARD.format(HANGING)}.dataset.outcome")
    whole = browser.until(
        "document.querySelectorAll('#chips .yes, #chips .no, #chips .unknown, #chips .not_required').length === 3"
    )
    seen = {
        "partial_s": partial,
        "whole_s": partial + whole,
        "hanging_was_waited_for": waiting,
        "hanging_outcome": browser.run(f"{CARD.format(HANGING)}.dataset.outcome"),
        "reason": browser.run(f"{CARD.format(HANGING)}.textContent"),
        "chips": browser.run(
            "[...document.querySelectorAll('.chip')].map((c) => c.className + ': ' + c.textContent)"
        ),
        "too_wide": browser.run(f"document.documentElement.scrollWidth > {WIDTH}"),
        "token_in_address": browser.run("location.href.includes('token')"),
    }
    browser.run("document.getElementById('language').click()")
    seen["english"] = browser.run("document.getElementById('chips').textContent")
    browser.run("document.getElementById('language').click()")
    seen["mistyped_clears"] = nothing_is_left(browser, "9133O106MA2YYY034D", "patrol")
    seen["mistyped"] = browser.run("document.getElementById('notice').textContent")
    seen["one_tap"] = browser.run("document.querySelector('#candidates button')?.textContent")
    browser.run("document.querySelector('#candidates button').click()")
    browser.until("document.querySelectorAll('.chip:not(.waiting)').length === 3")
    seen["no_task_clears"] = nothing_is_left(browser, OTHER, "inspection")
    seen["no_task"] = browser.run("document.getElementById('notice').textContent")
    return {**seen, **watch_chips(browser, gateway)}


def picture_of(browser: Browser) -> bytes:
    """The page with three chips, whole."""
    browser.run(
        f"document.getElementById('text').value = '{CODE}'; document.getElementById('go').click()"
    )
    browser.until(
        "document.querySelectorAll('#chips .yes, #chips .no, #chips .unknown').length === 3"
    )
    picture = browser.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
    return base64.b64decode(picture["data"])


def holds(seen: dict[str, Any]) -> bool:
    """Whether a visit went as it must."""
    return bool(
        seen["hanging_was_waited_for"]
        and seen["partial_s"] < 1.5 < seen["whole_s"]
        and seen["hanging_outcome"] == "timed_out"
        and "未" in seen["reason"]
        and seen["mistyped_clears"]
        and seen["one_tap"] == CODE
        and seen["no_task_clears"]
        and seen["chip_ms"] <= LONGEST_CHIP_MS
        and seen["shift"] <= MOST_SHIFT
        and not seen["too_wide"]
        and not seen["token_in_address"]
        and "Registration" in seen["english"]
        and len(seen["chips"]) == 3
    )


async def campaign(screenshot: str) -> int:
    """The exit status."""
    with contextlib.ExitStack() as stack:
        found = stack.enter_context(stage.departments(businesses=0))
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ovbrowser"))
        gateway = stack.enter_context(stage.gateway(stage.manifests_of(found, *NAMES)))
        found.set(HANGING, "hang")
        browser = Browser(Path(folder))
        try:
            seen = visit(browser, gateway)
            if screenshot:
                await asyncio.to_thread(Path(screenshot).write_bytes, picture_of(browser))
            complaints = [
                c for c in browser.complaints if "422" not in c and "403" not in c
            ]  # two are refused on purpose
        finally:
            browser.close()
    for name, value in seen.items():
        print(f"  {name}: {value}")
    for row in complaints[:5]:
        print(f"  the page complains: {row}")
    return stage.verdict(
        "browser",
        holds(seen) and not complaints,
        width=WIDTH,
        partial_s=seen["partial_s"],
        whole_s=seen["whole_s"],
        complaints=len(complaints),
        chip_ms=seen["chip_ms"],
        layout_shift=seen["shift"],
    )


def main() -> int:
    """Run and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--screenshot", default="")
    parser.add_argument("--rounds", type=int, default=1, help="not used; one visit is all there is")
    arguments = parser.parse_args()
    if shutil.which("chromium") is None:
        sys.stderr.write("Install Debian's chromium first: apt-get install chromium\n")
        return 2
    return asyncio.run(campaign(arguments.screenshot))


if __name__ == "__main__":
    sys.exit(main())
