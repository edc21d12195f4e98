"""ProblemUnknown."""

from app.core.errors import NotFound


class ProblemUnknown(NotFound):
    code = "problem.unknown"
    zh = "没有这个问题代码"
    en = "There is no such problem code"
    now_zh = "查看 openapi/README.md 中的问题目录"
    now_en = "See the problem catalogue in openapi/README.md"
