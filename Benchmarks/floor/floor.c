/* The least that a client can do, and so what others are measured by: it receives 64 KiB at a time and walks the frame
 * heads; payloads are not looked at. Under TLS a plain OpenSSL reader with read-ahead; with DEFLATE=1 a bare inflate of
 * each message. Blocking calls, no event loop, no checks.
 *
 *   floor flood URL      URL: ws://127.0.0.1:PORT/... or wss://
 */
#define _GNU_SOURCE
#include "../wire/wire.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

enum { WINDOW = 65536, LARGEST = 1 << 24 };

static int fd, deflated;
static SSL *ssl;
static z_stream inflater;
static uint8_t window[WINDOW], *inflated;
static buffer compressed;
static uint64_t messages, bytes, due;
static uint8_t head[14];
static size_t held;

static long receive(void *room, size_t count) {
    return ssl ? SSL_read(ssl, room, (int)count) : recv(fd, room, count, 0);
}

static void transmit(const void *data, size_t count) {
    long sent = ssl ? SSL_write(ssl, data, (int)count) : send(fd, data, count, MSG_NOSIGNAL);
    if (sent != (long)count) die("send");
}

static void dial(const char *url) {
    int secure = !strncmp(url, "wss", 3), port, one = 1;
    char target[256];
    if (sscanf(url + (secure ? 6 : 5), "127.0.0.1:%d%255s", &port, target) != 2) exit(2);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (void *)&address, sizeof address)) die("connect");
    if (secure) {
        SSL_CTX *context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_read_ahead(context, 1);
        SSL_CTX_set_default_read_buffer_len(context, WINDOW);
        ssl = SSL_new(context);
        SSL_set_fd(ssl, fd);
        if (SSL_connect(ssl) != 1) die("SSL_connect");
    }
    char request[1024];
    int size = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
                        target, port, deflated ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "");
    transmit(request, (size_t)size);
}

static void inflate_message(void *data, size_t count) {
    static uint8_t tail[] = {0, 0, 255, 255};
    inflater.next_out = inflated;
    inflater.avail_out = LARGEST;
    inflater.next_in = data;
    inflater.avail_in = (uInt)count;
    int status = inflate(&inflater, Z_SYNC_FLUSH);
    inflater.next_in = tail;
    inflater.avail_in = sizeof tail;
    if (status == Z_OK) status = inflate(&inflater, Z_SYNC_FLUSH);
    if (status != Z_OK && status != Z_BUF_ERROR) die("inflate");
    messages++;
    bytes += LARGEST - inflater.avail_out;
}

/* 1 at the Close. Messages are counted where their frame begins: nothing is fragmented here. */
static int walk(const uint8_t *next, const uint8_t *end) {
    for (;;) {
        uint64_t there = (uint64_t)(end - next), skipped = due < there ? due : there;
        next += skipped;
        due -= skipped;
        if (next == end) return 0;
        const uint8_t *start = next;
        /* The two short forms of the length at once, when the head is whole. */
        if (!held && end - next >= 4 && (start[0] & 15) < CLOSE && start[1] <= 126) {
            int is_short = start[1] < 126;
            next += is_short ? 2 : 4;
            due = is_short ? start[1] : (uint64_t)start[2] << 8 | start[3];
            messages++;
            bytes += due;
            continue;
        }
        if (held || end - next < 14) {
            while (next < end && (held < 2 || held < head_size(head))) head[held++] = *next++;
            if (held < 2 || held < head_size(head)) return 0;
            held = 0;
            start = head;
        } else {
            next += head_size(start);
        }
        if ((start[0] & 15) == CLOSE) return 1;
        due = payload_length(start);
        messages++;
        bytes += due;
    }
}

/* As `walk`, for whole messages; what is not whole waits in `compressed`. */
static int walk_deflated(const uint8_t *data, size_t count) {
    append(&compressed, data, count);
    uint8_t *next = compressed.data, *end = next + compressed.count;
    while (end - next >= 2 && (size_t)(end - next) >= head_size(next)) {
        size_t size = head_size(next), length = payload_length(next);
        if ((size_t)(end - next) < size + length) break;
        if ((next[0] & 15) == CLOSE) return 1;
        inflate_message(next + size, length);
        next += size + length;
    }
    compressed.count = (size_t)(end - next);
    memmove(compressed.data, next, compressed.count);
    return 0;
}

int main(int count, char **arguments) {
    if (count != 3 || strcmp(arguments[1], "flood")) return 2;
    deflated = getenv("DEFLATE") != NULL;
    if (deflated && (inflateInit2(&inflater, -15) != Z_OK || !(inflated = malloc(LARGEST)))) die("inflateInit2");
    dial(arguments[2]);
    buffer opening = {0};
    uint8_t *frames;
    do {
        long got = receive(window, WINDOW);
        if (got <= 0) die("opening");
        append(&opening, window, (size_t)got);
    } while (!(frames = memmem(opening.data, opening.count, "\r\n\r\n", 4)));
    frames += 4;
    long got = (long)(opening.count - (size_t)(frames - opening.data));
    const uint8_t *data = frames;
    while (!(deflated ? walk_deflated(data, (size_t)got) : walk(data, data + got))) {
        data = window;
        got = receive(window, WINDOW);
        if (got <= 0) die("receive");
    }
    transmit("\x88\x82\0\0\0\0\x03\xe8", 8);
    printf("{\"msgs\":%lu,\"bytes\":%lu}\n", messages, bytes);
    return 0;
}
