"""Units and people, at the command line: the first administrator by the database, everything else
by the public API.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from app.cli.door import AsJson, Gateway, TokenFile, door_of, failed
from app.cli.machine import at_the_machine
from app.cli.words import said
from auth.principal import Role

app = typer.Typer(no_args_is_help=True)
_Administrator = typer.Option(
    Role.SYSTEM_ADMINISTRATOR, help=said("one of the three administrators", "三员之一")
)
_OfRole = typer.Option(None, "--role", help=said("with a role", "角色"))
_Until = typer.Option(None, help=said("its end, UTC", "截止时间（UTC）"))


@app.command(
    help=said(
        "Appoint the first administrator of a kind, once: straight in the database. Again for "
        "the same person, it gives him another one-time code.",
        "在数据库中设立某类管理员的第一人，仅可一次；对同一人再次执行，发放新的登录码。",
    )
)
def first(
    subject: str = typer.Option(..., help=said("`sub` of his tokens", "登录凭证的 sub")),
    name: str = typer.Option(..., help=said("his name", "姓名")),
    role: Role = _Administrator,
    region: str = typer.Option("000000", help=said("division code", "行政区划代码")),
) -> None:
    """Appoint the first administrator of a kind, once."""
    from app.core.errors import DomainError
    from app.organisations.first import find_or_appoint
    from app.organisations.sign_on.codes import give_first_code
    from app.organisations.sign_on.deps import own_issuer_of

    given = None
    try:
        with at_the_machine() as (session, trail, settings):
            own = own_issuer_of(settings)
            person_id = find_or_appoint(session, trail, subject, name, role, region)
            if own.is_open:
                given = give_first_code(session, trail, own, person_id)
    except DomainError as error:
        raise failed(f"{error.code}: {error.detail}") from error
    typer.echo(f"{person_id}  {subject}  {role}  {region}")
    if given is not None:
        _show_code(given.model_dump(mode="json"))


def _show_code(given: dict[str, Any]) -> None:
    until = datetime.fromisoformat(given["expires_at"]).astimezone().strftime("%H:%M:%S")
    typer.echo(said(f"code, once, until {until}:", f"登录码（仅一次，{until} 前有效）："))
    typer.echo(f"  {given['code']}")
    typer.echo(f"  {given['link']}")


@app.command(
    help=said("Give somebody a one-time code to sign on with.", "发放一次性登录码，五分钟内有效。")
)
def enrol(person_id: str, gateway: str = Gateway, token_file: Path | None = TokenFile) -> None:
    """Give somebody a one-time code to sign on with."""
    _show_code(door_of(gateway, token_file).ask("POST", f"/v1/people/{person_id}:enrol"))


@app.command(
    "end-sign-ons",
    help=said(
        "End all sign-ons of somebody: a phone was lost.", "终止某人的全部登录（如手机遗失）。"
    ),
)
def end_sign_ons(
    person_id: str, gateway: str = Gateway, token_file: Path | None = TokenFile
) -> None:
    """End all sign-ons of somebody."""
    _show(door_of(gateway, token_file).ask("POST", f"/v1/people/{person_id}:end-sign-ons"))


@app.command(
    help=said("Set the public keys of a machine client.", "设置系统客户端的公钥（JWK 文件）。")
)
def keys(
    person_id: str,
    file: Path,
    gateway: str = Gateway,
    token_file: Path | None = TokenFile,
) -> None:
    """Set the public keys of a machine client."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        body = {"keys": told["keys"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise failed(said(f"{file} is no key set.", f"{file} 不是公钥集。")) from error
    found = door_of(gateway, token_file).ask("PUT", f"/v1/people/{person_id}/keys", body)
    _show(found["person"])
    typer.echo(" ".join(found["kids"]) or said("no keys", "没有公钥"))


def _show(person: dict[str, Any]) -> None:
    now = datetime.now(UTC)
    held = [
        role["role"]
        for role in person["roles"]
        if role["valid_to"] is None or datetime.fromisoformat(role["valid_to"]) > now
    ]
    typer.echo(
        f"{person['person_id']}  {person['name']}  {person['unit']}  {person['state']}  "
        f"{person['subject'] or '-'}  {' '.join(held) or '-'}"
    )


@app.command("list", help=said("Find people.", "查找人员。"))
def list_people(
    name: str | None = typer.Option(None, help=said("part of a name", "姓名的一部分")),
    role: Role | None = _OfRole,
    unit: str | None = typer.Option(None, help=said("of a unit", "单位")),
    gateway: str = Gateway,
    token_file: Path | None = TokenFile,
    as_json: bool = AsJson,
) -> None:
    """Find people."""
    door = door_of(gateway, token_file)
    found = door.every("/v1/people", name=name, role=role and role.value, unit=unit)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for person in found:
        _show(person)
    if not found:
        typer.echo(said("None.", "没有。"))


@app.command(help=said("Register somebody of a unit.", "登记人员。"))
def add(
    name: str,
    unit: str,
    subject: str | None = typer.Option(None, help=said("`sub` of his tokens", "登录标识")),
    certificate: str | None = typer.Option(None, help=said("number", "执法证号")),
    certificate_from: str | None = typer.Option(None),
    certificate_to: str | None = typer.Option(None),
    gateway: str = Gateway,
    token_file: Path | None = TokenFile,
) -> None:
    """Register somebody of a unit."""
    body = {
        "name": name,
        "unit": unit,
        "subject": subject,
        "certificate_no": certificate,
        "certificate_from": certificate_from,
        "certificate_to": certificate_to,
    }
    _show(door_of(gateway, token_file).ask("POST", "/v1/people", body))


@app.command(
    "import",
    help=said(
        "Register a list of people (CSV): tried first, and taken over with --yes.",
        "导入人员名单（CSV）：先试行；加 --yes 才登记。",
    ),
)
def import_list(
    file: Path | None = typer.Argument(None),
    yes: bool = typer.Option(False, "--yes", help=said("take it over", "正式登记")),
    headings: bool = typer.Option(
        False, "--headings", help=said("an empty list to fill in", "输出空白名单的列名")
    ),
    gateway: str = Gateway,
    token_file: Path | None = TokenFile,
) -> None:
    """Register a list of people."""
    from app.organisations.importing.table import HEADINGS

    if headings or file is None:
        typer.echo(",".join(HEADINGS))
        return
    try:
        content = file.read_bytes()
    except OSError as error:
        raise failed(said(f"{file} cannot be read.", f"无法读取 {file}。")) from error
    door = door_of(gateway, token_file)
    params = {"dry_run": "false" if yes else "true"}
    found = door.send("/v1/people-imports", content, params, content_type="text/csv")
    for fault in found["faults"]:
        place = " ".join(str(part) for part in (fault["line"], fault["column"]) if part)
        typer.echo(f"  {place}: {said(fault['text']['en'], fault['text']['zh'])}", err=True)
    if found["faults"]:
        if more := found["more_faults"]:
            typer.echo(said(f"  … and {more} more", f"  ……另有 {more} 处"), err=True)
        raise failed(said("Nobody was registered.", "未登记任何人员。"))
    _show_import(found)


def _show_import(found: dict[str, Any]) -> None:
    added, known = found["added"], found["known"]
    typer.echo(
        said(
            f"{found['lines']} lines: {added} to add, {known} registered already.",
            f"共 {found['lines']} 行：新增 {added} 人，{known} 人已登记。",
        )
    )
    if found["import_id"] is not None:
        typer.echo(
            said(
                f"Done. Undo: onevisit people undo-import {found['import_id']}",
                f"已登记。撤销：onevisit people undo-import {found['import_id']}",
            )
        )
    elif found["dry_run"] and added:
        typer.echo(said("Nothing was changed: add --yes.", "尚未登记：加 --yes 正式登记。"))


@app.command(
    "undo-import",
    help=said("Delete everybody whom an import added.", "撤销一次名单导入。"),
)
def undo_import(
    import_id: str, gateway: str = Gateway, token_file: Path | None = TokenFile
) -> None:
    """Delete everybody whom an import added."""
    door = door_of(gateway, token_file)
    found = door.ask("POST", f"/v1/people-imports/{import_id}:undo")
    typer.echo(said(f"{found['added']} people were taken back.", f"已撤销 {found['added']} 人。"))


@app.command(help=said("Give somebody a role.", "授予角色。"))
def grant(
    person_id: str,
    role: Role,
    until: datetime | None = _Until,
    hours: str | None = typer.Option(None, help="12345 08:30-17:30"),
    gateway: str = Gateway,
    token_file: Path | None = TokenFile,
) -> None:
    """Give somebody a role."""
    valid_to = until.replace(tzinfo=UTC).isoformat() if until else None
    body = {"role": role.value, "valid_to": valid_to, "hours": hours}
    _show(door_of(gateway, token_file).ask("POST", f"/v1/people/{person_id}/roles", body))


@app.command(help=said("End a role of somebody.", "终止角色。"))
def end(
    person_id: str,
    role_id: str,
    gateway: str = Gateway,
    token_file: Path | None = TokenFile,
) -> None:
    """End a role of somebody."""
    path = f"/v1/people/{person_id}/roles/{role_id}:end"
    _show(door_of(gateway, token_file).ask("POST", path))


@app.command(help=said("Suspend somebody.", "暂停人员。"))
def suspend(person_id: str, gateway: str = Gateway, token_file: Path | None = TokenFile) -> None:
    """Suspend somebody."""
    _show(door_of(gateway, token_file).ask("POST", f"/v1/people/{person_id}:suspend"))


@app.command(help=said("Let somebody go on.", "恢复人员。"))
def resume(person_id: str, gateway: str = Gateway, token_file: Path | None = TokenFile) -> None:
    """Let somebody go on."""
    _show(door_of(gateway, token_file).ask("POST", f"/v1/people/{person_id}:resume"))
