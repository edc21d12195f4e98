"""A process of canonical departments: one port, every section of the bench, the identifier echoed. Prints its port."""

import asyncio
import json
from urllib.parse import unquote

from tests.bench.departments import AS_OF, SECTIONS, UNKNOWN, data_of

DATA = {name: json.dumps(data_of(name), ensure_ascii=False) for name in SECTIONS}


class Department(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.buffer = transport, b""

    def data_received(self, data):
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
            section, business_id = head.split(b" ", 2)[1].decode().split("/")[-2:]
            self.transport.write(answer(section, unquote(business_id)))


def answer(section, business_id):
    told = f'{{"business_id":{json.dumps(business_id)},"as_of":"{AS_OF}",'
    status = 200 if business_id.isalnum() and business_id != UNKNOWN else 404
    told += '"status":"not_found"}' if status == 404 else f'"data":{DATA[section]}}}'
    body = told.encode()
    head = f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Department, "127.0.0.1", 0, backlog=128)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
