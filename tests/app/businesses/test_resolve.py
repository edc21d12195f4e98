"""From what a person types or scans to a business: never an error, always a next step, nothing fetched."""

import asyncio

import pytest

from adapters.contract import AdapterUnavailable, Candidate
from adapters.dispatch import turns
from app.businesses import service
from app.businesses.matching import is_known_host, read
from app.businesses.service import resolve
from app.core.deps import RATES
from app.registry import directory
from app.registry.deps import DIRECTORY
from auth.principal import Role

CODE = "91310115MA1YYY024Y"
HOSTS = ("gsxt.gov.cn",)


class Finder:
    """A registration department that remembers what it was asked."""

    def __init__(self, found=(), qr=None, error=None):
        self.found, self.qr, self.error, self.asked = list(found), qr, error, []

    async def search(self, text, region):
        self.asked.append(("search", text))
        if self.error:
            raise self.error
        return self.found

    async def resolve_qr(self, content, region):
        self.asked.append(("qr", content))
        return self.qr


@pytest.mark.parametrize(
    "text",
    [
        CODE,
        CODE.lower(),
        f" {CODE[:6]} {CODE[6:]} ",
        f"https://example.org/?uniscid={CODE}&x=1",
        f'{{"creditCode":"{CODE}"}}',
        f"统一社会信用代码：{CODE}，名称：某店",
        f"https%3A%2F%2Fexample.org%2F%3Fuscc%3D{CODE}",
        f"{CODE} {CODE}",
    ],
)
async def test_a_code_in_any_wrapping_is_a_match_and_nobody_is_asked(text):
    finder = Finder()
    answer = await resolve(text, "330100", finder, HOSTS)
    assert (answer.outcome, answer.business.business_id, finder.asked) == ("match", CODE, [])


async def test_a_permit_number_leads_to_the_code_inside_it():
    answer = await resolve("91130200699229617X001P", "330100", Finder(), HOSTS)
    assert (answer.business.scheme, answer.business.business_id) == (
        "pollutant_permit",
        "91130200699229617X",
    )


async def test_a_permit_number_without_a_code_leads_on_and_not_round_in_a_circle():
    answer = await resolve("JY13301061234567", "330100", Finder(), HOSTS)
    assert (answer.outcome, answer.reason, answer.business) == ("unresolved", "permit", None)
    assert "18" in answer.next_step.zh
    assert "18" in answer.next_step.en


async def test_a_mistyped_code_says_what_is_wrong_with_it():
    answer = await resolve("91330106MA2YYY034X", "330100", Finder(), HOSTS)
    assert answer.reason == "identifier.check_character"
    assert "校验位" in answer.next_step.zh
    assert "check character" in answer.next_step.en


async def test_names_are_searched():
    finder = Finder([Candidate(CODE, "上海样板酒店有限公司", "某路1号", "存续")])
    answer = await resolve("样板酒店", "330100", finder, HOSTS)
    assert (answer.outcome, answer.candidates[0].business_id, finder.asked) == (
        "candidates",
        CODE,
        [("search", "样板酒店")],
    )


async def test_codes_of_known_hosts_go_to_the_registration_department_unfetched():
    url = "http://zj.gsxt.gov.cn/%7BABCDEF-1700000000000%7D"
    finder = Finder(qr=Candidate(CODE, "上海样板酒店有限公司"))
    assert (await resolve(url, "330100", finder, HOSTS)).candidates[0].business_id == CODE
    assert finder.asked == [("qr", url)]
    assert (await resolve(url, "330100", Finder(), HOSTS)).reason == "nothing"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("https://evil.example/licence", "unknown_host"),
        ("https://gsxt.gov.cn.evil.example/x", "unknown_host"),
        ("http://[::1", "unknown_host"),
        ("店", "short"),
        ("11010519491231002X", "personal"),
        ("91110105MA0YYY014U", "identifier.check_character"),
        ("9111O105MA0YYY014T", "identifier.charset"),
        ("没有这样一家店", "nothing"),
    ],
)
async def test_everything_else_says_what_to_do_next(text, reason):
    answer = await resolve(text, "330100", Finder(), HOSTS)
    assert (answer.outcome, answer.reason) == ("unresolved", reason)
    assert answer.next_step.zh


async def test_look_alikes_are_offered_for_a_person_to_choose():
    assert (await resolve("9111O105MA0YYY014T", "330100", Finder(), HOSTS)).suggestions == [
        "91110105MA0YYY014T"
    ]


async def test_a_department_that_is_away_is_said_so():
    assert (
        await resolve(
            "样板酒店", "330100", Finder(error=AdapterUnavailable("connect_failed")), HOSTS
        )
    ).reason == "unreachable"


async def test_all_searches_together_have_one_bound(monkeypatch):
    class Slow(Finder):
        async def search(self, text, region):
            await asyncio.sleep(5)
            return []

    monkeypatch.setattr(service, "_SECONDS", 0.05)
    assert (await resolve("样板酒店", "330100", Slow(), HOSTS)).reason == "unreachable"


def test_two_codes_in_one_text_are_no_match():
    assert read(f"{CODE},91330106MA2YYY034D").kind == "name"


@pytest.mark.parametrize(
    ("host", "known"),
    [("gsxt.gov.cn", True), ("a.gsxt.gov.cn", True), ("xgsxt.gov.cn", False), ("", False)],
)
def test_hosts(host, known):
    assert is_known_host(host, HOSTS) is known


class TestRoute:
    async def test_over_the_real_registration_department(self, city):
        response = await city.inspector.post("/v1/businesses:resolve", json={"text": "样板酒店"})
        assert "91310115MA1YYY024Y" in {c["business_id"] for c in response.json()["candidates"]}
        scanned = await city.inspector.post(
            "/v1/businesses:resolve", json={"text": f"http://www.gsxt.gov.cn/{CODE}x"}
        )
        assert scanned.json()["outcome"] in {"unresolved", "match", "candidates"}
        entries = (
            await city.auditor.get(
                "/v1/audit/entries", params={"event": "businesses.text.resolved"}
            )
        ).json()
        assert len(entries["items"]) == 2

    async def test_without_a_registration_department(self, gateway):
        response = await gateway.inspector.post("/v1/businesses:resolve", json={"text": "样板酒店"})
        assert response.json()["reason"] == "unreachable"

    async def test_a_register_that_hangs_is_away(self, city, departments, monkeypatch):
        monkeypatch.setattr(directory, "_FINDING_SECONDS", 0.3)
        departments.set("registration", "hang")
        body = {"text": "样板酒店"}
        away = await city.inspector.post("/v1/businesses:resolve", json=body)
        assert away.json()["reason"] == "unreachable"
        departments.set("registration", "ok")
        again = await city.inspector.post("/v1/businesses:resolve", json=body)
        assert again.json()["outcome"] == "candidates"

    async def test_a_register_is_searched_by_no_more_than_its_places(self, city, monkeypatch):
        """Whoever waits too long for a place is told so, and asks nothing."""
        monkeypatch.setattr(directory, "_MOST_SEARCHES", 2)
        monkeypatch.setattr(turns, "_PLACE_SECONDS", 0.05)
        finder = DIRECTORY.of(city.app).offices.offering("search", "330100", section="registration")
        asked, mended = [], asyncio.Event()

        async def search(_self, text, _deadline):
            asked.append(text)
            await mended.wait()
            return []

        monkeypatch.setattr(type(finder.operations), "search", search)

        async def searched():
            return await city.inspector.post("/v1/businesses:resolve", json={"text": "示例"})

        waiting = [asyncio.create_task(searched()) for _ in range(6)]
        done, pending = set(), set(waiting)
        while len(done) < 4:
            ended, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            done |= ended
        assert {task.result().json()["reason"] for task in done} == {"unreachable"}
        assert len(asked) == 2
        mended.set()
        found = await asyncio.gather(*pending)
        assert [answer.json()["reason"] for answer in found] == ["nothing", "nothing"]

    async def test_a_search_counts_as_a_look_up_of_its_caller(self, city):
        rates = RATES.of(city.app)
        rates.burst = 2
        stopped = rates.now()
        rates.now = lambda: stopped
        client = city.caller("eager", Role.PATROLLER, department="fire")
        answers = [
            await client.post("/v1/businesses:resolve", json={"text": CODE}) for _ in range(3)
        ]
        assert [a.status_code for a in answers] == [200, 200, 429]
        assert answers[-1].headers["retry-after"]

    @pytest.mark.parametrize(
        "body", [{}, {"text": ""}, {"text": "x" * 501}, {"text": "x", "y": 1}, [], {"text": 7}]
    )
    async def test_bodies_that_do_not_fit(self, gateway, body):
        response = await gateway.inspector.post("/v1/businesses:resolve", json=body)
        assert (response.status_code, response.json()["code"]) == (422, "request.invalid")


class Register(Finder):
    """Searches its full-width names as plain text."""

    async def search(self, text, region):
        self.asked.append(("search", text))
        return [c for c in self.found if text in c.name]


@pytest.mark.parametrize(
    "text", ["示例（杭州）餐饮", "示例(杭州)餐饮", "示例 (杭州) 餐饮", "示例\u200b（杭州）餐饮"]
)
async def test_a_name_is_found_in_whatever_width_it_was_typed(text):
    register = Register([Candidate(CODE, "示例（杭州）餐饮有限公司")])
    assert [c.business_id for c in (await resolve(text, "330100", register, HOSTS)).candidates] == [
        CODE
    ]


async def test_a_register_that_writes_half_width_is_asked_again_its_way():
    register = Register([Candidate(CODE, "示例(杭州)餐饮有限公司")])
    assert (await resolve("示例（杭州）餐饮", "330100", register, HOSTS)).outcome == "candidates"


@pytest.mark.parametrize(
    "text",
    [
        "330106190001010391",
        "张三 330106190001010391",
        "３３０１０６１９０００１０１０３９１",
        "33010619000101001701",
    ],
)
async def test_a_persons_number_reaches_no_department(text):
    finder = Finder()
    answer = await resolve(text, "330100", finder, HOSTS)
    assert (answer.outcome, answer.reason, finder.asked) == ("unresolved", "personal", [])


async def test_a_telephone_is_taken_out_of_what_is_searched():
    finder = Finder([Candidate(CODE, "示例餐饮")])
    await resolve("示例餐饮 13800138000", "330100", finder, HOSTS)
    assert finder.asked == [("search", "示例餐饮")]


async def test_candidates_are_businesses_and_each_once():
    found = [Candidate(CODE, "甲"), Candidate(CODE.lower(), "甲"), Candidate("rubbish", "乙")]
    answer = await resolve("样板酒店", "330100", Finder(found), HOSTS)
    assert [c.business_id for c in answer.candidates] == [CODE]
    only_rubbish = await resolve("样板", "330100", Finder([Candidate("rubbish", "乙")]), HOSTS)
    assert only_rubbish.reason == "unusable"


async def test_a_code_of_the_licence_may_be_asked_anyway():
    answer = await resolve("91350203M00019XX19", "330100", Finder(), HOSTS)
    assert (answer.reason, answer.unusual) == ("identifier.check_character", ["on_licence", "qr"])


@pytest.mark.parametrize(
    ("text", "words"),
    [("91330106MA2YYY034", "已输入 17 位"), ("9133O106MA2YYY034D", "第 5 位“O”有误，是否为“0”")],
)
async def test_a_mistyped_code_is_told_in_figures(text, words):
    assert words in (await resolve(text, "330100", Finder(), HOSTS)).next_step.zh


async def test_no_licence_code_is_called_none():
    for host in (
        "www.sgs.gov.cn",
        "dzhy.haaic.gov.cn",
        "gsxt.gdgs.gov.cn",
        "www.jsgsj.gov.cn:58888",
    ):
        finder = Finder(qr=Candidate(CODE, "甲"))
        answer = await resolve(f"http://{host}/x?c=0123456789ABCDEF", "330100", finder, HOSTS)
        assert answer.outcome == "candidates", host
