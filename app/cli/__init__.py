"""Operator verbs: `onevisit serve | migrate | openapi | adapter … | keys … | demo | doctor`. Each
says in one sentence what went wrong.
"""

import sys

import typer

from app.cli import adapter, keys, openapi, server

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="OneVisit 一次查: one visit, many departments."
)
app.add_typer(
    adapter.app,
    name="adapter",
    help="Department side: register, verify, review, publish, suspend, retire.",
)
app.add_typer(openapi.app, name="openapi", help="The published contracts.")
app.add_typer(keys.app, name="keys", help="The operator's keys.")
app.command("serve")(server.serve)
app.command("migrate")(server.migrate)
app.command("doctor")(server.doctor)


@app.command("demo")
def demo(
    once: bool = typer.Option(False, "--once", help="end after the two profiles"),
    port: int = typer.Option(8000, help="of the gateway"),
    departments_port: int = typer.Option(9101, help="first of 14 ports of the mock departments"),
    businesses: int = typer.Option(2000, min=0, max=1_000_000, help="generated businesses"),
) -> None:
    """Start thirteen mock departments and the gateway, run the main job twice, and stay up."""
    from app.cli.demo import run

    raise typer.Exit(
        run(once=once, port=port, departments_port=departments_port, businesses=businesses)
    )


def main() -> None:
    """The `onevisit` command."""
    from app.core.settings import SettingsError

    try:
        app()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
