#!/usr/bin/env python3
"""Runs hawser-bench, its peers and the floor side by side and prints one table, with the targets that each row has.

    bench.py [--quick] [--starts N] [--seconds S] [ROW...]      ROW: a name below, or the beginning of one
"""
import argparse
import pathlib
import sys
import time

from measure import Failure, Held, Server, answer, per_message, run
from table import Table

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".build" / "bench"
HAWSER = [ROOT / ".build" / "release" / "hawser-bench"]
PYTHON = TOOLS / "venv" / "bin" / "python"
PEERS = {
    "picows": [PYTHON, ROOT / "Benchmarks/peers/picows/client.py"],
    "beast": [TOOLS / "beast"],
    "gorilla": [TOOLS / "gorilla"],
    "aiohttp": [PYTHON, ROOT / "Benchmarks/peers/aiohttp/client.py"],
    "lws": [TOOLS / "lws"],
    "websockets": [PYTHON, ROOT / "Benchmarks/peers/websockets/client.py"],
}
MOST_BYTES = {"ws": 2 << 30, "wss": 96 << 20}


def nanoseconds(value):
    return f"{value * 1e9:,.1f}" if value < 1e-7 else f"{value * 1e9:,.0f}"


def compare(table, name, results, limits):
    """`limits`: contestant -> how many times its least the least of hawser may be; `peers` stands for each of them."""
    cells, checks, targets = [], [], []
    ours = results["hawser"]
    for who, values in results.items():
        if values is None:
            cells.append("-")
            continue
        if isinstance(values, Failure):
            print(f"bench: {who}: {values}", file=sys.stderr)
            cells.append("failed")
            continue
        if values[0] <= 0:
            # Its start, which is subtracted, took longer in every run than the messages.
            cells.append("noise")
            continue
        ratio = "" if who == "hawser" or isinstance(ours, Failure) else f" ({ours[0] / values[0]:.2f}x)"
        cells.append(f"{nanoseconds(values[0])}{ratio}")
    for who, limit in limits.items():
        targets.append(f"<= {limit} {who}" if who != "peers" else "below every peer")
        rivals = [peer for peer in PEERS if results.get(peer) is not None] if who == "peers" else [who]
        if who != "peers" and results.get(who) is None:
            continue
        figures = {rival: results[rival] for rival in rivals}
        figures = {rival: value for rival, value in figures.items() if isinstance(value, Failure) or value[0] > 0}
        if isinstance(ours, Failure) or not figures or any(isinstance(value, Failure) for value in figures.values()):
            checks.append((f"{who}: no figure", False))
            continue
        best = min(figures, key=lambda rival: figures[rival][0])
        ratio = ours[0] / figures[best][0]
        checks.append((f"{ratio:.2f}x {best}", ratio < limit if who == "peers" else ratio <= limit))
    table.row(name, [*cells, ", ".join(targets)], checks)


def flood_rows(quick):
    rows = [("flood-ws-64", "ws", 64, "", {"floor": 2, "picows": 0.1})]
    sizes = [512, 16384, 1 << 20] if quick else [512, 4096, 16384, 65536, 1 << 20]
    rows += [(f"flood-ws-{size}", "ws", size, "", {"floor": 1.25}) for size in sizes]
    rows = [(f"{name}-{kind}", scheme, size, f"&kind={kind}", limits)
            for name, scheme, size, _, limits in rows for kind in ("binary", "text")]
    return rows + [
        ("flood-wss-512-records-16k", "wss", 512, "&kind=text&records=full", {"floor": 1.2, "picows": 0.7}),
        ("flood-wss-512-records-own", "wss", 512, "&kind=text&records=one", {"floor": 1.1}),
        ("flood-deflate-512", "ws", 512, "&kind=json&deflate=1", {"floor": 1.2, "peers": 1}),
    ]


def flood(table, options, wanted):
    contestants = {"floor": [TOOLS / "floor"], "hawser": HAWSER} | PEERS
    rows = [row for row in flood_rows(options.quick) if wanted(row[0])]
    if rows:
        table.heading("Receiving: ns of processor time per message (ratio: hawser to that one)", contestants)
    for name, scheme, size, query, limits in rows:
        deflate = "deflate" in query
        # Of the peers, picows has no permessage-deflate and lws 4.1.6 may loop for ever under it.
        left_out = {"picows", "lws"} if deflate else set()
        with Server(TOOLS) as server:
            results = per_message(
                {who: program for who, program in contestants.items() if who not in left_out},
                lambda _: ["flood"],
                lambda count: server.url(scheme, f"flood?n={count}&size={size}{query}"),
                max(2, MOST_BYTES[scheme] // (size + 32)), options.starts, options.seconds, deflate,
            )
        compare(table, name, {who: results.get(who) for who in contestants}, limits)


def send(table, options, wanted):
    if not wanted("send-ws-512"):
        return
    contestants = {"hawser": HAWSER} | PEERS
    table.heading("Sending: ns of processor time per message", contestants)
    with Server(TOOLS) as server:
        results = per_message(
            contestants, lambda count: ["send", count, 512], lambda _: server.url("ws", "sink"),
            1_000_000, options.starts, options.seconds,
        )
    compare(table, "send-ws-512", results, {"peers": 1})


def held(table, options, wanted):
    rows = [("idle-ws", "ws", 5000, 2), ("idle-wss", "wss", 2000, 22)]
    rows = [row for row in rows if wanted(row[0])]
    if rows:
        table.heading("Idle connections: KiB of resident memory each", ["hawser"])
    for name, scheme, count, limit in rows:
        with Server(TOOLS) as server:
            client = Held([*HAWSER, "idle", count, server.url(scheme, "idle")])
            try:
                client.expect("base")
                base = client.resident()
                client.expect("ready")
                time.sleep(1)
                each = (client.resident() - base) / count / 1024
            finally:
                client.end()
        table.row(name, [f"{each:.2f}", f"<= {limit} KiB"], [(f"{each:.2f} KiB", each <= limit)])
    if not wanted("busy-ws"):
        return
    seconds = 5 if options.quick else 10
    table.heading("5,000 idle connections and one with 1,000 messages a second: share of a core", ["hawser"])
    with Server(TOOLS) as server:
        tick = server.url("ws", f"tick?rate=1000&seconds={seconds}&size=128")
        client = Held([*HAWSER, "idle", 5000, server.url("ws", "idle"), tick])
        try:
            client.expect("base")
            client.expect("ready")
            time.sleep(0.5)
            began, used = time.monotonic(), client.seconds()
            time.sleep(seconds - 1)
            share = (client.seconds() - used) / (time.monotonic() - began) * 100
            client.expect('{"msgs":%d,' % (1000 * seconds))
        finally:
            client.end()
    table.row("busy-ws", [f"{share:.2f} %", "<= 3 %"], [(f"{share:.2f} %", share <= 3)])


def dial(table, options, wanted):
    rows = [row for row in [("dial-ws", "ws", 60), ("dial-wss", "wss", 400)] if wanted(row[0])]
    count = 2000 if options.quick else 10000
    if rows:
        table.heading(f"{count:,} connections opened: us of processor time per dial", ["hawser"])
    for name, scheme, limit in rows:
        costs = []
        for _ in range(1 if options.quick else 3):
            with Server(TOOLS) as server:
                used = [answer(run([*HAWSER, "dial", dials, server.url(scheme, "idle")])[1])["cpu_us"] for dials in (1, count)]
            costs.append((used[1] - used[0]) / (count - 1))
        table.row(name, [f"{min(costs):.1f}", f"<= {limit} us"], [(f"{min(costs):.1f} us", min(costs) <= limit)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer sizes and starts: a few minutes")
    parser.add_argument("--starts", type=int, help="starts of each contestant in a row (default 7, quick 3)")
    parser.add_argument("--seconds", type=float, help="processor time of one run (default 0.2, quick 0.1)")
    parser.add_argument("--peers", help="only these, with commas between")
    parser.add_argument("rows", nargs="*", metavar="ROW")
    options = parser.parse_args()
    options.starts = options.starts or (3 if options.quick else 7)
    options.seconds = options.seconds or (0.1 if options.quick else 0.2)
    if options.peers is not None:
        for peer in set(PEERS) - set(options.peers.split(",")):
            del PEERS[peer]
    table, began = Table(), time.monotonic()
    for work in (flood, send, held, dial):
        work(table, options, lambda name: not options.rows or name.startswith(tuple(options.rows)))
    print(f"\nThe least of {options.starts} starts each, taken in turns; {time.monotonic() - began:.0f} s in all.")
    if table.missed:
        print("Missed: " + "; ".join(table.missed))


main()
