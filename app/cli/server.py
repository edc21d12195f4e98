"""Start the gateway, bring the database to the newest schema, say what is wrong with a set-up."""

import gc
import logging
import os
import resource
import socket
import ssl
import sys
import tempfile
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from starlette.types import ASGIApp

from app.core.settings import Settings

if TYPE_CHECKING:
    from uvicorn.config import Config

log = logging.getLogger("onevisit.serve")
_COLLECT_AFTER = (10_000, 20, 50)
"""Look-ups make many short-lived values and no cycles worth hurrying for."""
_GRACE_SECONDS = 4
"""For answers under way when the server stops listening."""
_SWITCH_SECONDS = 0.001
"""A thread that reads a department's large answer gives way to the event loop after this."""


def port_is_free(host: str, port: int) -> bool:
    """Whether a server could listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def application() -> ASGIApp:
    """The gateway as a server process runs it. What is loaded by now stays: the collector passes it
    over.
    """
    from app.core.access import AccessLog
    from app.core.logs import configure
    from app.main import create_app

    settings = Settings()
    configure(settings.log_format)
    app = create_app(settings).front
    if settings.access_log:
        app = AccessLog(app)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
    sys.setswitchinterval(_SWITCH_SECONDS)
    return app


def serve(
    host: str = typer.Option("127.0.0.1", help="address to listen on"),
    port: int = typer.Option(8000, help="port to listen on"),
    tls_cert: Path | None = typer.Option(None, help="certificate chain, to speak https"),
    tls_key: Path | None = typer.Option(None, help="its private key; read anew when renewed"),
) -> None:
    """Start the gateway with the settings of the environment (ONEVISIT_…)."""
    from app.core.db import Database
    from app.core.logs import configure
    from app.core.schema import require_schema

    settings = Settings()
    settings.require_complete(to_serve=True)
    configure(settings.log_format)
    _say_who_is_believed(settings, host)
    for name, nearest in Settings.unknown_names(os.environ).items():
        hint = f"; did you mean {nearest}?" if nearest else ""
        log.warning("%s is no setting%s", name, hint)
    _require_pair(tls_cert, tls_key)
    _raise_file_limit()
    if not port_is_free(host, port):
        raise _sentence(
            f"Port {port} on {host} is taken: choose another with --port, or stop what "
            f"listens there."
        )
    database = Database.of(settings)
    require_schema(database)
    database.dispose()
    os.environ["ONEVISIT_LISTENS"] = f"{host}:{port}"  # for the processes that serve
    _run(_config(settings.workers, host, port, tls_cert, tls_key))


def _say_who_is_believed(settings: Settings, host: str) -> None:
    """Tokens alone are believed on this machine only: who signs them decides everything then."""
    if settings.principals == "directory":
        return
    if not ip_address(socket.gethostbyname(host)).is_loopback:
        raise _sentence(
            "ONEVISIT_PRINCIPALS=claims believes whatever tokens claim: it is for demo and tests, "
            "on a loopback address (--host 127.0.0.1). Leave it out to use the directory of people."
        )
    log.warning("ONEVISIT_PRINCIPALS=claims: whatever tokens claim is believed")


def _config(
    workers: int, host: str, port: int, certificate: Path | None, key: Path | None
) -> "Config":
    from uvicorn.config import Config

    from app.core.wire.certificates import renewing
    from app.core.wire.protocol import BoundedProtocol

    return Config(
        "app.cli.server:application",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        http=BoundedProtocol,
        access_log=False,
        log_config=None,
        ssl_certfile=str(certificate) if certificate else None,
        ssl_keyfile=str(key) if key else None,
        ssl_context_factory=renewing if certificate else None,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )


def _run(config: "Config") -> None:
    """Until it is told to end. Ends with a status of its own where it could not start."""
    from uvicorn.config import STARTUP_FAILURE
    from uvicorn.server import Server
    from uvicorn.supervisors import Multiprocess

    if config.workers == 1:
        server = Server(config)
        server.run()
        is_failed = not server.started
    else:
        with tempfile.TemporaryDirectory(prefix="onevisit-") as folder:
            os.environ["ONEVISIT_METRICS_FOLDER"] = folder
            processes = Multiprocess(config, sockets=[config.bind_socket()])
            processes.run()
        is_failed = any(p.exitcode == STARTUP_FAILURE for p in processes.processes)
    if is_failed:
        raise typer.Exit(STARTUP_FAILURE)


def _require_pair(certificate: Path | None, key: Path | None) -> None:
    if (certificate is None) != (key is None):
        raise _sentence("TLS needs both: --tls-cert and --tls-key.")
    if certificate is not None and key is not None:
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
        except OSError as error:
            raise _sentence(
                f"{certificate} and {key} are no pair that can be used: {error}"
            ) from error


def _raise_file_limit() -> None:
    """As many open files as the machine allows: every connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def migrate(
    revision: str = typer.Option("head", help="a number, head, or base"),
    yes_delete: bool = typer.Option(
        False, "--yes-delete", help="go to an older revision, deleting what newer ones keep"
    ),
) -> None:
    """Bring the database of ONEVISIT_DATABASE_URL to a schema revision. Several at once: one works,
    the others wait for it.
    """
    from app.core import schema
    from app.core.db import Database

    settings = Settings()
    if settings.database_pooled:
        raise _sentence(
            "Migrations go to the server itself, not through a pooler: give its address in "
            "ONEVISIT_DATABASE_URL and ONEVISIT_DATABASE_POOLED=false for this command."
        )
    database = Database.patient(settings)
    current = schema.current_revision(database)
    if schema.is_downward(current, revision) and not yes_delete:
        question = (
            f"Going from {current} back to {revision} deletes what newer revisions keep. Go on?"
        )
        if not sys.stdin.isatty() or not typer.confirm(question):
            raise _sentence(
                f"The database stays at {current}: to delete what newer revisions keep, say "
                "--yes-delete."
            )
    schema.migrate(database, revision)
    typer.echo(f"{database.version}: revision {schema.current_revision(database)}")


def _sentence(text: str) -> typer.Exit:
    typer.echo(text, err=True)
    return typer.Exit(2)
