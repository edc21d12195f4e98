"""What is done at its time, at the command line: the same public API, no other door."""

import json
from pathlib import Path
from typing import Any

import typer

from app.cli.door import AsJson, Gateway, TokenFile, door_of
from app.cli.words import said

app = typer.Typer(no_args_is_help=True)


def _show(job: dict[str, Any]) -> None:
    state = said("under way", "正在执行") if job["running"] else job["outcome"] or "-"
    when = f"{job['at']} ({job['days']})"
    typer.echo(
        f"{job['name']:<22}  {when:<16}  {said('next', '下次')} {job['next_at']}  "
        f"{said('last', '上次')} {job['ended_at'] or '-'}  {state}  "
        f"{job['error'] or json.dumps(job['result'] or {}, ensure_ascii=False)}"
    )


@app.command("list", help=said("What is done, when, and how it went.", "任务、时间与上次结果。"))
def list_jobs(
    gateway: str = Gateway, token_file: Path | None = TokenFile, as_json: bool = AsJson
) -> None:
    """What is done, when, and how it went."""
    found = door_of(gateway, token_file).ask("GET", "/v1/jobs")
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for job in found:
        _show(job)


@app.command(help=said("Do it now, and then at its time again.", "立即执行一次，之后仍按时执行。"))
def run(
    name: str = typer.Argument(...),
    gateway: str = Gateway,
    token_file: Path | None = TokenFile,
) -> None:
    """Do it now, and then at its time again."""
    _show(door_of(gateway, token_file).ask("POST", f"/v1/jobs/{name}:run"))
