#!/usr/bin/env python3
"""Runs hawser-bench http and its peers side by side and prints the tables, with the targets that each row has.

    bench_http.py [--quick] [--starts N] [--requests N] [--peers NAME,...] [ROW...]      ROW: the beginning of a row's name
"""
import argparse
import os
import pathlib
import shutil
import sys
import time

from http_servers import Mock, Nginx
from measure import Failure, answer, run
from table import Table

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".build" / "bench-http"
PYTHON = TOOLS / "venv" / "bin" / "python"
HERE = ROOT / "Benchmarks" / "http"
CONTESTANTS = {
    "hawser": [ROOT / ".build" / "release" / "hawser-bench", "http"],
    "go": [TOOLS / "net-http"],
    "curl": [PYTHON, HERE / "curl" / "client.py"],
    "wrk": [HERE / "wrk" / "client"],
    "aiohttp": [PYTHON, HERE / "aiohttp" / "client.py"],
    "requests": [PYTHON, HERE / "requests" / "client.py"],
    "httpx": [PYTHON, HERE / "httpx" / "client.py"],
}
# These need milliseconds for a request: fewer requests and fewer starts tell as much.
SLOW = {"requests": 2000, "httpx": 1000}
SLOW_STARTS = 2
WITH_HTTP2 = {"hawser", "go", "curl", "httpx"}
# row: (TLS, version, at once, processor time at most so many times that of)
ROWS = {
    "h1-40": (False, "h1", 40, {"aiohttp": 1 / 4, "go": 1}),
    "tls-40": (True, "h1", 40, {"aiohttp": 1 / 3, "go": 1.2}),
    "h2-40": (True, "h2", 40, {}),
    "h1-1": (False, "h1", 1, {}),
    "h1-256": (False, "h1", 256, {}),
    "tls-1": (True, "h1", 1, {}),
    "tls-256": (True, "h1", 256, {}),
    "h2-1": (True, "h2", 1, {}),
    "h2-256": (True, "h2", 256, {}),
}
FASTER_THAN_AIOHTTP = 3


class Result:
    """What the starts of one contestant in one row have cost at the least."""

    def __init__(self):
        self.failure = None
        self.one = self.all = self.elapsed = float("inf")
        self.count = 0

    def cost(self):
        """Processor time per request, without what a start costs, in seconds."""
        return max(self.all - self.one, 1e-9) / (self.count - 1)

    def rate(self):
        return self.count / self.elapsed


def request(program, url, count, at_once, version):
    """Processor time and time of one run, checked to have made all its requests."""
    seconds, output = run([*program, url, count, at_once, version])
    result = answer(output)
    over_http2 = count if version == "h2" else 0
    if (result["ok"], result["err"], result["h2"]) != (count, 0, over_http2):
        raise Failure(f"{program[-1]}: {output.strip()} instead of {count} answers over {version}")
    return seconds, result["elapsed"]


def measure(contestants, url, options, at_once, version):
    """The results of all, by name; their starts take turns."""
    results = {who: Result() for who in contestants}
    for start in range(options.starts):
        for who, program in contestants.items():
            result = results[who]
            if result.failure or who in SLOW and start >= SLOW_STARTS:
                continue
            result.count = min(options.requests, SLOW.get(who, options.requests))
            try:
                result.one = min(result.one, request(program, url, 1, at_once, version)[0])
                used, elapsed = request(program, url, result.count, at_once, version)
            except Failure as failure:
                print(f"bench-http: {who}: {failure}", file=sys.stderr)
                result.failure = failure
                continue
            result.all, result.elapsed = min(result.all, used), min(result.elapsed, elapsed)
    return results


def cells(results, figure, names, ratio):
    """One cell for each of `names`, with hawser's ratio to it."""
    ours, texts = results["hawser"], []
    for who in names:
        result = results.get(who)
        if result is None or result.failure:
            texts.append("-" if result is None else "failed")
        elif who == "hawser" or ours.failure:
            texts.append(figure(result))
        else:
            texts.append(f"{figure(result)} ({ratio(ours, result):.2f}x)")
    return texts


def checked(results, limits, ratio, holds):
    """Whether hawser's ratio to each of `limits` is as it should be; one without a figure is missed."""
    for who, limit in limits.items():
        if who not in results:
            continue
        if results["hawser"].failure or results[who].failure:
            yield f"{who}: no figure", False
        else:
            value = ratio(results["hawser"], results[who])
            yield f"{value:.2f}x {who}", holds(value, limit)


def cost_ratio(ours, other):
    return ours.cost() / other.cost()


def rate_ratio(ours, other):
    return ours.rate() / other.rate()


def loads(table, options, wanted, nginx):
    """Many requests to nginx: what they cost, and how many a second."""
    rows = {name: row for name, row in ROWS.items() if wanted(name)}
    if not rows:
        return
    table.heading("nginx: us of processor time per request (ratio: hawser to that one)", CONTESTANTS)
    measured = {}
    for name, (tls, version, at_once, limits) in rows.items():
        contestants = {who: words for who, words in CONTESTANTS.items() if version == "h1" or who in WITH_HTTP2}
        results = measured[name] = measure(contestants, nginx.url(tls), options, at_once, version)
        targets = ", ".join(f"<= {limit:.2f} {who}" for who, limit in limits.items())
        texts = cells(results, lambda result: f"{result.cost() * 1e6:.1f}", CONTESTANTS, cost_ratio)
        checks = checked(results, limits, cost_ratio, lambda value, limit: value <= limit)
        table.row(name, [*texts, targets], checks)
    table.heading("nginx: requests a second (ratio: hawser to that one)", CONTESTANTS)
    for name, results in measured.items():
        limits = {"aiohttp": FASTER_THAN_AIOHTTP} if ROWS[name][3] else {}
        texts = cells(results, lambda result: f"{result.rate():,.0f}", CONTESTANTS, rate_ratio)
        checks = checked(results, limits, rate_ratio, lambda value, limit: value >= limit)
        table.row(name, [*texts, ", ".join(f">= {limit} {who}" for who, limit in limits.items())], checks)


def connections(table, wanted, nginx):
    """How many connections 2,000 requests at 40 at once open, by nginx's count."""
    if not wanted("connections"):
        return
    count, at_once = 2000, 40
    table.heading(f"nginx: connections opened by {count:,} requests, {at_once} at once", CONTESTANTS)
    for name, tls, version in (("connections-h1", False, "h1"), ("connections-tls", True, "h1"), ("connections-h2", True, "h2")):
        opened = {}
        for who, program in CONTESTANTS.items():
            if version == "h2" and who not in WITH_HTTP2:
                continue
            try:
                nginx.forget()
                request(program, nginx.url(tls, counted=True), count, at_once, version)
                opened[who] = nginx.connections(count)
            except Failure as failure:
                print(f"bench-http: {who}: {failure}", file=sys.stderr)
        target = {"h1": at_once}.get(version)
        ours = opened.get("hawser")
        checks = [(f"{ours}", ours == target)] if target else []
        texts = [str(opened.get(who, "-")) for who in CONTESTANTS]
        table.row(name, [*texts, f"= {target}" if target else ""], checks)


def headline(table, options, wanted):
    """1,000 requests to an aiohttp server, which is the bottleneck: the time that passes."""
    if not wanted("headline"):
        return
    options = argparse.Namespace(starts=options.starts, requests=1000)
    table.heading("A mock server on aiohttp: seconds for 1,000 requests, 40 at once", CONTESTANTS)
    with Mock(PYTHON) as mock:
        results = measure(CONTESTANTS, mock.url(), options, 40, "h1")
    figure = lambda result: f"{result.elapsed:.3f}"
    texts = cells(results, figure, CONTESTANTS, lambda ours, other: ours.elapsed / other.elapsed)
    table.row("headline", [*texts, ""], [])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer requests and starts: about two minutes")
    parser.add_argument("--starts", type=int, help="starts of each contestant in a row (default 5, quick 2)")
    parser.add_argument("--requests", type=int, help="requests of a start (default 20000, quick 5000)")
    parser.add_argument("--peers", help="only these, with commas between")
    parser.add_argument("rows", nargs="*", metavar="ROW")
    options = parser.parse_args()
    options.starts = options.starts or (2 if options.quick else 5)
    options.requests = max(2, options.requests or (5000 if options.quick else 20000))
    if options.peers is not None:
        for peer in set(CONTESTANTS) - {"hawser", *options.peers.split(",")}:
            del CONTESTANTS[peer]
    os.environ["CAFILE"] = str(TOOLS / "ca.pem")
    program = shutil.which("nginx", path=f"{ROOT / '.build/interop/nginx/usr/sbin'}:{os.environ['PATH']}:/usr/sbin")
    table, began = Table(), time.monotonic()

    def wanted(name):
        return not options.rows or name.startswith(tuple(options.rows))

    headline(table, options, wanted)
    with Nginx(program, TOOLS) as nginx:
        loads(table, options, wanted, nginx)
        connections(table, wanted, nginx)
    print(f"\n{options.requests:,} requests (requests {SLOW['requests']:,}, httpx {SLOW['httpx']:,}); the least of "
          f"{options.starts} starts each, taken in turns; {time.monotonic() - began:.0f} s in all.")
    if table.missed:
        print("Missed: " + "; ".join(table.missed))


main()
