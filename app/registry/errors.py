"""Problems of adapters and their life-cycle."""

from app.core.errors import Conflict, InvalidRequest, NotAllowed, NotFound


class AdapterUnknown(NotFound):
    code = "adapter.unknown"
    zh, en = "没有这个适配器，或您无权查看", "There is no such adapter, or none you may see"
    now_zh, now_en = "核对适配器编号", "Check the adapter's id"


class AdapterExists(Conflict):
    code = "adapter.exists"
    zh, en = "此适配器编号已登记", "An adapter with this id is registered already"
    now_zh, now_en = "用 PUT 更新，或换一个编号", "Update it with PUT, or choose another id"


class AdapterForeign(NotAllowed):
    code = "adapter.foreign_department"
    zh, en = "只能管理本部门的适配器", "You can manage only your own department's adapters"
    now_zh, now_en = "请该部门的数据管理员操作", "Ask that department's data manager"


class SectionTaken(Conflict):
    code = "adapter.section_taken"
    zh, en = "此板块已有在用的适配器", "Another published adapter serves this section"
    now_zh, now_en = (
        "先停用原适配器，或换一个板块名",
        "Retire the other one first, or use another section name",
    )


class ManifestInvalid(InvalidRequest):
    code = "adapter.manifest_invalid"
    zh, en = "适配器清单不符合要求", "The manifest does not fit its description"
    now_zh, now_en = "按 errors 更正后重新提交", "Correct what errors names and send it again"


class CredentialsInvalid(InvalidRequest):
    code = "adapter.credentials_invalid"
    zh, en = "凭据内容与清单的认证方式不符", "The credentials do not fit the manifest's auth kind"
    now_zh, now_en = "按认证方式提供所需字段", "Give the fields that the auth kind needs"


class TransitionRefused(Conflict):
    code = "adapter.transition_refused"
    zh, en = "当前状态下不能执行此操作", "The adapter's state does not allow this"
    now_zh, now_en = (
        "查看适配器状态与生命周期说明",
        "See the adapter's state and docs/add-a-department.md",
    )


class NotVerified(Conflict):
    code = "adapter.not_verified"
    zh, en = "此版本尚未通过一致性检测", "This version has not passed the conformance suite"
    now_zh, now_en = "先执行 verify 并通过全部用例", "Run verify first and pass every case"


class FourEyes(NotAllowed):
    code = "adapter.four_eyes"
    zh, en = (
        "提交人不能审核自己的适配器",
        "Whoever registered or submitted an adapter cannot review it",
    )
    now_zh, now_en = "请另一位审核人处理", "Ask another reviewer"


class HeldByCoordinator(NotAllowed):
    code = "adapter.held"
    zh, en = (
        "由协调部门暂停，须由其恢复",
        "A coordinator suspended it; only a coordinator resumes it",
    )
    now_zh, now_en = "联系协调部门", "Ask the coordinator"


class OperationUnknown(NotFound):
    code = "operation.unknown"
    zh, en = "没有这个操作，或您无权查看", "There is no such operation, or none you may see"
    now_zh, now_en = "核对操作编号", "Check the operation's id"


class SampleInvalid(InvalidRequest):
    code = "adapter.sample_invalid"
    zh, en = (
        "样例按此映射不能得到合格的板块",
        "The sample does not become a valid section with this mapping",
    )
    now_zh, now_en = (
        "按提示字段修改映射或样例",
        "Change the mapping or the sample at the named field",
    )
