"""Refusals of a task."""

from app.core.errors import Conflict, InvalidRequest, NotAllowed, NotFound


class TaskUnknown(NotFound):
    code = "task.unknown"


class TaskOutsideRegion(NotAllowed):
    code = "task.outside_region"


class TaskPurposeForeign(NotAllowed):
    """Tasks for this purpose are opened, approved and closed by another role."""

    code = "task.purpose_not_yours"


class TaskFourEyes(NotAllowed):
    code = "task.four_eyes"


class TaskApproved(Conflict):
    code = "task.approved"


class AssigneeForeign(InvalidRequest):
    code = "task.assignee_foreign"


class TooManyTasks(Conflict):
    code = "task.too_many"


class TaskNotForPermit(InvalidRequest):
    code = "task.not_for_permit"


class TaskNotOpen(Conflict):
    code = "task.not_open"


class TaskForReview(Conflict):
    code = "task.for_review"


class GlassUnreviewed(Conflict):
    code = "task.glass_unreviewed"


class TaskReviewed(Conflict):
    code = "task.reviewed"
