/* One connection of the benchmark server. */
#pragma once
#include "../wire/wire.h"
#include <openssl/ssl.h>

typedef struct connection {
    int fd;
    int is_open;
    SSL *ssl; /* NULL without TLS */
    buffer input;
    void (*work)(struct connection *); /* on a thread of its own; NULL for an idle connection */
    long count, size, rate, seconds;
    int opcode;
    int is_json;
    int one_record_each;
    int window_bits;      /* of permessage-deflate; 0 without */
    int forgets_history; /* server_no_context_takeover */
} connection;

/* Reads the opening request in `input`, answers it and finds the work that it asks for.
 * 1: open; 0: not whole yet; -1: no WebSocket request. */
int answer_opening(connection *c);

/* 0 if everything was written. */
int write_all(connection *c, const void *bytes, size_t count);

void flood(connection *c);
void tick(connection *c);
void echo(connection *c);
void sink(connection *c);
