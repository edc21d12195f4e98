"""Agreements at the command line: the same public API, no other door."""

import json
from pathlib import Path
from typing import Any

import typer

from app.cli.door import AsJson, Gateway, Reason, TokenFile, document_in, door_of
from app.cli.words import said

app = typer.Typer(no_args_is_help=True)
_STATES = {
    "draft": "草案", "pending": "待签署", "active": "有效", "suspended": "暂停",
    "archived": "归档", "rejected": "退回",
}  # fmt: skip


def _show(each: dict[str, Any]) -> None:
    state = said(each["state"], _STATES[each["state"]])
    waits = ", ".join(each["waits_for"])
    parties = " | ".join(
        str(each[f"{party}_unit"] or "*") for party in ("source", "coordinator", "application")
    )
    line = f"{each['agreement_id']}@{each['version']}  {state}  {parties}"
    typer.echo(line + (said(f"  waits for {waits}", f"  待 {waits} 签署") if waits else ""))


@app.command("list", help=said("Those that concern you.", "与您有关的协议。"))
def list_agreements(
    state: str | None = typer.Option(None, help=said("in a state", "状态")),
    gateway: str = Gateway,
    token_file: Path | None = TokenFile,
    as_json: bool = AsJson,
) -> None:
    """Those that concern you."""
    found = door_of(gateway, token_file).every("/v1/agreements", state=state)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for each in found:
        _show(each)
    if not found:
        typer.echo(said("None.", "没有。"))


@app.command(help=said("Draft one from a JSON file, or a further version.", "由 JSON 文件起草。"))
def draft(file: Path, gateway: str = Gateway, token_file: Path | None = TokenFile) -> None:
    """Draft one from a JSON file; with the id of one that exists, a further version."""
    body, door = document_in(file), door_of(gateway, token_file)
    known = {each["agreement_id"] for each in door.every("/v1/agreements")}
    name = body.get("agreement_id")
    if name in known:
        _show(door.ask("POST", f"/v1/agreements/{name}/versions", {"clauses": body["clauses"]}))
    else:
        _show(door.ask("POST", "/v1/agreements", body))


@app.command(help=said("Show a version to read or print.", "查看一个版本，可打印。"))
def show(
    agreement_id: str,
    version: int = 1,
    gateway: str = Gateway,
    token_file: Path | None = TokenFile,
    as_json: bool = AsJson,
) -> None:
    """Show a version to read or print."""
    path = f"/v1/agreements/{agreement_id}/versions/{version}"
    found = door_of(gateway, token_file).ask("GET", path)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    _show(found)
    for name, value in (found["clauses"] or {}).items():
        if value not in (None, [], ""):
            told = value if isinstance(value, str | int) else json.dumps(value, ensure_ascii=False)
            typer.echo(f"  {said(name, _CLAUSES.get(name, name))}: {told}")
    typer.echo(f"  {said('digest', '摘要')}: {found['digest']}")
    for act in found["acts"]:
        typer.echo(
            f"  {act['at']}  {act['party']}  {act['act']}  {act['subject']}  {act['reason']}"
        )


_CLAUSES = {
    "purposes": "使用目的", "legal_basis": "使用依据", "sections": "使用范围",
    "strictest_class": "最严级别", "headline": "三问", "regions": "地区", "roles": "角色",
    "valid_from": "生效", "valid_to": "失效", "retention_days": "保存天数",
    "daily_quota": "每日查询量", "per_second_quota": "每秒查询量",

    "offline_hours": "离线小时", "onward_sharing": "再共享", "security_responsible": "安全责任人",
}  # fmt: skip


@app.command(help=said("Hand a draft in for signature.", "提交签署。"))
def submit(
    agreement_id: str,
    version: int = 1,
    gateway: str = Gateway,
    token_file: Path | None = TokenFile,
) -> None:
    """Hand a draft in for signature."""
    path = f"/v1/agreements/{agreement_id}/versions/{version}:submit"
    _show(door_of(gateway, token_file).ask("POST", path))


@app.command(help=said("Sign for your party, over the digest you read.", "签署。"))
def sign(
    agreement_id: str,
    digest: str,
    version: int = 1,
    gateway: str = Gateway,
    token_file: Path | None = TokenFile,
) -> None:
    """Sign for your party, over the digest you read."""
    path = f"/v1/agreements/{agreement_id}/versions/{version}:sign"
    _show(door_of(gateway, token_file).ask("POST", path, {"digest": digest}))


def _with_reason(act: str, words: str) -> None:
    @app.command(act, help=words)
    def carry_out(
        agreement_id: str,
        version: int = 1,
        reason: str = Reason,
        gateway: str = Gateway,
        token_file: Path | None = TokenFile,
    ) -> None:
        path = f"/v1/agreements/{agreement_id}/versions/{version}:{act}"
        _show(door_of(gateway, token_file).ask("POST", path, {"reason": reason}))


_with_reason("reject", said("Turn a draft down.", "退回草案。"))
_with_reason("suspend", said("Suspend, as any of the parties.", "暂停。"))
_with_reason("resume", said("Let it go on.", "恢复。"))
_with_reason("archive", said("End it for good.", "归档。"))


@app.command(help=said("How much of its quota was told.", "协议用量。"))
def meter(
    agreement_id: str,
    gateway: str = Gateway,
    token_file: Path | None = TokenFile,
    as_json: bool = AsJson,
) -> None:
    """How much of its quota was told."""
    found = door_of(gateway, token_file).ask("GET", f"/v1/agreements/{agreement_id}/meter")
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for row in found["windows"]:
        name = said(row["window"], {"day": "每日", "second": "每秒"}[row["window"]])
        typer.echo(f"{name}  {row['used']} / {row['quota']}  → {row['resets_at']}")
    if not found["windows"]:
        typer.echo(said("No quota.", "没有约定查询量。"))
