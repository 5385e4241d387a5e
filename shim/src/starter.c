#include "starter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process.h"
#include "steps.h"
#include "util.h"

_Noreturn static void container_child(struct run *run, const struct plan *plan, int child_report, int go) {
    char byte;
    fd_close(&run->report);
    fd_close(&run->netlink);
    run->report = child_report;
    run->child = 0;
    // The starter died before the id maps were written; the monitor knows.
    if (read(go, &byte, 1) != 1)
        _exit(1);
    fd_close(&go);
    child_main(run, plan, plan->spawn.namespaces, true);
}

static pid_t make_child(struct run *run, const struct plan *plan, int child_report) {
    int go[2], pidfd = -1;
    const struct spawn *spawn = &plan->spawn;
    if (pipe2(go, O_CLOEXEC) != 0)
        return failed(run, "pipe", "%s", "");
    int cgroup = spawn->cgroup == SLOT_NONE ? -1 : slot_get(run, spawn->cgroup);
    if (spawn->cgroup != SLOT_NONE && cgroup < 0)
        return -1;
    pid_t pid = clone_process(spawn->namespaces | CLONE_PARENT, cgroup, &pidfd);
    if (pid < 0)
        return failed(run, "clone3", "namespaces 0x%x", spawn->namespaces);
    if (pid == 0) {
        fd_close(&go[1]);
        container_child(run, plan, child_report, go[0]);
    }
    fd_close(&child_report);
    fd_close(&go[0]);
    // The monitor must know of the child before anything can fail: it is the one who kills and reaps it.
    uint32_t number = (uint32_t)pid;
    frame_send_numbers(run->report, MSG_CLONED, 0, &number, 1, pidfd);
    fd_close(&pidfd);
    if ((spawn->namespaces & CLONE_NEWUSER) != 0 && write_id_maps(run, pid, &spawn->uid_map, &spawn->gid_map) != 0)
        return -1;
    if (spawn->user_namespace != SLOT_NONE) {
        int fd = open_user_namespace(run, pid);
        if (fd < 0)
            return -1;
        slot_put(run, spawn->user_namespace, fd);
    }
    ssize_t n = write(go[1], "g", 1);
    fd_close(&go[1]);
    return n == 1 ? pid : failed(run, "write", "go");
}

// Section RESTORE makes the child in its own way; there is no gate, and nothing becomes init any more.
_Noreturn static void restore(struct run *run, const struct plan *plan) {
    if (run_steps(run, TAG_RESTORE, plan->sections[TAG_RESTORE], false) != 0)
        report_failure(run);
    failure_outside(run, TAG_RESTORE, "restore");
    if (run->child == 0) {
        errno = ECHILD;
        failed(run, "restore", "no step took a child over");
        report_failure(run);
    }
    frame_send_numbers(run->report, MSG_GATE_DONE, 0, NULL, 0, -1);
    frame_send_numbers(run->report, MSG_EXECUTING, 0, NULL, 0, -1);
    reap_helpers();
    _exit(0);
}

_Noreturn void starter_main(const struct plan *plan, bool restores, const int given[SLOTS_MAX], int report,
                            int child_report) {
    static struct run run;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signals_default();
    umask(0);
    run_prepare(&run, given, report);
    // Opened before any step can leave the host's network namespace.
    run.netlink = netlink_open();
    if (restores) {
        fd_close(&child_report);
        restore(&run, plan);
    }
    if (run_steps(&run, TAG_HOST, plan->sections[TAG_HOST], false) != 0)
        report_failure(&run);
    failure_outside(&run, TAG_CLONE, "make child");
    pid_t pid = make_child(&run, plan, child_report);
    if (pid < 0)
        report_failure(&run);
    run.child = pid;
    if (run_steps(&run, TAG_GATE, plan->sections[TAG_GATE], false) != 0)
        report_failure(&run);
    frame_send_numbers(run.report, MSG_GATE_DONE, 0, NULL, 0, -1);
    reap_helpers();
    _exit(0);
}

_Noreturn void reattach_main(const struct plan *plan, int target, int report) {
    static struct run run;
    uint32_t user = plan->spawn.namespaces & CLONE_NEWUSER;
    // As in an exec: nobody inside may look into it.
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signals_default();
    umask(0);
    run_prepare(&run, NULL, report);
    failure_outside(&run, TAG_ADOPT, "enter container");
    if (setns(target, (int)(CLONE_NEWNS | user)) != 0) {
        failed(&run, "setns", "namespaces 0x%x", CLONE_NEWNS | user);
        report_failure(&run);
    }
    fd_close(&target);
    if ((user != 0 && become_root(&run) != 0) || run_steps(&run, TAG_ADOPT, plan->sections[TAG_ADOPT], true) != 0)
        report_failure(&run);
    _exit(0);
}
