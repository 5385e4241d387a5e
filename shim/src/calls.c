// System calls that wait for whoever started the container. A program must not hang because that one never comes back:
// after some time without it we say what a kernel without the call says.
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "monitor.h"

enum { NOTED_MAX = 64 };

void calls_prepare(struct monitor *m) {
    struct steps steps = m->plan.sections[TAG_CHILD];
    struct step step;
    m->calls.slot = SLOT_NONE;
    while (steps_next(&steps, &step))
        if (step.row->number == STEP_KEEP_CALLS)
            m->calls = (struct calls){
                .slot = step.f[0].slot, .patience = (int64_t)step.f[1].n, .note = step.f[2].text, .note_done = true};
}

static int listener_of(const struct monitor *m) { return m->calls.slot < SLOTS_MAX ? m->kept[m->calls.slot] : -1; }

static bool is_answered(const struct monitor *m) {
    for (int i = 0; i < CLIENTS_MAX; i++)
        if (m->clients[i].socket >= 0 && m->clients[i].answering)
            return true;
    return false;
}

void calls_left_alone(struct monitor *m) {
    m->calls.alone_since = now_millis();
    m->calls.note_done = false;
}

int64_t calls_timer(const struct monitor *m) {
    if (listener_of(m) < 0 || is_answered(m))
        return INT64_MAX;
    int64_t at = m->calls.alone_since + m->calls.patience;
    return now_millis() < at || !m->calls.note_done ? at : INT64_MAX;
}

int calls_descriptor(const struct monitor *m, int64_t now) {
    if (listener_of(m) < 0 || is_answered(m) || now < m->calls.alone_since + m->calls.patience)
        return -1;
    return listener_of(m);
}

static void refuse(int listener, uint64_t id) {
    struct seccomp_notif_resp answer = {.id = id, .error = -ENOSYS};
    // It may have been killed, or answered by who noted it.
    int ignored = ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    (void)ignored;
}

// Those that somebody had taken who is gone. The file is root's, in our own directory.
static void refuse_noted(struct monitor *m, int listener) {
    uint8_t bytes[8 * NOTED_MAX];
    cleanup_fd int fd = open(m->calls.note.s, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, bytes, sizeof bytes);
    for (ssize_t at = 0; at + 8 <= n; at += 8) {
        uint64_t id = 0;
        for (int i = 0; i < 8; i++)
            id = id << 8 | bytes[at + i];
        refuse(listener, id);
    }
    m->calls.note_done = true;
}

void calls_serve(struct monitor *m, short events) {
    int listener = calls_descriptor(m, now_millis());
    if (listener < 0)
        return;
    if (!m->calls.note_done)
        refuse_noted(m, listener);
    if ((events & POLLIN) != 0) {
        struct seccomp_notif call = {0};
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0)
            refuse(listener, call.id);
    } else if ((events & (POLLHUP | POLLERR | POLLNVAL)) != 0)
        fd_close(&m->kept[m->calls.slot]); // no process is left that has the filter
}
