// atoll-proxy: passes connections on between the host and its containers. One process, one thread, for all proxy
// devices; docs/proxy.md.
//
// Trust: control messages come from root through a socket that only root can reach. Everything read from a connection
// comes from anybody and is only ever copied.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

enum { ID_MAX = 320, PORTS_MAX = 200, RELAYS_MAX = 8000, FLOWS_MAX = 4096 };

enum transport { STREAM, DATAGRAM };

// What an event belongs to. The first member of everything that has a descriptor in the event loop.
struct source {
    int fd;
    uint32_t wanted; // events asked for
    bool is_watched;
    void (*ready)(struct source *self, uint32_t events);
};

// Where connections go. A path of a container is looked up below its root each time, so that it may come later.
struct target {
    int family; // AF_INET, AF_INET6 or AF_UNIX
    struct sockaddr_storage address;
    socklen_t len;
    char path[108]; // of AF_UNIX with a file
};

struct listener {
    struct source source;
    struct device *device;
    struct target target;
    enum transport transport;
    struct flow *flows[256];
    size_t flow_count;
};

struct device {
    char id[ID_MAX];
    struct device *next;
    int net;  // network namespace that connections are made in, or -1 for our own
    int root; // root directory that target paths are below, or -1 for our own
    bool says_who;
    uid_t uid; // whom unix sockets at the other end see, or -1
    gid_t gid;
    size_t count;
    struct listener *listeners;
    struct relay *relays;
};

// The event loop.
bool watch(struct source *source, uint32_t events); // also changes what is wanted; 0 keeps errors coming
void unwatch(struct source *source);
void source_close(struct source *source);

// A socket for the other side, connected or connecting, or -1.
int target_connect(const struct device *device, const struct target *target, int type, bool *is_connecting);

void stream_ready(struct source *source, uint32_t events);   // of a listener
void datagram_ready(struct source *source, uint32_t events); // of a listener
void relays_close(struct device *device);
void flows_close(struct listener *listener);
void flows_expire(struct listener *listener, int64_t now);
int64_t now_millis(void);

extern bool is_out_of_descriptors; // listeners rest until something was closed
