#include "exec.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"
#include "serve.h"
#include "steps.h"
#include "util.h"

// The process that stays outside, from the request to the end of the command.
struct exec {
    const struct plan *plan;
    int requester, report, signals, pidfd;
    int kept; // what a step gave away, for the requester
    pid_t starter, command;
    int terminals[TERMINALS_MAX];
    uint32_t terminal_count;
    bool executing, started, ended, has_failure;
    int status;
    struct failure failure;
};

static void need_text(const struct text *text, bool needed[SLOTS_MAX]) {
    for (const char *mark = text->s; (mark = strchr(mark, MARK_SLOT)) != NULL; mark++)
        if ((uint8_t)(mark[1] - '@') < SLOTS_MAX)
            needed[(uint8_t)(mark[1] - '@')] = true;
}

static void need_field(char letter, const struct field *f, bool needed[SLOTS_MAX]) {
    struct list list = f->list;
    struct text text;
    struct patch patch;
    uint8_t slot = SLOT_NONE;
    if (letter == 'S' || letter == 'O')
        slot = f->slot;
    else if (letter == 'p' || letter == 'q')
        slot = f->place.slot;
    else if (letter == 's')
        need_text(&f->text, needed);
    else if (letter == 'x')
        while (patch_next(&list, &patch))
            needed[patch.slot % SLOTS_MAX] = true;
    else if (letter == 'a' || letter == 'v' || letter == 'o')
        while (list_next(&list, &text))
            need_text(&text, needed);
    if (slot < SLOTS_MAX)
        needed[slot] = true;
}

// Closes what neither the child's steps nor the command use. In a privileged container root may look into the process
// that enters, and would find the host's cgroup directories in its descriptors: CVE-2016-8649.
static void close_unneeded(struct run *run, const struct plan *plan) {
    bool needed[SLOTS_MAX] = {0};
    struct steps steps = plan->sections[TAG_CHILD];
    struct step step;
    while (steps_next(&steps, &step))
        for (size_t i = 0; step.row->format[i] != 0; i++)
            need_field(step.row->format[i], &step.f[i], needed);
    for (int i = 0; i < 3; i++)
        if (plan->init.stdio[i] < SLOTS_MAX)
            needed[plan->init.stdio[i]] = true;
    needed[plan->enter.target] = true; // until it is entered
    for (uint8_t i = 0; i < SLOTS_MAX; i++)
        if (!needed[i])
            slot_put(run, i, -1);
    fd_close(&run->netlink);
}

// Enters the container's namespaces and makes the command there; a sibling of this process, so that the outer one is
// its parent.
_Noreturn static void enter_main(struct run *run, const struct plan *plan) {
    const struct enter *enter = &plan->enter;
    // While it is inside with descriptors of the host, nobody there may look into it.
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signals_default();
    umask(0);
    if (run_steps(run, TAG_HOST, plan->sections[TAG_HOST], false) != 0)
        report_failure(run);
    failure_outside(run, TAG_CLONE, "enter container");
    int target = slot_get(run, enter->target);
    if (target < 0)
        report_failure(run);
    close_unneeded(run, plan);
    if (enter->namespaces != 0 && setns(target, (int)enter->namespaces) != 0) {
        failed(run, "setns", "namespaces 0x%x", enter->namespaces);
        report_failure(run);
    }
    slot_put(run, enter->target, -1);
    int pidfd = -1;
    pid_t pid = clone_process(CLONE_PARENT, -1, &pidfd);
    if (pid < 0) {
        failed(run, "clone3", "%s", "");
        report_failure(run);
    }
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, 0);
        child_main(run, plan, enter->namespaces, false);
    }
    uint32_t number = (uint32_t)pid;
    frame_send_numbers(run->report, MSG_CLONED, 0, &number, 1, pidfd);
    reap_helpers();
    _exit(0);
}

static int begin(struct exec *x, const int given[SLOTS_MAX]) {
    static struct run run;
    int pair[2], pidfd = -1;
    run_prepare(&run, given, -1);
    failure_outside(&run, TAG_CLONE, "make starter");
    uint8_t slot = x->plan->enter.cgroup;
    int cgroup = slot == SLOT_NONE ? -1 : slot_get(&run, slot);
    if (slot != SLOT_NONE && cgroup < 0)
        goto fail;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        failed(&run, "socketpair", "%s", "");
        goto fail;
    }
    // Born in the cgroup: moving a process there costs the kernel a thousand times more.
    x->starter = clone_process(0, cgroup, &pidfd);
    if (x->starter == 0) {
        fd_close(&x->requester);
        fd_close(&x->signals);
        fd_close(&pair[0]);
        run.report = pair[1];
        enter_main(&run, x->plan);
    }
    fd_close(&pidfd);
    fd_close(&pair[1]);
    x->report = pair[0];
    if (x->starter > 0)
        return 0;
    failed(&run, "clone3", "%s", "");
fail:
    x->failure = run.failure;
    return -1;
}

static void take_report(struct exec *x, uint16_t type, struct cursor *c, int fd) {
    uint32_t n = 0;
    switch (type) {
    case MSG_CLONED:
        take_u32(c, &n);
        x->command = (pid_t)n;
        x->pidfd = fd;
        return;
    case MSG_TERMINAL:
        if (x->terminal_count < TERMINALS_MAX && fd >= 0) {
            x->terminals[x->terminal_count++] = fd;
            return;
        }
        break;
    case MSG_KEPT:
        fd_close(&x->kept);
        x->kept = fd;
        return;
    case MSG_EXECUTING:
        x->executing = true;
        break;
    default:
        break;
    }
    fd_close(&fd);
}

// Reads what the starter and the command report until both have closed the socket: the command by executing, or by
// dying.
static void serve_report(struct exec *x) {
    uint8_t bytes[ANSWER_BYTES_MAX];
    int fds[SLOTS_MAX];
    size_t count;
    ssize_t len = frame_receive(x->report, bytes, sizeof bytes, fds, &count, false);
    if (len < 0 && errno == EAGAIN)
        return;
    struct cursor c = {bytes, bytes + (len > 0 ? len : 0)};
    uint16_t type, zero;
    uint32_t tag;
    if (len <= 0 || !take_u16(&c, &type) || !take_u16(&c, &zero) || !take_u32(&c, &tag)) {
        fd_close(&x->report);
        return;
    }
    if (type != MSG_FAILED || x->has_failure) {
        take_report(x, type, &c, count > 0 ? fds[0] : -1);
        return;
    }
    // Passed on as it came; it is a frame of the same form.
    struct iovec iov = {bytes, (size_t)len};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    sendmsg(x->requester, &m, MSG_NOSIGNAL);
    x->has_failure = true;
}

static void tell_started(struct exec *x) {
    int fds[TERMINALS_MAX + 2] = {x->pidfd};
    size_t count = 1 + x->terminal_count;
    struct frame f;
    x->started = true;
    frame_begin(&f, MSG_STARTED, 0);
    frame_u32(&f, (uint32_t)x->command);
    frame_u32(&f, 1);
    frame_u32(&f, x->terminal_count);
    memcpy(fds + 1, x->terminals, x->terminal_count * sizeof(int));
    if (x->kept >= 0)
        fds[count++] = x->kept;
    frame_send(x->requester, &f, fds, count, true);
    // Whoever asked for it has it alone, and its end is seen where it matters.
    fd_close(&x->kept);
}

static void requester_gone(struct exec *x) {
    fd_close(&x->requester);
    // Our copies would keep the terminal alive for a command that nobody sees.
    for (uint32_t i = 0; i < x->terminal_count; i++)
        fd_close(&x->terminals[i]);
    x->terminal_count = 0;
    if (!x->started || x->plan->enter.kill_with_requester != 0) {
        if (x->command > 0)
            kill(x->command, SIGKILL);
        if (x->starter > 0)
            kill(x->starter, SIGKILL);
    }
}

static void serve_requester(struct exec *x) {
    uint8_t bytes[64];
    int fds[SLOTS_MAX];
    size_t count;
    ssize_t len = frame_receive(x->requester, bytes, sizeof bytes, fds, &count, false);
    for (size_t i = 0; i < count; i++)
        fd_close(&fds[i]);
    if (len < 0 && errno == EAGAIN)
        return;
    struct cursor c = {bytes, bytes + (len > 0 ? len : 0)};
    uint16_t type, zero;
    uint32_t tag, n[3];
    if (len <= 0 || !take_u16(&c, &type) || !take_u16(&c, &zero) || !take_u32(&c, &tag)) {
        requester_gone(x);
    } else if (type == MSG_SIGNAL && take_u32(&c, &n[0]) && x->pidfd >= 0) {
        pidfd_kill(x->pidfd, (int)n[0]);
    } else if (type == MSG_KILL) {
        if (x->pidfd >= 0)
            pidfd_kill(x->pidfd, SIGKILL);
        else if (x->starter > 0)
            kill(x->starter, SIGKILL);
    } else if (type == MSG_RESIZE && take_u32(&c, &n[0]) && take_u32(&c, &n[1]) && take_u32(&c, &n[2]) &&
               n[0] < x->terminal_count) {
        struct winsize size = {.ws_row = (unsigned short)n[1], .ws_col = (unsigned short)n[2]};
        ioctl(x->terminals[n[0]], TIOCSWINSZ, &size);
    }
}

static void serve_signals(struct exec *x) {
    struct signalfd_siginfo info;
    int status;
    while (read(x->signals, &info, sizeof info) > 0)
        ;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid == x->starter) {
            x->starter = 0;
        } else {
            // The only other child: the pid of the command may not have been reported yet.
            x->command = pid;
            x->ended = true;
            x->status = status;
        }
    }
}

// True when there is nothing left to wait for.
static bool turn(struct exec *x) {
    struct pollfd p[3] = {{.fd = x->report, .events = POLLIN},
                          {.fd = x->signals, .events = POLLIN},
                          {.fd = x->requester, .events = POLLIN}};
    if (poll(p, 3, -1) < 0)
        return false;
    if (p[0].revents != 0)
        serve_report(x);
    if (p[2].revents != 0 && x->requester >= 0)
        serve_requester(x);
    if (p[1].revents != 0)
        serve_signals(x);
    if (x->report >= 0)
        return false;
    if (x->executing && !x->has_failure && !x->started)
        tell_started(x);
    return x->ended || (x->starter == 0 && x->command == 0);
}

static void tell_end(struct exec *x) {
    uint32_t n[2] = {REASON_START_FAILED, 0};
    if (!x->started && !x->has_failure)
        failure_send(x->requester, &x->failure, false);
    if (x->started && WIFSIGNALED(x->status))
        n[0] = REASON_KILLED, n[1] = (uint32_t)WTERMSIG(x->status);
    else if (x->started)
        n[0] = REASON_EXITED, n[1] = (uint32_t)WEXITSTATUS(x->status);
    frame_send_numbers(x->requester, MSG_GONE, 0, n, 2, -1);
}

_Noreturn void exec_main(int requester, const struct plan *plan, int given[SLOTS_MAX]) {
    static struct exec x;
    sigset_t set;
    x = (struct exec){.plan = plan, .requester = requester, .report = -1, .pidfd = -1, .kept = -1};
    x.failure = (struct failure){.section = TAG_CLONE, .err = ECHILD, .step = "make command", .call = "start"};
    snprintf(x.failure.detail, sizeof x.failure.detail, "the starter died");
    show_title("atoll-exec", "atoll exec", plan->name.s);
    signals_default();
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    x.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (begin(&x, given) == 0) {
        // The command's own ends are in its hands; a pipe must close with the command, not with us.
        for (int i = 0; i < SLOTS_MAX; i++)
            fd_close(&given[i]);
        while (!turn(&x))
            ;
    }
    tell_end(&x);
    _exit(0);
}
