"""Refusals of a record."""

from app.core.errors import Conflict, InvalidRequest, NotAllowed, NotFound


class InspectionUnknown(NotFound):
    code = "inspection.unknown"


class IdReused(InvalidRequest):
    code = "inspection.id_reused"


class NotOnVisit(NotAllowed):
    code = "inspection.not_on_visit"


class TooFewOfficers(InvalidRequest):
    code = "inspection.too_few_officers"


class NotCompetent(NotAllowed):
    code = "inspection.not_competent"


class VisitTaskUnknown(InvalidRequest):
    code = "inspection.task_unknown"


class VisitBusinessMismatch(InvalidRequest):
    code = "inspection.business_mismatch"


class VisitOutsideTask(InvalidRequest):
    code = "inspection.outside_task"


class DepartmentUnknown(InvalidRequest):
    code = "inspection.department_unknown"


class ItemTwice(InvalidRequest):
    code = "inspection.item_twice"


class VisitTimeInvalid(InvalidRequest):
    code = "inspection.visit_time_invalid"


class DigestOther(InvalidRequest):
    code = "inspection.digest_other"


class SamePerson(NotAllowed):
    code = "inspection.same_person"


class AlreadyHandedOn(Conflict):
    code = "inspection.already_handed_on"


class OfficerCannotSignOn(InvalidRequest):
    code = "inspection.officer_without_sign_on"
