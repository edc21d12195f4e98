"""One word, one thing; words are data; comments say why."""

import ast
import collections
import re
from pathlib import Path

import msgspec
import pytest

from adapters.contract.labels import label_of, shapes, value_label, values_of
from adapters.contract.tables import TableError, rows
from app.core.texts import FAULTS
from tests.architecture.comments import own_line_comments

ROOT = Path(__file__).parents[2]
SOURCES = sorted(p for room in ("app", "adapters", "auth") for p in (ROOT / room).rglob("*.py"))
VERSIONS = ROOT / "app/migrations/versions"


def test_a_public_class_name_exists_once():
    found = collections.defaultdict(list)
    for path in SOURCES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(str(path.relative_to(ROOT)))
    assert {name: places for name, places in found.items() if len(places) > 1} == {}


def test_trace_is_tracing_and_audit_is_the_trail():
    """`trace` is W3C trace context (or Python's traceback), wherever it is written."""
    tracing = re.compile(
        r"trace[-_ ]?(id|parent|context|back)|stack trace|trace \(W3C", re.IGNORECASE
    )
    odd = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in SOURCES
        if VERSIONS not in path.parents
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if "trace" in tracing.sub("", line).lower()
    ]
    assert odd == []


@pytest.mark.parametrize("shape", shapes(), ids=lambda s: s.__name__)
def test_every_field_and_code_value_of_a_section_has_a_label(shape):
    for field in msgspec.inspect.type_info(shape).fields:
        words = label_of(shape, field.name)
        assert words.zh, field.name
        assert words.en, field.name
        for value in values_of(field.type):
            assert value_label(shape, field.name, value).zh, (field.name, value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("code,zh\na,甲\n", "columns"),
        ("code,zh,en\na,甲\n", "2 cells, not 3"),
        ("code,zh,en\na,甲,A, and more\n", "4 cells, not 3; quote commas"),
        ("code,zh,en\na,,A\n", "zh is empty"),
    ],
    ids=["a column is missing", "a cell is missing", "an unquoted comma", "a word is missing"],
)
def test_a_table_that_is_not_in_order_is_not_loaded(tmp_path, text, said):
    path = tmp_path / "words.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TableError, match=said):
        list(rows(path, ("code", "zh", "en")))


def test_comments_are_few_and_say_why():
    """`make lint` prints the share; what the code says itself needs none, odd places have one."""
    own, lines = own_line_comments()
    assert 0.002 < own / lines < 0.05


def test_every_fault_of_ours_has_words():
    """A rule of our own that a request breaks is told in both languages, not as "does not fit"."""
    codes = {
        code
        for folder in ("app", "adapters", "auth")
        for path in (ROOT / folder).rglob("*.py")
        for code in re.findall(r'PydanticCustomError\(\s*"(\w+)"', path.read_text(encoding="utf-8"))
    }
    assert len(codes) > 5
    assert codes - FAULTS.keys() == set()
