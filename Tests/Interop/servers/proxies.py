"""pproxy as HTTP and SOCKS5 proxies. Prints `ready HTTP SOCKS5 HTTP_AUTH SOCKS5_AUTH`, the ports; ends when input closes.

The two last want the user `carl` with the password `pa:ss`.
"""

import asyncio
import sys

import pproxy

URIS = ["http://127.0.0.1:0", "socks5://127.0.0.1:0", "http://127.0.0.1:0#carl:pa:ss", "socks5://127.0.0.1:0#carl:pa:ss"]


async def main():
    # Otherwise an address that was let in once is let in for a month.
    options = {"rserver": [pproxy.DIRECT], "verbose": lambda _: None, "authtime": -1}
    ports = []
    for uri in URIS:
        server = await pproxy.Server(uri).start_server(options)
        ports.append(server.sockets[0].getsockname()[1])
    print("ready", *ports, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
