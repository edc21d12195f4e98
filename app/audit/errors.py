"""AuditUnavailable: the audit trail cannot be written, so nothing may be disclosed."""

from app.core.errors import Unavailable


class AuditUnavailable(Unavailable):
    code = "audit.unavailable"
