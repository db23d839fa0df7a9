"""Autobahn's fuzzing server (CPython 2.7) on a port of 127.0.0.1 that is free; ends when its standard input closes.

usage: fuzzing_server.py REPORT_DIRECTORY [--count N] [--deflate-all]

Prints "ready PORT CASES". The suite itself would listen on every address of the machine.

--count N      that many messages in each case of groups 12 and 13, in place of 1000
--deflate-all  groups 1 to 9, which in the suite know no extension, with permessage-deflate: the first offer is accepted,
               so that control frames, reserved bits, empty, fragmented and wrong messages are seen on a compressed
               connection. The verdicts stay those of the suite: messages that a case sends whole are compressed, frames
               that it forges are not, nor those that it sends in chops, which the suite would mark as compressed without
               compressing them. Groups 10, 12 and 13 are left out: 10 counts frames, which compression makes few.
"""
import argparse
import os
import socket
import sys

import autobahntestsuite.wstest as wstest  # First of all, because it chooses the reactor.
from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateOfferAccept
from autobahntestsuite.case import Cases
from autobahntestsuite.fuzzing import FuzzingServerProtocol
from twisted.internet import protocol, reactor, stdio


class StandardInput(protocol.Protocol):
    """Ends the server with whoever started it."""

    def connectionLost(self, reason=protocol.connectionDone):
        if reactor.running:
            reactor.stop()


def bound_socket():
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(50)
    listener.setblocking(False)
    return listener


def first_deflate_offer(offers):
    for offer in offers:
        if isinstance(offer, PerMessageDeflateOffer):
            return PerMessageDeflateOfferAccept(offer)
    return None


def send_chops_uncompressed():
    begin = FuzzingServerProtocol.beginMessage
    FuzzingServerProtocol.beginMessage = lambda connection, isBinary=False: begin(connection, isBinary, True)


def shorten(count):
    for case in Cases:
        if case.__name__.startswith(("Case12_", "Case13_")):
            case.COUNT = count


def group(case):
    return int(case.__name__[len("Case"):].split("_")[0])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("reports")
    parser.add_argument("--count", type=int)
    parser.add_argument("--deflate-all", action="store_true")
    options = parser.parse_args()

    if options.count:
        shorten(options.count)
    listener = bound_socket()
    port = listener.getsockname()[1]
    reactor.listenTCP = lambda _, factory, *more, **named: reactor.adoptStreamPort(
        listener.fileno(), socket.AF_INET, factory)
    spec = {
        "url": "ws://127.0.0.1:%d" % port,
        "outdir": options.reports,
        "cases": ["*"],
        "exclude-cases": ["10.*", "12.*", "13.*"] if options.deflate_all else [],
        "exclude-agent-cases": {},
    }
    if options.deflate_all:
        send_chops_uncompressed()
        spec["options"] = {"perMessageCompressionAccept": first_deflate_offer}

    # The suite greets on standard output, where only our line belongs.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    count = sum(1 for case in Cases if not options.deflate_all or group(case) < 10)

    def announce():
        stdio.StandardIO(StandardInput())
        answer.write("ready %d %d\n" % (port, count))
        answer.flush()

    reactor.callWhenRunning(announce)
    wstest.start({"mode": "fuzzingserver", "webport": 0, "debug": False}, spec)


sys.exit(main())
