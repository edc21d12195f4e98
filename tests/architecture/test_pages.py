"""Pages in two languages say the same: headings, tables and blocks of one are in the other."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAIRS = [
    ("README.md", "README.zh-CN.md"),
    ("docs/add-a-department.md", "docs/add-a-department.zh-CN.md"),
    ("docs/connect-an-old-system.md", "docs/connect-an-old-system.zh-CN.md"),
    ("docs/issuers.md", "docs/issuers.zh-CN.md"),
    ("docs/operate.md", "docs/operate.zh-CN.md"),
]


def parts(path):
    """Levels of headings, first cells of table rows that are code, code blocks without their comments."""
    text = (ROOT / path).read_text(encoding="utf-8")
    bare = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    headings = re.findall(r"^(#+) ", bare, re.MULTILINE)
    rows = [
        sorted(re.findall(r"`[^`]+`", row))
        for row in re.findall(r"^\| (`[^|]+)\|", bare, re.MULTILINE)
    ]
    blocks = [re.sub(r"\s+#.*", "", block) for block in re.findall(r"```.*?```", text, re.DOTALL)]
    return headings, rows, blocks


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_both_languages_have_the_same_parts(english, chinese):
    ours, theirs = parts(english), parts(chinese)
    assert ours[0] == theirs[0]
    assert ours[1] == theirs[1]
    assert ours[2] == theirs[2]


def test_every_setting_is_told_in_both_readmes():
    from app.core.settings import Settings

    names = {f"ONEVISIT_{name.upper()}" for name in Settings.model_fields}
    for page in PAIRS[0]:
        told = set(re.findall(r"ONEVISIT_[A-Z_]+", (ROOT / page).read_text(encoding="utf-8")))
        assert names <= told, (page, names - told)
