"""The conformance suite: a handful of cases, each small enough to run again alone in under two
seconds.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, cast

import msgspec
from msgspec import structs

from adapters.conformance import operations
from adapters.conformance.broken import believed, broken_answers, broken_from
from adapters.conformance.case import (
    CASE_SECONDS,
    Advice,
    Case,
    CaseFailed,
    NotApplicable,
    query_of,
    sample_of,
)
from adapters.conformance.report import FIXES, TITLES, CaseResult, Report, row_of
from adapters.contract.adapter import (
    DepartmentAdapter,
    Examinable,
)
from adapters.contract.convert import Wanted
from adapters.contract.errors import AdapterError, NothingTold
from adapters.contract.labels import values_of
from adapters.contract.manifest import Manifest, Mapping
from adapters.contract.sections import shape_of
from adapters.contract.words import Words
from adapters.transport.heads import routed

CONTRACT = "department-adapter.v1"
_PARALLEL = 8
_ODD = "91'\"<%2e%2e/>OR 1=1"
_NO_ANSWER = frozenset({"deadline_exceeded", "adapter_failed"})
_NOTHING_CAME = frozenset(
    {
        "connect_failed",
        "connection_lost",
        "tls_failed",
        "name_unresolved",
        "address_forbidden",
        "deadline_exceeded",
        "adapter_failed",
    }
)
_MOST_SHOWN = 600


async def _answers(adapter: DepartmentAdapter) -> Advice:
    answer = await sample_of(adapter)
    filled = {k: v for k, v in msgspec.to_builtins(answer.data).items() if v not in (None, [], {})}
    if not filled:
        raise CaseFailed("data", "no field filled", "at least one canonical field", "fields_filled")
    advice = []
    for row in answer.unreadable:
        if row.wanted == Wanted.CODE:
            wanted = _allowed(adapter.manifest, row.pointer) or "a code of the table"
            raise CaseFailed(row.pointer, f"code {row.told}", wanted, "code_unmapped")
        fix = FIXES["value_unread"]
        advice.append(Words(f"{row.pointer}：{fix.zh}", f"{row.pointer} ({row.wanted}): {fix.en}"))
    return advice


def _allowed(manifest: Manifest, pointer: str) -> str:
    """The code values that a field allows, for the department to choose from."""
    kind: Any = msgspec.inspect.type_info(shape_of(manifest.section))
    for part in pointer.strip("/").split("/"):
        while not isinstance(kind, msgspec.inspect.StructType):
            inner = getattr(kind, "item_type", None) or next(
                (t for t in getattr(kind, "types", ()) if hasattr(t, "fields")), None
            )
            if inner is None:
                return ""
            kind = inner
        if not part.isdigit():
            kind = next((f.type for f in kind.fields if f.name == part), None)
    return ", ".join(values_of(kind))


async def _tells_time(adapter: DepartmentAdapter) -> None:
    if (await sample_of(adapter)).as_of is None:
        raise CaseFailed("as_of", "nothing", "the source's own time", "time_told")


async def _knows_unknown(adapter: DepartmentAdapter) -> Advice:
    try:
        answer = await adapter.fetch(query_of(adapter.manifest.unknown_business_id))
    except NothingTold:
        return [FIXES["no_record_unread"]]
    except AdapterError as error:
        if error.code != "echo_missing":
            raise
        return [FIXES["not_relied_on"]]
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
    return None


async def _is_stable(adapter: DepartmentAdapter) -> None:
    first, second = await sample_of(adapter), await sample_of(adapter)
    if first.data != second.data:
        raise CaseFailed("data", "two answers differ", "the same answer twice", "same_twice")


async def _survives_oddity(adapter: DepartmentAdapter) -> Advice:
    """Whatever turns the question away is right, also a firewall's page: nothing leaked."""
    try:
        answer = await adapter.fetch(query_of(_ODD))
    except AdapterError as error:
        if error.code in _NO_ANSWER:
            raise
        return [FIXES["identifier_checked"]] if error.code == "upstream_error" else None
    if answer.data is not None:
        raise CaseFailed("business_id", "a record", "no record or 400", "identifier_checked")
    return None


async def _answers_in_parallel(adapter: DepartmentAdapter) -> None:
    capacity = adapter.manifest.capacity
    async with asyncio.TaskGroup() as group:
        for _ in range(min(_PARALLEL, capacity.initial, capacity.most)):
            group.create_task(sample_of(adapter))


async def _says_only_what_is_known(adapter: DepartmentAdapter) -> Advice:
    if not hasattr(adapter, "read"):
        raise NotApplicable
    examined, asked = cast("Examinable", adapter), adapter.manifest.sample_business_id
    answers = broken_answers(asked, datetime.now(UTC).isoformat())  # noqa: TID251 - no fact rests on it
    try:
        sound = await examined.transcript(query_of(asked))
    except AdapterError:
        pass  # another case tells why
    else:
        answers += broken_from(sound, asked)
    found = believed(examined, answers, asked)
    if found:
        told = ", ".join(f"{b.name} as {b.as_what}" for b in found[:8])
        fresh = any(b.as_what == "fresh" for b in found)
        raise CaseFailed(
            "response",
            f"{len(found)} of {len(answers)} broken answers believed: {told}",
            "none believed",
            "believed_fresh" if fresh else "believed_absence",
        )
    response = (adapter.manifest.mapping or Mapping()).response
    return [
        Words(
            f"{FIXES['without_echo_declared'].zh}：{c.without_echo}",
            f"{FIXES['without_echo_declared'].en}: {c.without_echo}",
        )
        for c in (*response.no_record, *response.not_applicable)
        if c.without_echo
    ]


async def _answers_on_replicas(adapter: DepartmentAdapter) -> None:
    if not adapter.manifest.replicas:
        raise NotApplicable
    query = query_of(adapter.manifest.sample_business_id)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(sample_of(adapter))
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


CASES = (
    Case("answers_sample", _answers),
    Case("tells_time", _tells_time, of_sample=True),
    Case("knows_unknown", _knows_unknown),
    Case("is_stable", _is_stable, of_sample=True),
    Case("survives_oddity", _survives_oddity),
    Case("says_only_what_is_known", _says_only_what_is_known),
    Case("answers_in_parallel", _answers_in_parallel, of_sample=True),
    Case("answers_on_replicas", _answers_on_replicas),
    Case("searches", operations.searches, of_sample=True),
    Case("resolves_qr", operations.resolves_nothing_unknown),
    Case("hides_small_cells", operations.hides_small_cells),
    Case("takes_results_once", operations.takes_results_once),
)


async def run(
    adapter: DepartmentAdapter,
    only: str | None = None,
    on_progress: Callable[[int, int], Awaitable[None]] | None = None,
) -> Report:
    """Examine an adapter against its live endpoint. `only` runs one case again; progress is (done,
    of). One cause is told once: cases that fail of it too name the first.
    """
    chosen = [case for case in CASES if only in (None, case.name)]
    results: list[CaseResult] = []
    for case in chosen:
        results.append(await _examined(case, adapter, results))
        if on_progress is not None:
            await on_progress(len(results), len(chosen))
    passed = bool(results) and all(r.status != "failed" for r in results)
    return Report(
        adapter_id=adapter.manifest.adapter_id, contract=CONTRACT, passed=passed, cases=results
    )


async def _examined(case: Case, adapter: DepartmentAdapter, before: list[CaseResult]) -> CaseResult:
    first = before[0] if before and before[0].case == "answers_sample" else None
    if (
        case.of_sample
        and first is not None
        and first.status == "failed"
        and first.field == "answer"
    ):
        return _same_as(first, case, 0)
    result = await _examine(case, adapter)
    if result.status == "failed":
        for earlier in before:
            told = (result.field, result.got)
            if earlier.same_as is None and told == (earlier.field, earlier.got):
                return _same_as(earlier, case, result.elapsed_ms)
    return result


def _same_as(first: CaseResult, case: Case, elapsed_ms: int) -> CaseResult:
    return CaseResult(
        case=case.name,
        status="failed",
        title=TITLES[case.name],
        elapsed_ms=elapsed_ms,
        field=first.field,
        got=first.got,
        wanted=first.wanted,
        fix=first.fix,
        same_as=first.case,
    )


async def _examine(case: Case, adapter: DepartmentAdapter) -> CaseResult:
    loop = asyncio.get_running_loop()
    started = loop.time()
    row: dict[str, Any] = {}
    status: Any = "passed"
    try:
        async with asyncio.timeout(CASE_SECONDS * 2):
            row = {"advice": await case.check(adapter) or []}
    except NotApplicable:
        status = "not_applicable"
    except CaseFailed as failure:
        status, row = "failed", dict(failure.row)
    except Exception as error:  # noqa: BLE001 - whatever an adapter's own code raises is a finding
        status, row = "failed", row_of(error)
        row |= await _what_came(case, adapter, row["got"].partition(" ")[0])
    elapsed = int((loop.time() - started) * 1000)
    return CaseResult(
        case=case.name,
        status=status,
        title=TITLES[case.name],
        elapsed_ms=elapsed,
        **row,
    )


async def _what_came(case: Case, adapter: DepartmentAdapter, code: str) -> dict[str, str]:
    """What was sent and what came, for the department's engineers: asked once more."""
    if code in _NOTHING_CAME or not hasattr(adapter, "transcript"):
        return {}
    manifest = adapter.manifest
    about = (
        manifest.unknown_business_id
        if case.name == "knows_unknown"
        else manifest.sample_business_id
    )
    if case.name == "survives_oddity":
        about = _ODD
    try:
        async with asyncio.timeout(CASE_SECONDS):
            seen = await cast("Examinable", adapter).transcript(query_of(about))
    except (AdapterError, TimeoutError):
        return {}
    text = seen.body[: 4 * _MOST_SHOWN]
    try:
        shown = text.decode()
    except UnicodeDecodeError:
        shown = text.decode("gb18030", "replace")
    kind = seen.fields.get("content-type", "")
    return {
        "sent": seen.sent[:_MOST_SHOWN],
        "came": f"HTTP {seen.status} {kind}\n{shown}"[:_MOST_SHOWN],
    }
