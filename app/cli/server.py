"""Start the gateway, bring the database to the newest schema, say what is wrong with a set-up."""

import gc
import os
import platform
import resource
import socket
import sys

import typer
from starlette.types import ASGIApp

from app.core.settings import Settings

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
    from app.main import create_app

    app = create_app().front
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
    sys.setswitchinterval(_SWITCH_SECONDS)
    return app


def serve(
    host: str = typer.Option("127.0.0.1", help="address to listen on"),
    port: int = typer.Option(8000, help="port to listen on"),
) -> None:
    """Start the gateway with the settings of the environment (ONEVISIT_…)."""
    from uvicorn.config import STARTUP_FAILURE, Config
    from uvicorn.server import Server
    from uvicorn.supervisors import Multiprocess

    from app.core.db import Database
    from app.core.schema import require_schema
    from app.core.wire.protocol import BoundedProtocol

    settings = Settings()
    settings.require_complete()
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
    config = Config(
        "app.cli.server:application",
        factory=True,
        host=host,
        port=port,
        workers=settings.workers,
        http=BoundedProtocol,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    if settings.workers == 1:
        server = Server(config)
        config.load_app()
        server.run()
        is_failed = not server.started
    else:
        processes = Multiprocess(config, sockets=[config.bind_socket()])
        processes.run()
        is_failed = any(p.exitcode == STARTUP_FAILURE for p in processes.processes)
    if is_failed:
        raise typer.Exit(STARTUP_FAILURE)


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

    database = Database.patient(Settings())
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


def doctor() -> None:
    """Show versions and what a production start would refuse."""
    from app.core import schema
    from app.core.db import Database
    from app.core.settings import SettingsError

    settings = Settings()
    database = Database.of(settings)
    typer.echo(f"Python    {platform.python_version()}")
    typer.echo(
        f"Database  {database.version}, revision {schema.current_revision(database)} of "
        f"{schema.expected_revision()}"
    )
    try:
        settings.require_complete()
    except SettingsError as error:
        raise _sentence(f"Settings  {error}") from error
    typer.echo("Settings  complete")


def _sentence(text: str) -> typer.Exit:
    typer.echo(text, err=True)
    return typer.Exit(2)
