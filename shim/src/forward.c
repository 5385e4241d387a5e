// System calls that a program of the host answers, the one that lxc.seccomp.notify.proxy names: each is told with the
// words and descriptors that liblxc tells it with, and ENOSYS is the answer where it has none. Whoever wrote the
// configuration trusts that program; what it says is checked all the same, since a wrong number would answer another
// call.
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "monitor.h"
#include "serve.h"

enum { ANSWER_MILLIS_MAX = 30 * 1000 };

// liblxc's `struct seccomp_notify_proxy_msg`. The call, room for the answer and, towards the program, the cookie
// follow.
struct envelope {
    uint64_t reserved;
    pid_t monitor, init;
    struct seccomp_notif_sizes sizes;
    uint64_t cookie_len;
};

struct letter {
    struct envelope envelope;
    struct seccomp_notif call;
    struct seccomp_notif_resp answer;
};

_Static_assert(sizeof(struct envelope) == 32 && sizeof(struct letter) == 136, "liblxc's sizes");

void forward_prepare(struct monitor *m) {
    struct steps steps = m->plan.sections[TAG_CHILD];
    struct step step;
    m->forward.slot = SLOT_NONE;
    for (int i = 0; i < LISTENERS_MAX; i++)
        m->forward.listeners[i] = (struct listener){.fd = -1, .program = -1};
    while (steps_next(&steps, &step))
        if (step.row->number == STEP_FORWARD_CALLS) {
            m->forward.slot = step.f[0].slot;
            m->forward.socket = step.f[1].text;
            m->forward.cookie = step.f[2].text;
        }
}

int forward_add(struct monitor *m, int fd) {
    errno = EINVAL;
    if (fd >= 0 && m->forward.slot != SLOT_NONE) {
        errno = EBUSY;
        for (int i = 0; i < LISTENERS_MAX; i++)
            if (m->forward.listeners[i].fd < 0) {
                m->forward.listeners[i].fd = fd;
                return 0;
            }
    }
    fd_close(&fd);
    return -1;
}

static void drop(struct listener *l) {
    fd_close(&l->fd);
    fd_close(&l->program);
    l->deadline = 0;
}

void forward_close(struct monitor *m) {
    for (int i = 0; i < LISTENERS_MAX; i++)
        drop(&m->forward.listeners[i]);
}

static void answer(struct listener *l, struct seccomp_notif_resp resp) {
    resp.id = l->asked;
    l->deadline = 0;
    // The caller may have been killed, or the program has answered by the listener that it was given.
    if (ioctl(l->fd, SECCOMP_IOCTL_NOTIF_SEND, &resp) == 0 || errno != EINVAL)
        return;
    struct seccomp_notif_resp refusal = {.id = l->asked, .error = -ENOSYS};
    int ignored = ioctl(l->fd, SECCOMP_IOCTL_NOTIF_SEND, &refusal);
    (void)ignored;
}

static void refuse(struct listener *l) { answer(l, (struct seccomp_notif_resp){.error = -ENOSYS}); }

static int tell(const struct monitor *m, const struct listener *l, struct letter *letter, const int fds[3]) {
    const struct text *cookie = &m->forward.cookie;
    struct iovec iov[] = {{letter, sizeof *letter}, {(void *)(uintptr_t)cookie->s, cookie->len}};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * 3)] = {0};
    struct msghdr msg = {.msg_iov = iov,
                         .msg_iovlen = cookie->len > 0 ? 2 : 1,
                         .msg_control = control,
                         .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int) * 3);
    memcpy(CMSG_DATA(c), fds, sizeof(int) * 3);
    return sendmsg(l->program, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -1 : 0;
}

// Never waits: the monitor has a console to drain meanwhile.
static void ask(const struct monitor *m, struct listener *l) {
    struct letter letter = {.envelope = {.monitor = getpid(),
                                         .init = m->init,
                                         .sizes = {.seccomp_notif = sizeof(struct seccomp_notif),
                                                   .seccomp_notif_resp = sizeof(struct seccomp_notif_resp),
                                                   .seccomp_data = sizeof(struct seccomp_data)},
                                         .cookie_len = m->forward.cookie.len}};
    if (ioctl(l->fd, SECCOMP_IOCTL_NOTIF_RECV, &letter.call) != 0)
        return; // it was killed meanwhile
    l->asked = letter.answer.id = letter.call.id;
    char path[32];
    snprintf(path, sizeof path, "/proc/%u", letter.call.pid);
    cleanup_fd int process = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cleanup_fd int memory = process < 0 ? -1 : openat(process, "mem", O_RDWR | O_CLOEXEC);
    // The number may mean another process by now; it cannot while the call waits.
    bool is_right = memory >= 0 && ioctl(l->fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &letter.call.id) == 0;
    int fds[] = {process, memory, l->fd};
    // Twice, since the program may have been replaced by its next version since the last call.
    for (int i = 0; is_right && i < 2; i++) {
        if (l->program < 0)
            l->program = socket_connect(m->forward.socket.s);
        if (l->program >= 0 && tell(m, l, &letter, fds) == 0) {
            l->deadline = now_millis() + ANSWER_MILLIS_MAX;
            return;
        }
        fd_close(&l->program);
    }
    refuse(l);
}

static void take_answer(struct listener *l) {
    struct letter letter;
    int fds[SLOTS_MAX];
    size_t count;
    ssize_t len = frame_receive(l->program, &letter, sizeof letter, fds, &count, false);
    if (len < 0 && errno == EAGAIN)
        return;
    for (size_t i = 0; len > 0 && i < count; i++)
        fd_close(&fds[i]);
    bool is_good = len == (ssize_t)sizeof letter && letter.envelope.reserved == 0 && letter.answer.id == l->asked;
    if (is_good)
        answer(l, letter.answer);
    else
        refuse(l);
    if (len <= 0)
        fd_close(&l->program);
}

int forward_descriptor(const struct listener *l) { return l->deadline != 0 ? l->program : l->fd; }

int64_t forward_timer(const struct monitor *m) {
    int64_t at = INT64_MAX;
    for (int i = 0; i < LISTENERS_MAX; i++) {
        const struct listener *l = &m->forward.listeners[i];
        at = l->deadline != 0 && l->deadline < at ? l->deadline : at;
    }
    return at;
}

void forward_serve(const struct monitor *m, struct listener *l, short events) {
    if (l->fd < 0)
        return;
    if (l->deadline != 0 && events != 0)
        take_answer(l);
    else if (l->deadline != 0 && now_millis() >= l->deadline) {
        refuse(l);
        fd_close(&l->program); // a late answer would be taken for the next one's
    } else if (l->deadline == 0 && (events & POLLIN) != 0)
        ask(m, l);
    else if (l->deadline == 0 && events != 0)
        drop(l); // no process is left that has the filter
}
