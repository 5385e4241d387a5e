#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec.h"
#include "monitor.h"
#include "process.h"
#include "util.h"

static socklen_t address_of(const char *path, struct sockaddr_un *address) {
    size_t len = strlen(path);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (len >= sizeof address->sun_path) {
        errno = ENAMETOOLONG;
        return 0;
    }
    memcpy(address->sun_path, path, len);
    if (path[0] == '@')
        address->sun_path[0] = 0;
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (path[0] == '@' ? 0 : 1));
}

int socket_listen(const char *path) {
    enum { BACKLOG = 128 };
    struct sockaddr_un address;
    socklen_t len = address_of(path, &address);
    int fd = len == 0 ? -1 : socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t old = umask(077);
    if (fd >= 0 && (bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, BACKLOG) != 0))
        fd_close(&fd);
    umask(old);
    return fd;
}

int socket_connect(const char *path) {
    struct sockaddr_un address;
    socklen_t len = address_of(path, &address);
    int fd = len == 0 ? -1 : socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, len) != 0)
        fd_close(&fd);
    return fd;
}

int socket_accept(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    struct ucred peer;
    socklen_t len = sizeof peer;
    if (fd >= 0 &&
        (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 || (peer.uid != 0 && peer.uid != geteuid())))
        fd_close(&fd);
    return fd;
}

static void welcome(int socket, uint32_t tag, const char *build) {
    struct frame f;
    frame_begin(&f, MSG_WELCOME, tag);
    frame_u32(&f, PLAN_VERSION);
    frame_text(&f, build);
    frame_send(socket, &f, NULL, 0, true);
}

_Noreturn static void refuse(int socket, const char *why) {
    struct failure f = {.section = TAG_HOST, .err = EINVAL, .step = "read request", .call = "decode"};
    uint32_t n[2] = {REASON_START_FAILED, 0};
    snprintf(f.detail, sizeof f.detail, "%s", why);
    failure_send(socket, &f, true);
    frame_send_numbers(socket, MSG_GONE, 0, n, 2, -1);
    _exit(1);
}

// How children of ours ended that we did not make: inits and commands whose monitor or exec was killed. Our own are
// among them and nobody asks for those.
static struct end {
    pid_t pid;
    int status;
} ends[ENDS_MAX];
static size_t ends_count;

static void reap(void) {
    struct end e;
    while ((e.pid = waitpid(-1, &e.status, WNOHANG)) > 0)
        ends[ends_count++ % ENDS_MAX] = e;
}

static void answer_exit(int socket, uint32_t tag, struct cursor *c) {
    uint32_t pid;
    struct frame f;
    if (!take_u32(c, &pid) || c->p != c->end)
        _exit(1);
    for (size_t i = ends_count; i > 0 && i + ENDS_MAX > ends_count; i--) {
        const struct end *e = &ends[(i - 1) % ENDS_MAX];
        if (e->pid == (pid_t)pid) {
            uint32_t status = (uint32_t)e->status;
            frame_send_numbers(socket, MSG_EXIT, tag, &status, 1, -1);
            return;
        }
    }
    frame_begin(&f, MSG_ERROR, tag);
    frame_u32(&f, ESRCH);
    frame_text(&f, "no such child");
    frame_send(socket, &f, NULL, 0, true);
}

int exit_status_of(const struct sockaddr_un *server, socklen_t len, pid_t pid, int *status) {
    cleanup_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = REQUEST_MILLIS_MAX / 1000};
    uint32_t number = (uint32_t)pid, tag, found;
    uint8_t bytes[64];
    int fds[SLOTS_MAX];
    size_t count;
    uint16_t type, zero;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        connect(fd, (const struct sockaddr *)server, len) != 0 ||
        frame_send_numbers(fd, MSG_GET_EXIT, 0, &number, 1, -1) != 0)
        return -1;
    ssize_t n = frame_receive(fd, bytes, sizeof bytes, fds, &count, true);
    struct cursor c = {bytes, bytes + (n > 0 ? n : 0)};
    if (!take_u16(&c, &type) || !take_u16(&c, &zero) || !take_u32(&c, &tag) || type != MSG_EXIT ||
        !take_u32(&c, &found))
        return -1;
    *status = (int)found;
    return 0;
}

// START, EXEC and ADOPT: the slots that the descriptors fill, then the plan, which is left where it is in the frame.
// ADOPT has one descriptor more, of the init that is named last.
_Noreturn static void run_request(int socket, struct cursor *c, uint16_t type, const int *fds, size_t count) {
    int given[SLOTS_MAX];
    uint32_t slots;
    struct bytes bytes;
    struct plan plan;
    const char *why;
    bool adopts = type == MSG_ADOPT;
    for (int i = 0; i < SLOTS_MAX; i++)
        given[i] = -1;
    if (!take_u32(c, &slots) || slots + adopts != count)
        refuse(socket, "the number of slots is not the number of descriptors");
    for (uint32_t i = 0; i < slots; i++) {
        uint8_t slot;
        if (!take_slot(c, false, &slot) || given[slot] >= 0)
            refuse(socket, "a slot is there twice or not a slot");
        given[slot] = fds[i];
    }
    struct orphan orphan = {.pidfd = adopts ? fds[slots] : -1};
    uint32_t init = 0;
    if (!take_bytes(c, &bytes) || (adopts && (!take_u32(c, &init) || !take_u32(c, &orphan.boots))) || c->p != c->end)
        refuse(socket, "the request is malformed");
    orphan.init = (pid_t)init;
    if (!plan_decode(bytes.p, bytes.len, &plan, &why))
        refuse(socket, why);
    if ((plan.kind == KIND_EXEC) != (type == MSG_EXEC))
        refuse(socket, "the plan is of the other kind");
    if (plan.kind == KIND_START)
        monitor_main(socket, bytes.p, bytes.len, &plan, given, adopts ? &orphan : NULL);
    exec_main(socket, &plan, given);
}

static bool wait_readable(int fd, int64_t deadline) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int64_t left = deadline - now_millis();
    return left > 0 && poll(&p, 1, (int)left) == 1;
}

// The socket's name; empty if it has none in the file system.
static struct {
    const char *path;
    struct stat bound;
} socket_file;

// Only if it is still ours: a successor may listen there already.
static void socket_file_remove(void) {
    struct stat found;
    if (socket_file.path != NULL && stat(socket_file.path, &found) == 0 && found.st_ino == socket_file.bound.st_ino &&
        found.st_dev == socket_file.bound.st_dev)
        unlink(socket_file.path);
}

_Noreturn static void serve_connection(int socket, const char *build) {
    int64_t deadline = now_millis() + REQUEST_MILLIS_MAX;
    // Pages are only used as far as the request is long.
    uint8_t *bytes = malloc(FRAME_BYTES_MAX);
    int fds[SLOTS_MAX];
    size_t count;
    prctl(PR_SET_NAME, "atoll-request", 0, 0, 0);
    while (bytes != NULL && wait_readable(socket, deadline)) {
        ssize_t len = frame_receive(socket, bytes, FRAME_BYTES_MAX, fds, &count, false);
        struct cursor c = {bytes, bytes + (len > 0 ? len : 0)};
        uint16_t type, zero;
        uint32_t tag;
        if (len <= 0 || !take_u16(&c, &type) || !take_u16(&c, &zero) || !take_u32(&c, &tag))
            break;
        switch (type) {
        case MSG_HELLO:
            welcome(socket, tag, build);
            continue;
        case MSG_START:
        case MSG_EXEC:
        case MSG_ADOPT:
            run_request(socket, &c, type, fds, count);
        case MSG_GET_EXIT:
            answer_exit(socket, tag, &c);
            _exit(0);
        case MSG_RETIRE:
            // First the name goes: who hears the answer may start a successor, which must not take us for one.
            socket_file_remove();
            kill(getppid(), SIGTERM);
            frame_send_numbers(socket, MSG_OK, tag, NULL, 0, -1);
            _exit(0);
        default:
            refuse(socket, "there is no such request");
        }
    }
    _exit(1);
}

// The caller's process returns when the socket listens; the server goes on without a terminal, a parent and open
// descriptors.
static void detach(int ready) {
    cleanup_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = 0; null >= 0 && i < 3; i++)
        dup2(null, i);
    setsid();
    if (chdir("/") != 0)
        _exit(1);
    ssize_t n = write(ready, "r", 1);
    (void)n;
}

static volatile sig_atomic_t retired;

static void retire(int signal) {
    (void)signal;
    retired = 1;
}

// Only there to interrupt the wait.
static void child_ended(int signal) { (void)signal; }

static void take_connection(int listener, const char *build) {
    int socket = socket_accept(listener);
    if (socket < 0)
        return;
    pid_t pid = fork();
    if (pid == 0) {
        fd_close(&listener);
        signals_default();
        serve_connection(socket, build);
    }
    fd_close(&socket);
}

static bool has_children(void) {
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

// Returns when it is sent away, or, unless `idle` is 0, when for so many milliseconds nobody came and no child, such as
// a monitor, is there.
static void loop(int listener, const char *build, int64_t idle) {
    struct sigaction act = {.sa_handler = retire};
    sigset_t blocked, waiting;
    signals_reset();
    sigaction(SIGTERM, &act, NULL);
    // A container whose monitor is killed becomes our child, so that its end can be told.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    act.sa_handler = child_ended;
    sigaction(SIGCHLD, &act, NULL);
    act.sa_handler = SIG_IGN;
    sigaction(SIGHUP, &act, NULL);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGCHLD);
    sigprocmask(SIG_BLOCK, &blocked, &waiting);
    int64_t last = now_millis();
    while (!retired) {
        struct pollfd p = {.fd = listener, .events = POLLIN};
        struct timespec patience = {.tv_sec = idle / 1000, .tv_nsec = idle % 1000 * 1000000};
        int ready = ppoll(&p, 1, idle > 0 ? &patience : NULL, &waiting);
        // Before a fork, so that the forked process knows of every end there was until then.
        reap();
        if (ready > 0)
            take_connection(listener, build);
        if (ready != 0)
            last = now_millis();
        else if (!has_children() && now_millis() - last >= idle)
            return;
    }
}

// Who has connected already is served; who comes later finds nobody and starts another.
static void leave(int listener, const char *build) {
    struct pollfd p = {.fd = listener, .events = POLLIN};
    while (poll(&p, 1, 0) == 1)
        take_connection(listener, build);
}

static bool is_served(const char *path) {
    struct sockaddr_un address;
    socklen_t len = address_of(path, &address);
    cleanup_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    return fd >= 0 && len > 0 && connect(fd, (struct sockaddr *)&address, len) == 0;
}

int serve(const char *path, const char *build, int64_t idle) {
    char lock_path[PATH_BYTES_MAX + 8];
    snprintf(lock_path, sizeof lock_path, "%s.lock", path);
    cleanup_fd int lock = path[0] == '@' ? -1 : open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (path[0] != '@' && (lock < 0 || flock(lock, LOCK_EX) != 0)) {
        fprintf(stderr, "atoll-shim: %s: %s\n", lock_path, strerror(errno));
        return 1;
    }
    if (is_served(path))
        return 0;
    if (path[0] != '@')
        unlink(path);
    int ready[2];
    pid_t pid = pipe2(ready, O_CLOEXEC) == 0 ? fork() : -1;
    if (pid != 0) {
        char byte;
        fd_close(&ready[1]);
        return pid > 0 && read(ready[0], &byte, 1) == 1 ? 0 : 1;
    }
    fd_close(&lock);
    fd_close(&ready[0]);
    // Not before the fork: clients see the process that listened as their peer.
    int listener = socket_listen(path);
    if (listener < 0) {
        fprintf(stderr, "atoll-shim: %s: %s\n", path, strerror(errno));
        return 1;
    }
    show_title("atoll-serve", "atoll serve", path);
    detach(ready[1]);
    fd_close(&ready[1]);
    if (path[0] != '@' && stat(path, &socket_file.bound) == 0)
        socket_file.path = path;
    loop(listener, build, idle);
    socket_file_remove();
    leave(listener, build);
    return 0;
}
