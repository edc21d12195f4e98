"""ProblemUnknown."""

from app.core.errors import NotFound


class ProblemUnknown(NotFound):
    code = "problem.unknown"
