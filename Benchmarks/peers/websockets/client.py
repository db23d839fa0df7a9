"""websockets: its asyncio client. PEER flood URL | send N SIZE URL; DEFLATE=1 offers permessage-deflate."""
import asyncio
import os
import ssl
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed


def options(url):
    options = {"max_size": 64 << 20, "compression": "deflate" if "DEFLATE" in os.environ else None}
    if url.startswith("wss"):
        options["ssl"] = ssl.create_default_context()
        options["ssl"].check_hostname = False
        options["ssl"].verify_mode = ssl.CERT_NONE
    return options


async def flood(url):
    messages = size = 0
    async with connect(url, **options(url)) as connection:
        try:
            while True:
                size += len(await connection.recv())
                messages += 1
        except ConnectionClosed:
            pass
    print(f'{{"msgs":{messages},"bytes":{size}}}')


async def send(count, size, url):
    message = "x" * size
    async with connect(url, **options(url)) as connection:
        for _ in range(count):
            await connection.send(message)
    print(f'{{"msgs":{count},"bytes":{count * size}}}')


if sys.argv[1] == "flood":
    asyncio.run(flood(sys.argv[2]))
else:
    asyncio.run(send(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
