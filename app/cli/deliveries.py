"""What is on its way to departments, at the command line: the same public API, no other door."""

import json
from pathlib import Path
from typing import Any

import typer

from app.cli.door import AsJson, Door, Gateway, Reason, TokenFile, door_of
from app.cli.words import said

app = typer.Typer(no_args_is_help=True)


def _show(delivery: dict[str, Any]) -> None:
    why = delivery["reason"] or delivery["last_error"] or ""
    typer.echo(
        f"{delivery['id']}  {delivery['state']:<9}  {delivery['department']:<16}  "
        f"{delivery['region'] or '-':<6}  {delivery['attempts']:>3}x  {delivery['created_at']}  "
        f"{why}".rstrip()
    )


def _found(door: Door, state: str | None, department: str | None) -> list[dict[str, Any]]:
    return door.every("/v1/deliveries", state=state, department=department)


_State = typer.Option(
    None, "--state", help=said("pending, refused, dead, dropped, delivered", "状态")
)
_Department = typer.Option(None, "--department", help=said("of one department", "某一部门"))


@app.command(
    "list", help=said("Those you may see, the newest first.", "您可查看的回传，新的在前。")
)
def list_deliveries(
    state: str | None = _State,
    department: str | None = _Department,
    gateway: str = Gateway,
    token_file: Path | None = TokenFile,
    as_json: bool = AsJson,
) -> None:
    """Those you may see, the newest first."""
    found = _found(door_of(gateway, token_file), state, department)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for delivery in found:
        _show(delivery)
    if not found:
        typer.echo(said("None.", "没有。"))


@app.command(help=said("Send one again, or all that are dead.", "重发一条，或全部已停止的。"))
def retry(
    delivery_id: str | None = typer.Argument(None),
    all_dead: bool = typer.Option(
        False, "--all-dead", help=said("all that were given up", "全部已停止的")
    ),
    department: str | None = _Department,
    gateway: str = Gateway,
    token_file: Path | None = TokenFile,
) -> None:
    """Send one again, or all that are dead."""
    if (delivery_id is None) != all_dead:
        raise typer.BadParameter("Give one id, or --all-dead.")
    door = door_of(gateway, token_file)
    ids = [delivery_id] if delivery_id else [d["id"] for d in _found(door, "dead", department)]
    failed = 0
    for each in reversed(ids):  # the oldest first: in the order in which they were written
        try:
            _show(door.ask("POST", f"/v1/deliveries/{each}:retry"))
        except typer.Exit:  # said already
            failed += 1
    if not ids:
        typer.echo(said("None.", "没有。"))
    if failed:
        raise typer.Exit(1)


@app.command(help=said("Give one up, with a reason.", "放弃一条，并说明原因。"))
def drop(
    delivery_id: str,
    reason: str = Reason,
    gateway: str = Gateway,
    token_file: Path | None = TokenFile,
) -> None:
    """Give one up, with a reason."""
    door = door_of(gateway, token_file)
    _show(door.ask("POST", f"/v1/deliveries/{delivery_id}:drop", {"reason": reason}))
