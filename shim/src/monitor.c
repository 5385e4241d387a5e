// The monitor of one container, an event loop from its start to its end. See docs/plan.md for the processes and
// messages.
#include "monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"
#include "serve.h"
#include "starter.h"

static void note_failure(struct monitor *m, const struct failure *f) {
    if (m->has_failure)
        return; // the first one is the cause, others follow from it
    m->failure = *f;
    m->has_failure = true;
}

static void note_failure_text(struct monitor *m, int err, const char *step, const char *detail) {
    struct failure f = {.section = TAG_HOST, .err = err};
    snprintf(f.step, sizeof f.step, "%s", step);
    snprintf(f.call, sizeof f.call, "start");
    snprintf(f.detail, sizeof f.detail, "%s", detail);
    note_failure(m, &f);
}

static bool is_starting(const struct monitor *m) { return m->phase == PHASE_STARTING || m->phase == PHASE_REBOOTING; }

void monitor_cancel(struct monitor *m, const char *why) {
    if (is_starting(m))
        note_failure_text(m, ECANCELED, "start", why);
}

int monitor_init_kill(struct monitor *m, int signal) {
    if (m->init_pidfd >= 0)
        return pidfd_kill(m->init_pidfd, signal);
    errno = ESRCH;
    return -1;
}

// A small file of ours, replaced as a whole; a reader never sees half of it.
static void write_record(const struct text *path, const char *content) {
    char temporary[PATH_BYTES_MAX + 8];
    if (path->len == 0)
        return;
    snprintf(temporary, sizeof temporary, "%s.new", path->s);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool written = fd >= 0 && write_all(fd, content, strlen(content)) == 0;
    fd_close(&fd);
    if (!written || rename(temporary, path->s) != 0)
        unlink(temporary);
}

// Field 22 of /proc/PID/stat: with it a pid names a process for good.
static unsigned long long start_time(pid_t pid) {
    char path[40], stat[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, stat, sizeof stat - 1);
    stat[n > 0 ? n : 0] = 0;
    char *p = strrchr(stat, ')'); // the name before it may hold anything
    for (int field = 2; p != NULL && field < 22; field++) {
        p = strchr(p, ' ');
        p = p != NULL ? p + 1 : NULL;
    }
    return p != NULL ? strtoull(p, NULL, 10) : 0;
}

static void broadcast_numbers(struct monitor *m, uint16_t type, const uint32_t *n, size_t count, int fd) {
    struct frame f;
    frame_begin(&f, type, 0);
    for (size_t i = 0; i < count; i++)
        frame_u32(&f, n[i]);
    broadcast(m, &f, fd);
}

static void broadcast_failure(struct monitor *m, const struct failure *failure) {
    for (int i = 0; i < CLIENTS_MAX; i++)
        if (m->clients[i].socket >= 0 && m->clients[i].watching)
            failure_send(m->clients[i].socket, failure, false);
}

// In a forked process: what is the monitor's own must not stay open there, or peers would not see the monitor's end.
static void close_monitor(struct monitor *m) {
    for (int i = 0; i < CLIENTS_MAX; i++)
        fd_close(&m->clients[i].socket);
    for (int i = 0; i < TERMINALS_MAX; i++) {
        fd_close(&m->terminals[i].stream);
        fd_close(&m->terminals[i].master);
        fd_close(&m->terminals[i].slave);
    }
    forward_close(m);
    fd_close(&m->listener);
    fd_close(&m->lock);
    fd_close(&m->signals);
    fd_close(&m->log.fd);
    fd_close(&m->outlet.fd);
    fd_close(&m->starter_report);
    fd_close(&m->child_report);
    fd_close(&m->cleaner_report);
    fd_close(&m->init_pidfd);
}

static int report_pair(int *mine, int *theirs) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return -1;
    *mine = pair[0];
    *theirs = pair[1];
    return 0;
}

// The first life only: who reboots starts anew.
static bool is_restore(const struct monitor *m) { return m->boots == 0 && m->plan.sections[TAG_RESTORE].count > 0; }

static void start_begin(struct monitor *m) {
    cleanup_fd int starter_end = -1;
    cleanup_fd int child_end = -1;
    m->gate_done = m->gate_told = m->at_gate = m->released = m->executing = m->child_closed = m->child_awaited = false;
    m->aborting = m->kill_asked = m->has_failure = false;
    m->gate_open = m->boots > 0 || m->plan.options.wait_at_gate == 0;
    m->deadline = now_millis() + m->plan.options.start_timeout_millis;
    // What section RESTORE restores loses its parent and becomes a child of ours.
    prctl(PR_SET_CHILD_SUBREAPER, is_restore(m) ? 1 : 0);
    if (report_pair(&m->starter_report, &starter_end) != 0 || report_pair(&m->child_report, &child_end) != 0 ||
        (m->starter = fork()) < 0) {
        m->starter = 0;
        note_failure_text(m, errno, "fork", "starter");
        return;
    }
    if (m->starter > 0)
        return;
    close_monitor(m);
    starter_main(&m->plan, is_restore(m), m->given, starter_end, child_end);
}

_Noreturn static void cleaner_main(struct monitor *m, const char *target, int report) {
    struct run run;
    close_monitor(m);
    signals_default();
    umask(0);
    run_prepare(&run, m->given, report);
    for (int i = 0; i < SLOTS_MAX; i++)
        run.slot[i] = m->kept[i] >= 0 ? m->kept[i] : run.slot[i];
    run.target = target;
    if (run_steps(&run, TAG_GONE, m->plan.sections[TAG_GONE], true) != 0)
        report_failure(&run);
    _exit(0);
}

static bool will_rerun(const struct monitor *m) {
    return !m->aborting && !m->kill_asked && m->on_reboot == REBOOT_RERUN && WIFSIGNALED(m->init_status) &&
           WTERMSIG(m->init_status) == SIGHUP && (m->plan.spawn.namespaces & CLONE_NEWPID) != 0;
}

static bool is_reboot(const struct monitor *m, int signal) {
    return !m->kill_asked && (m->plan.spawn.namespaces & CLONE_NEWPID) != 0 && WIFSIGNALED(m->init_status) &&
           WTERMSIG(m->init_status) == signal;
}

static void cleaner_begin(struct monitor *m) {
    cleanup_fd int theirs = -1;
    m->phase = m->phase == PHASE_RUNNING && will_rerun(m) ? PHASE_REBOOTING : PHASE_STOPPING;
    if (m->plan.sections[TAG_GONE].count == 0 || report_pair(&m->cleaner_report, &theirs) != 0)
        return;
    const char *target = !m->aborting && is_reboot(m, SIGHUP) ? "reboot" : "stop";
    m->cleaner = fork();
    if (m->cleaner == 0)
        cleaner_main(m, target, theirs);
    if (m->cleaner < 0) {
        struct failure f = {.section = TAG_GONE, .err = errno, .step = "fork", .call = "fork"};
        m->cleaner = 0;
        broadcast_failure(m, &f);
    }
}

// Keeps the blocks of a file that goes until we have gone: freeing them takes milliseconds where the file system tells
// the disk at once (mount option `discard`), and others wait for the word of the end.
static void hold_blocks(const struct text *path) {
    if (path->len > 0)
        (void)open(path->s, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

static void finish(struct monitor *m) {
    static const char *const words[] = {"", "exited", "killed", "halt", "reboot", "start failed", "unknown"};
    uint32_t n[2] = {REASON_EXITED, 0};
    if (m->aborting)
        n[0] = REASON_START_FAILED;
    else if (m->status_unknown)
        n[0] = REASON_UNKNOWN;
    else if (is_reboot(m, SIGHUP))
        n[0] = REASON_REBOOT;
    else if (is_reboot(m, SIGINT))
        n[0] = REASON_HALT;
    else if (WIFSIGNALED(m->init_status))
        n[0] = REASON_KILLED, n[1] = (uint32_t)WTERMSIG(m->init_status);
    else
        n[1] = (uint32_t)WEXITSTATUS(m->init_status);
    char record[64];
    snprintf(record, sizeof record, "reason %s\nstatus %u\n", words[n[0]], n[1]);
    hold_blocks(&m->plan.options.exit_record);
    hold_blocks(&m->plan.options.record);
    write_record(&m->plan.options.exit_record, record);
    if (m->plan.options.record.len > 0)
        unlink(m->plan.options.record.s);
    if (m->plan.options.socket.len > 0 && m->plan.options.socket.s[0] == '/')
        unlink(m->plan.options.socket.s);
    outlet_close(m);
    // The directory is free before anybody hears of the end, so that a start right after it finds no lock.
    fd_close(&m->lock);
    broadcast_numbers(m, MSG_GONE, n, 2, -1);
    m->done = true;
}

static void forget_start(struct monitor *m) {
    terminals_close(m);
    fd_close(&m->starter_report);
    fd_close(&m->child_report);
    fd_close(&m->cleaner_report);
    fd_close(&m->init_pidfd);
    forward_close(m);
    for (int i = 0; i < SLOTS_MAX; i++)
        fd_close(&m->kept[i]);
}

// Everything of one life is gone: the next one, or the end.
static void cleaned(struct monitor *m) {
    forget_start(m);
    if (m->phase == PHASE_REBOOTING)
        start_begin(m);
    else
        finish(m);
}

static void init_died(struct monitor *m) {
    console_drain(m);
    cleaner_begin(m);
    if (m->phase == PHASE_REBOOTING)
        broadcast_numbers(m, MSG_REBOOTING, NULL, 0, -1);
    if (m->cleaner == 0)
        cleaned(m);
}

static void tell_started(struct monitor *m) {
    char record[128];
    snprintf(record, sizeof record, "pid %d\nstarttime %llu\nboots %u\n", m->init, start_time(m->init), m->boots);
    write_record(&m->plan.options.record, record);
    uint32_t n[3] = {(uint32_t)m->init, m->boots, m->terminal_count};
    broadcast_numbers(m, MSG_STARTED, n, 3, m->init_pidfd);
}

static void started(struct monitor *m) {
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    m->phase = PHASE_RUNNING;
    m->boots++;
    fd_close(&m->starter_report);
    fd_close(&m->child_report);
    tell_started(m);
}

// Its terminals went with the last monitor; section ADOPT opens new ones in the container.
static void adopt_begin(struct monitor *m, const struct orphan *orphan) {
    cleanup_fd int theirs = -1;
    m->adopted = true;
    m->phase = PHASE_RUNNING;
    m->init = orphan->init;
    m->init_pidfd = orphan->pidfd;
    m->boots = orphan->boots;
    if (report_pair(&m->starter_report, &theirs) != 0 || (m->starter = fork()) < 0) {
        m->starter = 0;
        note_failure_text(m, errno, "fork", "reattacher");
        return;
    }
    if (m->starter > 0)
        return;
    int target = dup(m->init_pidfd);
    for (int i = 0; i < SLOTS_MAX; i++)
        fd_close(&m->given[i]);
    close_monitor(m);
    reattach_main(&m->plan, target, theirs);
}

// Whatever came of the terminals, the container is looked after from now on.
static void adopted(struct monitor *m) {
    fd_close(&m->starter_report);
    if (m->has_failure)
        broadcast_failure(m, &m->failure);
    m->has_failure = false;
    tell_started(m);
}

static void adopted_init_died(struct monitor *m) {
    m->status_unknown = exit_status_of(&m->server, m->server_len, m->init, &m->init_status) != 0;
    m->adopted = false;
    m->init = 0;
    init_died(m);
}

// A start failed: kills what there is of it; when all is reaped, section GONE runs.
static void abort_start(struct monitor *m) {
    if (!m->aborting) {
        m->aborting = true;
        if (m->starter > 0)
            kill(m->starter, SIGKILL);
        if (m->init > 0)
            kill(m->init, SIGKILL);
    }
    if (m->starter != 0 || m->init != 0)
        return;
    console_drain(m);
    broadcast_failure(m, &m->failure);
    cleaner_begin(m);
    if (m->cleaner == 0)
        cleaned(m);
}

// Looks at what happened and takes the next step of a start.
static void start_advance(struct monitor *m) {
    if (m->has_failure) {
        abort_start(m);
        return;
    }
    if (m->child_awaited && m->at_gate) {
        m->child_awaited = false;
        frame_send_numbers(m->starter_report, MSG_OK, 0, NULL, 0, -1);
    }
    // Whoever waits for the gate looks into the container: the child must have made its mounts by then.
    if (m->gate_done && m->at_gate && !m->gate_told) {
        m->gate_told = true;
        uint32_t pid = (uint32_t)m->init;
        if (!m->gate_open && m->requester >= 0)
            frame_send_numbers(m->requester, MSG_GATE_REACHED, 0, &pid, 1, m->init_pidfd);
    }
    if (m->gate_done && m->gate_open && m->at_gate && !m->released) {
        m->released = true;
        frame_send_numbers(m->child_report, MSG_OK, 0, NULL, 0, -1);
    }
    if (m->child_closed && m->executing && m->init != 0)
        started(m);
}

static void keep(struct monitor *m, uint32_t slot, int fd) {
    if (slot == m->forward.slot)
        forward_add(m, fd);
    else if (slot < SLOTS_MAX) {
        fd_close(&m->kept[slot]);
        m->kept[slot] = fd;
        if (slot == m->calls.slot)
            calls_left_alone(m);
    } else
        fd_close(&fd);
}

static bool take_failure(struct cursor *c, struct failure *f) {
    struct text step, call, detail;
    uint32_t err;
    if (!take_u32(c, &f->section) || !take_u32(c, &f->index) || !take_text(c, &step) || !take_text(c, &call) ||
        !take_u32(c, &err) || !take_text(c, &detail))
        return false;
    f->err = (int)err;
    snprintf(f->step, sizeof f->step, "%s", step.s);
    snprintf(f->call, sizeof f->call, "%s", call.s);
    snprintf(f->detail, sizeof f->detail, "%s", detail.s);
    return true;
}

// One frame from the starter, the child or the cleaner. They are our own code: the child only until it executes, which
// closes the socket.
static void serve_report(struct monitor *m, int *socket) {
    uint8_t bytes[ANSWER_BYTES_MAX];
    int fds[SLOTS_MAX];
    size_t count;
    ssize_t len = frame_receive(*socket, bytes, sizeof bytes, fds, &count, false);
    if (len < 0 && errno == EAGAIN)
        return;
    struct cursor c = {bytes, bytes + (len > 0 ? len : 0)};
    uint16_t type = 0, zero;
    uint32_t tag, n = 0;
    if (len <= 0 || !take_u16(&c, &type) || !take_u16(&c, &zero) || !take_u32(&c, &tag)) {
        if (socket == &m->child_report)
            m->child_closed = true;
        fd_close(socket);
        return;
    }
    int fd = count > 0 ? fds[0] : -1;
    struct failure f = {0};
    switch (type) {
    case MSG_CLONED:
        take_u32(&c, &n);
        m->init = (pid_t)n;
        m->init_pidfd = fd;
        return;
    case MSG_TERMINAL:
        take_u32(&c, &n);
        terminal_add(m, n, fd);
        return;
    case MSG_KEPT:
        take_u32(&c, &n);
        keep(m, n, fd);
        return;
    case MSG_GATE_DONE:
        m->gate_done = true;
        break;
    case MSG_AT_GATE:
        m->at_gate = true;
        break;
    case MSG_AWAIT_CHILD:
        m->child_awaited = true;
        break;
    case MSG_EXECUTING:
        m->executing = true;
        break;
    case MSG_FAILED:
        if (take_failure(&c, &f) && socket == &m->cleaner_report)
            broadcast_failure(m, &f);
        else
            note_failure(m, &f);
        break;
    default:
        break;
    }
    fd_close(&fd);
}

static void drain_report(struct monitor *m, int *socket) {
    while (*socket >= 0) {
        struct pollfd p = {.fd = *socket, .events = POLLIN};
        if (poll(&p, 1, 0) != 1)
            return;
        serve_report(m, socket);
    }
}

static void describe_death(struct monitor *m, const char *who, int status) {
    char text[80];
    if (WIFSIGNALED(status))
        snprintf(text, sizeof text, "%s was killed by signal %d", who, WTERMSIG(status));
    else
        snprintf(text, sizeof text, "%s exited with status %d", who, WEXITSTATUS(status));
    note_failure_text(m, ECHILD, "start", text);
}

static void reaped(struct monitor *m, pid_t pid, int status) {
    if (pid == m->starter) {
        drain_report(m, &m->child_report);
        drain_report(m, &m->starter_report);
        m->starter = 0;
        if (m->adopted)
            adopted(m);
        else if (!m->gate_done)
            describe_death(m, "the starter", status);
    } else if (pid == m->init) {
        drain_report(m, &m->child_report);
        bool was_running = m->phase == PHASE_RUNNING;
        // It may have run so shortly that its exec and its death arrive together.
        if (!was_running && !m->has_failure && m->executing && m->child_closed) {
            started(m);
            was_running = true;
        }
        m->init = 0;
        m->init_status = status;
        if (was_running)
            init_died(m);
        else
            describe_death(m, "the child", status);
    } else if (pid == m->cleaner) {
        drain_report(m, &m->cleaner_report);
        m->cleaner = 0;
        cleaned(m);
    }
}

static void serve_signals(struct monitor *m) {
    struct signalfd_siginfo info;
    while (read(m->signals, &info, sizeof info) == sizeof info) {
        int signal = (int)info.ssi_signo;
        if (signal != SIGCHLD) {
            monitor_init_kill(m, signal == SIGHUP ? SIGTERM : signal);
            continue;
        }
        int status;
        for (pid_t pid; !m->done && (pid = waitpid(-1, &status, WNOHANG)) > 0;)
            reaped(m, pid, status);
    }
}

static void prepare_signals(struct monitor *m) {
    sigset_t set;
    signals_default();
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    for (size_t i = 0; i < sizeof signals_forwarded / sizeof signals_forwarded[0]; i++) {
        if (m->plan.options.forward_signals != 0)
            sigaddset(&set, signals_forwarded[i]);
        else
            signal(signals_forwarded[i], SIG_IGN);
    }
    sigprocmask(SIG_BLOCK, &set, NULL);
    m->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

struct poll_set {
    struct pollfd fds[9 + CLIENTS_MAX + 2 * TERMINALS_MAX + LISTENERS_MAX];
    nfds_t count;
};

static short *poll_add(struct poll_set *set, int fd, short events) {
    struct pollfd *p = &set->fds[set->count++];
    *p = (struct pollfd){.fd = events != 0 ? fd : -1, .events = events};
    return &p->revents;
}

static int poll_timeout(const struct monitor *m) {
    int64_t at = is_starting(m) && !m->aborting ? m->deadline : INT64_MAX;
    for (int i = 0; i < TERMINALS_MAX; i++) {
        int64_t t = m->terminals[i].master >= 0 ? terminal_timer(&m->terminals[i]) : INT64_MAX;
        at = t < at ? t : at;
    }
    int64_t calls = calls_timer(m);
    at = calls < at ? calls : at;
    int64_t forward = forward_timer(m);
    at = forward < at ? forward : at;
    int64_t left = at == INT64_MAX ? -1 : at - now_millis();
    return at == INT64_MAX ? -1 : left < 0 ? 0 : (int)left;
}

static void serve_terminals(struct monitor *m, short *masters[], short *streams[]) {
    int64_t now = now_millis();
    for (int i = 0; i < TERMINALS_MAX; i++) {
        struct terminal *t = &m->terminals[i];
        if (masters[i] == NULL || t->master < 0)
            continue;
        if (streams[i] != NULL && *streams[i] != 0 && t->stream >= 0)
            terminal_stream_ready(t, *streams[i]);
        if (*masters[i] != 0)
            terminal_master_ready(m, t, *masters[i]);
        terminal_tick(t, now);
    }
}

static void turn(struct monitor *m) {
    struct poll_set set = {.count = 0};
    short *masters[TERMINALS_MAX] = {0}, *streams[TERMINALS_MAX] = {0}, *clients[CLIENTS_MAX];
    short *forwards[LISTENERS_MAX];
    int *reports[] = {&m->starter_report, &m->child_report, &m->cleaner_report};
    short *report_events[3];
    short *signal_events = poll_add(&set, m->signals, POLLIN);
    short *listener_events = poll_add(&set, m->listener, POLLIN);
    short *orphan_events = poll_add(&set, m->adopted && m->starter == 0 ? m->init_pidfd : -1, POLLIN);
    short *call_events = poll_add(&set, calls_descriptor(m, now_millis()), POLLIN);
    for (int i = 0; i < 3; i++)
        report_events[i] = poll_add(&set, *reports[i], POLLIN);
    for (int i = 0; i < CLIENTS_MAX; i++)
        clients[i] = poll_add(&set, m->clients[i].socket, POLLIN);
    for (int i = 0; i < TERMINALS_MAX; i++) {
        struct terminal *t = &m->terminals[i];
        if (t->master < 0)
            continue;
        masters[i] = poll_add(&set, t->master, terminal_master_events(m, t));
        streams[i] = poll_add(&set, t->stream, terminal_stream_events(t));
    }
    for (int i = 0; i < LISTENERS_MAX; i++)
        forwards[i] = poll_add(&set, forward_descriptor(&m->forward.listeners[i]), POLLIN);
    short *outlet = poll_add(&set, m->outlet.fd, outlet_events(m));
    if (poll(set.fds, set.count, poll_timeout(m)) < 0)
        return;
    if (*outlet != 0)
        outlet_ready(m);
    serve_terminals(m, masters, streams);
    calls_serve(m, *call_events);
    for (int i = 0; i < LISTENERS_MAX; i++)
        forward_serve(m, &m->forward.listeners[i], *forwards[i]);
    // What the child says comes first: a step of the starter that fails because the child is dead is not the cause.
    drain_report(m, &m->child_report);
    for (int i = 0; i < 3; i++)
        if (*report_events[i] != 0 && *reports[i] >= 0)
            serve_report(m, reports[i]);
    for (int i = 0; i < CLIENTS_MAX; i++)
        if (*clients[i] != 0 && m->clients[i].socket >= 0)
            client_serve(m, &m->clients[i]);
    if (*listener_events != 0) {
        int socket = socket_accept(m->listener);
        if (socket >= 0)
            client_add(m, socket, false);
    }
    if (*signal_events != 0)
        serve_signals(m);
    if (*orphan_events != 0)
        adopted_init_died(m);
    if (is_starting(m) && !m->aborting && now_millis() >= m->deadline)
        note_failure_text(m, ETIMEDOUT, "start", "it took too long");
    if (is_starting(m) && m->cleaner == 0 && !m->done)
        start_advance(m);
}

_Noreturn static void refuse(int requester, struct run *run) {
    uint32_t n[2] = {REASON_START_FAILED, 0};
    failure_send(requester, &run->failure, true);
    frame_send_numbers(requester, MSG_GONE, 0, n, 2, -1);
    _exit(1);
}

_Noreturn void monitor_main(int requester, const uint8_t *plan_bytes, size_t plan_len, const struct plan *plan,
                            const int given[SLOTS_MAX], const struct orphan *orphan) {
    static struct monitor m;
    static struct run own;
    m.plan = *plan;
    m.plan_bytes = plan_bytes;
    m.plan_len = plan_len;
    m.on_reboot = plan->options.on_reboot;
    m.phase = PHASE_STARTING;
    m.starter_report = m.child_report = m.cleaner_report = m.init_pidfd = -1;
    m.ring.size = plan->options.ring_bytes;
    for (int i = 0; i < SLOTS_MAX; i++) {
        m.given[i] = given[i];
        m.kept[i] = -1;
    }
    for (int i = 0; i < CLIENTS_MAX; i++)
        m.clients[i].socket = -1;
    for (int i = 0; i < TERMINALS_MAX; i++)
        m.terminals[i] = (struct terminal){.master = -1, .slave = -1, .stream = -1, .borrower = -1};
    calls_prepare(&m);
    forward_prepare(&m);
    show_title("atoll-monitor", "atoll monitor", plan->name.s);
    prepare_signals(&m);
    run_prepare(&own, given, -1);
    failure_outside(&own, TAG_MONITOR, "listen");
    if (listener_open(&m) != 0) {
        failed(&own, "socket", "%s", plan->options.socket.s);
        refuse(requester, &own);
    }
    if (run_steps(&own, TAG_MONITOR, plan->sections[TAG_MONITOR], false) != 0) {
        if (plan->options.socket.len > 0 && plan->options.socket.s[0] == '/')
            unlink(plan->options.socket.s);
        refuse(requester, &own);
    }
    log_open(&m);
    outlet_open(&m, plan->options.outlet < SLOTS_MAX ? own.slot[plan->options.outlet] : -1);
    m.requester = requester;
    m.server_len = sizeof m.server;
    if (getsockname(requester, (struct sockaddr *)&m.server, &m.server_len) != 0)
        m.server_len = 0;
    client_add(&m, requester, true);
    if (orphan != NULL)
        adopt_begin(&m, orphan);
    else
        start_begin(&m);
    if (m.has_failure && orphan != NULL)
        adopted(&m);
    else if (m.has_failure)
        start_advance(&m);
    while (!m.done)
        turn(&m);
    _exit(0);
}
