"""The mock server of the headline, on aiohttp: /user/{id} answers {"id": N}. Prints its port; ends with its input."""
import asyncio
import sys

from aiohttp import web


async def user(request):
    return web.json_response({"id": int(request.match_info["id"])})


async def main():
    application = web.Application()
    application.add_routes([web.get(r"/user/{id:\d+}", user)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024, shutdown_timeout=1).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


asyncio.run(main())
