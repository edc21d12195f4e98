"""From text to a business."""

import asyncio
from pathlib import Path
from typing import Protocol

from adapters.contract import AdapterError, BusinessId, Candidate, IdentifierError, parse
from adapters.contract.business_id import LOOKALIKES, Unusual, normalise
from adapters.contract.tables import rows
from adapters.contract.words import Words, words_of
from app.businesses.errors import as_problem, ways_to_ask_anyway
from app.businesses.matching import Reading, is_known_host, read, searches
from app.businesses.places import Place
from app.businesses.schemas import Business, CandidateRead, Resolution
from app.core.texts import text_of
from auth.principal import Principal


class Finder(Protocol):
    """The registration department, as far as finding goes. Raises `AdapterError`."""

    async def search(self, text: str, region: str) -> list[Candidate]:
        """Businesses whose name or address fits, of the office of a region."""
        ...

    async def resolve_qr(self, content: str, region: str) -> Candidate | None:
        """The business behind a licence code."""
        ...


class Locator(Protocol):
    """Whoever knows where a business is, as the registration office tells it."""

    async def locate(
        self, principal: Principal, business: BusinessId, site: str | None, trace_id: str
    ) -> Place:
        """What it told last, else what it tells now, asked on behalf of this caller; `UNKNOWN`
        where it tells nothing in time. Never raises for what an office does.
        """
        ...


def identified(text: str, pointer: str, unusual: Unusual | None = None) -> BusinessId:
    """The business a text names. `unusual` says where a code stands that the arithmetic does not
    know: it is taken all the same. Raises the refusal with the exact reason, at this pointer.
    """
    try:
        return parse(text, unusual)
    except IdentifierError as error:
        raise as_problem(error, pointer) from error


QR_HOSTS = tuple(
    row["host"]
    for row in rows(
        Path(__file__).with_name("data") / "qr_hosts.csv",
        ("host", "province", "valid_from", "source", "confidence"),
    )
)
"""Hosts of licence codes that the registration department may know; the setting adds to them."""
_NEAR_A_CODE = range(16, 23)
_SECONDS = 5.0
NEXT_STEPS = words_of(Path(__file__).with_name("data") / "next_steps.csv")
"""What to do where a text leads to no business."""


def kind_of(text: str) -> str:
    """What kind of text was asked, for the entry: identifier, name, url, personal, …"""
    return read(text).kind


async def resolve(text: str, region: str, finder: Finder, qr_hosts: tuple[str, ...]) -> Resolution:
    """Asks the registration office of the caller's region. Never raises for what a person typed or
    scanned: an answer always says what to do next.
    """
    reading = read(text)
    hosts = (*QR_HOSTS, *qr_hosts)
    if reading.identifier is not None and not reading.identifier.names_a_business:
        return _unresolved("permit")
    if reading.identifier is not None:
        return Resolution(outcome="match", business=describe(reading.identifier))
    try:
        async with asyncio.timeout(_SECONDS):
            candidates = await _ask(reading, text.strip(), region, finder, hosts)
    except (AdapterError, TimeoutError):
        return _unresolved("unreachable")
    if candidates is None:
        return _refused(reading, text)
    offered = _offered(candidates)
    if candidates and not offered:
        return _unresolved("unusable")
    if not offered:
        return _unresolved("nothing")
    return Resolution(outcome="candidates", candidates=offered)


def _offered(candidates: list[Candidate]) -> list[CandidateRead]:
    """Candidates that a profile can be asked for, each business once."""
    found: dict[str, CandidateRead] = {}
    for candidate in candidates:
        try:
            business = parse(candidate.business_id)
        except IdentifierError:
            continue
        if business.names_a_business:
            read_as = CandidateRead(
                business_id=business.key,
                name=candidate.name,
                address=candidate.address,
                status=candidate.status,
            )
            found.setdefault(business.key, read_as)
    return list(found.values())


async def _ask(
    reading: Reading, text: str, region: str, finder: Finder, qr_hosts: tuple[str, ...]
) -> list[Candidate] | None:
    if reading.kind == "name":
        for wanted in searches(reading.text):
            if found := await finder.search(wanted, region):
                return found
        return []
    if reading.kind == "url" and is_known_host(reading.host, qr_hosts):
        match = await finder.resolve_qr(text, region)
        return [] if match is None else [match]
    return None


def _wrong(error: IdentifierError, value: str) -> Words:
    """What is wrong with a typed code, in figures where there are any."""
    places = len(value)
    if error.code == "identifier.length" and places in _NEAR_A_CODE:
        return Words(
            f"统一社会信用代码应为 18 位，已输入 {places} 位",
            f"A unified social credit code has 18 places; {places} were typed",
        )
    if error.code == "identifier.charset" and error.position is not None:
        sign = value[error.position : error.position + 1]
        alike, place = LOOKALIKES.get(sign), error.position + 1
        return Words(
            f"第 {place} 位“{sign}”有误" + (f"，是否为“{alike}”" if alike else ""),
            f"“{sign}” in place {place} is wrong" + (f"; is it “{alike}”?" if alike else ""),
        )
    return text_of(error.code).advice.words


def _refused(reading: Reading, text: str) -> Resolution:
    answer = _unresolved("unknown_host" if reading.kind == "url" else reading.kind)
    if reading.error is not None:
        answer.reason = reading.error.code
        if reading.kind == "broken":  # what is wrong with it, and then what to do
            wrong, step = _wrong(reading.error, normalise(text)), NEXT_STEPS["broken"]
            answer.next_step = Words(f"{wrong.zh}。{step.zh}", f"{wrong.en}. {step.en}")
        answer.suggestions = list(reading.error.suggestions)
        answer.unusual = ways_to_ask_anyway(reading.error)
    return answer


def _unresolved(why: str) -> Resolution:
    return Resolution(outcome="unresolved", reason=why, next_step=NEXT_STEPS[why])


def describe(business: BusinessId, site: str | None = None) -> Business:
    """A checked identifier for an answer; a permit number leads to the code inside it."""
    return Business(
        business.value,
        business.key,
        business.scheme,
        business.checks,
        list(business.alternatives),
        site,
    )
