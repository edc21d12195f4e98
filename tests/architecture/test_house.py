"""The house rules as code: sizes, sign-boards, doors, sessions, words."""

import ast
import csv
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import pytest
from fastapi import Depends
from fastapi.dependencies.utils import get_dependant

from app.api.table import every_route, permission_of
from app.core.admission import declared_priority
from app.core.deps import read_session, write_session
from app.core.settings import Settings
from app.main import create_app
from auth.permissions import Permission, allows
from auth.principal import Principal, Role

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    p
    for room in ("app", "adapters", "auth")
    for p in (ROOT / room).rglob("*.py")
    if "node_modules" not in p.parts
)
LONGEST_FILE, LONGEST_FUNCTION = 400, 50
PUBLIC = {
    "read_problem",
    "list_problems",
    "read_liveness",
    "read_readiness",
    "read_metrics",
    "read_start",
    "read_reference",
    "read_page_of_before",
    "read_page",
    "read_page_part",
    "read_console",
    "read_sign_on",
    "take_token",
    "take_logout",
    "read_own_keys",
}


def functions(path):
    return [
        n
        for n in ast.walk(ast.parse(path.read_text()))
        if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


@pytest.fixture(scope="module")
def app():
    return create_app(
        Settings(secret_key="x" * 32, issuer="i", audience="a", jwks_file=Path("none"))
    )


class TestSizes:
    @pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
    def test_no_file_and_no_function_is_too_long(self, path):
        assert path.read_text().count("\n") <= LONGEST_FILE
        long = [
            f"{n.name}: {n.end_lineno - n.lineno + 1}"
            for n in functions(path)
            if n.end_lineno - n.lineno + 1 > LONGEST_FUNCTION
        ]
        assert long == []

    def test_functions_are_short_in_the_middle_and_at_the_ninth_tenth(self):
        lengths = sorted(n.end_lineno - n.lineno + 1 for p in SOURCES for n in functions(p))
        assert lengths[len(lengths) // 2] <= 10
        assert lengths[len(lengths) * 9 // 10] <= 30


class TestSignBoards:
    @pytest.mark.parametrize(
        "path",
        [p for p in SOURCES if p.name == "__init__.py"],
        ids=lambda p: str(p.parent.relative_to(ROOT)),
    )
    def test_every_room_says_what_lives_here(self, path):
        assert len(ast.get_docstring(ast.parse(path.read_text())) or "") > 40

    @pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
    def test_every_module_says_what_it_is(self, path):
        assert ast.get_docstring(ast.parse(path.read_text()))

    @pytest.mark.parametrize(
        "path", sorted(ROOT.glob("app/*/service.py")), ids=lambda p: p.parent.name
    )
    def test_public_use_cases_state_what_they_guarantee(self, path):
        module = ast.parse(path.read_text())
        bare = [
            n.name
            for n in module.body
            if isinstance(n, ast.FunctionDef) and n.name[0] != "_" and not ast.get_docstring(n)
        ]
        assert bare == []


def test_the_import_contracts_are_kept():
    script = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(script)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


STANDARD = {
    "__init__",
    "routes",
    "service",
    "schemas",
    "repository",
    "models",
    "errors",
    "deps",
}
DOES_IO = {
    "sequencer",
    "switching",
    "naming",
    "visits",
    "metering",
    "ended",
    "refusals",
    "letters",
    "senders",
    "glass",
    "carrying",
    "holding",
    "enqueuing",
    "telling",
    "reminders",
    "confirming",
    "reading",
    "writing_back",
    "locating",
    "callers",
    "acts",
    "parties",
    "desk",
    "units",
    "explaining",
    "first",
    "people",
    "last_known",
    "tally",
    "faults",
    "directory",
    "loader",
    "vault",
    "fastpath",
    "disclosure",
    "whereabouts",
    "examinations",
    "history",
    "measuring",
    "resealing",
    "events",
    "streams",
}


def test_pure_modules_are_on_the_list_of_the_contract():
    """A module of a room that is neither a standard file nor known to do I/O must be declared pure."""
    declared = set(re.findall(r'"\*\.(\w+\.\w+)"', (ROOT / "pyproject.toml").read_text()))
    rooms = [
        p
        for p in (ROOT / "app").iterdir()
        if (p / "__init__.py").exists()
        and p.name not in {"api", "core", "cli", "migrations", "web"}
    ]
    loose = [
        f"{room.name}.{path.stem}"
        for room in rooms
        for path in room.glob("*.py")
        if path.stem not in STANDARD | DOES_IO and f"{room.name}.{path.stem}" not in declared
    ]
    assert loose == []


class TestDoors:
    def test_every_route_declares_its_permission(self, app):
        assert {r.name for r in every_route(app) if permission_of(r) is None} == PUBLIC
        assert len(every_route(app)) > 30

    def test_the_committed_table_says_who_may_enter_where(self, app):
        with (ROOT / "tests/architecture/permissions.csv").open(newline="") as file:
            committed = {row.pop("route"): row for row in csv.DictReader(file)}
        actual = {}
        for route in every_route(app):
            permission = permission_of(route)
            row = {"anonymous": "yes" if permission is None else "no"}
            for role in Role:
                principal = Principal("x", frozenset({role}), None, "000000")
                row[role.value] = (
                    "yes" if permission is None or allows(principal, permission) else "no"
                )
            actual[f"{min(route.methods)} {route.path}"] = row
        assert actual == committed

    def test_every_permission_is_demanded_somewhere(self, app):
        assert {permission_of(r) for r in every_route(app)} - {None} == set(Permission)

    def test_every_route_declares_its_priority(self, app):
        assert [r.path for r in every_route(app) if declared_priority(r.endpoint) is None] == []

    def test_no_async_route_touches_the_database(self, app):
        held = {r.path for r in every_route(app) if holds_a_session(r.dependant)}
        in_async = {r.path for r in every_route(app) if inspect.iscoroutinefunction(r.endpoint)}
        assert len(held) > 15
        assert held & in_async == set()

    def test_the_check_looks_to_the_bottom(self):
        """A session that a dependency of a dependency holds is found."""

        def desk(session: Annotated[object, Depends(write_session)]):
            return session

        async def route(desk: Annotated[object, Depends(desk)]):
            return desk

        assert holds_a_session(get_dependant(path="/", call=route))


def holds_a_session(dependant):
    """Whether anything that a route depends on, however deep, is a database session."""
    waiting = [dependant]
    while waiting:
        found = waiting.pop()
        if found.call in {read_session, write_session}:
            return True
        waiting += found.dependencies
    return False


class TestRooms:
    """What stands where in a room (docs/house.md)."""

    ROOM_FILES = sorted(
        p
        for p in (ROOT / "app").glob("*/*.py")
        if p.parent.name not in {"api", "core", "cli", "migrations"}
    )

    def test_new_rows_are_stored_in_repositories_only(self):
        inserts = re.compile(
            r"\bsession\.(add|add_all|merge|delete|execute)\(|\.session\.(add|add_all|merge|delete)\("
        )
        found = [
            f"{p.relative_to(ROOT)}:{i}"
            for p in self.ROOM_FILES
            if p.stem != "repository"
            for i, line in enumerate(p.read_text().splitlines(), 1)
            if inserts.search(line)
        ]
        assert found == []

    def test_shapes_of_requests_and_answers_stand_in_schemas_only(self):
        found = [
            f"{p.relative_to(ROOT)}: {node.name}"
            for p in self.ROOM_FILES
            if p.stem != "schemas"
            for node in ast.walk(ast.parse(p.read_text()))
            if isinstance(node, ast.ClassDef)
            and any(ast.unparse(base) == "BaseModel" for base in node.bases)
        ]
        assert found == []


def test_nothing_names_a_package_index_or_a_download_host():
    files = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True
    ).stdout.split("\n")
    pattern = re.compile(
        "p[y]pi[.]o|python" + "hosted|registry[.]n[p]mjs|deb[.]d[e]bian|git" + "hub[.]com",
        re.IGNORECASE,
    )
    named = [
        f
        for f in files
        if f
        and (ROOT / f).is_file()
        and pattern.search((ROOT / f).read_bytes().decode("utf-8", "ignore"))
    ]
    assert named == []


def test_no_check_is_switched_off_without_a_reason():
    bare = re.compile(
        r"#\s*(noqa(?!: [A-Z0-9, ]+ - )|type: ignore(?!\[[a-z-]+\]  # ))|pragma: no cover|pytest\.mark\.(skip|xfail)|TODO|FIXME"
    )
    found = [
        f"{p.relative_to(ROOT)}:{i}"
        for p in SOURCES
        for i, line in enumerate(p.read_text().splitlines(), 1)
        if bare.search(line)
    ]
    assert found == []
