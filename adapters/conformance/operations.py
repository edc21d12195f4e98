"""Cases about what an adapter offers beyond its section."""

import uuid
from typing import Any, cast

import msgspec

from adapters.conformance.case import CaseFailed, NotApplicable, deadline, sample_of
from adapters.contract.adapter import DepartmentAdapter, OptionalOperations
from adapters.contract.counts import SMALLEST_CELL, read_counts
from adapters.contract.errors import AdapterMalformed


async def searches(adapter: DepartmentAdapter) -> None:
    found = await _offered(adapter, "search").search(
        _name_of((await sample_of(adapter)).data), deadline()
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


async def resolves_nothing_unknown(adapter: DepartmentAdapter) -> None:
    found = await _offered(adapter, "resolve_qr").resolve_qr(
        "https://licence.invalid/unknown", deadline()
    )
    if found is not None:
        raise CaseFailed("resolve_qr", "a business", "404", "unknown_code_refused")


async def takes_results_once(adapter: DepartmentAdapter) -> None:
    operations = _offered(adapter, "results")
    message = {
        "delivery_id": f"conformance-{uuid.uuid4()}",
        "test": True,
        "inspection_id": str(uuid.uuid4()),
        "business_id": adapter.manifest.sample_business_id,
        "results": [],
    }
    first = await operations.submit_results(message, deadline())
    second = await operations.submit_results(message, deadline())
    if not first.receipt_no or first.receipt_no != second.receipt_no:
        raise CaseFailed(
            "receipt_no",
            "two different receipts",
            "the same receipt for the same delivery_id",
            "receipt_repeated",
        )


async def hides_small_cells(adapter: DepartmentAdapter) -> None:
    answer = await _offered(adapter, "aggregate").aggregate(
        {"metric": "businesses", "by": ["trade"]}, deadline()
    )
    try:
        read_counts(answer, 1)
    except AdapterMalformed as error:
        raise CaseFailed(
            "cells",
            error.detail,
            f"minimum_cell of {SMALLEST_CELL} or more, each key once, null below the minimum",
            "small_cells_hidden",
        ) from error


def _offered(adapter: DepartmentAdapter, name: str) -> OptionalOperations:
    if name not in adapter.manifest.operations:
        raise NotApplicable
    return cast("OptionalOperations", adapter)
