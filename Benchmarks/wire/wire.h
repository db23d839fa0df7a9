/* What the server and the floor share: frame heads, and a URL taken apart. */
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

_Noreturn static inline void die(const char *what) {
    perror(what);
    exit(1);
}

typedef struct {
    uint8_t *data;
    size_t count, capacity;
} buffer;

static inline void append(buffer *b, const void *data, size_t count) {
    if (b->count + count > b->capacity) {
        b->capacity = (b->count + count) * 2;
        b->data = realloc(b->data, b->capacity);
        if (!b->data) die("realloc");
    }
    memcpy(b->data + b->count, data, count);
    b->count += count;
}

/* The unmasked head of a whole message in one frame. */
static inline size_t put_head(uint8_t *head, int first, uint64_t length) {
    head[0] = (uint8_t)(0x80 | first);
    if (length < 126) {
        head[1] = (uint8_t)length;
        return 2;
    }
    int bytes = length < 65536 ? 2 : 8;
    head[1] = bytes == 2 ? 126 : 127;
    for (int i = 0; i < bytes; i++) head[2 + i] = (uint8_t)(length >> (8 * (bytes - 1 - i)));
    return (size_t)bytes + 2;
}

static inline void append_frame(buffer *b, int first, const void *payload, size_t count) {
    uint8_t head[10];
    append(b, head, put_head(head, first, count));
    append(b, payload, count);
}

/* The size of the head that begins at `head`, of which two bytes are there. */
static inline size_t head_size(const uint8_t *head) {
    int length = head[1] & 127;
    return 2 + (length == 126 ? 2 : length == 127 ? 8 : 0) + (head[1] & 128 ? 4 : 0);
}

static inline uint64_t payload_length(const uint8_t *head) {
    int length = head[1] & 127, bytes = length == 126 ? 2 : 8;
    if (length < 126) return (uint64_t)length;
    uint64_t wide = 0;
    for (int i = 0; i < bytes; i++) wide = wide << 8 | head[2 + i];
    return wide;
}
