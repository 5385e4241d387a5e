#include "util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "steps.h"

void fd_close(int *fd) {
    int saved = errno;
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = saved;
}

void cleanup_free_pointer(void *pointer) { free(*(void **)pointer); }

int64_t now_millis(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int write_all(int fd, const void *bytes, size_t len) {
    const char *p = bytes;
    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

int pidfd_of(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int pidfd_kill(int pidfd, int signal) { return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0); }

int mount_bits_of(int fd) {
    struct statfs s;
    return fstatfs(fd, &s) == 0 ? (int)s.f_flags : -1;
}

static void frame_put(struct frame *f, const void *bytes, size_t len) {
    if (len > sizeof f->bytes - f->len)
        len = sizeof f->bytes - f->len;
    memcpy(f->bytes + f->len, bytes, len);
    f->len += len;
}

void frame_begin(struct frame *f, uint16_t type, uint32_t tag) {
    uint16_t zero = 0;
    f->len = 0;
    frame_put(f, &type, sizeof type);
    frame_put(f, &zero, sizeof zero);
    frame_put(f, &tag, sizeof tag);
}

void frame_u32(struct frame *f, uint32_t n) { frame_put(f, &n, sizeof n); }

void frame_text(struct frame *f, const char *s) {
    enum { TEXT_IN_FRAME_MAX = 2048 };
    size_t len = strnlen(s, TEXT_IN_FRAME_MAX);
    frame_u32(f, (uint32_t)len);
    frame_put(f, s, len);
    frame_put(f, "", 1);
}

int frame_send(int socket, const struct frame *f, const int *fds, size_t count, bool wait) {
    struct iovec iov = {(void *)(uintptr_t)f->bytes, f->len};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * SLOTS_MAX)] = {0};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    if (count > 0) {
        m.msg_control = control;
        m.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(c), fds, sizeof(int) * count);
    }
    ssize_t n;
    do
        n = sendmsg(socket, &m, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
    while (n < 0 && errno == EINTR);
    return n < 0 ? -1 : 0;
}

int frame_send_numbers(int socket, uint16_t type, uint32_t tag, const uint32_t *n, size_t count, int fd) {
    struct frame f;
    frame_begin(&f, type, tag);
    for (size_t i = 0; i < count; i++)
        frame_u32(&f, n[i]);
    return frame_send(socket, &f, &fd, fd >= 0 ? 1 : 0, false);
}

ssize_t frame_receive(int socket, void *bytes, size_t max, int *fds, size_t *count, bool wait) {
    struct iovec iov = {bytes, max};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * SLOTS_MAX)];
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t n;
    *count = 0;
    do
        n = recvmsg(socket, &m, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -1;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        *count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(fds, CMSG_DATA(c), *count * sizeof(int));
    }
    if ((m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0)
        return n;
    for (size_t i = 0; i < *count; i++)
        fd_close(&fds[i]);
    *count = 0;
    errno = EMSGSIZE;
    return -1;
}

int failure_send(int socket, const struct failure *failure, bool wait) {
    struct frame f;
    frame_begin(&f, MSG_FAILED, 0);
    frame_u32(&f, failure->section);
    frame_u32(&f, failure->index);
    frame_text(&f, failure->step);
    frame_text(&f, failure->call);
    frame_u32(&f, (uint32_t)failure->err);
    frame_text(&f, failure->detail);
    return frame_send(socket, &f, NULL, 0, wait);
}

char *title_room = (char[1]){0};
unsigned long title_size;

void show_title(const char *comm, const char *kind, const char *name) {
    prctl(PR_SET_NAME, comm, 0, 0, 0);
    memset(title_room, 0, title_size);
    snprintf(title_room, title_size, "[%s] %s", kind, name);
}
