"""How many lines are comments of their own; `make lint` prints it."""

import io
import tokenize
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("app", "adapters", "auth")


def own_line_comments():
    """Own-line comments, and all lines."""
    own = lines = 0
    for path in sorted(p for room in ROOMS for p in (ROOT / room).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        lines += len(text.splitlines())
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            own += token.type == tokenize.COMMENT and not token.line[: token.start[1]].strip()
    return own, lines


if __name__ == "__main__":
    found, of = own_line_comments()
    print(f"own-line comments: {found} of {of} lines ({found / of:.1%})")
