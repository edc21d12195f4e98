"""Un-mask: masked fields of one record as its department told them. An act of its own, with a
reason: for an open task that a second person stands behind, where an agreement reaches the class.
"""

import msgspec

from app.agreements.decision import (
    BY_AGREEMENT,
    NOT_AGREED,
    TASK_ALONE,
    TASK_FOREIGN,
    TASK_MISSING,
    Grant,
)
from app.agreements.explanation import NO_AGREEMENT
from app.catalogue.classification import ANALYSIS_ONLY, SHARED, FieldClass
from app.core.errors import Fault, RequestInvalid
from app.profile import assemble, events
from app.profile.disclosure import Disclosed
from app.profile.errors import SectionUnknown, UnmaskRefused
from app.profile.plans import Prepared
from app.profile.request import LookUp
from app.profile.section import reason_text
from app.profile.service import Engine
from app.profile.unmasking.schemas import UnmaskedRead, UnmaskedReason, UnmaskReason, UnmaskWrite
from auth.principal import Principal


async def unmask(
    engine: Engine, principal: Principal, look_up: LookUp, section: str, wanted: UnmaskWrite
) -> UnmaskedRead:
    """The fields, once the entry is durable. Raises `SectionUnknown`, `UnmaskRefused`, what is
    wrong with a field's name, and as a look-up does.
    """
    prepared = await engine.prepare(principal, look_up)
    _refuse(engine, prepared, section, wanted)
    prepared, replies = await engine.disclosure.replies(prepared, section)

    def bare(prepared: Prepared, view: assemble.View) -> Disclosed[UnmaskedRead]:
        rows, given = _refuse(engine, prepared, section, wanted)
        part = view.parts[section]
        data, reply = part.reply.data, part.reply
        told = {row.field: msgspec.to_builtins(getattr(data, row.field, None)) for row in rows}
        found = UnmaskedRead(
            section=section,
            department=part.spec.manifest.department,
            outcome=reply.outcome,
            reason=_reason(reply.reason),
            as_of=reply.as_of,
            agreement=given.agreement,
            fields=told,
            unreadable=sorted(
                {row.pointer.split("/", 2)[1] for row in reply.unreadable} & told.keys()
            ),
            audit="",
        )
        event = events.unmasked(prepared, part, rows, wanted.reason)
        return Disclosed(event, lambda entry: found.model_copy(update={"audit": entry}))

    return await engine.disclosure.disclose(prepared, replies, bare, only=(section,))


def _refuse(
    engine: Engine, prepared: Prepared, section: str, wanted: UnmaskWrite
) -> tuple[tuple[FieldClass, ...], Grant]:
    """The rows of the fields, if each of them is masked for this caller and nothing but that keeps
    it from him. What a mask hides is of class 2, whatever the class of the rest.
    """
    fields = wanted.fields
    spec = prepared.plan.specifications.get(section)
    if spec is None:
        raise SectionUnknown(pointer="/path/section")
    classes = prepared.plan.catalogue.of_section(section)
    rows = [classes.get(name) for name in dict.fromkeys(fields)]
    listed = tuple([row for row in rows if row is not None and row.level > ANALYSIS_ONLY])
    if len(listed) < len(rows):
        known = {row.field for row in listed}
        unknown = [i for i, name in enumerate(fields) if name not in known]
        raise RequestInvalid([Fault(f"/body/fields/{i}", "field_unknown") for i in unknown])
    given = spec.grant
    if given is None:
        raise UnmaskRefused(spec.unasked.reason or NO_AGREEMENT)
    if given.strictest_class > SHARED:
        raise UnmaskRefused(given.why)
    _require_second_person(engine, prepared, wanted.reason)
    for row in listed:
        reach = given.reach(row.field)
        if reach is None or reach > SHARED:
            raise UnmaskRefused(NOT_AGREED if reach is None else BY_AGREEMENT)
        if not row.mask or row.masked_class != row.level:
            raise UnmaskRefused("not_masked")
    return listed, given


def _require_second_person(engine: Engine, prepared: Prepared, reason: UnmaskReason) -> None:
    """Somebody else stands behind the task, of one's own department too, and where a region lets
    the rule only warn; broken glass shows what a mask hides for a rescue alone.
    """
    principal = prepared.principal
    task = engine.disclosure.tasks.value.get(prepared.look_up.task or "")
    if task is None:
        raise UnmaskRefused(TASK_MISSING)
    if not task.is_of(principal.department):
        raise UnmaskRefused(TASK_FOREIGN)
    if task.break_glass and reason is not UnmaskReason.RESCUE:
        raise UnmaskRefused(TASK_ALONE)
    if not task.is_seconded(principal.subject):
        raise UnmaskRefused(TASK_ALONE)


def _reason(code: str | None) -> UnmaskedReason | None:
    if not code:
        return None
    told = reason_text(code)
    return UnmaskedReason(code=told.code, text=told.text, what_now=told.what_now)
