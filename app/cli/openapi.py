"""Write the published contracts, or say where they have drifted from the code."""

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import typer

from adapters.contract import SECTIONS
from adapters.contract.words import Words

app = typer.Typer(no_args_is_help=True)
FOLDER = Path(__file__).parents[2] / "openapi"
GATEWAY, DEPARTMENT = FOLDER / "gateway.v1.json", FOLDER / "department-adapter.v1.yaml"
README = FOLDER / "README.md"
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
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = before + begin + table + end + after
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


_PUBLISHED: tuple[tuple[Path, Callable[[], str]], ...] = (
    (GATEWAY, gateway_document),
    (DEPARTMENT, department_document),
    (README, readme_document),
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
