"""The conformance suite: a handful of cases, each small enough to run again alone in under two
seconds.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from msgspec import structs

from adapters.conformance.report import FIXES, TITLES, CaseResult, Report, row_of
from adapters.contract.adapter import (
    AdapterQuery,
    DepartmentAdapter,
    OptionalOperations,
    SectionAnswer,
)
from adapters.contract.business_id import IdentifierError, parse
from adapters.contract.errors import AdapterError
from adapters.transport.heads import routed

CONTRACT = "department-adapter.v1"
_CASE_SECONDS = 2.0
_PARALLEL = 8
SMALLEST_CELL = 5


class CaseFailed(Exception):
    """A case that found something; becomes the failure's row. `fix` names a row of the fixes."""

    def __init__(self, field: str, got: str, wanted: str, fix: str) -> None:
        super().__init__(f"{field}: got {got}, wanted {wanted}")
        self.row = {"field": field, "got": got, "wanted": wanted, "fix": FIXES[fix]}


class NotApplicable(Exception):
    """The manifest does not declare what this case examines."""


@dataclass(frozen=True, slots=True)
class Case:
    """A named question of the exam."""

    name: str
    check: Callable[[DepartmentAdapter], Awaitable[None]]


def _deadline() -> float:
    return asyncio.get_running_loop().time() + _CASE_SECONDS


def _query(business_id: str, site: str | None = None) -> AdapterQuery:
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
        deadline=_deadline(),
    )


async def _sample(adapter: DepartmentAdapter) -> SectionAnswer:
    answer = await adapter.fetch(_query(adapter.manifest.sample_business_id))
    if answer.data is None:
        raise CaseFailed(
            "sample_business_id", answer.reason or "nothing", "a record", "sample_found"
        )
    return answer


async def _answers(adapter: DepartmentAdapter) -> None:
    answer = await _sample(adapter)
    filled = {k: v for k, v in msgspec.to_builtins(answer.data).items() if v not in (None, [], {})}
    if not filled:
        raise CaseFailed("data", "no field filled", "at least one canonical field", "fields_filled")


async def _tells_time(adapter: DepartmentAdapter) -> None:
    if (await _sample(adapter)).as_of is None:
        raise CaseFailed("as_of", "nothing", "the source's own time", "time_told")


async def _knows_unknown(adapter: DepartmentAdapter) -> None:
    answer = await adapter.fetch(_query(adapter.manifest.unknown_business_id))
    if answer.data is not None or answer.reason not in {
        "no_record",
        "not_applicable",
        "not_a_social_organisation",
    }:
        raise CaseFailed(
            "status",
            "a record" if answer.data is not None else str(answer.reason),
            "no record",
            "unknown_told",
        )


async def _is_stable(adapter: DepartmentAdapter) -> None:
    first, second = await _sample(adapter), await _sample(adapter)
    if first.data != second.data:
        raise CaseFailed("data", "two answers differ", "the same answer twice", "same_twice")


async def _survives_oddity(adapter: DepartmentAdapter) -> None:
    try:
        answer = await adapter.fetch(_query("91'\"<%2e%2e/>OR 1=1"))
    except AdapterError as error:
        if error.code == "request_refused":
            return
        raise
    if answer.data is not None:
        raise CaseFailed("business_id", "a record", "no record or 400", "identifier_checked")


async def _answers_in_parallel(adapter: DepartmentAdapter) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(_PARALLEL):
            group.create_task(_sample(adapter))


async def _answers_on_replicas(adapter: DepartmentAdapter) -> None:
    if not adapter.manifest.replicas:
        raise NotApplicable
    query = _query(adapter.manifest.sample_business_id)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(_sample(adapter))
        others = [
            group.create_task(adapter.fetch(structs.replace(routed(query), replica=index)))
            for index in range(1, 1 + len(adapter.manifest.replicas))
        ]
    wanted = first.result().data
    for index, (address, other) in enumerate(
        zip(adapter.manifest.replicas, others, strict=True), start=1
    ):
        if other.result().data != wanted:
            raise CaseFailed(
                f"replicas/{index - 1}",
                f"another answer from {address}",
                "the same answer",
                "replicas_alike",
            )


async def _searches(adapter: DepartmentAdapter) -> None:
    found = await _operations(adapter, "search").search(
        _name_of((await _sample(adapter)).data), _deadline()
    )
    if adapter.manifest.sample_business_id not in {c.business_id for c in found}:
        raise CaseFailed(
            "items",
            f"{len(found)} candidates without the sample",
            "the sample business among them",
            "sample_findable",
        )


def _name_of(data: Any) -> str:
    return next(
        (
            v
            for k, v in msgspec.to_builtins(data).items()
            if k.endswith("_name") and isinstance(v, str)
        ),
        "",
    )


async def _resolves_nothing_unknown(adapter: DepartmentAdapter) -> None:
    found = await _operations(adapter, "resolve_qr").resolve_qr(
        "https://licence.invalid/unknown", _deadline()
    )
    if found is not None:
        raise CaseFailed("resolve_qr", "a business", "404", "unknown_code_refused")


async def _takes_results_once(adapter: DepartmentAdapter) -> None:
    operations = _operations(adapter, "results")
    message = {
        "delivery_id": f"conformance-{uuid.uuid4()}",
        "test": True,
        "inspection_id": str(uuid.uuid4()),
        "business_id": adapter.manifest.sample_business_id,
        "results": [],
    }
    first = await operations.submit_results(message, _deadline())
    second = await operations.submit_results(message, _deadline())
    if not first.receipt_no or first.receipt_no != second.receipt_no:
        raise CaseFailed(
            "receipt_no",
            "two different receipts",
            "the same receipt for the same delivery_id",
            "receipt_repeated",
        )


async def _hides_small_cells(adapter: DepartmentAdapter) -> None:
    answer = await _operations(adapter, "aggregate").aggregate(
        {"metric": "businesses", "by": ["trade"]}, _deadline()
    )
    smallest = answer.get("minimum_cell", 0)
    if smallest < SMALLEST_CELL or any(
        (cell.get("count") or smallest) < smallest for cell in answer.get("cells", [])
    ):
        raise CaseFailed(
            "cells",
            f"a minimum of {smallest}, or smaller counts",
            f"no count below {SMALLEST_CELL}",
            "small_cells_hidden",
        )


def _operations(adapter: DepartmentAdapter, name: str) -> OptionalOperations:
    if name not in adapter.manifest.operations:
        raise NotApplicable
    return cast("OptionalOperations", adapter)


CASES = (
    Case("answers_sample", _answers),
    Case("tells_time", _tells_time),
    Case("knows_unknown", _knows_unknown),
    Case("is_stable", _is_stable),
    Case("survives_oddity", _survives_oddity),
    Case("answers_in_parallel", _answers_in_parallel),
    Case("answers_on_replicas", _answers_on_replicas),
    Case("searches", _searches),
    Case("resolves_qr", _resolves_nothing_unknown),
    Case("hides_small_cells", _hides_small_cells),
    Case("takes_results_once", _takes_results_once),
)


async def run(
    adapter: DepartmentAdapter,
    only: str | None = None,
    on_progress: Callable[[int, int], Awaitable[None]] | None = None,
) -> Report:
    """Examine an adapter against its live endpoint. `only` runs one case again; progress is (done,
    of).
    """
    chosen = [case for case in CASES if only in (None, case.name)]
    results: list[CaseResult] = []
    for case in chosen:
        results.append(await _examine(case, adapter))
        if on_progress is not None:
            await on_progress(len(results), len(chosen))
    passed = bool(results) and all(r.status != "failed" for r in results)
    return Report(
        adapter_id=adapter.manifest.adapter_id, contract=CONTRACT, passed=passed, cases=results
    )


async def _examine(case: Case, adapter: DepartmentAdapter) -> CaseResult:
    loop = asyncio.get_running_loop()
    started = loop.time()
    row: dict[str, Any] = {}
    status: Any = "passed"
    try:
        async with asyncio.timeout(_CASE_SECONDS * 2):
            await case.check(adapter)
    except NotApplicable:
        status = "not_applicable"
    except CaseFailed as failure:
        status, row = "failed", dict(failure.row)
    except Exception as error:  # noqa: BLE001 - whatever an adapter's own code raises is a finding
        status, row = "failed", row_of(error)
    elapsed = int((loop.time() - started) * 1000)
    return CaseResult(
        case=case.name,
        status=status,
        title=TITLES[case.name],
        elapsed_ms=elapsed,
        **row,
    )
