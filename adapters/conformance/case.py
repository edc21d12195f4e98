"""What a case of the suite is, and what every case asks with."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from adapters.conformance.report import FIXES
from adapters.contract.adapter import AdapterQuery, DepartmentAdapter, SectionAnswer
from adapters.contract.business_id import IdentifierError, parse
from adapters.contract.words import Words
from adapters.transport.exchange import PATIENT

_ANSWER_SECONDS = 2.0
CASE_SECONDS = _ANSWER_SECONDS + PATIENT


class CaseFailed(Exception):
    """A case that found something; becomes the failure's row. `fix` names a row of the fixes."""

    def __init__(self, field: str, got: str, wanted: str, fix: str) -> None:
        super().__init__(f"{field}: got {got}, wanted {wanted}")
        self.row = {"field": field, "got": got, "wanted": wanted, "fix": FIXES[fix]}


class NotApplicable(Exception):
    """The manifest does not declare what this case examines."""


Advice = list[Words] | None


@dataclass(frozen=True, slots=True)
class Case:
    """A named question of the exam. `of_sample`: it asks about the sample business, and can only
    fail as `answers_sample` did where that got no answer.
    """

    name: str
    check: Callable[[DepartmentAdapter], Awaitable[Advice]]
    of_sample: bool = False


def deadline() -> float:
    return asyncio.get_running_loop().time() + CASE_SECONDS


def query_of(business_id: str, site: str | None = None) -> AdapterQuery:
    try:
        scheme = str(parse(business_id).scheme)
    except IdentifierError:
        scheme = "unknown"
    return AdapterQuery(
        business_id=business_id,
        scheme=scheme,
        site=site,
        purpose="conformance",
        unit="gateway",
        trace_id=str(uuid.uuid4()),
        deadline=deadline(),
    )


async def sample_of(adapter: DepartmentAdapter) -> SectionAnswer:
    answer = await adapter.fetch(query_of(adapter.manifest.sample_business_id))
    if answer.data is None:
        raise CaseFailed(
            "sample_business_id", answer.reason or "nothing", "a record", "sample_found"
        )
    return answer
