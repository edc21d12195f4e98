"""Refusals of a record."""

from app.core.errors import InvalidRequest, NotAllowed, NotFound


class InspectionUnknown(NotFound):
    code = "inspection.unknown"
    zh, en = "没有这条记录，或您无权查看", "There is no such record, or none you may see"
    now_zh, now_en = "核对记录编号", "Check the record's id"


class IdReused(InvalidRequest):
    code = "inspection.id_reused"
    zh, en = "此编号已用于内容不同的记录", "This id already stands for a record with other content"
    now_zh, now_en = "新记录请用新的编号；更正请另行提交更正", "Use a new id for a new record"


class NotOnVisit(NotAllowed):
    code = "inspection.not_on_visit"
    zh, en = (
        "记录只能由到场的持证人员提交",
        "Only a certified officer who is on the visit may submit its record",
    )
    now_zh, now_en = (
        "由到场人员提交，并列入本人执法证号",
        "Let an officer of the visit submit it, with the own certificate listed",
    )


class TooFewOfficers(InvalidRequest):
    code = "inspection.too_few_officers"
    zh, en = "行政检查须有两名以上持证人员", "An inspection needs at least two certified officers"
    now_zh, now_en = "补充到场人员的执法证号", "Add the certificate numbers of those present"


class NotCompetent(NotAllowed):
    code = "inspection.not_competent"
    zh, en = (
        "只有主管部门的持证人员可以认定",
        "Only a certified officer of the competent department may determine",
    )
    now_zh, now_en = (
        "改为 observed（线索），由主管部门认定",
        "Record it as observed; the competent department determines",
    )


class TaskMismatch(InvalidRequest):
    code = "inspection.task_mismatch"
    zh, en = (
        "任务不存在，或与主体、人员、时间不符",
        "The task is unknown or does not fit business, officers or time",
    )
    now_zh, now_en = "核对任务编号与检查时间", "Check the task and the time of the visit"


class VisitTimeInvalid(InvalidRequest):
    code = "inspection.visit_time_invalid"
    zh, en = "检查时间不合理", "The time of the visit is not possible"
    now_zh, now_en = (
        "核对手机时间与检查起讫",
        "Check the phone's clock and the visit's start and end",
    )
