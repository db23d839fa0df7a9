#pragma once
#include <libwebsockets.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <uv.h>

/* Only what Swift cannot import: function-like macros, variadic functions and constants built from casts. */
static inline size_t hawser_lws_pre(void) { return LWS_PRE; }
static inline int hawser_ssl_ctx_set_min_proto_version(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_min_proto_version(context, version);
}
static inline void hawser_ssl_ctx_set_client_modes(SSL_CTX *context, int releases_buffers) {
    SSL_CTX_set_mode(context, (releases_buffers ? SSL_MODE_RELEASE_BUFFERS : 0) | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}
static inline int hawser_ssl_set_server_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}
static inline unsigned long hawser_x509_name_one_line(void) { return XN_FLAG_ONELINE; }
static inline void hawser_name_this_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
