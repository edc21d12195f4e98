"""How many bytecodes a warm look-up of six departments executes on the event loop: an exact figure, whatever the machine.

Gateway (as `onevisit serve` runs it) and client in this process, departments in another. Prints the figure; `--where` the places.
"""

import asyncio
import collections
import contextlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import uvicorn
import uvloop

from app.main import create_app
from auth.principal import Role
from auth.testing import LocalIssuer
from tests.bench.departments import SAMPLE, SECTIONS, UNKNOWN
from tests.fixtures.databases import build_empty
from tests.fixtures.gateway import Gateway, settings
from tests.fixtures.processes import ended

DEPARTMENTS, WARM, COUNTED = 6, 150, 120
HERE = (__file__,)


def identifiers(count):
    from adapters.fakes.world import uscc

    return [uscc("91", "330106", 500_000 + index) for index in range(count)]


class Client(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.buffer, self.answer = transport, b"", None

    def data_received(self, data):
        self.buffer += data
        head, blank, body = self.buffer.partition(b"\r\n\r\n")
        if blank and len(body) >= int(head.lower().split(b"content-length: ")[1].split(b"\r")[0]):
            self.buffer = b""
            self.answer.set_result((head, body))

    def ask(self, business_id, token):
        self.answer = asyncio.get_running_loop().create_future()
        path = f"/v1/profiles/{business_id}?purpose=patrol"
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
        self.transport.write(head.encode())
        return self.answer


@contextlib.contextmanager
def departments():
    """Their process, and the address at which all of them listen."""
    command = [sys.executable, "-m", "tests.bench.canonical"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    with ended(process, seconds=10), process.stdout:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"


async def publish(gateway, address):
    for name in SECTIONS[:DEPARTMENTS]:
        await gateway.publish(
            {
                "adapter_id": name, "department": name, "section": name, "title_zh": name, "title_en": name,
                "base_url": address, "sample_business_id": SAMPLE, "unknown_business_id": UNKNOWN, "region": "330100",
            }
        )  # fmt: skip


async def counted(app, token):
    config = uvicorn.Config(
        app.front,
        port=0,
        http="httptools",
        access_log=False,
        log_level="error",
        ws="none",
        lifespan="off",
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    _, client = await asyncio.get_running_loop().create_connection(Client, "127.0.0.1", port)
    asked = identifiers(WARM + COUNTED)
    for business_id in asked[:WARM]:
        head, body = await client.ask(business_id, token)
        assert head.startswith(b"HTTP/1.1 200"), body
    found = []
    for business_id in asked[WARM:]:
        found.append(collections.Counter())
        trace = tracer(found[-1])
        answer = client.ask(business_id, token)
        sys.settrace(trace)
        _, body = await answer
        sys.settrace(None)
        assert json.loads(body)["completeness"]["answered"] == DEPARTMENTS
    client.transport.close()
    server.should_exit = True
    await serving
    return found


def tracer(found):
    def local(frame, event, _argument):
        if event == "opcode":
            found[frame.f_code] += 1
        return local

    def begun(frame, _event, _argument):
        if frame.f_code.co_filename in HERE:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return local

    return begun


async def main(folder):
    jwks, issuer = folder / "jwks.json", LocalIssuer()
    jwks.write_text(json.dumps(issuer.jwks))
    url = f"sqlite:///{folder / 'bytecodes.db'}"
    build_empty(url)
    with departments() as address:
        app = create_app(settings(url, jwks, rate_per_second=0))
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(app.router.lifespan_context(app))
            await publish(Gateway(app, issuer, stack), address)
            await asyncio.sleep(1.5)
            token = issuer.token("inspector-1", Role.INSPECTOR, department="fire")
            found = await counted(app, token)
    # What the clock does beside a look-up (timeouts, refreshes) falls into some of them, on a busy machine into most: the least is the look-up.
    print(min(each.total() for each in found))
    if "--where" in sys.argv:
        for code, count in sum(found, collections.Counter()).most_common(70):
            print(
                f"{count / COUNTED:8.1f} {code.co_filename.split('site-packages/')[-1]}:{code.co_qualname}"
            )


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory() as name,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(main(Path(name)))
