"""OfficerUnknown, OfficerForeign."""

from app.core.errors import InvalidRequest, NotAllowed


class OfficerUnknown(InvalidRequest):
    code = "officer.unknown"
    zh = "执法证号不存在、已失效或不属于所填部门"
    en = "The certificate number is unknown, not valid today, or of another department"
    now_zh = "核对执法证号；新证请部门数据管理员登记"
    now_en = "Check the number; ask the data manager to register a new certificate"


class OfficerForeign(NotAllowed):
    code = "officer.foreign_department"
    zh = "只能登记本部门、本地区的执法人员"
    en = "Only officers of your own department and region can be registered"
    now_zh = "请该部门的数据管理员登记"
    now_en = "Ask that department's data manager"
