"""The HTTP routes of ROUTES.md on Python's aiohttp. Prints `ready PORT`; ends when standard input closes."""

import asyncio
import base64
import gzip
import hashlib
import secrets
import sys
import time
import zlib

import brotli
import zstandard
from aiohttp import web

PROSE = "".join(f"line {number} of {number * number} costs {number % 7} \u20ac\n" for number in range(1, 5001)).encode()
PERIOD = bytes(range(251))
BLOCK = PERIOD * 261
ENCODERS = {
    "identity": lambda data: data,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda data: brotli.compress(data, quality=5),
    "zstd": lambda data: zstandard.ZstdCompressor().compress(data),
}
USER, PASSWORD, REALM = "anna", "secr:et \u00e9", "interop"

# What tests ask about afterwards, by the token in their URL.
sent, attempts, held, together = {}, {}, {}, {}
nonces = set()


def described(content):
    text = content.decode() if len(content) < 2000 and content.isascii() else None
    return {"length": len(content), "sha256": hashlib.sha256(content).hexdigest(), "text": text}


async def echo(request):
    return web.json_response(
        {
            "method": request.method,
            "target": request.raw_path,
            "query": [[name, value] for name, value in request.query.items()],
            "fields": [[name, value] for name, value in request.headers.items()],
            "content": described(await request.read()),
        }
    )


async def user(request):
    return web.json_response({"id": int(request.match_info["id"])})


async def form(request):
    return web.json_response([[name, value] for name, value in (await request.post()).items()])


async def multipart(request):
    parts = []
    async for part in await request.multipart():
        content = bytes(await part.read(decode=False))
        kind = part.headers.get("Content-Type")
        parts.append({"name": part.name, "filename": part.filename, "type": kind, "content": described(content)})
    return web.json_response(parts)


async def upload(request):
    digest, length, most = hashlib.sha256(), 0, 0
    async for data in request.content.iter_any():
        digest.update(data)
        length, most = length + len(data), max(most, len(data))
    is_chunked = request.headers.get("Transfer-Encoding") == "chunked"
    return web.json_response({"length": length, "sha256": digest.hexdigest(), "chunked": is_chunked})


async def set_cookies(request):
    response = web.json_response({})
    for name, value in request.query.items():
        response.set_cookie(name, value)
    return response


async def cookies(request):
    return web.json_response(dict(request.cookies))


async def redirect(request):
    left = int(request.match_info["n"])
    if left == 0:
        return await echo(request)
    raise web.HTTPFound(f"{request.path.rsplit('/', 1)[0]}/{left - 1}")


async def redirect_to(request):
    return web.Response(status=int(request.query["status"]), headers={"Location": request.query["url"]})


def refusal(challenge):
    return web.Response(status=401, headers={"WWW-Authenticate": challenge})


async def basic(request):
    wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    if not secrets.compare_digest(request.headers.get("Authorization", "").encode(), wanted.encode()):
        return refusal(f'Basic realm="{REALM}"')
    return await echo(request)


def hashed(*parts):
    return hashlib.sha256(":".join(parts).encode()).hexdigest()


async def digest(request):
    """RFC 7616 with SHA-256 and qop=auth; a nonce is good once."""
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    given = dict(pair.strip().split("=", 1) for pair in rest.split(",") if "=" in pair)
    given = {name: value.strip('"') for name, value in given.items()}
    if scheme.lower() == "digest" and given.get("nonce") in nonces:
        nonces.discard(given["nonce"])
        secret = hashed(given["username"], REALM, "opensesame")
        order = (given["nonce"], given["nc"], given["cnonce"], given["qop"])
        wanted = hashed(secret, *order, hashed(request.method, request.raw_path))
        if secrets.compare_digest(wanted, given["response"]) and given["uri"] == request.raw_path:
            return await echo(request)
    nonce = secrets.token_hex(16)
    nonces.add(nonce)
    return refusal(f'Digest realm="{REALM}", qop="auth", algorithm=SHA-256, nonce="{nonce}"')


async def encoded(request):
    coding = request.match_info["coding"]
    offered = [name.strip() for name in request.headers.get("Accept-Encoding", "").split(",")]
    if coding not in offered and coding != "identity":
        return web.Response(status=406, text=f"not offered: {offered}")
    headers = {} if coding == "identity" else {"Content-Encoding": coding}
    return web.Response(body=ENCODERS[coding](PROSE), headers=headers)


async def delay(request):
    await asyncio.sleep(int(request.match_info["ms"]) / 1000)
    return web.json_response({"late": int(request.match_info["ms"])})


async def drip(request):
    """One byte at a time."""
    response = web.StreamResponse(headers={"Content-Length": request.match_info["n"]})
    await response.prepare(request)
    for _ in range(int(request.match_info["n"])):
        await response.write(b".")
        await asyncio.sleep(int(request.match_info["ms"]) / 1000)
    return response


async def stall(request):
    """Half of what it promises, then nothing."""
    half = int(request.match_info["n"])
    response = web.StreamResponse(headers={"Content-Length": str(2 * half)})
    await response.prepare(request)
    await response.write(BLOCK[:half])
    await asyncio.sleep(3600)


async def deaf(request):
    """Takes none of the content."""
    await asyncio.sleep(3600)


async def some_bytes(request):
    token, count = request.query.get("token"), int(request.match_info["n"])
    response = web.StreamResponse(headers={"Content-Length": str(count)})
    await response.prepare(request)
    done = 0
    while done < count:
        # A whole number of periods, so that each block begins one.
        part = BLOCK[: count - done]
        await response.write(part)
        done += len(part)
        if token:
            sent[token] = done
    return response


async def sent_so_far(request):
    return web.json_response(sent.get(request.match_info["token"], 0))


async def status(request):
    return web.Response(status=int(request.match_info["code"]), text="as asked")


async def flaky(request):
    """503 so many times, with Retry-After if it is wanted; then how long after the first each request came."""
    times = attempts.setdefault(request.match_info["token"], [])
    times.append(time.monotonic())
    await request.read()
    if len(times) <= int(request.match_info["n"]):
        return web.Response(status=503, headers={"Retry-After": request.query["after"]} if "after" in request.query else {})
    return web.json_response([round((moment - times[0]) * 1000) for moment in times])


async def gathering(request):
    """Stays for a while; says how many were here at once at the most, all with this token."""
    now, most = together.get(request.match_info["token"], (0, 0))
    together[request.match_info["token"]] = (now + 1, max(most, now + 1))
    try:
        await asyncio.sleep(int(request.match_info["ms"]) / 1000)
    finally:
        now, most = together[request.match_info["token"]]
        together[request.match_info["token"]] = (now - 1, most)
    return web.json_response(most)


async def hold(request):
    """No answer, until the client goes away."""
    token = request.match_info["token"]
    held[token] = "held"
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        held[token] = "gone"
        raise


async def holding(request):
    return web.json_response(held.get(request.match_info["token"], "never"))


async def connection(request):
    """Which connection this is: the client's port."""
    return web.json_response(request.transport.get_extra_info("peername")[1])


ROUTES = {
    "/echo": echo,
    r"/user/{id:\d+}": user,
    "/form": form,
    "/multipart": multipart,
    "/upload": upload,
    "/cookies/set": set_cookies,
    "/cookies": cookies,
    r"/redirect/{n:\d+}": redirect,
    "/redirect-to": redirect_to,
    "/basic": basic,
    "/digest": digest,
    "/encoded/{coding}": encoded,
    r"/delay/{ms:\d+}": delay,
    r"/drip/{n:\d+}/{ms:\d+}": drip,
    r"/stall/{n:\d+}": stall,
    "/deaf": deaf,
    r"/bytes/{n:\d+}": some_bytes,
    "/sent/{token}": sent_so_far,
    r"/status/{code:\d+}": status,
    r"/flaky/{token}/{n:\d+}": flaky,
    r"/together/{token}/{ms:\d+}": gathering,
    "/hold/{token}": hold,
    "/held/{token}": holding,
    "/connection": connection,
}


async def main():
    application = web.Application(client_max_size=1 << 30)
    application.add_routes([web.route("*", path, handler) for path, handler in ROUTES.items()])
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024, shutdown_timeout=1).start()
    print("ready", runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


asyncio.run(main())
