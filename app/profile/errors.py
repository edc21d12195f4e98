"""Refusals of a look-up."""

from app.core.errors import InvalidRequest, NotFound, Unavailable


class IdentifierNeedsResolving(InvalidRequest):
    code = "profile.identifier_needs_resolving"
    zh, en = "许可证编号不能直接查询画像", "A permit number does not name a business by itself"
    now_zh, now_en = (
        "请输入证上的 18 位代码或名称",
        "Type the 18-character code or the name that stands on the permit",
    )


class SectionUnknown(NotFound):
    code = "profile.section_unknown"
    zh, en = "没有在用的适配器提供此板块", "No published adapter serves this section"
    now_zh, now_en = (
        "核对板块名称；名称列在画像的 sections 中",
        "Check the name; a profile's sections lists them",
    )


class BatchItemFailed(Unavailable):
    code = "profile.batch_item_failed"
    zh, en = (
        "本项查询未能完成，已记录",
        "This look-up of the batch could not be completed; it is on record",
    )
    now_zh, now_en = (
        "单独查询该主体；仍失败请将跟踪号告知运维",
        "Look this business up alone; if it fails again, give the trace id to the operator",
    )
