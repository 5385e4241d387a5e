// Connections: bytes both ways, the end of each direction passed on by itself.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "proxy.h"

enum { CHUNK = 128 * 1024, CHUNKS_AT_ONCE = 8 };

// One side of a connection.
struct end {
    struct source source;
    struct relay *relay;
    uint8_t *pending; // read from the other side, not taken by this one yet
    size_t pending_at, pending_len;
    bool has_ended; // it will send no more
    bool is_told;   // it was told that the other side sends no more
};

struct relay {
    struct end ends[2]; // who came, and whom we asked
    struct device *device;
    struct relay *previous, *next;
    bool is_connecting, is_dead;
};

static size_t relay_count;
static struct relay *dead; // freed when the events at hand are done

static struct end *other(struct end *end) { return &end->relay->ends[end == &end->relay->ends[0] ? 1 : 0]; }

static void reset(int fd) {
    struct linger now = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

static void relay_end(struct relay *relay, bool is_broken) {
    if (relay->is_dead)
        return;
    relay->is_dead = true;
    relay_count--;
    for (int i = 0; i < 2; i++) {
        if (is_broken && relay->ends[i].source.fd >= 0)
            reset(relay->ends[i].source.fd);
        source_close(&relay->ends[i].source);
        free(relay->ends[i].pending);
        relay->ends[i].pending = NULL;
    }
    if (relay->previous != NULL)
        relay->previous->next = relay->next;
    else
        relay->device->relays = relay->next;
    if (relay->next != NULL)
        relay->next->previous = relay->previous;
    relay->next = dead;
    dead = relay;
    is_out_of_descriptors = false;
}

void relays_free(void) {
    while (dead != NULL) {
        struct relay *relay = dead;
        dead = relay->next;
        free(relay);
    }
}

void relays_close(struct device *device) {
    while (device->relays != NULL)
        relay_end(device->relays, true);
}

// Keeps what the other side could not take. Until it has, nothing more is read.
static bool keep(struct end *end, const uint8_t *bytes, size_t len) {
    end->pending = malloc(len);
    if (end->pending == NULL)
        return false;
    memcpy(end->pending, bytes, len);
    end->pending_at = 0;
    end->pending_len = len;
    return true;
}

// Writes to an end; false if the connection is broken.
static bool pass(struct end *to, const uint8_t *bytes, size_t len) {
    while (len > 0) {
        ssize_t n = send(to->source.fd, bytes, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return (errno == EAGAIN || errno == ENOTCONN) && keep(to, bytes, len);
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

static bool flush(struct end *end) {
    while (end->pending != NULL) {
        ssize_t n =
            send(end->source.fd, end->pending + end->pending_at, end->pending_len - end->pending_at, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        end->pending_at += (size_t)n;
        if (end->pending_at == end->pending_len) {
            free(end->pending);
            end->pending = NULL;
        }
    }
    return true;
}

static void tell_end(struct end *from) {
    struct end *to = other(from);
    if (from->has_ended && to->pending == NULL && !to->is_told) {
        shutdown(to->source.fd, SHUT_WR);
        to->is_told = true;
    }
}

static bool take(struct end *from) {
    static uint8_t chunk[CHUNK];
    struct end *to = other(from);
    for (int i = 0; i < CHUNKS_AT_ONCE && !from->has_ended && to->pending == NULL; i++) {
        ssize_t n = recv(from->source.fd, chunk, sizeof chunk, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        if (n == 0)
            from->has_ended = true;
        else if (!pass(to, chunk, (size_t)n))
            return false;
    }
    return true;
}

// What each end waits for follows from the state of both.
static void settle(struct relay *relay) {
    bool is_done = true;
    for (int i = 0; i < 2; i++) {
        struct end *end = &relay->ends[i];
        tell_end(end);
        is_done = is_done && end->has_ended;
    }
    for (int i = 0; i < 2; i++)
        is_done = is_done && relay->ends[i].is_told;
    if (is_done) {
        relay_end(relay, false);
        return;
    }
    for (int i = 0; i < 2; i++) {
        struct end *end = &relay->ends[i];
        uint32_t wanted = 0;
        if (!relay->is_connecting && !end->has_ended && other(end)->pending == NULL)
            wanted |= EPOLLIN;
        if (end->pending != NULL || (relay->is_connecting && i == 1))
            wanted |= EPOLLOUT;
        // One that was closed by the other side would report that without end while nothing can be done about it.
        if (wanted == 0)
            unwatch(&end->source);
        else if (!watch(&end->source, wanted)) {
            relay_end(relay, true);
            return;
        }
    }
}

static void end_ready(struct source *source, uint32_t events) {
    struct end *end = (struct end *)source;
    struct relay *relay = end->relay;
    if (relay->is_dead)
        return;
    if (relay->is_connecting) {
        int error = 0;
        socklen_t len = sizeof error;
        if (getsockopt(source->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
            relay_end(relay, true);
            return;
        }
        if (!(events & EPOLLOUT))
            return;
        relay->is_connecting = false;
    }
    bool is_whole = flush(end) && take(end);
    if (is_whole && (events & EPOLLERR) && end->has_ended)
        is_whole = false;
    if (!is_whole)
        relay_end(relay, true);
    else
        settle(relay);
}

// The first line of the PROXY protocol, version 1.
static bool say_who(struct relay *relay, const struct sockaddr_storage *peer) {
    char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN], line[160];
    struct sockaddr_storage own;
    socklen_t len = sizeof own;
    int n;
    if (getsockname(relay->ends[0].source.fd, (struct sockaddr *)&own, &len) != 0)
        own.ss_family = AF_UNSPEC;
    if (peer->ss_family == AF_INET && own.ss_family == AF_INET) {
        const struct sockaddr_in *a = (const struct sockaddr_in *)peer, *b = (const struct sockaddr_in *)&own;
        inet_ntop(AF_INET, &a->sin_addr, from, sizeof from);
        inet_ntop(AF_INET, &b->sin_addr, to, sizeof to);
        n = snprintf(line, sizeof line, "PROXY TCP4 %s %s %u %u\r\n", from, to, ntohs(a->sin_port), ntohs(b->sin_port));
    } else if (peer->ss_family == AF_INET6 && own.ss_family == AF_INET6) {
        const struct sockaddr_in6 *a = (const struct sockaddr_in6 *)peer, *b = (const struct sockaddr_in6 *)&own;
        bool is_v4 = IN6_IS_ADDR_V4MAPPED(&a->sin6_addr);
        int family = is_v4 ? AF_INET : AF_INET6;
        size_t at = is_v4 ? 12 : 0;
        inet_ntop(family, a->sin6_addr.s6_addr + at, from, sizeof from);
        inet_ntop(family, b->sin6_addr.s6_addr + at, to, sizeof to);
        n = snprintf(line, sizeof line, "PROXY TCP%c %s %s %u %u\r\n", is_v4 ? '4' : '6', from, to, ntohs(a->sin6_port),
                     ntohs(b->sin6_port));
    } else
        n = snprintf(line, sizeof line, "PROXY UNKNOWN\r\n");
    return keep(&relay->ends[1], (const uint8_t *)line, (size_t)n);
}

static void begin(struct listener *listener, int fd, const struct sockaddr_storage *peer) {
    int one = 1;
    struct relay *relay = calloc(1, sizeof *relay);
    if (relay == NULL) {
        close(fd);
        return;
    }
    relay->device = listener->device;
    for (int i = 0; i < 2; i++)
        relay->ends[i] = (struct end){.source = {.fd = -1, .ready = end_ready}, .relay = relay};
    relay->ends[0].source.fd = fd;
    relay->next = listener->device->relays;
    if (relay->next != NULL)
        relay->next->previous = relay;
    listener->device->relays = relay;
    relay_count++;
    relay->ends[1].source.fd = target_connect(listener->device, &listener->target, SOCK_STREAM, &relay->is_connecting);
    if (relay->ends[1].source.fd < 0 || (listener->device->says_who && !say_who(relay, peer))) {
        relay_end(relay, true);
        return;
    }
    for (int i = 0; i < 2; i++)
        setsockopt(relay->ends[i].source.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (!relay->is_connecting && !flush(&relay->ends[1]))
        relay_end(relay, true);
    else
        settle(relay);
}

void stream_ready(struct source *source, uint32_t events) {
    enum { ACCEPTS_AT_ONCE = 64 };
    struct listener *listener = (struct listener *)source;
    (void)events;
    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        struct sockaddr_storage peer = {0};
        socklen_t len = sizeof peer;
        if (relay_count >= RELAYS_MAX) {
            is_out_of_descriptors = true;
            return;
        }
        int fd = accept4(source->fd, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            is_out_of_descriptors = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
            return;
        }
        begin(listener, fd, &peer);
    }
}
