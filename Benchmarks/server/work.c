/* What the benchmark server does on an open connection, each on its own thread with blocking calls. */
#define _GNU_SOURCE
#include "server.h"
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

enum { BLOCK = 256 * 1024, RECORD = 16 * 1024, CYCLE = 1000 };

int write_all(connection *c, const void *bytes, size_t count) {
    const uint8_t *next = bytes;
    while (count > 0) {
        long sent = c->ssl ? SSL_write(c->ssl, next, count > (1 << 30) ? 1 << 30 : (int)count)
                           : send(c->fd, next, count, MSG_NOSIGNAL);
        if (sent <= 0) {
            if (c->ssl || errno != EAGAIN) return -1;
            poll(&(struct pollfd){.fd = c->fd, .events = POLLOUT}, 1, -1);
            continue;
        }
        next += sent;
        count -= (size_t)sent;
    }
    return 0;
}

static long read_some(connection *c, void *room, size_t count) {
    return c->ssl ? SSL_read(c->ssl, room, (int)count) : recv(c->fd, room, count, 0);
}

static void send_close(connection *c) {
    write_all(c, "\x88\x02\x03\xe8", 4);
}

/* What comes behind our Close is the client's; the server then ends the connection first (RFC 6455 section 7.1.1), for
 * which some clients wait. */
static void read_to_the_end(connection *c) {
    uint8_t room[4096];
    if (read_some(c, room, sizeof room) <= 0) return;
    if (c->ssl) SSL_shutdown(c->ssl);
    shutdown(c->fd, SHUT_WR);
    while (read_some(c, room, sizeof room) > 0) continue;
}

/* A trade as feeds write it, filled up to `size` bytes; `index` makes each one different. */
static void fill_json(char *text, size_t size, long index) {
    uint32_t noise = (uint32_t)index * 2654435761u + 12345;
    size_t count = (size_t)snprintf(text, size, "{\"e\":\"depthUpdate\",\"E\":%ld,\"s\":\"BTCUSDT\",\"U\":%ld,\"b\":[",
                                    1700000000000 + index * 37, 4000000000 + index * 11);
    while (count + 40 < size) {
        noise = noise * 1664525u + 1013904223u;
        count += (size_t)snprintf(text + count, size - count, "[\"%u.%02u\",\"%u.%05u\"],", 60000 + (noise >> 24),
                                  (noise >> 8) % 100, (noise >> 16) % 7, noise % 100000);
    }
    if (count < size) memset(text + count, ' ', size - count);
    if (size > 2) memcpy(text + size - 2, "]}", 2);
}

static void append_deflated(buffer *out, z_stream *z, uint8_t *text, size_t size, uint8_t *room, size_t capacity) {
    z->next_in = text;
    z->avail_in = (uInt)size;
    z->next_out = room;
    z->avail_out = (uInt)capacity;
    deflate(z, Z_SYNC_FLUSH);
    append_frame(out, 0x40 | TEXT, room, capacity - z->avail_out - 4);
}

/* Two rounds of different messages: the first from an empty history, the second from the history of a round, so that
 * the second may be sent again and again. Returns where the second begins. */
static size_t append_cycles(buffer *out, connection *c) {
    size_t size = (size_t)c->size, capacity = size + size / 2 + 64, second = 0;
    char *text = malloc(size + 1);
    uint8_t *room = malloc(capacity);
    z_stream z = {0};
    if (c->window_bits && deflateInit2(&z, 6, Z_DEFLATED, -(c->window_bits < 9 ? 9 : c->window_bits), 8, 0) != Z_OK)
        die("deflateInit2");
    for (long i = 0; i < 2 * CYCLE; i++) {
        if (i == CYCLE) second = out->count;
        fill_json(text, size, i % CYCLE);
        if (c->forgets_history) deflateReset(&z);
        if (c->window_bits) append_deflated(out, &z, (uint8_t *)text, size, room, capacity);
        else append_frame(out, TEXT, text, size);
    }
    if (c->window_bits) deflateEnd(&z);
    free(text);
    free(room);
    return second;
}

/* Finds the end of message number `index`, counted from 0, in a buffer of whole frames. */
static size_t end_of(const buffer *frames, size_t from, long index) {
    while (index-- >= 0) from += head_size(frames->data + from) + payload_length(frames->data + from);
    return from;
}

static void flood_json(connection *c) {
    buffer frames = {0};
    size_t second = append_cycles(&frames, c);
    long left = c->count;
    size_t from = 0;
    while (left >= CYCLE) {
        size_t end = from ? frames.count : second;
        if (write_all(c, frames.data + from, end - from)) break;
        from = second;
        left -= CYCLE;
    }
    if (left > 0) write_all(c, frames.data + from, end_of(&frames, from, left - 1) - from);
    free(frames.data);
}

static void flood_secure(connection *c, const buffer *block, size_t message, long in_block) {
    BIO *socket = SSL_get_wbio(c->ssl), *memory = BIO_new(BIO_s_mem());
    BIO_up_ref(socket);
    SSL_set0_wbio(c->ssl, memory);
    size_t total = message * (size_t)c->count, unit = c->one_record_each ? message : RECORD, period = message * (size_t)in_block;
    uint8_t *record = malloc(unit);
    for (size_t done = 0; done < total;) {
        size_t count = total - done < unit ? total - done : unit;
        for (size_t copied = 0; copied < count;) {
            size_t place = (done + copied) % period, part = period - place;
            if (part > count - copied) part = count - copied;
            memcpy(record + copied, block->data + place, part);
            copied += part;
        }
        if (SSL_write(c->ssl, record, (int)count) <= 0) die("SSL_write");
        done += count;
    }
    send_close(c);
    char *encrypted;
    long count = BIO_get_mem_data(memory, &encrypted);
    connection plain = {.fd = c->fd};
    write_all(&plain, encrypted, (size_t)count);
    SSL_set0_wbio(c->ssl, socket);
    free(record);
}

void flood(connection *c) {
    if (c->is_json) {
        flood_json(c);
        send_close(c);
        return read_to_the_end(c);
    }
    buffer block = {0};
    char *text = malloc((size_t)c->size + 1);
    fill_json(text, (size_t)c->size, 1);
    append_frame(&block, c->opcode, text, (size_t)c->size);
    size_t message = block.count;
    long in_block = message < BLOCK ? (long)(BLOCK / message) : 1;
    for (long i = 1; i < in_block; i++) append_frame(&block, c->opcode, text, (size_t)c->size);
    if (c->ssl) {
        flood_secure(c, &block, message, in_block);
    } else {
        long left = c->count;
        for (; left > 0; left -= in_block)
            if (write_all(c, block.data, message * (size_t)(left < in_block ? left : in_block))) break;
        send_close(c);
    }
    free(block.data);
    free(text);
    read_to_the_end(c);
}

void tick(connection *c) {
    buffer message = {0};
    char *text = malloc((size_t)c->size + 1);
    struct timespec next;
    fill_json(text, (size_t)c->size, 1);
    append_frame(&message, TEXT, text, (size_t)c->size);
    clock_gettime(CLOCK_MONOTONIC, &next);
    for (long i = 0; i < c->rate * c->seconds; i++) {
        next.tv_nsec += 1000000000 / c->rate;
        if (next.tv_nsec >= 1000000000) {
            next.tv_nsec -= 1000000000;
            next.tv_sec++;
        }
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
        if (write_all(c, message.data, message.count)) break;
    }
    send_close(c);
    read_to_the_end(c);
    free(message.data);
    free(text);
}

/* Frames up to `limit` bytes come whole into `input`; -1 at the end. */
static int read_frame(connection *c, size_t limit) {
    uint8_t room[65536];
    for (;;) {
        buffer *in = &c->input;
        if (in->count >= 2 && in->count >= head_size(in->data)) {
            size_t whole = head_size(in->data) + payload_length(in->data);
            if (whole > limit) return -1;
            if (in->count >= whole) return 0;
        }
        long count = read_some(c, room, sizeof room);
        if (count <= 0) return -1;
        append(in, room, (size_t)count);
    }
}

void echo(connection *c) {
    while (!read_frame(c, 1 << 24)) {
        size_t head = head_size(c->input.data), length = payload_length(c->input.data);
        int opcode = c->input.data[0] & 15;
        uint8_t *payload = c->input.data + head;
        buffer answer = {0};
        for (size_t i = 0; i < length; i++) payload[i] ^= payload[(long)(i & 3) - 4];
        append_frame(&answer, opcode == PING ? PONG : opcode, payload, length);
        int failed = write_all(c, answer.data, answer.count);
        free(answer.data);
        if (failed || opcode == CLOSE) return;
        c->input.count -= head + length;
        memmove(c->input.data, payload + length, c->input.count);
    }
}

/* Walks the heads only, so that reading is cheap. */
void sink(connection *c) {
    static const size_t size = 1 << 18;
    uint8_t *room = malloc(size), head[14];
    size_t held = 0;
    uint64_t due = 0;
    if (c->input.count) memcpy(room, c->input.data, c->input.count);
    long count = (long)c->input.count;
    do {
        for (uint8_t *next = room, *end = room + count; next < end;) {
            uint64_t there = (uint64_t)(end - next), skipped = due < there ? due : there;
            next += skipped;
            due -= skipped;
            while (next < end && due == 0) {
                head[held++] = *next++;
                if (held < 2 || held < head_size(head)) continue;
                held = 0;
                due = payload_length(head);
                if ((head[0] & 15) == CLOSE) {
                    send_close(c);
                    return free(room);
                }
            }
        }
    } while ((count = read_some(c, room, size)) > 0);
    free(room);
}
