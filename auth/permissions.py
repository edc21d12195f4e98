"""Role -> permission, pure. The committed table in tests/architecture/permissions.csv must agree
with it.
"""

from enum import StrEnum

from auth.principal import Principal, Role


class Permission(StrEnum):
    """What a route may demand."""

    PROFILE_READ = "profile:read"
    BUSINESS_RESOLVE = "business:resolve"
    TASK_READ = "task:read"
    TASK_OPEN = "task:open"
    BREAK_GLASS = "task:break_glass"
    INSPECTION_WRITE = "inspection:write"
    INSPECTION_READ = "inspection:read"
    RECORD_READ = "record:read"
    AGGREGATE_READ = "aggregate:read"
    ADAPTER_READ = "adapter:read"
    ADAPTER_MANAGE = "adapter:manage"
    ADAPTER_REVIEW = "adapter:review"
    CATALOGUE_READ = "catalogue:read"
    RULE_SWITCH = "rule:switch"
    OFFICER_READ = "officer:read"
    OFFICER_MANAGE = "officer:manage"
    AGREEMENT_READ = "agreement:read"
    AGREEMENT_MANAGE = "agreement:manage"
    PEOPLE_READ = "people:read"
    PEOPLE_MANAGE = "people:manage"
    UNIT_MANAGE = "unit:manage"
    ROLE_GRANT = "role:grant"
    ROLE_DELEGATE = "role:delegate"
    ROLE_END = "role:end"
    SIGN_ON_MANAGE = "sign_on:manage"
    DELIVERY_READ = "delivery:read"
    DELIVERY_MANAGE = "delivery:manage"
    WEBHOOK_MANAGE = "webhook:manage"
    JOB_MANAGE = "job:manage"
    AUDIT_READ = "audit:read"
    SELF_READ = "self:read"


P = Permission

_EVERYBODY = frozenset({P.SELF_READ, P.CATALOGUE_READ})
_FIELD = frozenset({P.PROFILE_READ, P.BUSINESS_RESOLVE})

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.INSPECTOR: _EVERYBODY
    | _FIELD
    | {P.TASK_READ, P.INSPECTION_WRITE, P.INSPECTION_READ, P.BREAK_GLASS, P.OFFICER_READ},
    Role.PATROLLER: _EVERYBODY | _FIELD,
    Role.TEAM_LEADER: _EVERYBODY
    | _FIELD
    | {P.TASK_READ, P.TASK_OPEN, P.INSPECTION_WRITE, P.INSPECTION_READ, P.OFFICER_READ}
    | {P.PEOPLE_READ, P.ROLE_DELEGATE, P.ROLE_END, P.BREAK_GLASS},
    Role.DATA_MANAGER: _EVERYBODY
    | {P.ADAPTER_READ, P.ADAPTER_MANAGE, P.OFFICER_READ, P.OFFICER_MANAGE, P.RECORD_READ}
    | {P.DELIVERY_READ, P.DELIVERY_MANAGE, P.PEOPLE_READ, P.PEOPLE_MANAGE, P.ROLE_GRANT}
    | {P.ROLE_DELEGATE, P.ROLE_END, P.AGREEMENT_READ, P.AGREEMENT_MANAGE, P.SIGN_ON_MANAGE}
    | {P.WEBHOOK_MANAGE},
    Role.COORDINATOR: _EVERYBODY
    | {P.ADAPTER_READ, P.ADAPTER_MANAGE, P.ADAPTER_REVIEW, P.OFFICER_READ, P.OFFICER_MANAGE}
    | {P.DELIVERY_READ, P.DELIVERY_MANAGE, P.PEOPLE_READ, P.ROLE_DELEGATE, P.ROLE_END}
    | {P.AGREEMENT_READ, P.AGREEMENT_MANAGE, P.WEBHOOK_MANAGE, P.RULE_SWITCH},
    Role.SUPERVISOR: _EVERYBODY
    | {P.RECORD_READ, P.INSPECTION_READ, P.ADAPTER_READ, P.TASK_READ, P.OFFICER_READ}
    | {P.DELIVERY_READ, P.AGREEMENT_READ, P.WEBHOOK_MANAGE, P.PROFILE_READ, P.TASK_OPEN},
    Role.AUDITOR: _EVERYBODY | {P.AUDIT_READ},
    Role.ANALYST: _EVERYBODY | {P.AGGREGATE_READ},
    Role.CDO: _EVERYBODY | {P.PEOPLE_READ, P.ADAPTER_READ, P.AGREEMENT_READ, P.AGREEMENT_MANAGE},
    Role.SYSTEM_ADMINISTRATOR: _EVERYBODY
    | {P.PEOPLE_READ, P.PEOPLE_MANAGE, P.UNIT_MANAGE, P.JOB_MANAGE},
    Role.SECURITY_ADMINISTRATOR: _EVERYBODY
    | {P.PEOPLE_READ, P.ROLE_GRANT, P.ROLE_END, P.SIGN_ON_MANAGE},
    Role.AUDIT_ADMINISTRATOR: _EVERYBODY
    | {P.PEOPLE_READ, P.AUDIT_READ, P.SIGN_ON_MANAGE, P.WEBHOOK_MANAGE},
}


def allows(principal: Principal, permission: Permission) -> bool:
    """Whether any of the caller's roles grants the permission; deny by default."""
    return any(permission in GRANTS.get(role, frozenset()) for role in principal.roles)
