"""The department's side at the command line: the same public API, no other door."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import typer

from adapters.conformance.report import TITLES
from app.cli import drafting
from app.cli.door import (
    AsJson,
    Gateway,
    Reason,
    SecretsFile,
    TokenFile,
    document_in,
    door_of,
    failed,
    sample_in,
)
from app.cli.words import said

app = typer.Typer(no_args_is_help=True)
T = TypeVar("T")


def _told(document: Any) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def _show(adapter: dict[str, Any]) -> None:
    live = "callable" if adapter["callable"] else "not callable"
    typer.echo(
        f"{adapter['id']}@{adapter['version']}  {adapter['state']}  ({live})  "
        f"{adapter['manifest']['title_zh']}"
    )


@app.command("list", help=said("Adapters you may see.", "您可查看的接入。"))
def list_adapters(
    gateway: str = Gateway, token_file: Path | None = TokenFile, as_json: bool = AsJson
) -> None:
    """Adapters you may see."""
    found = door_of(gateway, token_file).ask("GET", "/v1/adapters")
    if as_json:
        _told(found)
        return
    for adapter in found:
        _show(adapter)


@app.command(help=said("One adapter with its manifest.", "查看一个接入及其配置。"))
def show(adapter_id: str, gateway: str = Gateway, token_file: Path | None = TokenFile) -> None:
    """One adapter with its manifest."""
    adapter = door_of(gateway, token_file).ask("GET", f"/v1/adapters/{adapter_id}")
    typer.echo(json.dumps(adapter, ensure_ascii=False, indent=2))


@app.command(
    help=said(
        "Register a manifest; an adapter of the same id gets a new version.",
        "登记接入配置；编号相同的成为新版本。",
    )
)
def register(manifest: Path, gateway: str = Gateway, token_file: Path | None = TokenFile) -> None:
    """Register a manifest; an adapter of the same id gets a new version."""
    door, document = door_of(gateway, token_file), document_in(manifest)
    adapter_id = document.get("adapter_id", "") if isinstance(document, dict) else ""
    known = {a["id"] for a in door.ask("GET", "/v1/adapters")}
    if adapter_id in known:
        _show(door.ask("PUT", f"/v1/adapters/{adapter_id}", document))
    else:
        _show(door.ask("POST", "/v1/adapters", document))


@app.command(
    help=said(
        "What a sample of your system's answer becomes (JSON, or a text such as XML); no endpoint "
        "is asked.",
        "查看系统返回样例会变成什么（JSON，或 XML 等文本）；不连接系统。",
    )
)
def preview(
    manifest: Path, sample: Path, gateway: str = Gateway, token_file: Path | None = TokenFile
) -> None:
    """What a sample of your system's answer becomes with the manifest's mapping; no endpoint is
    asked.
    """
    body = {"manifest": document_in(manifest), "sample": sample_in(sample)}
    shown = door_of(gateway, token_file).ask("POST", "/v1/adapters:preview", body)
    typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))


@app.command(
    help=said(
        'Store credentials from a JSON file, e.g. {"api_key": "…"}.',
        '从 JSON 文件提交密钥，如 {"api_key": "…"}。',
    )
)
def credentials(
    adapter_id: str, secrets: Path, gateway: str = Gateway, token_file: Path | None = TokenFile
) -> None:
    """Store credentials from a JSON file, e.g. {"api_key": "…"}."""
    stored = door_of(gateway, token_file).ask(
        "PUT", f"/v1/adapters/{adapter_id}/credentials", document_in(secrets)
    )
    typer.echo(f"stored: {', '.join(stored['stored'])}")


@app.command(
    help=said(
        "Run the conformance suite against the live endpoint and show the report.",
        "对系统进行检验并显示结果。",
    )
)
def verify(
    adapter_id: str,
    case: str | None = typer.Option(None, help=said("run one case again", "只重做一项")),
    gateway: str = Gateway,
    token_file: Path | None = TokenFile,
    as_json: bool = AsJson,
) -> None:
    """Run the conformance suite against the live endpoint and show the report."""
    if case is not None and case not in TITLES:
        raise failed(
            said(
                f"There is no case {case}; there are {', '.join(TITLES)}.",
                f"没有检验项 {case}；可用：{'、'.join(TITLES)}。",
            )
        )
    report = door_of(gateway, token_file).examine(adapter_id, case, None if as_json else _progress)
    if as_json:
        _told(report)
    else:
        for row in report["cases"]:
            _show_case(row)
    if not report["passed"]:
        raise typer.Exit(1)


def _progress(done: int, of: int) -> None:
    """Cases that are done, where somebody looks on."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r  … {done}/{of or '?'} " + ("\n" if of and done >= of else ""))
        sys.stderr.flush()


_MARKS = {"passed": "✔", "failed": "✗", "not_applicable": "–"}


def _show_case(row: dict[str, Any]) -> None:
    typer.echo(
        f"{_MARKS[row['status']]} {row['title']['zh']} / {row['title']['en']} "
        f"({row['elapsed_ms']} ms)"
    )
    for advice in row.get("advice") or []:
        typer.echo(f"    ! {advice['zh']} / {advice['en']}")
    if row["status"] != "failed":
        return
    if row.get("same_as"):
        typer.echo(f"    {said('the same cause as', '原因同')} {row['same_as']}")
        return
    typer.echo(
        f"    {row['field']}: got {row['got']}; wanted {row['wanted']}\n    → "
        f"{row['fix']['zh']} / {row['fix']['en']}"
    )
    for name in ("sent", "came"):
        if row.get(name):
            typer.echo(f"    {name}: {row[name]}")


@app.command(help=said("Write a manifest to begin with.", "生成一份接入配置初稿。"))
def init(
    manifest: Path,
    adapter_id: str = typer.Option(None, help=said("default: the file's name", "默认取文件名")),
    department: str = typer.Option(None, help=said("default: the adapter's id", "默认同接入编号")),
    section: str = typer.Option(None, help=said("default: the adapter's id", "默认同接入编号")),
    address: str = typer.Option("https://", help=said("of your system", "系统地址")),
) -> None:
    """Write a manifest to begin with."""
    name = adapter_id or manifest.stem.lower().replace("-", "_")
    document = drafting.skeleton(name, department or name, section or name, address)
    _or_sentence(lambda: drafting.write_new(manifest, document))


@app.command(help=said("What a section may tell.", "查看板块有哪些字段。"))
def fields(section: str, as_json: bool = AsJson) -> None:
    """What a section may tell: fields, kinds, allowed values."""
    found = drafting.fields_of(section)
    if as_json:
        _told(found)
        return
    for row in found:
        values = "  ".join(f"{code}={zh}" for code, zh in row["values"].items())
        typer.echo(
            f"{row['field']:<34}{row['kind']:<8}{row['zh']} / {row['en']}  {values}".rstrip()
        )


@app.command(
    "try",
    help=said(
        "Ask your own system once, from here: what was sent, what came, what it becomes.",
        "从本机向系统查询一次，查看发出内容、返回内容与映射结果。",
    ),
)
def try_once(
    manifest: Path,
    business_id: str,
    secrets: Path | None = SecretsFile,
) -> None:
    """Ask the own system once; nothing is registered."""
    given = document_in(secrets) if secrets is not None else {}
    document = document_in(manifest)
    _told(_or_sentence(lambda: drafting.ask_once(document, business_id, given)))


@app.command(help=said("How a manifest differs from what is registered.", "比较配置与已登记版本。"))
def diff(manifest: Path, gateway: str = Gateway, token_file: Path | None = TokenFile) -> None:
    """How a manifest differs from the newest registered version."""
    document = document_in(manifest)
    name = document.get("adapter_id", "") if isinstance(document, dict) else ""
    registered = door_of(gateway, token_file).ask("GET", f"/v1/adapters/{name}")["manifest"]
    lines = drafting.differences(registered, {**registered, **document}, str(manifest))
    typer.echo("\n".join(lines) or said("no difference", "没有差别"))


def _or_sentence(work: Callable[[], T]) -> T:
    try:
        return work()
    except ValueError as error:
        raise failed(str(error)) from error


def _transition(verb: str, help_text: str, *, with_reason: bool) -> None:
    if with_reason:

        def run(
            adapter_id: str,
            reason: str = Reason,
            gateway: str = Gateway,
            token_file: Path | None = TokenFile,
        ) -> None:
            _show(
                door_of(gateway, token_file).ask(
                    "POST", f"/v1/adapters/{adapter_id}:{verb}", {"reason": reason}
                )
            )

        app.command(verb, help=help_text)(run)
    else:

        def run_plain(
            adapter_id: str, gateway: str = Gateway, token_file: Path | None = TokenFile
        ) -> None:
            _show(door_of(gateway, token_file).ask("POST", f"/v1/adapters/{adapter_id}:{verb}"))

        app.command(verb, help=help_text)(run_plain)


_transition(
    "submit",
    said("Hand a verified version in for review.", "提交审核（检验通过后）。"),
    with_reason=False,
)
_transition(
    "approve",
    said("Publish (another person than who registered it).", "审核发布（须由他人）。"),
    with_reason=False,
)
_transition("reject", said("Send a version back.", "退回。"), with_reason=True)
_transition(
    "suspend",
    said(
        "Take out of service within a second; undo with resume.", "一秒内停用；可用 resume 恢复。"
    ),
    with_reason=True,
)
_transition("resume", said("Put back into service.", "恢复使用。"), with_reason=True)


@app.command(help=said("End an adapter for good; its id ends with it.", "永久注销；编号随之作废。"))
def retire(
    adapter_id: str,
    reason: str = Reason,
    yes: bool = typer.Option(False, "--yes", help=said("do not ask", "不再询问")),
    gateway: str = Gateway,
    token_file: Path | None = TokenFile,
) -> None:
    """End an adapter for good, after asking."""
    question = said(
        f"{adapter_id} ends for good, and its id can never be used again. Go on?",
        f"{adapter_id} 将永久注销，其编号不能再用。继续吗？",
    )
    if not yes and not typer.confirm(question):
        raise failed(said("Nothing was changed.", "未做任何更改。"))
    path = f"/v1/adapters/{adapter_id}:retire"
    _show(door_of(gateway, token_file).ask("POST", path, {"reason": reason}))
