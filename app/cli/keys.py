"""The operator's keys: seal what is stored with the newest one."""

import typer

from app.core.settings import Settings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def keys() -> None:
    """Keys that are derived from ONEVISIT_SECRET_KEY."""


@app.command("reseal")
def reseal() -> None:
    """Seal all stored credentials with the key of ONEVISIT_SECRET_KEY; ONEVISIT_PREVIOUS_SECRET_KEY
    opens what the secret before it sealed. Says what does not open.
    """
    from app.audit.service import Trail
    from app.core.clock import SystemClock
    from app.core.db import Database
    from app.registry.resealing import reseal as seal_anew

    settings = Settings()
    settings.require_complete()
    database = Database.of(settings)
    with database.write() as session:
        found = seal_anew(session, Trail(settings.keys, SystemClock(), settings.region))
    database.dispose()
    typer.echo(f"{found.done} sealed anew, {found.kept} were sealed with the newest key already")
    if found.unopenable:
        typer.echo(
            f"No key opens the credentials of {', '.join(found.unopenable)}: set "
            "ONEVISIT_PREVIOUS_SECRET_KEY, or let their departments store them anew.",
            err=True,
        )
        raise typer.Exit(1)
