// Steps that change the process itself: namespaces, limits, privileges.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process.h"
#include "steps.h"
#include "util.h"

enum { FILTER_FLAG_WAIT_KILLABLE = 1 << 5 }; // linux/seccomp.h of newer kernels than the one we are built on

static int write_map(struct run *run, pid_t pid, const char *file, const struct text *map) {
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
    cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
    // One write with all lines: the kernel takes a map once.
    if (fd >= 0 && write(fd, map->s, map->len) == (ssize_t)map->len)
        return 0;
    return failed(run, "write", "%s: %.200s", file, map->s);
}

int write_id_maps(struct run *run, pid_t pid, const struct text *uid_map, const struct text *gid_map) {
    return write_map(run, pid, "uid_map", uid_map) == 0 && write_map(run, pid, "gid_map", gid_map) == 0 ? 0 : -1;
}

int open_user_namespace(struct run *run, pid_t pid) {
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 ? fd : failed(run, "open", "%s", path);
}

// Lives until the starter has what it needs; shares memory with it, because copying that would take most of the time.
static int wait_to_be_killed(void *unused) {
    (void)unused;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (pause() < 0)
        ;
    return 0;
}

int step_user_namespace(struct run *run, const struct field *f) {
    // A namespace needs a process while its maps are written; it then lives by the descriptor. Whoever runs the steps
    // reaps it at the end, when that no longer costs time.
    enum { STACK_BYTES = 8192 };
    char *stack = malloc(STACK_BYTES); // never freed: it is in use until that process is dead
    pid_t pid =
        stack == NULL ? -1 : clone(wait_to_be_killed, stack + STACK_BYTES, CLONE_NEWUSER | CLONE_VM | SIGCHLD, NULL);
    if (pid < 0)
        return failed(run, "clone", "user namespace");
    int fd = write_id_maps(run, pid, &f[1].text, &f[2].text) == 0 ? open_user_namespace(run, pid) : -1;
    kill(pid, SIGKILL);
    if (fd < 0)
        return -1;
    slot_put(run, f[0].slot, fd);
    return 0;
}

int step_setns(struct run *run, const struct field *f) {
    int fd = slot_get(run, f[0].slot);
    if (fd < 0)
        return -1;
    if (setns(fd, (int)f[1].n) != 0)
        return failed(run, "setns", "flags 0x%x", (unsigned)f[1].n);
    // What comes after is meant for that network. A start's messages stay with the host's: see starter_main.
    if (run->section == TAG_GONE && (f[1].n & CLONE_NEWNET) != 0)
        fd_close(&run->netlink);
    return 0;
}

int step_unshare(struct run *run, const struct field *f) {
    return unshare((int)f[0].n) == 0 ? 0 : failed(run, "unshare", "flags 0x%x", (unsigned)f[0].n);
}

int step_hostname(struct run *run, const struct field *f) {
    return sethostname(f[0].text.s, f[0].text.len) == 0 ? 0 : failed(run, "sethostname", "%s", f[0].text.s);
}

int step_domainname(struct run *run, const struct field *f) {
    return setdomainname(f[0].text.s, f[0].text.len) == 0 ? 0 : failed(run, "setdomainname", "%s", f[0].text.s);
}

int step_rlimit(struct run *run, const struct field *f) {
    struct rlimit limit = {f[2].n, f[3].n};
    pid_t pid = f[0].n != 0 ? run->child : 0;
    if (syscall(SYS_prlimit64, pid, (unsigned)f[1].n, &limit, NULL) == 0)
        return 0;
    return failed(run, "prlimit", "resource %u", (unsigned)f[1].n);
}

int step_device_filter(struct run *run, const struct field *f) {
    int cgroup = slot_get(run, f[0].slot);
    if (cgroup < 0)
        return -1;
    union bpf_attr load = {0};
    load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    load.insns = (uint64_t)(uintptr_t)f[1].bytes.p;
    load.insn_cnt = f[1].bytes.len / (uint32_t)sizeof(struct bpf_insn);
    load.license = (uint64_t)(uintptr_t) "GPL";
    cleanup_fd int program = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load);
    if (program < 0)
        return failed(run, "bpf load", "device filter of %u instructions", load.insn_cnt);
    union bpf_attr attach = {0};
    attach.target_fd = (uint32_t)cgroup;
    attach.attach_bpf_fd = (uint32_t)program;
    attach.attach_type = BPF_CGROUP_DEVICE;
    attach.attach_flags = BPF_F_ALLOW_MULTI;
    return syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof attach) == 0 ? 0
                                                                          : failed(run, "bpf attach", "device filter");
}

int step_capabilities(struct run *run, const struct field *f) {
    uint64_t keep = f[0].n;
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (int i = 0; i < 64; i++) {
        int held = prctl(PR_CAPBSET_READ, i, 0, 0, 0);
        if (held < 0)
            break; // past the kernel's last one
        if (held == 1 && (keep >> i & 1) == 0 && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) != 0)
            return failed(run, "prctl", "drop capability %d", i);
    }
    if (syscall(SYS_capget, &header, data) != 0)
        return failed(run, "capget", "%s", "");
    data[0].inheritable &= (uint32_t)keep;
    data[1].inheritable &= (uint32_t)(keep >> 32);
    return syscall(SYS_capset, &header, data) == 0 ? 0 : failed(run, "capset", "inheritable");
}

int step_no_new_privileges(struct run *run, const struct field *f) {
    (void)f;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : failed(run, "prctl", "no new privileges");
}

int step_seccomp(struct run *run, const struct field *f) {
    struct sock_fprog program = {.len = (unsigned short)(f[0].bytes.len / sizeof(struct sock_filter)),
                                 .filter = (struct sock_filter *)(uintptr_t)f[0].bytes.p};
    bool listen = f[1].slot != SLOT_NONE;
    unsigned flags = listen ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
    // A call that is being answered is not begun anew for every signal; Linux 5.19.
    unsigned patient = listen ? flags | FILTER_FLAG_WAIT_KILLABLE : 0;
    int result = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, patient, &program);
    if (result < 0 && errno == EINVAL && listen)
        result = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    if (result < 0)
        return failed(run, "seccomp", "filter of %u instructions", program.len);
    if (listen)
        slot_put(run, f[1].slot, result);
    return 0;
}

int step_personality(struct run *run, const struct field *f) {
    return personality((unsigned long)f[0].n) >= 0 ? 0 : failed(run, "personality", "0x%lx", (unsigned long)f[0].n);
}

// The processes of this thread group's threads and children share a core with nobody else; sched-core of the kernel.
int step_core_scheduling(struct run *run, const struct field *f) {
    (void)f;
    if (prctl(PR_SCHED_CORE, PR_SCHED_CORE_CREATE, 0, PR_SCHED_CORE_SCOPE_THREAD_GROUP, 0) == 0)
        return 0;
    return failed(run, "prctl", "core scheduling");
}

int step_keyring(struct run *run, const struct field *f) {
    (void)f;
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0)
        return 0;
    return failed(run, "keyctl", "new session keyring");
}

int step_parent_death(struct run *run, const struct field *f) {
    if (prctl(PR_SET_PDEATHSIG, (unsigned long)f[0].n, 0, 0, 0) != 0)
        return failed(run, "prctl", "parent death signal");
    // The parent may have died before the call; its end of the report socket is then closed.
    struct pollfd p = {.fd = run->report};
    if (poll(&p, 1, 0) == 1 && (p.revents & POLLHUP) != 0)
        raise(SIGKILL);
    return 0;
}

int step_title(struct run *run, const struct field *f) {
    (void)run;
    show_title(f[0].text.s, f[1].text.s, f[2].text.s);
    return 0;
}

int step_keep(struct run *run, const struct field *f) {
    int fd = slot_get(run, f[0].slot);
    if (fd < 0)
        return -1;
    uint32_t slot = f[0].slot;
    return frame_send_numbers(run->report, MSG_KEPT, 0, &slot, 1, fd) == 0 ? 0
                                                                           : failed(run, "sendmsg", "slot %u", slot);
}

// Says where it is and waits for the monitor's word.
static int await_go(struct run *run, uint16_t where) {
    uint8_t go[8];
    int fds[SLOTS_MAX];
    size_t count;
    // The monitor ended the start or died: there is nobody left to report to.
    if (frame_send_numbers(run->report, where, 0, NULL, 0, -1) != 0 ||
        frame_receive(run->report, go, sizeof go, fds, &count, true) <= 0) {
        errno = ECANCELED;
        return failed(run, "gate", "the start was given up");
    }
    return 0;
}

int step_await_gate(struct run *run, const struct field *f) {
    (void)f;
    return await_go(run, MSG_AT_GATE);
}

int step_await_child(struct run *run, const struct field *f) {
    (void)f;
    return await_go(run, MSG_AWAIT_CHILD);
}

// Field 4 of /proc/PID/stat; 0 if there is no such process.
static pid_t parent_of(pid_t pid) {
    char path[40], stat[512];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, stat, sizeof stat - 1);
    stat[n > 0 ? n : 0] = 0;
    const char *p = strrchr(stat, ')'); // the name before it may hold anything
    int parent = 0;
    return p != NULL && sscanf(p + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

// The file was written by a program that a hook ran as the host's root. Only a child of the monitor is taken, which
// what that program left behind has become: whatever else the number names is none of ours to kill.
int step_take_child(struct run *run, const struct field *f) {
    cleanup_fd int fd = place_open(run, &f[0].place, O_RDONLY);
    char text[16];
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, text, sizeof text - 1);
    text[n > 0 ? n : 0] = 0;
    long number = strtol(text, NULL, 10);
    pid_t pid = number > 1 && number < INT_MAX ? (pid_t)number : 0;
    cleanup_fd int pidfd = pid > 0 ? pidfd_of(pid) : -1;
    if (pidfd < 0 || parent_of(pid) != getppid()) {
        errno = ESRCH;
        return failed(run, "read", "%s names no process that was restored", place_text(&f[0].place));
    }
    uint32_t told = (uint32_t)pid;
    if (frame_send_numbers(run->report, MSG_CLONED, 0, &told, 1, pidfd) != 0)
        return failed(run, "sendmsg", "pid %u", told);
    run->child = pid;
    return 0;
}
