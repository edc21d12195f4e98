"""What is wrong with a set-up, as a table, and what to do about it. `serve` refuses with the same
sentences. No setting and no outage ends it otherwise than in words.
"""

import os
import platform
import resource
import shutil
import stat
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import typer
from pydantic import ValidationError

from app.core.calendar import CalendarError, read_calendar
from app.core.clock import local_date
from app.core.settings import Settings, SettingsError

_LEAST_FREE_MIB, _LEAST_FILES = 1024, 4096
_KEPT_APART = 6
_CLOCK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Examined:
    """One line of the table. `ok` None: it is worth knowing, and nothing is wrong."""

    name: str
    ok: bool | None
    text: str
    now: str = ""


def settings_or_none() -> tuple[Settings | None, list[Examined]]:
    """The settings of the environment, and what is wrong with them."""
    found = [
        Examined(
            name, False, "no such setting", f"Did you mean {nearest}?" if nearest else "Unset it."
        )
        for name, nearest in Settings.unknown_names(os.environ).items()
    ]
    try:
        settings = Settings()
    except ValidationError as error:
        found += [
            Examined(
                "ONEVISIT_" + "_".join(str(part) for part in row["loc"]).upper(),
                False,
                row["msg"],
                "Correct it; README.md lists every setting.",
            )
            for row in error.errors()
        ]
        return None, found
    try:
        settings.require_complete(to_serve=True)
    except SettingsError as error:
        return settings, [*found, Examined("settings", False, str(error), "")]
    return settings, [*found, Examined("settings", True, "complete")]


def examined(settings: Settings) -> Iterator[Examined]:
    """Every check in its order; one that fails unexpectedly says so."""
    for name, check in _CHECKS.items():
        try:
            yield from check(settings)
        except Exception as error:  # noqa: BLE001 - the operator is told what is known of it
            detail = str(error).strip().partition("\n")[0][:200]
            yield Examined(
                name, False, f"{type(error).__name__}: {detail}", _WHAT_NOW.get(name, "")
            )


_WHAT_NOW = {
    "database": "Check address, password and network; is the server running?",
    "issuer": "Check ONEVISIT_JWKS_FILE or ONEVISIT_JWKS_URL, and the way to it.",
}


def _interpreter(_settings: Settings) -> Iterator[Examined]:
    is_optimised = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
    yield Examined("python", True, platform.python_version())
    if not is_optimised:
        yield Examined(
            "python build",
            None,
            "not built with --enable-optimizations",
            "A distribution's own Python answers a tenth to a fifth faster.",
        )


def _database(settings: Settings) -> Iterator[Examined]:
    from app.core.db import Database
    from app.core.schema import current_revision, expected_revision, require_schema

    if not settings.database_url:
        return
    if settings.is_sqlite and not Path(_file(settings)).exists():
        yield Examined("database", False, "there is no such file", "Run `onevisit migrate`.")
        return
    database = Database.of(settings)
    try:
        yield Examined("database", True, database.version)
        current, expected = current_revision(database), expected_revision()
        try:
            require_schema(database)
            yield Examined("schema", True, f"revision {current} of {expected}")
        except SettingsError as error:
            yield Examined("schema", False, str(error))
        else:
            yield _writing(database)
            yield from _people(settings, database)
            yield from _own_keys(settings, database)
        if not settings.is_sqlite:
            yield from _server(settings, database)
    finally:
        database.dispose()


def _writing(database: "object") -> Examined:
    """Whether something can be written durably now: a full disk answers questions all the same."""
    from datetime import UTC, datetime

    from sqlalchemy.exc import SQLAlchemyError

    from app.audit.service import leave_probe
    from app.core.db import Database

    assert isinstance(database, Database)  # noqa: S101 - lazily imported, for its type
    try:
        with database.write() as session:
            leave_probe(session, "doctor", datetime.now(UTC))
    except SQLAlchemyError as error:
        why = str(getattr(error, "orig", error)).strip().partition("\n")[0]
        return Examined("writing", False, why, "Make room where the database lies; see its log.")
    return Examined("writing", True, "something was written durably just now")


def _own_keys(settings: Settings, database: "object") -> Iterator[Examined]:
    from datetime import UTC, datetime

    from app.core.db import Database
    from app.organisations.sign_on.keys import opening

    assert isinstance(database, Database)  # noqa: S101 - lazily imported, for its type
    if not settings.public_url:
        return
    with database.read() as session:
        open_, shut = opening(session, settings.keys, datetime.now(UTC))
    yield Examined(
        "own keys",
        not shut,
        f"{open_} in use at {settings.public_url}; the first is made when it is needed"
        if not shut
        else f"no secret opens {', '.join(shut)}",
        ""
        if not shut
        else "The secret was changed: set ONEVISIT_PREVIOUS_SECRET_KEY for all processes, "
        "restart them, run `onevisit keys reseal`. It is lost: `onevisit keys reseal --lost`.",
    )


def _people(settings: Settings, database: "object") -> Iterator[Examined]:
    from datetime import UTC, datetime

    from app.core.db import Database
    from app.core.schema import current_revision, expected_revision
    from app.organisations.first import missing

    assert isinstance(database, Database)  # noqa: S101 - lazily imported, for its type
    if settings.principals == "claims":
        yield Examined(
            "people", None, "whatever tokens claim is believed", "Unset ONEVISIT_PRINCIPALS."
        )
    elif current_revision(database) == expected_revision():
        with database.read() as session:
            nobody = missing(session, datetime.now(UTC))
        told = f"nobody is {', '.join(nobody)}" if nobody else "all three administrators are there"
        now = f"Run `onevisit people first --role {nobody[0]} …`." if nobody else ""
        yield Examined("people", None if nobody else True, told, now)


def _server(settings: Settings, database: "object") -> Iterator[Examined]:
    from sqlalchemy import text

    from app.core.db import Database

    assert isinstance(database, Database)  # noqa: S101 - lazily imported, for its type
    with database.engine.connect() as connection:
        most = int(connection.execute(text("show max_connections")).scalar_one())
        may = connection.execute(
            text("select has_column_privilege('audit_entries', 'number', 'update')")
        ).scalar_one()
        server_at = connection.execute(
            text("select extract(epoch from clock_timestamp())")
        ).scalar_one()
    yield Examined(
        "rights in it",
        may,
        "entries can be numbered" if may else "this role may not number entries",
        "" if may else "grant update (number) on audit_entries to the server's role.",
    )
    if settings.database_pooled:
        return  # the pooler's sum is the pooler's own
    wanted = settings.workers * (settings.database_connections + _KEPT_APART)
    yield Examined(
        "connections",
        wanted < most,
        f"{settings.workers} processes x {settings.database_connections + _KEPT_APART} = {wanted} "
        f"of the server's {most}",
        "" if wanted < most else "Lower ONEVISIT_DATABASE_CONNECTIONS, or set a pooler before it.",
    )
    off = abs(time.time() - float(server_at))
    yield Examined(
        "clock",
        off <= _CLOCK_SECONDS,
        f"{off:.1f} s apart from the database's",
        "" if off <= _CLOCK_SECONDS else "Let both follow the same time server.",
    )


def _disk(settings: Settings) -> Iterator[Examined]:
    if not settings.is_sqlite:
        return
    path = Path(_file(settings)).absolute()
    free = shutil.disk_usage(path.parent).free >> 20
    yield Examined(
        "disk",
        free >= _LEAST_FREE_MIB,
        f"{free} MiB free at {path.parent}",
        "" if free >= _LEAST_FREE_MIB else "Free some: an entry that cannot be written is refused.",
    )


def _issuer(settings: Settings) -> Iterator[Examined]:
    import json

    import httpx

    if settings.jwks_file is not None:
        keys = json.loads(settings.jwks_file.read_bytes())
        where = str(settings.jwks_file)
    elif settings.jwks_url is not None:
        answer = httpx.get(settings.jwks_url, timeout=5, trust_env=False, follow_redirects=False)
        answer.raise_for_status()
        keys, where = answer.json(), str(settings.jwks_url)
    else:
        return
    count = len(keys.get("keys", []))
    yield Examined(
        "issuer",
        count > 0,
        f"{count} keys at {where}",
        "" if count else "Without a key nobody is let in.",
    )


def _egress(settings: Settings) -> Iterator[Examined]:
    ranges = ", ".join(str(network) for network in settings.egress_allow)
    yield Examined(
        "egress",
        None,
        f"private ranges: {ranges}" if ranges else "public addresses alone",
        "" if ranges else "Name the ranges where departments sit: ONEVISIT_EGRESS_ALLOW.",
    )
    if settings.egress_allow_http:
        yield Examined(
            "egress http",
            None,
            "plain http towards departments is allowed",
            "Turn it off where they speak https: ONEVISIT_EGRESS_ALLOW_HTTP=false.",
        )


def _door(settings: Settings) -> Iterator[Examined]:
    if not settings.trusted_proxies:
        yield Examined(
            "proxies",
            None,
            "none is trusted",
            "Behind a proxy set ONEVISIT_TRUSTED_PROXIES: else all its callers are one address.",
        )
    if settings.metrics_token is None:
        yield Examined(
            "metrics",
            None,
            "this machine alone may read /metrics",
            "Set ONEVISIT_METRICS_TOKEN where something else does.",
        )
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield Examined(
        "open files",
        files >= _LEAST_FILES,
        f"{files} allowed",
        "" if files >= _LEAST_FILES else "Raise it (ulimit -n): each client is one.",
    )


def _processes(settings: Settings) -> Iterator[Examined]:
    if settings.workers > 1:
        yield Examined(
            "processes",
            None,
            f"{settings.workers}: rates of callers and what a department takes hold for each alone",
            f"A caller may ask {settings.workers} times as often as its rate says.",
        )
    if not settings.run_worker:
        yield Examined(
            "background",
            None,
            "this process does no background work",
            "At least one process needs ONEVISIT_RUN_WORKER=true.",
        )


def _rights(settings: Settings) -> Iterator[Examined]:
    for name, path in (
        ("egress_client_key", settings.egress_client_key),
        ("database", Path(_file(settings)) if settings.is_sqlite else None),
    ):
        if path is None or not path.exists():
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        is_open = bool(mode & 0o077)
        yield Examined(
            f"rights of {name}",
            not is_open,
            f"{path} is {mode:04o}",
            f"chmod 600 {path}" if is_open else "",
        )


def _calendar(settings: Settings) -> Iterator[Examined]:
    try:
        calendar = read_calendar(settings.calendar_file)
    except CalendarError as error:
        yield Examined("calendar", False, str(error), "Mend ONEVISIT_CALENDAR_FILE.")
        return
    year = local_date(datetime.now(UTC)).year
    unknown = [each for each in (year, year + 1) if not calendar.is_published(each)]
    words = " and ".join(map(str, unknown))
    yield Examined(
        "calendar",
        None if unknown else True,
        f"days off of {words} are not known: deadlines of then are provisional"
        if unknown
        else f"days off of {year} and {year + 1} are known",
        "Name the days in ONEVISIT_CALENDAR_FILE once they are published." if unknown else "",
    )


def _file(settings: Settings) -> str:
    return settings.database_url.removeprefix("sqlite:///")


_CHECKS: dict[str, Callable[[Settings], Iterator[Examined]]] = {
    "python": _interpreter,
    "database": _database,
    "disk": _disk,
    "issuer": _issuer,
    "egress": _egress,
    "door": _door,
    "processes": _processes,
    "rights": _rights,
    "calendar": _calendar,
}


def doctor() -> None:
    """Examine settings, database, keys, disk, clock and the like; the exit status is true to what
    was found.
    """
    settings, found = settings_or_none()
    if settings is not None:
        found += examined(settings)
    width = max(len(finding.name) for finding in found)
    for finding in found:
        mark = {True: "✔", False: "✘", None: "·"}[finding.ok]
        typer.echo(f"{mark} {finding.name:<{width}}  {finding.text}")
        if finding.now:
            typer.echo(f"  {'':<{width}}  → {finding.now}")
    wrong = [finding for finding in found if finding.ok is False]
    typer.echo(f"{len(wrong)} to mend." if wrong else "Ready to serve.")
    sys.exit(1 if wrong else 0)
