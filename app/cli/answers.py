"""What departments said last, and is kept beside the database."""

import typer

from app.cli.words import said
from app.core.settings import Settings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def answers() -> None:
    """Last-known answers, kept until they may no longer stand in."""


@app.command(help=said("Erase what was said about one business.", "删除某一经营主体的最近答复。"))
def forget(business_id: str) -> None:
    """Erase what was said about one business. What a running gateway has in its memory goes with
    its next start, or when it may no longer stand in.
    """
    from adapters.contract import IdentifierError, parse
    from app.core.db import Database
    from app.profile.last_known import database_of, erase

    settings = Settings()
    settings.require_complete()
    try:
        parsed = parse(business_id, "on_licence")
    except IdentifierError as error:
        typer.echo(f"{business_id} is no identifier: {error}", err=True)
        raise typer.Exit(2) from error
    database = Database.of(settings)
    beside = database_of(settings, database)
    names = {parsed.value, parsed.embedded or parsed.value}
    count = sum(erase(beside, settings.keys, name) for name in names)
    for each in {beside, database}:
        each.dispose()
    typer.echo(
        f"{count} erased. Running gateways forget what they hold in memory when they restart."
    )
