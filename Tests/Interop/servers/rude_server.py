"""The rude HTTP routes of ROUTES.md on bare sockets. Prints `ready PORT`; ends when standard input closes."""

import gzip
import itertools
import socket
import struct
import sys
import threading
import time

OK = b"HTTP/1.1 200 OK\r\n"
# What is sent at once, and then the connection is closed.
SAID = {
    "/no-status-line": b"hello there\r\n\r\n",
    "/status-word": b"HTTP/1.1 fine\r\n\r\n",
    "/status-large": b"HTTP/1.1 1000 Much\r\nContent-Length: 0\r\n\r\n",
    "/length-huge": OK + b"Content-Length: 99999999999999999999999999\r\n\r\nx",
    "/length-negative": OK + b"Content-Length: -5\r\n\r\nx",
    "/length-word": OK + b"Content-Length: some\r\n\r\nx",
    "/length-two": OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
    "/field-no-colon": OK + b"this is no field\r\nContent-Length: 0\r\n\r\n",
    "/field-nul": OK + b"X: a\x00b\r\nContent-Length: 0\r\n\r\n",
    "/chunk-word": OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
    "/chunk-huge": OK + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\nhello",
    "/chunk-end": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX5\r\nhello\r\n0\r\n\r\n",
    "/chunk-cut": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nhe",
    "/coding-unknown": OK + b"Transfer-Encoding: bunched\r\n\r\nhello",
    "/gzip-wrong": OK + b"Content-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!",
    "/content-cut": OK + b"Content-Length: 1000\r\n\r\n" + b"x" * 500,
    "/head-cut": OK + b"Content-Len",
    "/nothing": b"",
}


def answer(content, fields=b""):
    return OK + fields + b"Content-Length: %d\r\n\r\n" % len(content) + content


def gzip_cut():
    data = gzip.compress(bytes(range(256)) * 400)
    return answer(data[: len(data) // 2], b"Content-Encoding: gzip\r\n")


def gzip_flipped():
    data = bytearray(gzip.compress(bytes(range(256)) * 400))
    data[-6] ^= 0xFF
    return answer(bytes(data), b"Content-Encoding: gzip\r\n")


def gzip_bomb():
    return answer(gzip.compress(bytes(1 << 26), 6), b"Content-Encoding: gzip\r\n")


SAID |= {"/gzip-cut": gzip_cut(), "/gzip-flipped": gzip_flipped(), "/gzip-bomb": gzip_bomb()}
counts = {"connections": 0}
lock = threading.Lock()


def endless_fields(connection):
    connection.sendall(OK)
    for number in itertools.count():
        connection.sendall(b"".join(b"X-%d-%d: %s\r\n" % (number, each, b"v" * 100) for each in range(100)))


def endless_field(connection):
    connection.sendall(OK + b"X: ")
    while True:
        connection.sendall(b"v" * 10000)


def endless_interim(connection):
    while True:
        connection.sendall(b"HTTP/1.1 102 Processing\r\n\r\n" * 100)


def endless_chunk_extension(connection):
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n5;")
    while True:
        connection.sendall(b"v" * 10000)


def endless_trailers(connection):
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n")
    for number in itertools.count():
        connection.sendall(b"X-%d: %s\r\n" % (number, b"v" * 1000))


def endless_redirects(connection, path):
    number = int(path.rsplit("/", 1)[1]) + 1
    connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /chain/%d\r\nContent-Length: 0\r\n\r\n" % number)


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def silent(connection):
    wait_for_end(connection)


def half_head(connection):
    connection.sendall(OK + b"Content-")
    wait_for_end(connection)


def wait_for_end(connection):
    while connection.recv(65536):
        pass


DONE = {
    "/fields-endless": endless_fields,
    "/field-endless": endless_field,
    "/interim-endless": endless_interim,
    "/chunk-extension-endless": endless_chunk_extension,
    "/trailers-endless": endless_trailers,
    "/reset": reset,
    "/silent": silent,
    "/head-half": half_head,
}


def requests(connection):
    """The targets of the requests as they come; none has content."""
    buffer = b""
    while True:
        while b"\r\n\r\n" not in buffer:
            data = connection.recv(65536)
            if not data:
                return
            buffer += data
        head, buffer = buffer.split(b"\r\n\r\n", 1)
        yield head.split(b" ", 2)[1].decode("latin-1").split("?")[0]


def serve(connection):
    with lock:
        counts["connections"] += 1
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        for number, path in enumerate(requests(connection), 1):
            if path in SAID:
                connection.sendall(SAID[path])
                return
            if path in DONE:
                return DONE[path](connection)
            if path.startswith("/fifth/"):
                connection.sendall(answer(path.rsplit("/", 1)[1].encode()))
                if number % 5 == 0:
                    time.sleep(0.001)
                    return
            elif path.startswith("/chain/"):
                endless_redirects(connection, path)
            elif path == "/loop":
                connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n")
            elif path == "/connections":
                connection.sendall(answer(b"%d" % counts["connections"]))
            elif path == "/good":
                connection.sendall(answer(b"good"))
            else:
                connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    except OSError:
        pass
    finally:
        connection.close()


def accept(listener):
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
threading.Thread(target=accept, args=(listener,), daemon=True).start()
print("ready", listener.getsockname()[1], flush=True)
sys.stdin.read()
