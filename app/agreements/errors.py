"""Refusals of those who may not ask."""

from app.core.errors import InvalidRequest, NotAllowed


class PurposeUnknown(InvalidRequest):
    code = "profile.purpose_unknown"
    zh, en = "未知的查询目的", "The purpose is not one the gateway knows"
    now_zh, now_en = (
        "使用 inspection（附任务）或 patrol",
        "Use inspection (with a task) or patrol",
    )


class PurposeForeign(NotAllowed):
    code = "profile.purpose_not_yours"
    zh, en = "您的角色不能以此目的查询", "Your role cannot look up for this purpose"
    now_zh, now_en = "改用您的角色可用的目的", "Use a purpose that your role has"


class TaskRequired(InvalidRequest):
    code = "profile.task_required"
    zh, en = "以此目的查询必须附任务编号", "A look-up for this purpose needs a task"
    now_zh, now_en = (
        "请负责人指派任务，或以 patrol 目的查询公开数据",
        "Ask your leader for a task, or use patrol for open data",
    )


class TaskNotYours(NotAllowed):
    code = "profile.task_not_valid"
    zh, en = (
        "任务不存在、已结束，或不是指派给您查此主体的",
        "The task is unknown, over, or not yours for this business and site",
    )
    now_zh, now_en = (
        "核对任务；需要时请负责人重新指派",
        "Check the task; ask your leader to assign one if you need it",
    )
