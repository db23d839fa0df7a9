/* The opening handshake of the benchmark server. */
#define _GNU_SOURCE
#include "server.h"
#include <openssl/evp.h>
#include <openssl/sha.h>

static const char *field(const char *request, const char *name) {
    const char *found = strcasestr(request, name);
    return found ? found + strlen(name) + strspn(found + strlen(name), " ") : NULL;
}

static long number(const char *target, const char *name, long otherwise) {
    const char *found = strstr(target, name);
    return found ? atol(found + strlen(name)) : otherwise;
}

static void accept_key(const char *key, char *accept) {
    char text[128];
    uint8_t digest[SHA_DIGEST_LENGTH];
    int size = snprintf(text, sizeof text, "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", (int)strcspn(key, "\r "), key);
    SHA1((uint8_t *)text, (size_t)size, digest);
    EVP_EncodeBlock((uint8_t *)accept, digest, sizeof digest);
}

static void choose_work(connection *c, const char *target) {
    c->count = number(target, "n=", 1);
    c->size = number(target, "size=", 64);
    c->rate = number(target, "rate=", 1000);
    c->seconds = number(target, "seconds=", 1);
    c->is_json = strstr(target, "kind=json") != NULL;
    c->opcode = strstr(target, "kind=binary") ? BINARY : TEXT;
    c->one_record_each = strstr(target, "records=one") != NULL;
    if (!strncmp(target, "/flood", 6)) c->work = flood;
    if (!strncmp(target, "/tick", 5)) c->work = tick;
    if (!strncmp(target, "/echo", 5)) c->work = echo;
    if (!strncmp(target, "/sink", 5)) c->work = sink;
}

int answer_opening(connection *c) {
    char request[4096], target[256], accept[64], answer[768], extension[256] = "";
    uint8_t *end = memmem(c->input.data, c->input.count, "\r\n\r\n", 4);
    if (!end) return c->input.count < sizeof request ? 0 : -1;
    size_t size = (size_t)(end - c->input.data) + 4;
    if (size >= sizeof request) return -1;
    memcpy(request, c->input.data, size);
    request[size] = 0;
    c->input.count -= size;
    memmove(c->input.data, end + 4, c->input.count);
    const char *key = field(request, "Sec-WebSocket-Key:");
    if (!key || sscanf(request, "GET %255s", target) != 1) return -1;
    accept_key(key, accept);
    choose_work(c, target);
    const char *offer = field(request, "Sec-WebSocket-Extensions:");
    if (strstr(target, "deflate=1") && offer && !strncmp(offer, "permessage-deflate", 18)) {
        char line[256];
        snprintf(line, sizeof line, "%.*s", (int)strcspn(offer, "\r,"), offer);
        const char *bits = strstr(line, "server_max_window_bits=");
        c->window_bits = bits ? atoi(bits + 23 + (bits[23] == '"')) : 15;
        snprintf(extension, sizeof extension, "Sec-WebSocket-Extensions: permessage-deflate");
        if (bits)
            snprintf(extension + strlen(extension), 64, "; server_max_window_bits=%d", c->window_bits);
        c->forgets_history = strstr(line, "server_no_context_takeover") != NULL;
        if (c->forgets_history) strcat(extension, "; server_no_context_takeover; client_no_context_takeover");
        strcat(extension, "\r\n");
    }
    int length = snprintf(answer, sizeof answer,
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: %s\r\n%s\r\n",
                          accept, extension);
    return write_all(c, answer, (size_t)length) ? -1 : 1;
}
