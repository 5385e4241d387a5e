// Requests to a monitor. Clients are root or the monitor's own user (checked at accept), yet a malformed frame only
// costs its sender the connection.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "monitor.h"
#include "serve.h"

bool client_add(struct monitor *m, int socket, bool watching) {
    for (int i = 0; i < CLIENTS_MAX; i++)
        if (m->clients[i].socket < 0) {
            m->clients[i] = (struct client){.socket = socket, .watching = watching};
            return true;
        }
    fd_close(&socket);
    return false;
}

void client_drop(struct monitor *m, struct client *client) {
    for (int i = 0; i < TERMINALS_MAX; i++)
        if (m->terminals[i].borrower == client->socket)
            m->terminals[i].borrower = -1;
    bool was_requester = m->requester == client->socket;
    bool was_answering = client->answering;
    fd_close(&client->socket);
    client->answering = false;
    if (was_answering)
        calls_left_alone(m);
    if (!was_requester)
        return;
    m->requester = -1;
    // Nobody is left to open the gate.
    if (m->phase == PHASE_STARTING && m->plan.options.wait_at_gate != 0 && !m->gate_open)
        monitor_cancel(m, "the requester went away");
}

void broadcast(struct monitor *m, const struct frame *f, int fd) {
    for (int i = 0; i < CLIENTS_MAX; i++) {
        struct client *c = &m->clients[i];
        // A watcher that does not read for so long that its buffer is full would only ever see gaps.
        if (c->socket >= 0 && c->watching && frame_send(c->socket, f, &fd, fd >= 0 ? 1 : 0, false) != 0)
            client_drop(m, c);
    }
}

static void answer(int socket, uint32_t tag, int result) {
    if (result == 0) {
        frame_send_numbers(socket, MSG_OK, tag, NULL, 0, -1);
        return;
    }
    int err = errno;
    struct frame f;
    frame_begin(&f, MSG_ERROR, tag);
    frame_u32(&f, (uint32_t)err);
    frame_text(&f, strerror(err));
    frame_send(socket, &f, NULL, 0, false);
}

static void answer_descriptor(int socket, uint32_t tag, uint32_t number, int fd) {
    if (fd < 0)
        answer(socket, tag, -1);
    else
        frame_send_numbers(socket, MSG_DESCRIPTOR, tag, &number, 1, fd);
}

static void answer_state(struct monitor *m, int socket, uint32_t tag) {
    struct frame f;
    frame_begin(&f, MSG_STATE, tag);
    frame_u32(&f, m->phase);
    frame_u32(&f, (uint32_t)m->init);
    frame_u32(&f, m->boots);
    frame_u32(&f, m->terminal_count);
    frame_text(&f, m->plan.name.s);
    frame_send(socket, &f, &m->init_pidfd, m->init_pidfd >= 0 ? 1 : 0, false);
}

static struct terminal *terminal_of(struct monitor *m, uint32_t number) {
    if (number < TERMINALS_MAX && m->terminals[number].master >= 0)
        return &m->terminals[number];
    errno = ENXIO;
    return NULL;
}

static int attach(struct monitor *m, uint32_t number, uint32_t flags) {
    enum { REPLAY = 1, TAKE_OVER = 2 };
    struct terminal *t = terminal_of(m, number);
    int pair[2];
    if (t == NULL)
        return -1;
    if (t->borrower >= 0 || (t->stream >= 0 && (flags & TAKE_OVER) == 0)) {
        errno = EBUSY;
        return -1;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return -1;
    terminal_attach(t, pair[0]);
    if ((flags & REPLAY) != 0 && number == 0) {
        // As much as the fresh socket takes; the ring as a whole is there by GET_LOG.
        cleanup_fd int all = ring_to_memfd(&m->ring);
        char chunk[4096];
        ssize_t n;
        while (all >= 0 && (n = read(all, chunk, sizeof chunk)) > 0)
            if (send(pair[0], chunk, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) != n)
                break;
    }
    return pair[1];
}

static void lend_terminal(struct monitor *m, int socket, uint32_t tag, uint32_t number) {
    struct terminal *t = NULL;
    if (number == UINT32_MAX) {
        errno = EBUSY;
        for (uint32_t i = 1; i < TERMINALS_MAX && t == NULL; i++)
            if (m->terminals[i].master >= 0 && m->terminals[i].borrower < 0 && m->terminals[i].stream < 0) {
                t = &m->terminals[i];
                number = i;
            }
    } else if (number == 0)
        errno = EINVAL;
    else
        t = terminal_of(m, number);
    if (t != NULL && (t->borrower >= 0 || t->stream >= 0)) {
        errno = EBUSY;
        t = NULL;
    }
    if (t != NULL)
        t->borrower = socket;
    answer_descriptor(socket, tag, number, t != NULL ? t->master : -1);
}

static int resize(struct monitor *m, uint32_t number, uint32_t rows, uint32_t columns) {
    struct terminal *t = terminal_of(m, number);
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
    return t == NULL ? -1 : ioctl(t->master, TIOCSWINSZ, &size);
}

static int plan_to_memfd(const struct monitor *m) {
    int fd = memfd_create("plan", MFD_CLOEXEC);
    if (fd >= 0 && (write_all(fd, m->plan_bytes, m->plan_len) != 0 || lseek(fd, 0, SEEK_SET) != 0))
        fd_close(&fd);
    return fd;
}

static int open_gate(struct monitor *m) {
    m->gate_open = true;
    return 0;
}

static int kill_container(struct monitor *m) {
    if (m->phase == PHASE_RUNNING) {
        m->kill_asked = true;
        int signal = (int)m->plan.options.kill_signal;
        return monitor_init_kill(m, signal != 0 ? signal : 9);
    }
    m->kill_asked = true;
    monitor_cancel(m, "it was killed");
    return 0;
}

static int set_reboot(struct monitor *m, uint32_t policy) {
    errno = EINVAL;
    if (policy > REBOOT_REPORT)
        return -1;
    m->on_reboot = policy;
    return 0;
}

// Who freezes a container does so in its cgroup, of which we hear nothing: it tells us, and we tell all who watch.
static int announce(struct monitor *m, uint32_t pace) {
    struct frame f;
    errno = EINVAL;
    if (pace < PACE_FREEZING || pace > PACE_THAWED)
        return -1;
    frame_begin(&f, MSG_ANNOUNCED, 0);
    frame_u32(&f, pace);
    broadcast(m, &f, -1);
    return 0;
}

static int forget_log(struct monitor *m) {
    m->ring.used = m->ring.next = 0;
    return 0;
}

// The numbers that follow the header of each request; -1: no such request.
static int numbers_of(uint16_t type) {
    switch (type) {
    case MSG_GET_STATE:
    case MSG_OPEN_GATE:
    case MSG_KILL:
    case MSG_WATCH:
    case MSG_GET_LOG:
    case MSG_CLEAR_LOG:
    case MSG_GET_PLAN:
    case MSG_FORWARD_CALLS:
        return 0;
    case MSG_SIGNAL:
    case MSG_GET_KEPT:
    case MSG_GET_TERMINAL:
    case MSG_SET_REBOOT:
    case MSG_ANNOUNCE:
        return 1;
    case MSG_ATTACH:
        return 2;
    case MSG_RESIZE:
        return 3;
    default:
        return -1;
    }
}

// `given` came with the request and is taken over where there is one that may carry any.
static void serve_request(struct monitor *m, struct client *client, uint16_t type, uint32_t tag, const uint32_t n[3],
                          int *given) {
    int socket = client->socket;
    int fd;
    switch (type) {
    case MSG_FORWARD_CALLS:
        fd = *given;
        *given = -1;
        answer(socket, tag, forward_add(m, fd));
        return;
    case MSG_GET_STATE:
        answer_state(m, socket, tag);
        return;
    case MSG_OPEN_GATE:
        answer(socket, tag, open_gate(m));
        return;
    case MSG_SIGNAL:
        answer(socket, tag, monitor_init_kill(m, (int)n[0]));
        return;
    case MSG_KILL:
        answer(socket, tag, kill_container(m));
        return;
    case MSG_WATCH:
        client->watching = true;
        answer(socket, tag, 0);
        return;
    case MSG_ATTACH:
        fd = attach(m, n[0], n[1]);
        answer_descriptor(socket, tag, n[0], fd);
        fd_close(&fd);
        return;
    case MSG_RESIZE:
        answer(socket, tag, resize(m, n[0], n[1], n[2]));
        return;
    case MSG_GET_LOG:
        fd = ring_to_memfd(&m->ring);
        answer_descriptor(socket, tag, 0, fd);
        fd_close(&fd);
        return;
    case MSG_CLEAR_LOG:
        answer(socket, tag, forget_log(m));
        return;
    case MSG_GET_KEPT:
        errno = EBADF;
        fd = n[0] < SLOTS_MAX ? m->kept[n[0]] : -1;
        client->answering = fd >= 0 && n[0] == m->calls.slot;
        answer_descriptor(socket, tag, n[0], fd);
        return;
    case MSG_GET_TERMINAL:
        lend_terminal(m, socket, tag, n[0]);
        return;
    case MSG_GET_PLAN:
        fd = plan_to_memfd(m);
        answer_descriptor(socket, tag, 0, fd);
        fd_close(&fd);
        return;
    case MSG_ANNOUNCE:
        answer(socket, tag, announce(m, n[0]));
        return;
    default:
        answer(socket, tag, set_reboot(m, n[0]));
        return;
    }
}

void client_serve(struct monitor *m, struct client *client) {
    uint8_t bytes[256];
    int fds[SLOTS_MAX];
    size_t count;
    ssize_t len = frame_receive(client->socket, bytes, sizeof bytes, fds, &count, false);
    cleanup_fd int given = len > 0 && count > 0 ? fds[0] : -1;
    for (size_t i = 1; i < count; i++)
        fd_close(&fds[i]); // no request carries more than one
    if (len < 0 && errno == EAGAIN)
        return;
    struct cursor c = {bytes, bytes + (len > 0 ? len : 0)};
    uint16_t type, zero;
    uint32_t tag, n[3] = {0};
    bool good = len > 0 && take_u16(&c, &type) && take_u16(&c, &zero) && take_u32(&c, &tag);
    int numbers = good ? numbers_of(type) : -1;
    for (int i = 0; i < numbers; i++)
        good = good && take_u32(&c, &n[i]);
    if (!good || numbers < 0 || c.p != c.end)
        client_drop(m, client);
    else
        serve_request(m, client, type, tag, n, &given);
}

// One monitor to a directory: the lock lives as long as we do, so a socket that is found in a locked-by-us directory is
// a leftover.
static int lock_directory(struct monitor *m, const char *path) {
    char dir[PATH_BYTES_MAX + 1];
    snprintf(dir, sizeof dir, "%s", path);
    char *slash = strrchr(dir, '/');
    slash[slash == dir ? 1 : 0] = 0;
    m->lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (m->lock < 0)
        return -1;
    if (flock(m->lock, LOCK_EX | LOCK_NB) == 0) {
        unlink(path);
        return 0;
    }
    if (errno == EWOULDBLOCK)
        errno = EBUSY;
    return -1;
}

int listener_open(struct monitor *m) {
    const struct text *path = &m->plan.options.socket;
    m->listener = m->lock = -1;
    if (path->len == 0)
        return 0;
    if (path->s[0] == '/' && lock_directory(m, path->s) != 0)
        return -1;
    m->listener = socket_listen(path->s);
    return m->listener >= 0 ? 0 : -1;
}
