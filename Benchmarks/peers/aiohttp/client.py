"""aiohttp: its WebSocket client. PEER flood URL | send N SIZE URL; DEFLATE=1 offers permessage-deflate."""
import asyncio
import os
import sys

import aiohttp


def connect(session, url):
    compress = 15 if "DEFLATE" in os.environ else 0
    return session.ws_connect(url, ssl=False, compress=compress, max_msg_size=64 << 20)


async def flood(url):
    messages = size = 0
    async with aiohttp.ClientSession() as session, connect(session, url) as connection:
        async for message in connection:
            messages += 1
            size += len(message.data)
    print(f'{{"msgs":{messages},"bytes":{size}}}')


async def send(count, size, url):
    message = "x" * size
    async with aiohttp.ClientSession() as session, connect(session, url) as connection:
        for _ in range(count):
            await connection.send_str(message)
    print(f'{{"msgs":{count},"bytes":{count * size}}}')


if sys.argv[1] == "flood":
    asyncio.run(flood(sys.argv[2]))
else:
    asyncio.run(send(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
