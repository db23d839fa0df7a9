"""A WebSocket server of the package python3-websockets. Each path is a feed of numbered messages; the log, a JSON line
for each session that begins or ends, goes to the file that is named first."""

import asyncio
import json
import sys

import websockets

LOG = open(sys.argv[1], "a", buffering=1)


def note(**fields):
    LOG.write(json.dumps(fields) + "\n")


async def feed(socket, path):
    note(event="open", path=path, authorization=socket.request_headers.get("Authorization"))
    try:
        number = 0
        while True:
            number += 1
            await socket.send(json.dumps({"number": number}))
            await asyncio.sleep(0.05)
    except websockets.ConnectionClosed:
        pass
    finally:
        await socket.wait_closed()
        # What the peer sent in its Close frame, and nothing that this side made up.
        note(event="close", path=path, code=socket.close_rcvd.code if socket.close_rcvd else None)


async def main():
    async with websockets.serve(feed, "127.0.0.1", 9001):
        note(event="ready")
        await asyncio.Future()


asyncio.run(main())
