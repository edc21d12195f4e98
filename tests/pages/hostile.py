"""Texts that want to be more than texts, in every place where the interface tells one."""

import json
import random
from typing import Any

from playwright.sync_api import Route, expect

from tests.pages.browser import Phone
from tests.pages.demo import BUSINESS
from tests.pages.screens import go

_TURNING = "\u202e\u2066\u200f\u061c"
_SEEDS = (
    "<script>window.__ran=1</script>", "<img src=x onerror=window.__ran=1>", "<svg/onload=window.__ran=1>", "javascript:window.__ran=1",
    "{{constructor.constructor('window.__ran=1')()}}", "\"><iframe srcdoc='<script>parent.__ran=1</script>'>", "';window.__ran=1;//",
    "店\u202egnp.exe", "\u2066名\u2069称\u200f", "Z" + "\u0301" * 3000, "超" * 4000, "a\u0000b\u0007c", "<style>*{display:none}</style>",
    "<base href=//evil.example>", "<math><mtext></p><img src=x onerror=window.__ran=1>", "\ufeff\u2028\u2029", "<template>", "]]>&lt;script&gt;",
)  # fmt: skip
_LOOK = """() => ({
  ran: window.__ran ?? null, scripts: document.querySelectorAll('script:not([src])').length, frames: document.querySelectorAll('iframe,object,embed,base,style').length,
  handlers: [...document.querySelectorAll('*')].filter((e) => [...e.attributes].some((a) => a.name.startsWith('on'))).length,
  turned: /[\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]/.test(document.body.textContent), tall: Math.max(0, ...[...document.querySelectorAll('summary,.tile')].map((e) => e.getBoundingClientRect().height)),
})"""


def texts(count: int, seed: int) -> list[str]:
    """So many: each seed alone, then two of them joined."""
    rng = random.Random(seed)
    return [
        *_SEEDS,
        *(rng.choice(_SEEDS) + rng.choice(_SEEDS) + str(n) for n in range(count - len(_SEEDS))),
    ]


class Liar:
    """Answers instead of the gateway, with a hostile text wherever a text may stand."""

    def __init__(self, told: list[str]) -> None:
        self._told = told
        self._next = 0
        self.used = 0

    def text(self) -> str:
        self._next = (self._next + 1) % len(self._told)
        self.used += 1
        return self._told[self._next]

    def words(self) -> dict[str, str]:
        one = self.text()
        return {"zh": one, "en": one}

    def reason(self) -> dict[str, Any]:
        return {"code": "x", "text": self.words(), "what_now": self.words()}

    def section(self, outcome: str) -> dict[str, Any]:
        hidden = {
            "pointer": "/" + self.text()[:20],
            "class": 2,
            "reason": self.text(),
            "text": self.words(),
            "what_now": self.words(),
        }
        return {
            "outcome": outcome, "department": self.text(), "title": self.words(), "scope": "entity", "elapsed_ms": 1, "adapter": "x@1", "reason": self.reason(),
            "contact": self.text(), "agreement": self.text(), "as_of": self.text(), "withheld": [hidden], "age_s": 90000,
            "data": {self.text(): self.text(), "entity_name": self.text(), "list": [{"name": self.text(), "inner": {"x": self.text()}}], "flat": [self.text()]},
        }  # fmt: skip

    def profile(self) -> str:
        names = [f"s{n}" for n in range(12)]
        answers = {q: {"answer": a, "section": "s1", "fact": self.words(), "reason": self.reason(), "as_of": self.text(), "sites": [{"site_ref": f"S{n}", "name": self.text(), "address": self.text()} for n in range(2)]} for q, a in (("registered", "yes"), ("taxes_on_time", "no"), ("fire_permit", "unknown"))}  # fmt: skip
        outcomes = ("fresh", "stale", "denied", "malformed", "not_found", "unknown_to_this_page")
        closing = {
            "headline": answers, "name": self.text(), "elapsed_ms": 1, "generated_at": self.text(), "etag": "x",
            "findings": [{"code": str(n), "severity": "serious", "text": self.words(), "cites": []} for n in range(4)],
            "conflicts": [{"element": "x", "authoritative": "s1", "meaning": self.words(), "values": [{"section": "s1", "value": self.text(), "as_of": self.text()}]}],
        }  # fmt: skip
        lines: list[Any] = [
            {
                "type": "begin",
                "value": {
                    "asked": names,
                    "business_id": BUSINESS,
                    "deadline_ms": 1,
                    "trace_id": self.text(),
                },
            }
        ]
        lines += [
            {
                "type": "section",
                "value": {"name": name, "section": self.section(outcomes[n % len(outcomes)])},
            }
            for n, name in enumerate(names)
        ]
        lines += [
            {"type": "headline", "value": {"question": q, "answer": a}} for q, a in answers.items()
        ]
        return "".join(
            json.dumps(line) + "\n" for line in [*lines, {"type": "profile", "value": closing}]
        )

    def answer(self, route: Route) -> None:
        path = route.request.url.partition("/v1/")[2].partition("?")[0]
        if path.startswith("profiles/"):
            route.fulfill(status=200, content_type="application/x-ndjson", body=self.profile())
            return
        problem = {"code": "x", "status": 422, "text": self.words(), "what_now": self.words(), "trace_id": self.text(), "title": "x", "type": "x", "suggestions": [self.text()], "unusual": [], "errors": []}  # fmt: skip
        bodies: dict[str, Any] = {
            "tasks": {"items": [{"id": "t", "business_id": BUSINESS, "business_name": self.text(), "basis": self.text(), "purpose": self.text(), "ends_at": self.text(), "warnings": [self.text()]}]},
            "catalogue/labels": {"sections": {"s1": self.words()}, "fields": {"s1.entity_name": self.words()}, "values": {}},
            "officers": {"items": [{"certificate_no": self.text()[:60] + "xxxx", "name": self.text()}]},
            "inspections": {"items": [{"id": "i", "digest": "sha-256:0", "business_id": self.text(), "visit_started_at": self.text(), "visit_ended_at": self.text(), "officers": [{"certificate_no": self.text()}], "results": [{"department": self.text(), "item_code": "x", "result": "conform", "note": self.text()}], "write_back": []}]},
            "businesses:resolve": {"outcome": "candidates", "candidates": [{"business_id": BUSINESS, "name": self.text(), "address": self.text(), "status": self.text()} for _ in range(5)], "suggestions": [], "unusual": []},
        }  # fmt: skip
        body = bodies.get(path)
        if body is None and path.endswith("businesses:refuse"):
            body = problem
        if body is None:
            route.continue_()
            return
        route.fulfill(status=200, content_type="application/json", body=json.dumps(body))


def hostile_texts(one: Phone, address: str) -> str:
    """Every screen with them: nothing runs, nothing is markup, nothing turns the order, nothing grows out of its line."""
    liar, page, dialogs = Liar(texts(300, seed=13)), one.page, []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    page.route("**/v1/**", liar.answer)
    found = []
    try:
        for path in (
            "/",
            f"/b/{BUSINESS}",
            f"/b/{BUSINESS}?site=S1",
            f"/b/{BUSINESS}/visit?task=t",
            "/today",
            "/outbox",
        ):
            go(one, address, path)
            if path == f"/b/{BUSINESS}":
                expect(page.locator(".profile .progress")).to_contain_text("返回", timeout=10_000)
                page.evaluate(
                    "document.querySelectorAll('details').forEach((d) => { d.open = true; })"
                )
            if path == "/":
                page.get_by_label("统一社会信用代码、注册号或名称").fill("某店")
                page.get_by_role("button", name="查询", exact=True).click()
                expect(page.locator(".found").first).to_be_visible()
            page.wait_for_timeout(150)
            seen = page.evaluate(_LOOK)
            if (
                seen["ran"]
                or seen["scripts"]
                or seen["frames"]
                or seen["handlers"]
                or seen["turned"]
                or one.too_wide()
            ):
                found.append(f"{path}: {seen}")
    finally:
        page.unroute("**/v1/**")
    go(one, address, "/")
    assert found == [], found
    assert dialogs == []
    assert liar.used >= 300
    return f"{liar.used} places"
