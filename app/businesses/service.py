"""From text to a business."""

from pathlib import Path
from typing import Protocol

from adapters.contract import AdapterError, BusinessId, Candidate, IdentifierError, parse
from adapters.contract.words import Words, words_of
from app.businesses.errors import as_problem
from app.businesses.matching import Reading, is_known_host, read
from app.businesses.schemas import Business, CandidateRead, Resolution
from app.core.texts import text_of


class Finder(Protocol):
    """The registration department, as far as finding goes. Raises `AdapterError`."""

    async def search(self, text: str, region: str) -> list[Candidate]:
        """Businesses whose name or address fits, of the office of a region."""
        ...

    async def resolve_qr(self, content: str, region: str) -> Candidate | None:
        """The business behind a licence code."""
        ...


def identified(text: str, pointer: str) -> BusinessId:
    """The business a text names. Raises the refusal with the exact reason, at this pointer."""
    try:
        return parse(text)
    except IdentifierError as error:
        raise as_problem(error, pointer) from error


NEXT_STEPS = words_of(Path(__file__).with_name("data") / "next_steps.csv")
"""What to do where a text leads to no business."""


async def resolve(text: str, region: str, finder: Finder, qr_hosts: tuple[str, ...]) -> Resolution:
    """Asks the registration office of the caller's region. Never raises for what a person typed or
    scanned: an answer always says what to do next.
    """
    reading = read(text)
    if reading.identifier is not None and not reading.identifier.names_a_business:
        return _unresolved("permit")
    if reading.identifier is not None:
        return Resolution(outcome="match", business=describe(reading.identifier))
    try:
        candidates = await _ask(reading, text.strip(), region, finder, qr_hosts)
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
    reading: Reading, text: str, region: str, finder: Finder, qr_hosts: tuple[str, ...]
) -> list[Candidate] | None:
    if reading.kind == "name":
        return await finder.search(text, region)
    if reading.kind == "url" and is_known_host(reading.host, qr_hosts):
        found = await finder.resolve_qr(text, region)
        return [] if found is None else [found]
    return None


def _refused(reading: Reading) -> Resolution:
    answer = _unresolved("unknown_host" if reading.kind == "url" else reading.kind)
    if reading.error is not None:
        answer.reason = reading.error.code
        if reading.kind == "broken":  # what is wrong with it, and then what to do
            wrong, step = text_of(reading.error.code).advice.words, NEXT_STEPS["broken"]
            answer.next_step = Words(f"{wrong.zh}。{step.zh}", f"{wrong.en}. {step.en}")
        answer.suggestions = list(reading.error.suggestions)
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
