"""aiohttp: one session, so many tasks that take the requests in turn. PEER URL N CONCURRENCY h1; $CAFILE is trusted."""
import asyncio
import os
import ssl
import sys
import time

import aiohttp


async def main(template, count, concurrency, version):
    if version != "h1":
        sys.exit("aiohttp has no HTTP/2")
    trust = ssl.create_default_context(cafile=os.environ["CAFILE"]) if template.startswith("https:") else True
    connector = aiohttp.TCPConnector(limit=concurrency, ssl=trust)
    timeout = aiohttp.ClientTimeout(total=None)
    good = bad = 0
    numbers = iter(range(count))

    async def work(session):
        nonlocal good, bad
        for number in numbers:
            try:
                async with session.get(template.replace("{id}", str(number))) as response:
                    content = await response.read()
                    right = response.status == 200 and content.replace(b" ", b"").strip() == b'{"id":%d}' % number
            except aiohttp.ClientError:
                right = False
            good, bad = good + right, bad + (not right)

    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        began = time.monotonic()
        await asyncio.gather(*(work(session) for _ in range(concurrency)))
        elapsed = time.monotonic() - began
    print(f'{{"ok":{good},"err":{bad},"elapsed":{elapsed},"h2":0}}')


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
