// Datagrams: each sender gets a socket of its own towards the target, so that answers find their way back.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "proxy.h"

enum { IDLE_MILLIS = 120000, AT_ONCE = 64 };

struct flow {
    struct source source;
    struct listener *listener;
    struct flow *next;
    struct sockaddr_storage sender;
    socklen_t len;
    int64_t used;
};

static uint8_t datagram[65536];
static struct flow *dead; // freed when the events at hand are done

static unsigned bucket_of(const struct sockaddr_storage *sender, socklen_t len) {
    const uint8_t *p = (const uint8_t *)sender;
    uint32_t hash = 2166136261U;
    for (socklen_t i = 0; i < len; i++)
        hash = (hash ^ p[i]) * 16777619U;
    return (hash ^ hash >> 8 ^ hash >> 16) & 255;
}

static void flow_end(struct flow **at) {
    struct flow *flow = *at;
    *at = flow->next;
    flow->listener->flow_count--;
    source_close(&flow->source);
    flow->next = dead;
    dead = flow;
}

void flows_free(void) {
    while (dead != NULL) {
        struct flow *flow = dead;
        dead = flow->next;
        free(flow);
    }
}

void flows_close(struct listener *listener) {
    for (size_t i = 0; i < 256; i++)
        while (listener->flows[i] != NULL)
            flow_end(&listener->flows[i]);
}

void flows_expire(struct listener *listener, int64_t now) {
    for (size_t i = 0; i < 256 && listener->flow_count > 0; i++)
        for (struct flow **at = &listener->flows[i]; *at != NULL;) {
            if ((*at)->used + IDLE_MILLIS < now)
                flow_end(at);
            else
                at = &(*at)->next;
        }
}

static void answer_ready(struct source *source, uint32_t events) {
    struct flow *flow = (struct flow *)source;
    (void)events;
    for (int i = 0; i < AT_ONCE; i++) {
        ssize_t n = recv(source->fd, datagram, sizeof datagram, MSG_DONTWAIT);
        if (n < 0)
            return; // nothing more, or nobody listens there now: the next datagram may find someone
        flow->used = now_millis();
        sendto(flow->listener->source.fd, datagram, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL,
               (struct sockaddr *)&flow->sender, flow->len);
    }
}

static struct flow *flow_of(struct listener *listener, const struct sockaddr_storage *sender, socklen_t len) {
    struct flow **bucket = &listener->flows[bucket_of(sender, len)];
    for (struct flow *flow = *bucket; flow != NULL; flow = flow->next)
        if (flow->len == len && memcmp(&flow->sender, sender, len) == 0)
            return flow;
    if (listener->flow_count >= FLOWS_MAX)
        return NULL;
    struct flow *flow = calloc(1, sizeof *flow);
    bool is_connecting;
    if (flow == NULL)
        return NULL;
    flow->source = (struct source){
        .fd = target_connect(listener->device, &listener->target, SOCK_DGRAM, &is_connecting), .ready = answer_ready};
    flow->listener = listener;
    memcpy(&flow->sender, sender, len);
    flow->len = len;
    if (flow->source.fd < 0 || !watch(&flow->source, EPOLLIN)) {
        source_close(&flow->source);
        free(flow);
        return NULL;
    }
    flow->next = *bucket;
    *bucket = flow;
    listener->flow_count++;
    return flow;
}

void datagram_ready(struct source *source, uint32_t events) {
    struct listener *listener = (struct listener *)source;
    (void)events;
    for (int i = 0; i < AT_ONCE; i++) {
        struct sockaddr_storage sender = {0};
        socklen_t len = sizeof sender;
        ssize_t n = recvfrom(source->fd, datagram, sizeof datagram, MSG_DONTWAIT, (struct sockaddr *)&sender, &len);
        if (n < 0)
            return;
        struct flow *flow = flow_of(listener, &sender, len);
        if (flow != NULL) {
            flow->used = now_millis();
            // The first error is about an earlier datagram that found nobody.
            if (send(flow->source.fd, datagram, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == ECONNREFUSED)
                send(flow->source.fd, datagram, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
        }
    }
}
