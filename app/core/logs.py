"""What the gateway says of itself: one line an event, as JSON or as text on a terminal.

No personal number, token, credential or row of data stands in it: whatever is logged, by us or by a
library, is redacted last. What fails again and again is one line with a count.
"""

import json
import logging
import re
import sys
import time
import traceback
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

LogForm = Literal["auto", "json", "text"]
_WINDOW_SECONDS, _MOST_KINDS = 10.0, 500
_EXTRAS = ("trace_id", "route", "status", "unit", "path", "ms", "peer")
_REDACTIONS = (
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?"), "[token]"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"']+"), r"\1 [token]"),
    (re.compile(r"//[^/\s:@]*:[^/\s@]*@"), "//[credentials]@"),
    (
        re.compile(r"(?i)\b(password|passwd|secret|api[_-]?key|token|authorization)(\"?\s*[=:]\s*\"?)[^\s,;\"'}]+"),
        r"\1\2[withheld]",
    ),
    (re.compile(r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])"), "[number]"),
    (re.compile(r"(?<![0-9A-Za-z])1[3-9]\d{9}(?![0-9A-Za-z])"), "[number]"),
    (re.compile(r"(?<![0-9A-Za-z])\d{15}(?![0-9A-Za-z])"), "[number]"),
)  # fmt: skip
_ROW_DATA = re.compile(
    r"(?ms)^\s*(?:DETAIL|CONTEXT|\[parameters|\[SQL)\b.*?"
    r"(?=^\S*Traceback|^During handling|^The above exception|\Z)"
)
"""What a database says beside its message holds values of rows."""


def redacted(text: str) -> str:
    """A text without what belongs to a person or opens a door."""
    for pattern, instead in _REDACTIONS:
        text = pattern.sub(instead, text)
    return text


def _told(record: logging.LogRecord) -> tuple[str, str]:
    """The message and, where something was raised, where it came from."""
    stack = ""
    if record.exc_info and record.exc_info[1] is not None:
        stack = "".join(traceback.format_exception(record.exc_info[1]))
        stack = redacted(_ROW_DATA.sub("", stack)).strip()
    return redacted(_ROW_DATA.sub("", record.getMessage())).strip(), stack


class JsonLines(logging.Formatter):
    """`time`, `level`, `logger`, `message`; `error` and `stack` where something was raised;
    `trace_id`, `route`, `status`, `unit` and the like where they are known; `repeated`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        message, stack = _told(record)
        at = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message,
        }
        line |= {name: getattr(record, name) for name in _EXTRAS if hasattr(record, name)}
        if "path" in line:
            line["path"] = redacted(str(line["path"]))
        if repeated := getattr(record, "repeated", 0):
            line["repeated"] = repeated
        if stack:
            line |= {"error": stack.rpartition("\n")[2], "stack": stack}
        return json.dumps(line, ensure_ascii=False, default=str)


class TextLines(logging.Formatter):
    """For people at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and below it where something raised came from."""
        message, stack = _told(record)
        at = datetime.fromtimestamp(record.created).astimezone()
        more = " ".join(
            f"{name}={redacted(str(getattr(record, name)))}"
            for name in (*_EXTRAS, "repeated")
            if hasattr(record, name)
        )
        said = message.replace("\r", "\\r").replace("\n", "\\n")  # no text makes a line of its own
        line = f"{at:%H:%M:%S} {record.levelname:<7} {record.name}  {said}  {more}".rstrip()
        return f"{line}\n{stack}" if stack else line


class Repeated(logging.Filter):
    """Lets a failure pass once in ten seconds, and says with the next how many there were."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[object, ...], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is told; it is given its count."""
        if record.levelno < logging.WARNING:
            return True
        raised = record.exc_info[0] if record.exc_info else None
        route = getattr(record, "route", "")
        key = (record.name, record.levelno, record.msg, raised, route, _raised_at(record))
        now = time.monotonic()
        since, count = self._seen.get(key, (-_WINDOW_SECONDS, 0))
        if now - since < _WINDOW_SECONDS:
            self._seen[key] = since, count + 1
            if not hasattr(record, "trace_id"):
                return False
            record.exc_info = (
                None  # what an officer reads aloud is found; where it came from stands above
            )
            return True
        if len(self._seen) >= _MOST_KINDS:
            self._seen.clear()
        self._seen[key] = now, 0
        if count:
            record.repeated = count
        return True


def _raised_at(record: logging.LogRecord) -> str:
    """File and line of what was raised."""
    place = record.exc_info[2] if record.exc_info else None
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else ""


def configure(form: LogForm, stream: TextIO | None = None) -> None:
    """Let every logger of this process write so, to standard error."""
    out = stream or sys.stderr
    as_json = form == "json" or (form == "auto" and not out.isatty())
    handler = logging.StreamHandler(out)
    handler.setFormatter(JsonLines() if as_json else TextLines())
    handler.addFilter(Repeated())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error"):
        library = logging.getLogger(name)
        library.handlers, library.propagate = [], True
    # the server's own lines hold whole addresses, and with them identifiers: ours do not
    server = logging.getLogger("uvicorn.access")
    server.handlers, server.propagate = [], False
    for name in ("httpx", "httpcore", "alembic", "sqlalchemy", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
