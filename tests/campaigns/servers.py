"""A PostgreSQL server of a campaign's own, and a way to it that can be cut, silenced, slowed and made to forget."""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

import psycopg

from tests.campaigns.stage import HOST
from tests.fixtures.databases import Postgres
from tests.fixtures.ports import free_ports

_FORGETS_AFTER = 2.0


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server that is gone when the block is left."""
    folder = Path(tempfile.mkdtemp(prefix="ov", dir="/tmp"))
    folder.chmod(0o755)
    before = os.environ.get("XDG_RUNTIME_DIR")
    try:
        server = Postgres(folder)
        yield server
        server.server.cleanup()
    finally:
        if before is not None:
            os.environ["XDG_RUNTIME_DIR"] = before
        shutil.rmtree(folder, ignore_errors=True)


def socket_of(server: Postgres) -> str:
    """The path of its socket."""
    info = server.server.get_postmaster_info()
    return f"{info.socket_dir}/.s.PGSQL.{info.port}"


def kill(server: Postgres) -> None:
    """As the machine would: no process of the server says good-bye."""
    os.kill(server.server.get_pid(), signal.SIGKILL)
    time.sleep(0.5)


def start_again(server: Postgres) -> None:
    """On what is left on the disk."""
    until = time.monotonic() + 30
    while True:
        try:
            server.server.ensure_postgres_running()
        except Exception:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)
        else:
            return


def set_read_only(server: Postgres, name: str, *, on: bool) -> None:
    """Every transaction of a database from now on; those who are connected connect anew."""
    uri = server.server.get_uri()
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(
            f'alter database "{name}" set default_transaction_read_only = {"on" if on else "off"}'
        )
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,)
        )


class Way:
    """A TCP way to a server, by its socket's path or by host and port. `mode`: pass, silent (takes, and passes nothing on), slow (`delay` each way), cut (nobody is there),
    forgetful (what was idle for two seconds is silent for ever, new connections pass).
    """

    def __init__(self, target: str | tuple[str | None, int | None]) -> None:
        self.port = free_ports()
        self.mode, self.delay = "pass", 0.0
        self._target = target
        self._pairs: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def set(self, mode: str, delay: float = 0.0) -> None:
        """From now on."""
        self.delay, self.mode = delay, mode
        if mode == "cut":
            self._loop.call_soon_threadsafe(self._cut)

    def _cut(self) -> None:
        for writer in tuple(self._pairs):
            writer.transport.abort()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        listening = self._loop.run_until_complete(
            asyncio.start_server(self._accept, HOST, self.port)
        )
        self._ready.set()
        self._loop.run_forever()
        listening.close()
        self._cut()
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mode == "cut":
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await self._far()
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, far_writer}
        self._pairs |= pair
        used = [self._loop.time()]
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, far_writer, used))
                group.create_task(self._pump(far_reader, writer, used))
        finally:
            self._pairs -= pair
            for each in pair:
                each.transport.abort()

    async def _far(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._target, str):
            return await asyncio.open_unix_connection(self._target)
        return await asyncio.open_connection(*self._target)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, used: list[float]
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                if self.mode == "forgetful" and self._loop.time() - used[0] > _FORGETS_AFTER:
                    used[0] = float("-inf")
                    continue
                used[0] = self._loop.time()
                while self.mode == "silent":
                    await asyncio.sleep(0.05)
                if self.mode == "slow":
                    await asyncio.sleep(self.delay)
                writer.write(data)
                await writer.drain()
        writer.transport.abort()


class KeyServer:
    """An issuer's key set over HTTP. `mode`: keys, or an error page with status 200 as a captive portal has."""

    def __init__(self, keys: bytes) -> None:
        self.mode, self.refused = "keys", 0
        owner = self

        class Answering(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                is_good = owner.mode == "keys"
                owner.refused += not is_good
                body = keys if is_good else b"<html><h1>Please come back later</h1></html>"
                self.send_response(200)
                self.send_header("Content-Type", "application/json" if is_good else "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer((HOST, 0), Answering)
        self.url = f"http://{HOST}:{self._server.server_address[1]}/jwks"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
