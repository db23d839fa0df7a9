/* The other end of every measurement. Ready-made bytes go to the kernel, so that the client is what limits.
 *
 *   server CERTIFICATE KEY        prints "WS-PORT WSS-PORT", serves until standard input ends
 *
 *   /flood?n=N&size=S&kind=text|binary|json&records=full|one&deflate=1
 *       N messages and a Close. Under TLS everything is encrypted before the first byte is sent: records of 16 KiB, or
 *       one for each message.
 *   /tick?rate=R&seconds=T&size=S    R messages a second, then a Close
 *   /echo                            what comes goes back
 *   /sink                            reads until the client's Close
 *   anything else                    stays open; pings are answered
 */
#define _GNU_SOURCE
#include "server.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static SSL_CTX *tls_context;
static int poller;

static int listen_on_loopback(int *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (void *)&address, size) || listen(fd, 4096)) die("listen");
    if (getsockname(fd, (void *)&address, &size)) die("getsockname");
    *port = ntohs(address.sin_port);
    return fd;
}

static void drop(connection *c) {
    if (c->ssl) {
        if (c->is_open) SSL_shutdown(c->ssl);
        SSL_free(c->ssl);
    }
    close(c->fd);
    free(c->input.data);
    free(c);
}

static void accept_all(int listener, SSL_CTX *context) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
        if (fd < 0) {
            if (errno == EAGAIN) return;
            die("accept");
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        connection *c = calloc(1, sizeof *c);
        c->fd = fd;
        if (context) {
            c->ssl = SSL_new(context);
            SSL_set_fd(c->ssl, fd);
            SSL_set_accept_state(c->ssl);
        }
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event)) die("epoll_ctl");
    }
}

static void *work(void *argument) {
    connection *c = argument;
    c->work(c);
    drop(c);
    return NULL;
}

/* Off the poller and onto a thread of its own, with blocking calls. */
static void hand_over(connection *c) {
    pthread_t thread;
    epoll_ctl(poller, EPOLL_CTL_DEL, c->fd, NULL);
    fcntl(c->fd, F_SETFL, fcntl(c->fd, F_GETFL) & ~O_NONBLOCK);
    if (pthread_create(&thread, NULL, work, c)) die("pthread_create");
    pthread_detach(thread);
}

/* Idle connections send nothing but control frames, which are small and come whole. */
static int serve_idle(connection *c) {
    buffer *in = &c->input;
    while (in->count >= 2 && in->count >= head_size(in->data) + payload_length(in->data)) {
        size_t head = head_size(in->data), length = payload_length(in->data);
        uint8_t *payload = in->data + head, answer[128];
        int opcode = in->data[0] & 15;
        for (size_t i = 0; i < length; i++) payload[i] ^= payload[(long)(i & 3) - 4];
        if ((opcode == PING || opcode == CLOSE) && length < 126) {
            size_t size = put_head(answer, opcode == PING ? PONG : CLOSE, length);
            memcpy(answer + size, payload, length);
            write_all(c, answer, size + length);
        }
        if (opcode == CLOSE) return -1;
        in->count -= head + length;
        memmove(in->data, payload + length, in->count);
    }
    return 0;
}

static int become_readable(connection *c) {
    uint8_t bytes[4096];
    for (;;) {
        long count = c->ssl ? SSL_read(c->ssl, bytes, sizeof bytes) : recv(c->fd, bytes, sizeof bytes, 0);
        if (count <= 0) {
            int again = c->ssl ? SSL_get_error(c->ssl, (int)count) == SSL_ERROR_WANT_READ : count < 0 && errno == EAGAIN;
            ERR_clear_error();
            return again ? 0 : -1;
        }
        append(&c->input, bytes, (size_t)count);
        if (!c->is_open) {
            int answered = answer_opening(c);
            if (answered < 0) return -1;
            if (answered == 0) continue;
            c->is_open = 1;
            if (c->work) {
                hand_over(c);
                return 0;
            }
        }
        if (serve_idle(c)) return -1;
        if (c->input.count == 0) {
            free(c->input.data);
            c->input = (buffer){0};
        }
    }
}

int main(int count, char **arguments) {
    int ports[2];
    if (count != 3) return 2;
    signal(SIGPIPE, SIG_IGN);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    tls_context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_mode(tls_context, SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_use_certificate_chain_file(tls_context, arguments[1]) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls_context, arguments[2], SSL_FILETYPE_PEM) != 1)
        die("certificate");
    int plain = listen_on_loopback(&ports[0]), secure = listen_on_loopback(&ports[1]);
    poller = epoll_create1(EPOLL_CLOEXEC);
    int special[] = {plain, secure, STDIN_FILENO};
    for (int i = 0; i < 3; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &special[i]};
        if (epoll_ctl(poller, EPOLL_CTL_ADD, special[i], &event)) die("epoll_ctl");
    }
    printf("%d %d\n", ports[0], ports[1]);
    fflush(stdout);
    for (;;) {
        struct epoll_event events[256];
        int ready = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            void *who = events[i].data.ptr;
            if (who == &special[2]) {
                char byte;
                if (read(STDIN_FILENO, &byte, 1) <= 0) return 0;
            } else if (who == &special[0] || who == &special[1]) {
                accept_all(*(int *)who, who == &special[1] ? tls_context : NULL);
            } else if (become_readable(who)) {
                drop(who);
            }
        }
    }
}
