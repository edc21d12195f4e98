"""The department's side at the command line: the same public API, no other door."""

import json
import os
import time
from pathlib import Path
from typing import Any

import httpx
import typer

app = typer.Typer(no_args_is_help=True)

Gateway = typer.Option(
    "http://127.0.0.1:8000", envvar="ONEVISIT_GATEWAY", help="address of the gateway"
)
TokenFile = typer.Option(
    None,
    "--token-file",
    envvar="ONEVISIT_TOKEN_FILE",
    help="file with your access token (or ONEVISIT_TOKEN)",
)
Reason = typer.Option(..., "--reason", help="shown to the department and kept on record")
_POLL_SECONDS = 0.2


class Door:
    """The gateway's API with one caller's token. A refusal is printed as words and ends the
    command.
    """

    def __init__(self, gateway: str, token: str) -> None:
        self._client = httpx.Client(
            base_url=gateway,
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
            trust_env=False,
        )

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The answer's JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            response = self._client.request(method, path, json=body, headers=named)
        except httpx.TransportError as error:
            raise _failed(
                f"The gateway does not answer at {self._client.base_url} ({type(error).__name__})."
            ) from error
        if response.is_error:
            raise _refused(response)
        return response.json()

    def examine(self, adapter_id: str, case: str | None = None) -> dict[str, Any]:
        """Run the conformance suite, showing progress, until the report is there."""
        operation = self.ask(
            "POST", f"/v1/adapters/{adapter_id}:verify" + (f"?case={case}" if case else "")
        )
        while operation["state"] in {"pending", "running"}:
            time.sleep(_POLL_SECONDS)
            operation = self.ask("GET", f"/v1/operations/{operation['id']}")
        if operation["result"] is None:
            raise _failed(f"The examination was {operation['state']}.")
        report: dict[str, Any] = operation["result"]["report"]
        return report


def _door(gateway: str, token_file: Path | None) -> Door:
    token = (
        token_file.read_text(encoding="utf-8").strip()
        if token_file
        else os.environ.get("ONEVISIT_TOKEN", "")
    )
    if not token:
        raise _failed("No token: give --token-file, or set ONEVISIT_TOKEN.")
    return Door(gateway, token)


def _failed(sentence: str) -> typer.Exit:
    typer.echo(sentence, err=True)
    return typer.Exit(1)


def _refused(response: httpx.Response) -> typer.Exit:
    try:
        problem = response.json()
        lines = [f"{problem['text']['zh']} / {problem['text']['en']}", f"  {problem['detail']}"]
        lines += [f"  {e['pointer']}: {e['detail']}" for e in problem.get("errors", [])]
        lines.append(
            f"  → {problem['what_now']['zh']} / {problem['what_now']['en']}  "
            f"[{problem['code']}, {problem['trace_id']}]"
        )
    except (ValueError, KeyError, TypeError):
        lines = [f"The gateway answered {response.status_code}."]
    return _failed("\n".join(lines))


def _document(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _failed(f"{path} cannot be read as JSON: {error}") from error


def _show(adapter: dict[str, Any]) -> None:
    live = "callable" if adapter["callable"] else "not callable"
    typer.echo(
        f"{adapter['id']}@{adapter['version']}  {adapter['state']}  ({live})  "
        f"{adapter['manifest']['title_zh']}"
    )


@app.command("list")
def list_adapters(gateway: str = Gateway, token_file: Path | None = TokenFile) -> None:
    """Adapters you may see."""
    for adapter in _door(gateway, token_file).ask("GET", "/v1/adapters"):
        _show(adapter)


@app.command()
def show(adapter_id: str, gateway: str = Gateway, token_file: Path | None = TokenFile) -> None:
    """One adapter with its manifest."""
    adapter = _door(gateway, token_file).ask("GET", f"/v1/adapters/{adapter_id}")
    typer.echo(json.dumps(adapter, ensure_ascii=False, indent=2))


@app.command()
def register(manifest: Path, gateway: str = Gateway, token_file: Path | None = TokenFile) -> None:
    """Register a manifest; an adapter of the same id gets a new version."""
    door, document = _door(gateway, token_file), _document(manifest)
    adapter_id = document.get("adapter_id", "") if isinstance(document, dict) else ""
    known = {a["id"] for a in door.ask("GET", "/v1/adapters")}
    if adapter_id in known:
        _show(door.ask("PUT", f"/v1/adapters/{adapter_id}", document))
    else:
        _show(door.ask("POST", "/v1/adapters", document))


@app.command()
def preview(
    manifest: Path, sample: Path, gateway: str = Gateway, token_file: Path | None = TokenFile
) -> None:
    """What a sample of your system's answer becomes with the manifest's mapping; no endpoint is
    asked.
    """
    body = {"manifest": _document(manifest), "sample": _document(sample)}
    shown = _door(gateway, token_file).ask("POST", "/v1/adapters:preview", body)
    typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))


@app.command()
def credentials(
    adapter_id: str, secrets: Path, gateway: str = Gateway, token_file: Path | None = TokenFile
) -> None:
    """Store credentials from a JSON file, e.g. {"api_key": "…"}."""
    stored = _door(gateway, token_file).ask(
        "PUT", f"/v1/adapters/{adapter_id}/credentials", _document(secrets)
    )
    typer.echo(f"stored: {', '.join(stored['stored'])}")


@app.command()
def verify(
    adapter_id: str,
    case: str = typer.Option(None, help="run one case again"),
    gateway: str = Gateway,
    token_file: Path | None = TokenFile,
) -> None:
    """Run the conformance suite against the live endpoint and show the report."""
    report = _door(gateway, token_file).examine(adapter_id, case)
    marks = {"passed": "✔", "failed": "✗", "not_applicable": "–"}
    for row in report["cases"]:
        typer.echo(
            f"{marks[row['status']]} {row['title']['zh']} / {row['title']['en']} "
            f"({row['elapsed_ms']} ms)"
        )
        if row["status"] == "failed":
            typer.echo(
                f"    {row['field']}: got {row['got']}; wanted {row['wanted']}\n    → "
                f"{row['fix']['zh']} / {row['fix']['en']}"
            )
    if not report["passed"]:
        raise typer.Exit(1)


def _transition(verb: str, help_text: str, *, with_reason: bool) -> None:
    if with_reason:

        def run(
            adapter_id: str,
            reason: str = Reason,
            gateway: str = Gateway,
            token_file: Path | None = TokenFile,
        ) -> None:
            _show(
                _door(gateway, token_file).ask(
                    "POST", f"/v1/adapters/{adapter_id}:{verb}", {"reason": reason}
                )
            )

        app.command(verb, help=help_text)(run)
    else:

        def run_plain(
            adapter_id: str, gateway: str = Gateway, token_file: Path | None = TokenFile
        ) -> None:
            _show(_door(gateway, token_file).ask("POST", f"/v1/adapters/{adapter_id}:{verb}"))

        app.command(verb, help=help_text)(run_plain)


_transition("submit", "Hand a verified version in for review.", with_reason=False)
_transition("approve", "Publish (another person than who registered it).", with_reason=False)
_transition("reject", "Send a version back.", with_reason=True)
_transition("suspend", "Take out of service within a second; undo with resume.", with_reason=True)
_transition("resume", "Put back into service.", with_reason=True)
_transition("retire", "End an adapter for good.", with_reason=True)
