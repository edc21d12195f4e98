"""Write the published contracts, or say where they have drifted from the code."""

import json
from pathlib import Path

import msgspec
import typer

from adapters.contract import SECTIONS

app = typer.Typer(no_args_is_help=True)
FOLDER = Path(__file__).parents[2] / "openapi"
GATEWAY, DEPARTMENT = FOLDER / "gateway.v1.json", FOLDER / "department-adapter.v1.yaml"
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


@app.command()
def write() -> None:
    """Write both documents."""
    GATEWAY.write_text(gateway_document(), encoding="utf-8")
    DEPARTMENT.write_text(department_document(), encoding="utf-8")
    typer.echo(f"written: {GATEWAY.name}, {DEPARTMENT.name}")


@app.command()
def check() -> None:
    """Fail if a committed document differs from what the code says."""
    drifted = [
        path.name
        for path, document in ((GATEWAY, gateway_document()), (DEPARTMENT, department_document()))
        if path.read_text(encoding="utf-8") != document
    ]
    if drifted:
        typer.echo(
            f"{', '.join(drifted)} differ from the code: run `make openapi` and commit the result.",
            err=True,
        )
        raise typer.Exit(1)
    typer.echo("openapi: no drift")
