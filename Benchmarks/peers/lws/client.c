/* libwebsockets' own WebSocket role, on its libuv loop and with a receive buffer of 64 KiB.
 * PEER flood URL | send N SIZE URL. It takes no permessage-deflate here: that is known to loop for ever in 4.1.6. */
#define _GNU_SOURCE
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned long messages, bytes;
static long to_send;
static size_t size;
static unsigned char *message;

static void end(void) {
    printf("{\"msgs\":%lu,\"bytes\":%lu}\n", messages, bytes);
    fflush(stdout);
    /* Under an event library lws_service() does not return. */
    _exit(0);
}

static int handle(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length) {
    (void)user;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        fprintf(stderr, "lws: %s\n", in ? (char *)in : "no connection");
        _exit(1);
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        if (to_send) lws_callback_on_writable(wsi);
        return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        bytes += length;
        messages += lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0;
        return 0;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        if (!to_send) return 0;
        if ((long)messages == to_send) {
            lws_close_reason(wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
            return -1;
        }
        /* It masks in place. */
        memset(message + LWS_PRE, 'x', size);
        if (lws_write(wsi, message + LWS_PRE, size, LWS_WRITE_TEXT) < (int)size) return -1;
        messages++;
        bytes += size;
        lws_callback_on_writable(wsi);
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
        end();
        return 0;
    default:
        return 0;
    }
}

int main(int count, char **arguments) {
    const char *protocol, *host, *path;
    char target[512];
    int port;
    if (count == 5) {
        to_send = atol(arguments[2]);
        size = strtoul(arguments[3], NULL, 10);
        message = malloc(LWS_PRE + size);
    }
    if (lws_parse_uri(arguments[count - 1], &protocol, &host, &port, &path)) return 2;
    snprintf(target, sizeof target, "/%s", path);
    lws_set_log_level(LLL_ERR, NULL);
    struct lws_protocols protocols[] = {{"bench", handle, 0, 65536, 0, NULL, 0}, {0}};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .pt_serv_buf_size = 65536,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .gid = -1,
        .uid = -1,
    };
    struct lws_context *context = lws_create_context(&info);
    struct lws_client_connect_info connection = {
        .context = context,
        .address = host,
        .port = port,
        .path = target,
        .host = host,
        .origin = host,
        .local_protocol_name = "bench",
        .ssl_connection = !strcmp(protocol, "wss")
                              ? LCCSCF_USE_SSL | LCCSCF_ALLOW_SELFSIGNED | LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK
                              : 0,
    };
    if (!context || !lws_client_connect_via_info(&connection)) return 1;
    while (lws_service(context, 0) >= 0) continue;
    return 1;
}
