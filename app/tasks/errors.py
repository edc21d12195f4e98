"""TaskUnknown, TaskOutsideRegion, TaskNotOpen."""

from app.core.errors import Conflict, NotAllowed, NotFound


class TaskUnknown(NotFound):
    code = "task.unknown"
    zh = "没有这个任务，或您无权查看"
    en = "There is no such task, or none you may see"
    now_zh = "核对任务编号"
    now_en = "Check the task's id"


class TaskOutsideRegion(NotAllowed):
    code = "task.outside_region"
    zh = "任务地区超出您的管辖范围"
    en = "The task's region lies outside yours"
    now_zh = "请当地负责人指派，或走异地协助"
    now_en = "Ask the leader of that region, or use mutual assistance"


class TaskNotOpen(Conflict):
    code = "task.not_open"
    zh = "任务已关闭"
    en = "The task is closed already"
    now_zh = "如需继续，请新建任务"
    now_en = "Open a new task to go on"
