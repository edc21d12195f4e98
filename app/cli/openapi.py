"""Write the published contracts, or say where they have drifted from the code."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec
import typer

from adapters import contract
from adapters.contract import SECTIONS, Manifest
from adapters.contract.tables import rows
from adapters.contract.words import Words

app = typer.Typer(no_args_is_help=True)
FOLDER = Path(__file__).parents[2] / "openapi"
GATEWAY, DEPARTMENT = FOLDER / "gateway.v1.json", FOLDER / "department-adapter.v1.yaml"
README = FOLDER / "README.md"
MANIFEST = FOLDER / "manifest.schema.json"
GUIDE = FOLDER.parent / "docs" / "add-a-department.md"
GUIDE_ZH = FOLDER.parent / "docs" / "add-a-department.zh-CN.md"
MARK = "    # Below this line generated from adapters/contract/sections.py by `make openapi`.\n"


def gateway_document() -> str:
    """The gateway's OpenAPI document as committed."""
    from app.core.settings import Settings
    from app.main import create_app

    # Nothing is opened before the lifespan runs; the values only satisfy the refusal to start
    # unconfigured.
    settings = Settings(secret_key="x" * 32, issuer="none", audience="none", jwks_file=Path("none"))
    return (
        json.dumps(create_app(settings).openapi(), ensure_ascii=False, indent=1, sort_keys=True)
        + "\n"
    )


def department_document() -> str:
    """The department contract: hand-written head, generated section components (JSON is YAML)."""
    head = DEPARTMENT.read_text(encoding="utf-8").partition(MARK)[0]
    _, components = msgspec.json.schema_components(
        SECTIONS.values(), ref_template="#/components/schemas/{name}"
    )
    rows = (
        f"    {name}: {json.dumps(shape, ensure_ascii=False)}"
        for name, shape in sorted(components.items())
    )
    return head + MARK + "\n".join(rows) + "\n"


def readme_document() -> str:
    """The catalogue's page: hand-written text, with tables generated between their marks."""
    text = README.read_text(encoding="utf-8")
    for name, table in _tables().items():
        text = _between(text, name, table)
    return text


def _tables() -> dict[str, str]:
    from app.audit.events import VOCABULARY
    from app.catalogue.service import list_problems
    from app.profile.service import list_findings, list_reasons

    reasons = list_reasons()
    return {
        "problems": _table(
            ("code", "status", "meaning", "what now"),
            [
                (f"`{p.code}`", str(p.status), _both(p.text), _both(p.what_now))
                for p in list_problems()
            ],
        ),
        "reasons": _table(
            ("code", "outcome", "meaning", "what now"),
            [
                (f"`{r.code}`", str(r.outcome), _both(r.text), _both(r.what_now))
                for r in reasons
                if r.outcome is not None
            ],
        ),
        "headline reasons": _table(
            ("code", "meaning", "what now"),
            [
                (f"`{r.code}`", _both(r.text), _both(r.what_now))
                for r in reasons
                if r.outcome is None
            ],
        ),
        "findings": _table(
            ("code", "severity", "text"),
            [(f"`{f.code}`", f.severity, _both(f.text)) for f in list_findings()],
        ),
        "audit events": _table(
            ("event", "what happened"),
            [(f"`{event}`", _both(words)) for event, words in VOCABULARY.items()],
        ),
    }


def _table(head: tuple[str, ...], body: list[tuple[str, ...]]) -> str:
    rows = [head, tuple("---" for _ in head), *body]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _both(words: Words) -> str:
    return f"{words.zh} / {words.en}"


def manifest_document() -> str:
    """The manifest as JSON Schema, for editors (`$schema`)."""
    schema = msgspec.json.schema(Manifest)
    described = {row["field"]: f"{row['zh']} / {row['en']}" for row in manifest_fields()}
    for name, field in schema["$defs"]["Manifest"]["properties"].items():
        if name in described:
            field["description"] = described[name]
    schema |= {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "OneVisit manifest",
    }
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"


def manifest_fields() -> tuple[dict[str, str], ...]:
    """What the fields of a manifest mean, as data."""
    path = Path(contract.__file__).with_name("data") / "manifest_fields.csv"
    return rows(path, ("field", "zh", "en"))


def _guide(language: Literal["zh", "en"], path: Path) -> Callable[[], str]:
    """A guide with its table of manifest fields."""

    def document() -> str:
        head = ("in the manifest", "meaning") if language == "en" else ("接入配置", "含义")
        table = _table(head, [(f"`{r['field']}`", r[language]) for r in manifest_fields()])
        return _between(path.read_text(encoding="utf-8"), "manifest fields", table)

    return document


def _between(text: str, name: str, table: str) -> str:
    """A page with what stands between the marks of a name replaced."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return before + begin + table + end + after


_PUBLISHED: tuple[tuple[Path, Callable[[], str]], ...] = (
    (GATEWAY, gateway_document),
    (DEPARTMENT, department_document),
    (README, readme_document),
    (MANIFEST, manifest_document),
    (GUIDE, _guide("en", GUIDE)),
    (GUIDE_ZH, _guide("zh", GUIDE_ZH)),
)


@app.command()
def write() -> None:
    """Write both documents, and the tables of the catalogue's page."""
    for path, document in _PUBLISHED:
        path.write_text(document(), encoding="utf-8")
    typer.echo(f"written: {', '.join(path.name for path, _ in _PUBLISHED)}")


@app.command()
def check() -> None:
    """Fail if a committed document differs from what the code says."""
    drifted = [
        path.name for path, document in _PUBLISHED if path.read_text(encoding="utf-8") != document()
    ]
    if drifted:
        typer.echo(
            f"{', '.join(drifted)} differ from the code: run `make openapi` and commit the result.",
            err=True,
        )
        raise typer.Exit(1)
    typer.echo("openapi: no drift")
