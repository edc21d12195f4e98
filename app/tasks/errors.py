"""TaskUnknown, TaskOutsideRegion, TaskNotOpen."""

from app.core.errors import Conflict, NotAllowed, NotFound


class TaskUnknown(NotFound):
    code = "task.unknown"


class TaskOutsideRegion(NotAllowed):
    code = "task.outside_region"


class TaskNotOpen(Conflict):
    code = "task.not_open"
