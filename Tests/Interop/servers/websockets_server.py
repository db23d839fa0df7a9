"""The routes of ROUTES.md on Python's websockets. Prints `ready PORT`; ends when standard input closes."""

import asyncio
import sys
from urllib.parse import parse_qsl, urlsplit

from compressed import PROSE, bomb, pieces
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.http11 import Response

LIMIT = 64 * 1024 * 1024
ROUTES = ("echo", "count", "drop", "close", "fragments", "big", "compressed", "bomb", "wire")


class Connection(ServerConnection):
    """Counts what it reads."""

    wire = 0

    def data_received(self, data):
        self.wire += len(data)
        super().data_received(data)


def extensions(query):
    """permessage-deflate as the query demands it."""
    demands = dict(parse_qsl(query, keep_blank_values=True))
    if demands.pop("deflate", "") == "off":
        return None
    values = {name: int(value) if value else True for name, value in demands.items()}
    return [ServerPerMessageDeflateFactory(**values)]


def numbered(count):
    return ('{"n":%d}' % number for number in range(1, count + 1))


def pattern(size):
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def answer(status, reason, text, **fields):
    body = text.encode()
    headers = Headers({"Content-Type": "text/plain", "Content-Length": str(len(body)), "Connection": "close"})
    for name, value in fields.items():
        headers[name.replace("_", "-")] = value
    return Response(status, reason, headers, body)


def refuse(connection, request):
    """Answers what is no route; None lets the upgrade go on."""
    url = urlsplit(request.path)
    route = url.path.split("/")[1]
    if route == "busy":
        return answer(503, "Service Unavailable", "come back later\n", Retry_After="7")
    if route not in ROUTES:
        return answer(404, "Not Found", "no such route\n")
    # The negotiation comes after this.
    connection.protocol.available_extensions = extensions(url.query)
    return None


async def between_pings(connection):
    for piece in pieces():
        yield piece
        await connection.ping()


async def handle(connection):
    _, route, *rest = urlsplit(connection.request.path).path.split("/")
    if route == "echo":
        async for message in connection:
            await connection.send(message)
    elif route in ("count", "drop"):
        for text in numbered(int(rest[0])):
            await connection.send(text)
        if route == "drop":
            connection.transport.close()
    elif route == "close":
        await connection.close(int(rest[0]), "as asked")
    elif route == "fragments":
        await connection.send(["one ", "two ", "thr\u20ace"])
        await connection.send([pattern(1000)] * 4)
    elif route == "big":
        await connection.send(pattern(int(rest[0])))
    elif route == "compressed":
        await connection.send(between_pings(connection), text=True)
        for message in (PROSE.decode(), "", b""):
            await connection.send(message)
    elif route == "bomb":
        connection.transport.write(bomb())
        await connection.wait_closed()
    elif route == "wire":
        before = connection.wire
        async for _ in connection:
            await connection.send(str(connection.wire - before))
            before = connection.wire


async def main():
    async with serve(
        handle,
        "127.0.0.1",
        0,
        subprotocols=["v2.hawser.test", "v1.hawser.test"],
        process_request=refuse,
        select_subprotocol=select,
        max_size=LIMIT,
        create_connection=Connection,
    ) as server:
        print("ready", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def select(connection, offered):
    """The first of ours that the client offered, or none."""
    return next((name for name in ("v2.hawser.test", "v1.hawser.test") if name in offered), None)


asyncio.run(main())
