"""AuditUnavailable: the trace cannot be written, so nothing may be disclosed."""

from app.core.errors import Unavailable


class AuditUnavailable(Unavailable):
    code = "audit.unavailable"
    zh = "留痕系统暂不可用，按规定不能提供数据"
    en = "The trace cannot be written now, so no data may be given"
    now_zh = "稍后重试；持续出现请联系运维"
    now_en = "Try again later; if it stays, call the operator"
