"""The routes of ROUTES.md on Python's aiohttp. Prints `ready PORT`; ends when standard input closes."""

import asyncio
import sys

from aiohttp import WSMsgType, web
from compressed import PROSE, Deflater, bomb, frame, pieces

LIMIT = 64 * 1024 * 1024
SUBPROTOCOLS = ("v2.hawser.test", "v1.hawser.test")


def pattern(size):
    return (bytes(range(251)) * (size // 251 + 1))[:size]


class Meter(asyncio.Protocol):
    """Counts what passes through it to a connection's protocol."""

    def __init__(self, transport):
        self.inner = transport.get_protocol()
        self.wire = 0
        transport.set_protocol(self)

    def data_received(self, data):
        self.wire += len(data)
        self.inner.data_received(data)

    def eof_received(self):
        return self.inner.eof_received()

    def connection_lost(self, error):
        self.inner.connection_lost(error)

    def pause_writing(self):
        self.inner.pause_writing()

    def resume_writing(self):
        self.inner.resume_writing()


async def upgraded(request):
    compress = request.query.get("deflate") != "off"
    socket = web.WebSocketResponse(protocols=SUBPROTOCOLS, max_msg_size=LIMIT, compress=compress)
    await socket.prepare(request)
    return socket


async def closed(socket, code=1000, reason=b""):
    await socket.close(code=code, message=reason)
    return socket


async def echo(request):
    socket = await upgraded(request)
    async for message in socket:
        if message.type == WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type == WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    return socket


async def count(request):
    socket = await upgraded(request)
    for number in range(1, int(request.match_info["n"]) + 1):
        await socket.send_str('{"n":%d}' % number)
    return await closed(socket)


async def drop(request):
    socket = await upgraded(request)
    for number in range(1, int(request.match_info["n"]) + 1):
        await socket.send_str('{"n":%d}' % number)
    request.transport.close()
    return socket


async def close(request):
    return await closed(await upgraded(request), int(request.match_info["code"]), b"as asked")


async def fragments(request):
    socket = await upgraded(request)
    text = "one two thr\u20ace".encode()
    # The second cut is inside the euro sign.
    pieces = [frame(1, text[:4], False), frame(0, text[4:12], False), frame(9, b"between", True)]
    pieces.append(frame(0, text[12:], True))
    pieces.append(frame(2, pattern(1000), False))
    pieces += [frame(0, pattern(1000), False)] * 2
    pieces.append(frame(0, pattern(1000), True))
    request.transport.write(b"".join(pieces))
    return await closed(socket)


async def big(request):
    socket = await upgraded(request)
    await socket.send_bytes(pattern(int(request.match_info["size"])))
    return await closed(socket)


async def compressed(request):
    """aiohttp itself never fragments, so these frames are made by hand."""
    socket = await upgraded(request)
    deflater = Deflater()
    parts = pieces()
    for index, piece in enumerate(parts):
        final = index + 1 == len(parts)
        payload = deflater.payload(piece, final)
        request.transport.write(frame(0 if index else 1, payload, final, compressed=index == 0) + frame(9, b"between"))
    request.transport.write(frame(1, deflater.payload(PROSE, True), compressed=True))
    # Empty messages: compressed as RFC 7692 section 7.2.3.6 has it, and not compressed.
    request.transport.write(frame(1, b"\x00", compressed=True) + frame(2, b""))
    return await closed(socket)


async def explode(request):
    socket = await upgraded(request)
    request.transport.write(bomb())
    await socket.receive()
    return socket


async def wire(request):
    socket = await upgraded(request)
    meter = Meter(request.transport)
    before = 0
    async for _ in socket:
        await socket.send_str(str(meter.wire - before))
        before = meter.wire
    return socket


async def busy(request):
    return web.Response(status=503, text="come back later\n", headers={"Retry-After": "7"})


async def main():
    app = web.Application()
    app.add_routes(
        [
            web.get("/echo", echo),
            web.get(r"/count/{n:\d+}", count),
            web.get(r"/drop/{n:\d+}", drop),
            web.get(r"/close/{code:\d+}", close),
            web.get("/fragments", fragments),
            web.get(r"/big/{size:\d+}", big),
            web.get("/compressed", compressed),
            web.get("/bomb", explode),
            web.get("/wire", wire),
            web.get("/busy", busy),
        ]
    )
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, shutdown_timeout=1)
    await site.start()
    print("ready", runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


asyncio.run(main())
