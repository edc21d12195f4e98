"""From text to a business."""

from typing import Protocol

from adapters.contract import AdapterError, BusinessId, Candidate, IdentifierError, parse
from app.businesses.errors import as_problem
from app.businesses.matching import Reading, is_known_host, read
from app.businesses.schemas import CandidateRead, IdentifierRead, Resolution
from app.core.words import Words


class Finder(Protocol):
    """The registration department, as far as finding goes. Raises `AdapterError`."""

    async def search(self, text: str) -> list[Candidate]:
        """Businesses whose name or address fits."""
        ...

    async def resolve_qr(self, content: str) -> Candidate | None:
        """The business behind a licence code."""
        ...


def identified(text: str, pointer: str) -> BusinessId:
    """The business a text names. Raises the refusal with the exact reason, at this pointer."""
    try:
        return parse(text)
    except IdentifierError as error:
        raise as_problem(error, pointer) from error


_NEXT = {
    "broken": (
        "对照证照逐位核对后重输",
        "Compare with the licence character by character and type again",
    ),
    "personal": (
        "个人证件号不能用于查询；请输入字号名称或扫码",
        "A personal number finds no business; type its name or scan its code",
    ),
    "permit": (
        "许可证编号不能单独确定主体；请输入证上的 18 位代码或名称",
        (
            "A permit number does not name a business by itself; type the 18-character code "
            "or the name that stands on the permit"
        ),
    ),
    "short": ("至少输入两个字", "Type at least two characters"),
    "unknown_host": (
        "此二维码不是证照码；请手工输入代码",
        "This is no licence code; type the code from the licence",
    ),
    "nothing": (
        "未找到；换用证照上的全称或代码",
        "Nothing found; use the full name or the code on the licence",
    ),
    "unreachable": (
        "登记部门暂不可用；请输入 18 位代码",
        "The registration department is away; type the 18-character code",
    ),
}


async def resolve(text: str, finder: Finder, qr_hosts: tuple[str, ...]) -> Resolution:
    """Never raises for what a person typed or scanned: an answer always says what to do next."""
    reading = read(text)
    if reading.identifier is not None and not reading.identifier.names_a_business:
        return _unresolved("permit")
    if reading.identifier is not None:
        return Resolution(outcome="match", identifier=describe(reading.identifier))
    try:
        candidates = await _ask(reading, text.strip(), finder, qr_hosts)
    except AdapterError:
        return _unresolved("unreachable")
    if candidates is None:
        return _refused(reading)
    if not candidates:
        return _unresolved("nothing")
    return Resolution(
        outcome="candidates",
        candidates=[
            CandidateRead(
                business_id=c.business_id, name=c.name, address=c.address, status=c.status
            )
            for c in candidates
        ],
    )


async def _ask(
    reading: Reading, text: str, finder: Finder, qr_hosts: tuple[str, ...]
) -> list[Candidate] | None:
    if reading.kind == "name":
        return await finder.search(text)
    if reading.kind == "url" and is_known_host(reading.host, qr_hosts):
        found = await finder.resolve_qr(text)
        return [] if found is None else [found]
    return None


def _refused(reading: Reading) -> Resolution:
    answer = _unresolved("unknown_host" if reading.kind == "url" else reading.kind)
    if reading.error is not None:
        answer.reason = reading.error.code
        if reading.kind == "broken":  # what is wrong with it, and then what to do
            problem, (zh, en) = as_problem(reading.error, "/body/text"), _NEXT["broken"]
            answer.next_step = Words(zh=f"{problem.zh}。{zh}", en=f"{problem.en}. {en}")
        answer.suggestions = list(reading.error.suggestions)
    return answer


def _unresolved(why: str) -> Resolution:
    zh, en = _NEXT[why]
    return Resolution(outcome="unresolved", reason=why, next_step=Words(zh=zh, en=en))


def describe(identifier: BusinessId) -> IdentifierRead:
    """A checked identifier for the answer; a permit number leads to the code inside it."""
    return IdentifierRead(
        value=identifier.value,
        scheme=identifier.scheme,
        checks=identifier.checks,
        alternatives=[str(a) for a in identifier.alternatives],
        business_id=identifier.key,
    )
