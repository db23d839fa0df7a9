"""httpx: one client, so many tasks that take the requests in turn. PEER URL N CONCURRENCY h1|h2; $CAFILE is trusted."""
import asyncio
import os
import ssl
import sys
import time

import httpx


async def main(template, count, concurrency, version):
    trust = ssl.create_default_context(cafile=os.environ["CAFILE"]) if template.startswith("https:") else True
    limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    good = bad = over_http2 = 0
    numbers = iter(range(count))

    async def work(client):
        nonlocal good, bad, over_http2
        for number in numbers:
            try:
                response = await client.get(template.replace("{id}", str(number)))
                content = response.content.replace(b" ", b"").strip()
                right = response.status_code == 200 and content == b'{"id":%d}' % number
                over_http2 += right and response.http_version == "HTTP/2"
            except httpx.HTTPError:
                right = False
            good, bad = good + right, bad + (not right)

    async with httpx.AsyncClient(
        verify=trust, http1=version == "h1", http2=version == "h2", limits=limits, timeout=None, trust_env=False
    ) as client:
        began = time.monotonic()
        await asyncio.gather(*(work(client) for _ in range(concurrency)))
        elapsed = time.monotonic() - began
    print(f'{{"ok":{good},"err":{bad},"elapsed":{elapsed},"h2":{over_http2}}}')


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
