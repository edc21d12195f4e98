"""The command line's way to the gateway: its public API with one caller's token, and sentences
where it refuses.
"""

import json
import os
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import typer

from app.cli.words import said

Gateway = typer.Option(
    "http://127.0.0.1:8000",
    envvar="ONEVISIT_GATEWAY",
    help=said("address of the gateway", "网关地址"),
)
SecretsFile = typer.Option(
    None, "--secrets", help=said("JSON file with credentials", "密钥 JSON 文件")
)
AsJson = typer.Option(False, "--json", help=said("for programs", "供程序读取"))
TokenFile = typer.Option(
    None,
    "--token-file",
    envvar="ONEVISIT_TOKEN_FILE",
    help=said(
        "file with your access token (or ONEVISIT_TOKEN)", "登录凭证文件（或 ONEVISIT_TOKEN）"
    ),
)
Reason = typer.Option(
    ..., "--reason", help=said("shown to the department and kept on record", "告知部门并存档")
)
_POLL_SECONDS = 0.2


def trusted() -> ssl.SSLContext:
    """Whom the command line believes over https: the system's authorities, or those of the file
    that `SSL_CERT_FILE` names.
    """
    return ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE") or None)


def unheard(address: str, error: Exception) -> typer.Exit:
    """No answer came, and why: a certificate that is not believed is named."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return failed(
            said(
                f"The certificate of {address} is not trusted here. Name the file with its "
                "authority: SSL_CERT_FILE=chain.pem",
                f"{address} 的证书不受信任。请用 SSL_CERT_FILE=证书文件 指明其签发机构。",
            )
        )
    return failed(
        said(
            f"The gateway does not answer at {address} ({type(error).__name__}).",
            f"{address} 没有应答（{type(error).__name__}）。",
        )
    )


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
            verify=trusted(),
        )

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        params: dict[str, str] | None = None,
        **headers: str,
    ) -> Any:
        """The answer's JSON."""
        return self._asked(method, path, params, headers, json=body)

    def send(self, path: str, content: bytes, params: dict[str, str], **headers: str) -> Any:
        """POST a file as it is; the answer's JSON."""
        return self._asked("POST", path, params, headers, content=content)

    def _asked(
        self,
        method: str,
        path: str,
        params: dict[str, str] | None,
        headers: dict[str, str],
        **body: Any,
    ) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            response = self._client.request(method, path, params=params, headers=named, **body)
        except httpx.TransportError as error:
            raise unheard(str(self._client.base_url), error) from error
        if response.is_error:
            raise refused(response)
        return response.json()

    def every(self, path: str, **named: str | None) -> list[dict[str, Any]]:
        """What a list holds, page after page; parameters of None are left out."""
        found: list[dict[str, Any]] = []
        params = {"limit": "200", **{name: value for name, value in named.items() if value}}
        while True:
            page = self.ask("GET", path, params=params)
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            params["cursor"] = page["next_cursor"]

    def examine(
        self,
        adapter_id: str,
        case: str | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> dict[str, Any]:
        """Run the conformance suite until the report is there; `on_progress` hears (done, of)."""
        operation = self.ask(
            "POST", f"/v1/adapters/{adapter_id}:verify" + (f"?case={case}" if case else "")
        )
        while operation["state"] in {"pending", "running"}:
            time.sleep(_POLL_SECONDS)
            operation = self.ask("GET", f"/v1/operations/{operation['id']}")
            if on_progress is not None:
                on_progress(operation.get("done") or 0, operation.get("of") or 0)
        if operation["result"] is None:
            raise failed(f"The examination was {operation['state']}.")
        report: dict[str, Any] = operation["result"]["report"]
        return report


def door_of(gateway: str, token_file: Path | None) -> Door:
    try:
        token = (
            token_file.read_text(encoding="utf-8").strip()
            if token_file
            else os.environ.get("ONEVISIT_TOKEN", "")
        )
    except (OSError, UnicodeDecodeError) as error:
        raise failed(said(f"{token_file} cannot be read.", f"无法读取 {token_file}。")) from error
    if not token:
        raise failed(
            said(
                "No token: give --token-file, or set ONEVISIT_TOKEN.",
                "没有登录凭证：请给出 --token-file，或设置 ONEVISIT_TOKEN。",
            )
        )
    return Door(gateway, token)


def failed(sentence: str) -> typer.Exit:
    typer.echo(sentence, err=True)
    return typer.Exit(1)


def refused(response: httpx.Response) -> typer.Exit:
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
    return failed("\n".join(lines))


def document_in(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise failed(
            said(f"{path} cannot be read as JSON: there is no such file.", f"没有文件 {path}。")
        ) from error
    except ValueError as error:
        raise failed(
            said(f"{path} cannot be read as JSON: {error}", f"{path} 不是有效的 JSON：{error}")
        ) from error


def sample_in(path: Path) -> Any:
    """A pasted answer: JSON as what it holds, anything else as its text."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise failed(
            said(f"{path} cannot be read as JSON: there is no such file.", f"没有文件 {path}。")
        ) from error
    try:
        return json.loads(raw)
    except ValueError:
        pass
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")
