// Roles as the interface names them. Pure.
export const ROLES = ['inspector', 'patroller', 'team_leader', 'data_manager', 'coordinator', 'supervisor', 'auditor', 'cdo', 'analyst', 'system_administrator', 'security_administrator', 'audit_administrator'] as const;
