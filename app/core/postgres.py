"""Connections to PostgreSQL on which every wait has a bound of ours: to connect, for a lock, for a
statement, between two statements of a transaction, and for a server that says nothing at all.

The server ends what takes too long, so that a process that sleeps holds nobody up for longer than
three seconds. A server that is silent (a firewall that forgot the connection, a machine that is
gone) ends nothing: there the driver's own wait is bounded, and the connection is given up.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event

from app.core.settings import Settings

_CONNECT_SECONDS = 2
_LOCK_MS = 2500
"""Below the patience of whoever waits for an audit entry."""
_IDLE_IN_TRANSACTION_MS = 3000
_SILENT_MS = 5000
_LONG_UNUSED_SECONDS, _FIRST_WORD_SECONDS = 5.0, 1.5
"""A connection that was not used for long may be forgotten: its first answer is waited for less."""
_MARGIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Waits:
    """Of one process. `statement_s` is None for those who may have to wait for long. `pooled`: a
    pooler in transaction mode stands between, which takes no options and keeps no statement.
    """

    connections: int = 16
    statement_s: float | None = 5.0
    pooled: bool = False

    @classmethod
    def of(cls, settings: Settings) -> "Waits":
        """As the deployment decides."""
        return cls(
            settings.database_connections, settings.database_statement_s, settings.database_pooled
        )

    @property
    def connect_args(self) -> dict[str, Any]:
        """For the driver."""
        given: dict[str, Any] = {
            "application_name": "onevisit",
            "connect_timeout": _CONNECT_SECONDS,
            "tcp_user_timeout": _SILENT_MS,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 2,
        }
        if self.pooled:
            return given | {"prepare_threshold": None}
        return given | {"options": " ".join(f"-c {name}={ms}" for name, ms in self._limits())}

    @property
    def for_transaction(self) -> str:
        """The statement that sets the bounds of one transaction."""
        return "; ".join(f"set local {name} = {ms}" for name, ms in self._limits())

    def _limits(self) -> Iterator[tuple[str, int]]:
        if self.statement_s is None:
            return
        yield "lock_timeout", _LOCK_MS
        yield "statement_timeout", int(self.statement_s * 1000)
        yield "idle_in_transaction_session_timeout", _IDLE_IN_TRANSACTION_MS


USUAL = Waits()
PATIENT = Waits(connections=2, statement_s=None)


def bound(engine: Engine, bounds: Waits) -> None:
    """Let an engine make connections that wait for no answer without an end."""
    import psycopg  # noqa: PLC0415 - heavy, and only where PostgreSQL is used

    class BoundedConnection(psycopg.Connection[Any]):
        """Gives itself up when the server says nothing for too long."""

        patience_s: float | None = (
            None if bounds.statement_s is None else bounds.statement_s + _MARGIN_SECONDS
        )
        used_at = 0.0

        def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
            begun, seconds = time.monotonic(), timeout
            if seconds is None and self.patience_s is not None:
                is_rested = self.used_at and begun - self.used_at > _LONG_UNUSED_SECONDS
                seconds = (
                    min(_FIRST_WORD_SECONDS, self.patience_s) if is_rested else self.patience_s
                )
            try:
                return super().wait(gen, interval, seconds)
            except psycopg.OperationalError:
                if seconds is not None and time.monotonic() - begun >= seconds:
                    self.pgconn.finish()  # what comes later belongs to nobody
                raise
            finally:
                self.used_at = time.monotonic()

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, args: Any, parameters: Any) -> Any:
        return BoundedConnection.connect(*args, **parameters)

    if bounds.pooled and bounds.statement_s is not None:

        @event.listens_for(engine, "begin")
        def begin(connection: Any) -> None:
            connection.exec_driver_sql(bounds.for_transaction)
