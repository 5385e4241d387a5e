#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "proxy.h"

enum { MESSAGE_MAX = 64 * 1024, EVENTS_AT_ONCE = 256, REST_MILLIS = 100, TICK_MILLIS = 5000 };

bool is_out_of_descriptors;
void relays_free(void);
void flows_free(void);

static int loop = -1, own_net = -1;
static struct device *devices;
static struct device *dying; // freed when the events at hand are done
static const char *socket_path;
static unsigned clients;
static bool was_asked;

int64_t now_millis(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool watch(struct source *source, uint32_t events) {
    if (source->is_watched && source->wanted == events)
        return true;
    struct epoll_event e = {.events = events, .data.ptr = source};
    int op = source->is_watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (epoll_ctl(loop, op, source->fd, &e) != 0)
        return false;
    source->is_watched = true;
    source->wanted = events;
    return true;
}

void unwatch(struct source *source) {
    if (source->is_watched)
        epoll_ctl(loop, EPOLL_CTL_DEL, source->fd, NULL);
    source->is_watched = false;
}

void source_close(struct source *source) {
    unwatch(source);
    if (source->fd >= 0)
        close(source->fd);
    source->fd = -1;
}

// A socket belongs to the network namespace that its maker is in at that moment.
static int socket_in(int net, int family, int type) {
    if (net >= 0 && setns(net, CLONE_NEWNET) != 0)
        return -1;
    int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int saved = errno;
    // Whoever stays in a container's namespace would serve everybody from there.
    if (net >= 0 && setns(own_net, CLONE_NEWNET) != 0)
        abort();
    errno = saved;
    return fd;
}

// The container may put anything at the path, also links: they are followed below its root only, and what is connected
// to is the file that was found.
static int connect_path(const struct device *device, const struct target *target, int fd) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int file = -1;
    if (device->root >= 0) {
        struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
        file = (int)syscall(SYS_openat2, device->root, target->path, &how, sizeof how);
        struct stat st;
        if (file < 0 || fstat(file, &st) != 0 || !S_ISSOCK(st.st_mode)) {
            if (file >= 0)
                close(file);
            errno = ECONNREFUSED;
            return -1;
        }
        snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", file);
    } else
        memcpy(address.sun_path, target->path, sizeof address.sun_path);
    int result = connect(fd, (struct sockaddr *)&address, sizeof address);
    int saved = errno;
    if (file >= 0)
        close(file);
    errno = saved;
    return result;
}

static int connect_as(const struct device *device, const struct target *target, int fd) {
    bool is_file = target->family == AF_UNIX && target->path[0] != 0;
    bool is_other = target->family == AF_UNIX && device->uid != (uid_t)-1;
    gid_t gid = device->gid == (gid_t)-1 ? 0 : device->gid;
    if (is_other && (setegid(gid) != 0 || seteuid(device->uid) != 0))
        abort();
    int result = is_file ? connect_path(device, target, fd)
                         : connect(fd, (const struct sockaddr *)&target->address, target->len);
    int saved = errno;
    if (is_other && (seteuid(0) != 0 || setegid(0) != 0))
        abort();
    errno = saved;
    return result;
}

int target_connect(const struct device *device, const struct target *target, int type, bool *is_connecting) {
    *is_connecting = false;
    int fd = socket_in(device->net, target->family, type);
    if (fd < 0)
        return -1;
    if (connect_as(device, target, fd) != 0) {
        if (errno != EINPROGRESS) {
            close(fd);
            return -1;
        }
        *is_connecting = true;
    }
    return fd;
}

// ---- control: one message, one answer

static void device_free(struct device *device) {
    relays_close(device);
    for (size_t i = 0; i < device->count; i++) {
        flows_close(&device->listeners[i]);
        source_close(&device->listeners[i].source);
    }
    if (device->net >= 0)
        close(device->net);
    if (device->root >= 0)
        close(device->root);
    device->net = device->root = -1;
    device->next = dying;
    dying = device;
}

static void dying_free(void) {
    relays_free();
    flows_free();
    while (dying != NULL) {
        struct device *device = dying;
        dying = device->next;
        free(device->listeners);
        free(device);
    }
}

// Removes what has this id, or one below it.
static unsigned remove_all(const char *id) {
    size_t len = strlen(id);
    unsigned removed = 0;
    for (struct device **at = &devices; *at != NULL;) {
        struct device *device = *at;
        if (strncmp(device->id, id, len) == 0 && (device->id[len] == 0 || device->id[len] == '/')) {
            *at = device->next;
            device_free(device);
            removed++;
        } else
            at = &device->next;
    }
    return removed;
}

static bool target_parse(char *line, struct target *target) {
    char kind[16], host[110];
    unsigned port;
    *target = (struct target){0};
    if (sscanf(line, "%15s", kind) != 1)
        return false;
    if (strcmp(kind, "unix") == 0 || strcmp(kind, "abstract") == 0) {
        const char *name = line + strlen(kind) + 1;
        struct sockaddr_un *address = (struct sockaddr_un *)&target->address;
        size_t len = strlen(name);
        if (len == 0 || len + 1 >= sizeof address->sun_path)
            return false;
        target->family = AF_UNIX;
        address->sun_family = AF_UNIX;
        if (kind[0] == 'u')
            memcpy(target->path, name, len + 1);
        else {
            memcpy(address->sun_path + 1, name, len);
            target->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len);
        }
        return true;
    }
    if (strcmp(kind, "inet") != 0 || sscanf(line, "%*s %109s %u", host, &port) != 2 || port > 65535)
        return false;
    struct sockaddr_in *v4 = (struct sockaddr_in *)&target->address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&target->address;
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        target->family = v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        target->len = sizeof *v4;
        return true;
    }
    if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        target->family = v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        target->len = sizeof *v6;
        return true;
    }
    return false;
}

// `add ID TRANSPORT SAYS_WHO UID GID HAS_NET HAS_ROOT COUNT`, then a line for each target; descriptors: the listening
// sockets, then network namespace and root where there are such.
static const char *add(char *rest, int *fds, size_t fd_count) {
    char id[ID_MAX], transport[16];
    long uid, gid;
    int says_who, has_net, has_root;
    size_t count, used = 0;
    char *line = strchr(rest, '\n');
    if (line == NULL || sscanf(rest, "%319s %15s %d %ld %ld %d %d %zu", id, transport, &says_who, &uid, &gid, &has_net,
                               &has_root, &count) != 8)
        return "malformed";
    if (count == 0 || count > PORTS_MAX || fd_count != count + (size_t)(has_net != 0) + (size_t)(has_root != 0))
        return "the number of descriptors is wrong";
    struct device *device = calloc(1, sizeof *device);
    struct listener *listeners = calloc(count, sizeof *listeners);
    if (device == NULL || listeners == NULL) {
        free(device);
        free(listeners);
        return "no memory";
    }
    *device = (struct device){.net = -1,
                              .root = -1,
                              .says_who = says_who != 0,
                              .uid = (uid_t)uid,
                              .gid = (gid_t)gid,
                              .count = count,
                              .listeners = listeners};
    memcpy(device->id, id, sizeof id);
    for (size_t i = 0; i < count; i++)
        listeners[i].source.fd = -1;
    const char *why = NULL;
    for (size_t i = 0; i < count && why == NULL; i++) {
        struct listener *l = &listeners[i];
        char *next = line + 1;
        line = strchr(next, '\n');
        if (line == NULL) {
            why = "a target is missing";
            break;
        }
        *line = 0;
        l->device = device;
        l->transport = strcmp(transport, "datagram") == 0 ? DATAGRAM : STREAM;
        l->source.ready = l->transport == DATAGRAM ? datagram_ready : stream_ready;
        l->source.fd = fds[used];
        fds[used++] = -1;
        if (!target_parse(next, &l->target))
            why = "a target is malformed";
        else if (fcntl(l->source.fd, F_SETFL, O_NONBLOCK) != 0 || !watch(&l->source, EPOLLIN))
            why = "a descriptor is no socket";
    }
    if (why == NULL && has_net) {
        device->net = fds[used];
        fds[used++] = -1;
    }
    if (why == NULL && has_root) {
        device->root = fds[used];
        fds[used++] = -1;
    }
    if (why != NULL) {
        device_free(device);
        return why;
    }
    remove_all(id);
    device->next = devices;
    devices = device;
    return NULL;
}

static void answer(int fd, const char *format, ...) {
    static char text[MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    send(fd, text, (size_t)(n < (int)sizeof text ? n : (int)sizeof text - 1), MSG_NOSIGNAL);
}

static void list(int fd) {
    static char text[MESSAGE_MAX - 8];
    size_t at = 0;
    text[0] = 0;
    for (struct device *d = devices; d != NULL && at + ID_MAX + 1 < sizeof text; d = d->next)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s\n", d->id);
    answer(fd, "ok\n%s", text);
}

static void obey(int fd, char *message, int *fds, size_t count) {
    const char *why = "unknown request";
    if (strncmp(message, "add ", 4) == 0) {
        // Also by a refused one: what was started for it ends again.
        was_asked = true;
        why = add(message + 4, fds, count);
    } else if (strncmp(message, "remove ", 7) == 0) {
        message[strcspn(message, "\n")] = 0;
        answer(fd, "ok\n%u\n", remove_all(message + 7));
        return;
    } else if (strcmp(message, "list\n") == 0) {
        list(fd);
        return;
    }
    if (why == NULL)
        answer(fd, "ok\n");
    else
        answer(fd, "error\n%s\n", why);
}

static void client_ready(struct source *source, uint32_t events) {
    static char message[MESSAGE_MAX + 1];
    int fds[PORTS_MAX + 2];
    size_t count = 0;
    union {
        char bytes[CMSG_SPACE(sizeof(int) * (PORTS_MAX + 2))];
        struct cmsghdr align;
    } control;
    struct iovec part = {message, MESSAGE_MAX};
    struct msghdr h = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    (void)events;
    ssize_t n = recvmsg(source->fd, &h, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        source_close(source);
        free(source);
        clients--;
        // Nothing left to do and nobody who could ask for more: whoever comes next starts another.
        if (clients == 0 && was_asked && devices == NULL) {
            unlink(socket_path);
            exit(0);
        }
        return;
    }
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c != NULL; c = CMSG_NXTHDR(&h, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
            count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            memcpy(fds, CMSG_DATA(c), count * sizeof(int));
        }
    message[n] = 0;
    if (h.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
        answer(source->fd, "error\nthe message is too long\n");
    else
        obey(source->fd, message, fds, count);
    for (size_t i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static void control_ready(struct source *source, uint32_t events) {
    (void)events;
    int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct ucred peer;
    socklen_t len = sizeof peer;
    if (fd < 0)
        return;
    struct source *client = calloc(1, sizeof *client);
    bool is_root = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == 0;
    if (client == NULL || !is_root) {
        free(client);
        close(fd);
        return;
    }
    *client = (struct source){.fd = fd, .ready = client_ready};
    if (!watch(client, EPOLLIN)) {
        close(fd);
        free(client);
        return;
    }
    clients++;
}

static int control_listen(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return -1;
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlink(path);
    mode_t old = umask(077);
    bool is_bound = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 64) == 0;
    umask(old);
    return is_bound ? fd : -1;
}

static void tend(struct epoll_event *events, int n) {
    for (int i = 0; i < n; i++) {
        struct source *source = events[i].data.ptr;
        // An earlier event of the same round may have closed it; memory is given back after the round only.
        if (source->is_watched)
            source->ready(source, events[i].events);
    }
    dying_free();
}

static void rest(bool is_resting) {
    for (struct device *d = devices; d != NULL; d = d->next)
        for (size_t i = 0; i < d->count; i++)
            watch(&d->listeners[i].source, is_resting ? 0 : EPOLLIN);
}

_Noreturn static void run(int control) {
    static struct epoll_event events[EVENTS_AT_ONCE];
    struct source door = {.fd = control, .ready = control_ready};
    bool was_resting = false;
    if (!watch(&door, EPOLLIN))
        exit(1);
    for (int64_t next_tick = now_millis() + TICK_MILLIS;;) {
        int n = epoll_wait(loop, events, EVENTS_AT_ONCE, is_out_of_descriptors ? REST_MILLIS : TICK_MILLIS);
        if (n < 0 && errno != EINTR)
            exit(1);
        if (is_out_of_descriptors && n == 0)
            is_out_of_descriptors = false;
        tend(events, n);
        if (is_out_of_descriptors != was_resting)
            rest(was_resting = is_out_of_descriptors);
        if (now_millis() >= next_tick) {
            for (struct device *d = devices; d != NULL; d = d->next)
                for (size_t i = 0; i < d->count; i++)
                    flows_expire(&d->listeners[i], now_millis());
            next_tick = now_millis() + TICK_MILLIS;
        }
    }
}

static void most_descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

// Returns in the process that serves; the first one has ended by then, after the socket is there.
static void detach(void) {
    if (fork() != 0)
        _exit(0);
    setsid();
    if (chdir("/") != 0)
        _exit(1);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd <= 2; fd++)
        dup2(null, fd);
    prctl(PR_SET_NAME, "atoll-proxy", 0, 0, 0);
}

int main(int argc, char **argv) {
    if (argc != 3 || strcmp(argv[1], "--socket") != 0) {
        fputs("usage: atoll-proxy --socket PATH\n", stderr);
        return 2;
    }
    socket_path = argv[2];
    signal(SIGPIPE, SIG_IGN);
    most_descriptors();
    loop = epoll_create1(EPOLL_CLOEXEC);
    own_net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    int control = control_listen(socket_path);
    if (loop < 0 || own_net < 0 || control < 0) {
        perror("atoll-proxy");
        return 1;
    }
    detach();
    run(control);
}
