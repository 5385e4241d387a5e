#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util.h"

pid_t clone_process(uint64_t flags, int cgroup, int *pidfd) {
    struct clone_args args = {.flags = flags | CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)pidfd};
    // A sibling is signalled as its maker is; the kernel refuses a signal of its own.
    if ((flags & CLONE_PARENT) == 0)
        args.exit_signal = SIGCHLD;
    if (cgroup >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (unsigned)cgroup;
    }
    return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

void signals_reset(void) {
    sigset_t none;
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int i = 1; i < NSIG; i++)
        sigaction(i, &standard, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

const int signals_forwarded[8] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGPWR, SIGWINCH};

void signals_default(void) {
    sigset_t none;
    for (size_t i = 0; i < sizeof signals_forwarded / sizeof signals_forwarded[0]; i++)
        signal(signals_forwarded[i], SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

void umask_default(void) { umask(022); }

void exec_in_path(char **argv, char **env) {
    if (strchr(argv[0], '/') != NULL) {
        execve(argv[0], argv, env);
        return;
    }
    const char *path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    for (char **e = env; *e != NULL; e++)
        if (strncmp(*e, "PATH=", 5) == 0)
            path = *e + 5;
    int worst = ENOENT;
    while (*path != 0) {
        size_t len = strcspn(path, ":");
        char full[PATH_MAX];
        int n = snprintf(full, sizeof full, "%.*s/%s", (int)len, path, argv[0]);
        if (len > 0 && n > 0 && (size_t)n < sizeof full) {
            execve(full, argv, env);
            if (errno != ENOENT && errno != ENOTDIR)
                worst = errno;
        }
        path += len + (path[len] == ':');
    }
    errno = worst;
}

void failure_outside(struct run *run, uint32_t section, const char *what) {
    run->failure.section = section;
    run->failure.index = 0;
    snprintf(run->failure.step, sizeof run->failure.step, "%s", what);
}

void reap_helpers(void) {
    while (waitpid(-1, NULL, 0) > 0)
        ;
}

_Noreturn void report_failure(struct run *run) {
    failure_send(run->report, &run->failure, true);
    reap_helpers();
    _exit(1);
}

static int take_stdio(struct run *run, const struct init *init) {
    if (init->stdio_kind == STDIO_TERMINAL) {
        int terminal = slot_get(run, init->stdio[0]);
        if (terminal < 0)
            return -1;
        if (ioctl(terminal, TIOCSCTTY, 0) != 0)
            return failed(run, "ioctl", "controlling terminal");
        // The program opens its terminal by name later, so it must be the owner; the group stays `tty`.
        if (fchown(terminal, init->uid, (gid_t)-1) != 0 && init->uid != 0)
            return failed(run, "fchown", "terminal");
        for (int i = 0; i < 3; i++)
            if (dup2(terminal, i) < 0)
                return failed(run, "dup2", "terminal");
        return 0;
    }
    // An empty one keeps the /dev/null of the host that the monitor has: the container's might be anything.
    for (int i = 0; i < 3; i++) {
        int fd = init->stdio[i] == SLOT_NONE ? i : slot_get(run, init->stdio[i]);
        if (fd < 0 || (fd != i && dup2(fd, i) < 0))
            return failed(run, "dup2", "descriptor %d", i);
        // With a session of its own a terminal among them becomes its terminal, unless it is somebody else's already.
        if (init->new_session != 0)
            ioctl(i, TIOCSCTTY, 0);
    }
    return 0;
}

// Leaves the first three descriptors and the report socket, which becomes number 3 and closes itself at exec.
static int close_the_rest(struct run *run) {
    if (run->report != 3) {
        if (dup3(run->report, 3, O_CLOEXEC) < 0)
            return failed(run, "dup3", "report");
        run->report = 3;
    }
    if (syscall(SYS_close_range, 4, ~0u, 0) != 0)
        return failed(run, "close_range", "%s", "");
    for (int i = 0; i < SLOTS_MAX; i++)
        run->slot[i] = -1;
    run->netlink = -1;
    return 0;
}

// No magic links: a working directory of /proc/self/fd/N, planted in an image, would otherwise lead to the host.
static int change_directory(struct run *run, const char *path) {
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS};
    cleanup_fd int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
    if (fd < 0 || fchdir(fd) != 0)
        return failed(run, "chdir", "%s", path);
    return 0;
}

// A new user would take away the signal at the parent's death; prctl(2).
static int take_identity(struct run *run, const struct init *init) {
    gid_t groups[GROUPS_MAX];
    int at_parents_death = 0;
    if (prctl(PR_GET_PDEATHSIG, &at_parents_death, 0, 0, 0) != 0)
        return failed(run, "prctl", "%s", "parent death signal");
    memcpy(groups, init->groups, init->groups_count * sizeof groups[0]);
    if (setgroups(init->groups_count, groups) != 0)
        return failed(run, "setgroups", "%u groups", init->groups_count);
    if (syscall(SYS_setresgid, init->gid, init->gid, init->gid) != 0)
        return failed(run, "setresgid", "%u", init->gid);
    if (syscall(SYS_setresuid, init->uid, init->uid, init->uid) != 0)
        return failed(run, "setresuid", "%u", init->uid);
    if (at_parents_death != 0)
        return step_parent_death(run, &(struct field){.n = (uint64_t)at_parents_death});
    return 0;
}

void become(struct run *run, const struct init *init, bool die_with_parent) {
    cleanup_vector char **argv = vector(NULL, init->argv);
    cleanup_vector char **env = vector(NULL, init->env);
    failure_outside(run, TAG_INIT, "run program");
    if (argv == NULL || env == NULL) {
        failed(run, "malloc", "%s", "");
        return;
    }
    if (init->new_session != 0 || init->stdio_kind == STDIO_TERMINAL)
        setsid();
    if (take_stdio(run, init) != 0 || close_the_rest(run) != 0 || change_directory(run, init->cwd.s) != 0 ||
        take_identity(run, init) != 0)
        return;
    umask(init->umask);
    if (die_with_parent && step_parent_death(run, &(struct field){.n = SIGKILL}) != 0)
        return;
    signals_default();
    frame_send_numbers(run->report, MSG_EXECUTING, 0, NULL, 0, -1);
    exec_in_path(argv, env);
    failed(run, "execve", "%s", argv[0]);
}

// In a new user namespace the kernel gives all capabilities, but the ids are still the host's and mean nobody.
int become_root(struct run *run) {
    if (setgroups(0, NULL) == 0 && setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0)
        return 0;
    return failed(run, "setresuid", "0");
}

_Noreturn void child_main(struct run *run, const struct plan *plan, uint32_t namespaces, bool has_gate) {
    bool gated = false;
    failure_outside(run, TAG_CHILD, "become root of the user namespace");
    if ((namespaces & CLONE_NEWUSER) != 0 && become_root(run) != 0)
        report_failure(run);
    struct steps walk = plan->sections[TAG_CHILD];
    struct step step;
    while (steps_next(&walk, &step))
        gated = gated || step.row->run == step_await_gate;
    if (run_steps(run, TAG_CHILD, plan->sections[TAG_CHILD], false) != 0)
        report_failure(run);
    failure_outside(run, TAG_CHILD, "wait for the gate");
    if (has_gate && !gated && step_await_gate(run, NULL) != 0)
        report_failure(run);
    bool die_with_parent = plan->kind == KIND_START && plan->options.kill_with_monitor != 0;
    become(run, &plan->init, die_with_parent);
    report_failure(run);
}
