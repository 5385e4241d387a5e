// Terminals of a container: the console's ring buffer and log, and streams of attached clients.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor.h"

enum { RETRY_MILLIS = 100 };

static void ring_add(struct ring *r, const char *bytes, size_t len) {
    if (r->size == 0)
        return;
    if (r->bytes == NULL) {
        void *p = mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
            return;
        r->bytes = p;
    }
    if (len > r->size) {
        bytes += len - r->size;
        len = r->size;
    }
    size_t first = len < r->size - r->next ? len : r->size - r->next;
    memcpy(r->bytes + r->next, bytes, first);
    memcpy(r->bytes, bytes + first, len - first);
    r->next = (r->next + len) % r->size;
    r->used = r->used + len < r->size ? r->used + len : r->size;
}

int ring_to_memfd(const struct ring *r) {
    int fd = memfd_create("console", MFD_CLOEXEC);
    if (fd < 0 || r->used == 0)
        return fd;
    size_t start = (r->next + r->size - r->used) % r->size;
    size_t first = r->used < r->size - start ? r->used : r->size - start;
    if (write_all(fd, r->bytes + start, first) != 0 || write_all(fd, r->bytes, r->used - first) != 0 ||
        lseek(fd, 0, SEEK_SET) != 0)
        fd_close(&fd);
    return fd;
}

void log_open(struct monitor *m) {
    struct stat st;
    m->log.fd = -1;
    if (m->plan.options.log.len == 0)
        return;
    // The directory belongs to the host, but a log is not followed through a link all the same.
    m->log.fd = open(m->plan.options.log.s, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
    m->log.size = m->log.fd >= 0 && fstat(m->log.fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

// A full disk loses what was printed meanwhile and nothing else: init must not wait for it.
static void log_add(struct monitor *m, const char *bytes, size_t len) {
    uint64_t max = m->plan.options.log_bytes_max;
    if (m->log.fd < 0)
        return;
    if (max > 0 && m->log.size + len > max) {
        char old[PATH_BYTES_MAX + 8];
        snprintf(old, sizeof old, "%s.1", m->plan.options.log.s);
        if (rename(m->plan.options.log.s, old) != 0)
            return;
        fd_close(&m->log.fd);
        log_open(m);
        if (m->log.fd < 0)
            return;
    }
    ssize_t n = write(m->log.fd, bytes, len);
    if (n > 0)
        m->log.size += (uint64_t)n;
}

void outlet_open(struct monitor *m, int fd) {
    m->outlet = (struct outlet){.fd = fd};
    if (fd < 0)
        return;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    if (tcgetattr(fd, &m->outlet.before) != 0)
        return;
    // Echo, line editing and signals are the console's own.
    struct termios raw = m->outlet.before;
    cfmakeraw(&raw);
    m->outlet.is_terminal = tcsetattr(fd, TCSANOW, &raw) == 0;
}

void outlet_close(struct monitor *m) {
    if (m->outlet.is_terminal)
        tcsetattr(m->outlet.fd, TCSANOW, &m->outlet.before);
    fd_close(&m->outlet.fd);
}

// What a full disk or a stopped terminal does not take is lost: init must not wait for it.
static void outlet_add(struct monitor *m, const char *bytes, size_t len) {
    if (m->outlet.fd >= 0 && write(m->outlet.fd, bytes, len) < 0 && errno == EIO)
        outlet_close(m); // hung up
}

short outlet_events(const struct monitor *m) {
    const struct terminal *t = &m->terminals[0];
    return m->outlet.is_terminal && t->master >= 0 && t->in_len == 0 ? POLLIN : 0;
}

static void slave_open(struct terminal *t) {
    fd_close(&t->slave);
    t->slave = ioctl(t->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

void terminal_add(struct monitor *m, uint32_t number, int master) {
    struct terminal_buffers *buffers = malloc(sizeof *buffers);
    if (number >= TERMINALS_MAX || m->terminals[number].master >= 0 || buffers == NULL) {
        free(buffers);
        fd_close(&master);
        return;
    }
    struct terminal *t = &m->terminals[number];
    *t = (struct terminal){.master = master, .slave = -1, .stream = -1, .borrower = -1, .buffers = buffers};
    fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
    if (number == 0) {
        struct winsize size;
        slave_open(t);
        if (m->outlet.is_terminal && ioctl(m->outlet.fd, TIOCGWINSZ, &size) == 0)
            ioctl(master, TIOCSWINSZ, &size);
    }
    m->terminal_count++;
}

void terminal_detach(struct terminal *t) {
    fd_close(&t->stream);
    t->out_len = t->in_len = 0;
    t->stalled = 0;
}

void terminal_attach(struct terminal *t, int stream) {
    terminal_detach(t);
    t->stream = stream;
    fcntl(stream, F_SETFL, O_NONBLOCK);
}

void terminals_close(struct monitor *m) {
    for (int i = 0; i < TERMINALS_MAX; i++) {
        terminal_detach(&m->terminals[i]);
        fd_close(&m->terminals[i].master);
        fd_close(&m->terminals[i].slave);
        m->terminals[i].borrower = -1;
        free(m->terminals[i].buffers);
        m->terminals[i].buffers = NULL;
    }
    m->terminal_count = 0;
}

static bool is_console(const struct monitor *m, const struct terminal *t) { return t == &m->terminals[0]; }

short terminal_master_events(const struct monitor *m, const struct terminal *t) {
    bool reads = t->out_len == 0 && (is_console(m, t) || t->stream >= 0) && t->retry_at == 0;
    return (short)((reads ? POLLIN : 0) | (t->in_len > 0 ? POLLOUT : 0));
}

short terminal_stream_events(const struct terminal *t) {
    return (short)((t->in_len == 0 ? POLLIN : 0) | (t->out_len > 0 ? POLLOUT : 0));
}

static void out_flush(struct terminal *t) {
    ssize_t n = send(t->stream, t->buffers->out, t->out_len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        terminal_detach(t);
        return;
    }
    if (n > 0) {
        memmove(t->buffers->out, t->buffers->out + n, t->out_len - (size_t)n);
        t->out_len -= (size_t)n;
        t->stalled = 0;
    }
    if (t->out_len > 0 && t->stalled == 0)
        t->stalled = now_millis();
}

static void in_flush(struct terminal *t) {
    ssize_t n = write(t->master, t->buffers->in, t->in_len);
    if (n > 0) {
        memmove(t->buffers->in, t->buffers->in + n, t->in_len - (size_t)n);
        t->in_len -= (size_t)n;
    } else if (n < 0 && errno != EAGAIN && errno != EINTR)
        t->in_len = 0;
}

// Reads once; false when there is nothing more for now.
static bool master_read(struct monitor *m, struct terminal *t) {
    ssize_t n = read(t->master, t->buffers->out, sizeof t->buffers->out);
    if (n <= 0) {
        // EIO: every slave was hung up (a getty does that), ours too. It comes back when somebody opens it, so we do.
        if (n == 0 || errno == EIO)
            t->retry_at = now_millis() + RETRY_MILLIS;
        return false;
    }
    if (is_console(m, t)) {
        ring_add(&m->ring, t->buffers->out, (size_t)n);
        log_add(m, t->buffers->out, (size_t)n);
        outlet_add(m, t->buffers->out, (size_t)n);
    }
    if (t->stream >= 0) {
        t->out_len = (size_t)n;
        out_flush(t);
    }
    return true;
}

void terminal_master_ready(struct monitor *m, struct terminal *t, short events) {
    if ((events & POLLOUT) != 0 && t->in_len > 0)
        in_flush(t);
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && t->out_len == 0)
        master_read(m, t);
}

void terminal_stream_ready(struct terminal *t, short events) {
    if ((events & POLLOUT) != 0 && t->out_len > 0)
        out_flush(t);
    if (t->stream < 0 || (events & (POLLIN | POLLHUP | POLLERR)) == 0 || t->in_len > 0)
        return;
    ssize_t n = read(t->stream, t->buffers->in, sizeof t->buffers->in);
    if (n > 0) {
        t->in_len = (size_t)n;
        in_flush(t);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        terminal_detach(t);
}

void outlet_ready(struct monitor *m) {
    struct terminal *t = &m->terminals[0];
    if (outlet_events(m) == 0)
        return;
    ssize_t n = read(m->outlet.fd, t->buffers->in, sizeof t->buffers->in);
    if (n > 0) {
        t->in_len = (size_t)n;
        in_flush(t);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        outlet_close(m);
}

int64_t terminal_timer(const struct terminal *t) {
    int64_t stall = t->stalled != 0 ? t->stalled + STALL_MILLIS_MAX : INT64_MAX;
    int64_t retry = t->retry_at != 0 ? t->retry_at : INT64_MAX;
    return stall < retry ? stall : retry;
}

void terminal_tick(struct terminal *t, int64_t now) {
    if (t->stalled != 0 && now >= t->stalled + STALL_MILLIS_MAX)
        terminal_detach(t);
    if (t->retry_at != 0 && now >= t->retry_at) {
        t->retry_at = 0;
        slave_open(t);
    }
}

// What init printed last, before the terminal goes.
void console_drain(struct monitor *m) {
    enum { ROUNDS_MAX = 256 };
    struct terminal *t = &m->terminals[0];
    for (int i = 0; i < ROUNDS_MAX && t->master >= 0 && t->out_len == 0; i++)
        if (!master_read(m, t))
            break;
}
