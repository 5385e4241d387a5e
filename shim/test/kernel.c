// Tests of what depends on the kernel: cgroup version 2, device filters, overlay layers, a host in a chroot. What it
// lacks is skipped by name.
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sample.h"

static const char *cgroup2_root(void) {
    static const char *const roots[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
    enum { CGROUP2_MAGIC = 0x63677270 };
    struct statfs s;
    for (int i = 0; i < 2; i++)
        if (statfs(roots[i], &s) == 0 && s.f_type == CGROUP2_MAGIC)
            return roots[i];
    return NULL;
}

// Born in its cgroup, entered there by a command, devices refused by a program, and the tree removed at the end.
void test_cgroup2(void) {
    static const char *const argv[] = {"/probe", "mkdir", "/tmp/x",    ",", "cat",     "/proc/self/cgroup",
                                       ",",      "cat",   "/dev/null", ",", "sigwait", NULL};
    // Refuses character device 1:3 and nothing else; the context holds access and type, major, minor.
    const struct bpf_insn refuse[] = {
        {.code = BPF_LDX | BPF_W | BPF_MEM, .dst_reg = BPF_REG_2, .src_reg = BPF_REG_1, .off = 4},
        {.code = BPF_LDX | BPF_W | BPF_MEM, .dst_reg = BPF_REG_3, .src_reg = BPF_REG_1, .off = 8},
        {.code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = BPF_REG_2, .off = 3, .imm = 1},
        {.code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = BPF_REG_3, .off = 2, .imm = 3},
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
        {.code = BPF_JMP | BPF_EXIT},
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1},
        {.code = BPF_JMP | BPF_EXIT}};
    enum { GROUP = 30 };
    char dir[128], inside[300], line[200];
    if (cgroup2_root() == NULL) {
        puts("  skipped: no cgroup2");
        return;
    }
    snprintf(dir, sizeof dir, "%s/atoll-shim-%d", cgroup2_root(), getpid());
    snprintf(inside, sizeof inside, "%s/below", dir);
    mkdir(dir, 0755);
    start_plan("group", (struct wishes){0}, argv);
    step(&parts.host, 27, "Sb", GROUP, refuse, sizeof refuse);
    step(&parts.child, 23, "i", (unsigned)CLONE_NEWCGROUP);
    step(&parts.gone, 10, "pt", PLACE_HOST, NONE, dir, 2000u);
    size_t at = parts.clone.len - 2; // the cgroup's slot, before the user namespace's
    parts.clone.bytes[at] = GROUP;
    plan_build(&plan, &parts);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int socket = request(MSG_START, &plan, (int[]){GROUP}, &fd, 1);
    struct event e = expect(socket, MSG_STARTED);
    for (int i = 0; i < 400; i++) {
        char *log = log_of("group");
        bool ready = strstr(log, "ready") != NULL;
        free(log);
        if (ready)
            break;
        usleep(5000);
    }
    char *log = log_of("group");
    HAS(log, "0::/\r\n");
    HAS(log, "error=cat /dev/null: Operation not permitted");
    free(log);
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/cgroup", (int)e.n[0]);
    char *groups = slurp(path);
    snprintf(line, sizeof line, "0::/atoll-shim-%d\n", getpid());
    HAS(groups, line);
    free(groups);
    // A command is born there too.
    static const char *const command[] = {"/probe", "sleep", "200", ",", "exit", "4", NULL};
    exec_plan(command, "/", 0, false, false);
    // After the target slot and the namespaces.
    parts.enter.bytes[5] = GROUP;
    plan_build(&plan, &parts);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int x = request(MSG_EXEC, &plan, (int[]){0, GROUP, 10, 11, 12}, (int[]){e.fds[0], fd, null, null, null}, 5);
    struct event begun = expect(x, MSG_STARTED);
    snprintf(path, sizeof path, "/proc/%d/cgroup", (int)begun.n[0]);
    groups = slurp(path);
    HAS(groups, line);
    free(groups);
    event_close(&begun);
    begun = expect(x, MSG_GONE);
    CHECK(begun.n[0] == REASON_EXITED && begun.n[1] == 4, "reason %u status %u", begun.n[0], begun.n[1]);
    close(x);
    close(null);
    close(fd);
    mkdir(inside, 0755);
    stop(socket, e.fds[0]);
    CHECK(access(dir, F_OK) != 0, "%s is left", dir);
    rmdir(in_base("root/tmp/x"));
}

static void overlay_plan(bool owner, bool attached, const char *const *argv) {
    static const char *const layers[] = {"=lowerdir", "\1C", "=upperdir", "\1I/upper", "=workdir", "\1I/work", NULL};
    start_plan("overlay", (struct wishes){0}, argv);
    // The idmapped copy of the root directory becomes the lower layer; slot 3 is mark C, slot 9 is mark I.
    step(&parts.host, 11, "Spff", TREE, PLACE_HOST, NONE, in_base("root"), 1u, 0u);
    step(&parts.host, 12, "pfiiiO", PLACE_SLOT, TREE, "", 0u, 0u, 0u, 0u, IDMAP);
    step(&parts.host, 11, "Spff", 9, PLACE_HOST, NONE, in_base("upper"), 1u, 0u);
    step(&parts.host, 12, "pfiiiO", PLACE_SLOT, 9, "", 0u, 0u, 0u, 0u, IDMAP);
    if (attached) {
        step(&parts.host, 14, "Sp", TREE, PLACE_HOST, NONE, in_base("lower"));
        step(&parts.host, 14, "Sp", 9, PLACE_HOST, NONE, in_base("upper"));
    }
    unsigned id = owner ? 1500000 : ~0u;
    step(&parts.host, 13, "Ssoiiif", ROOT, "overlay", layers, 0u, id, id, 1u);
}

// Both layers idmapped: writable only when the superblock is created by the mapped root, and never silently read-only.
// Before about Linux 6.5 layers must be attached somewhere, which the starter's own mount namespace is for.
static void overlay_case(bool attached) {
    static const char *const argv[] = {"/probe", "write", "/new", "text", ",", "mode", "/new", NULL};
    struct stat st;
    overlay_plan(true, attached, argv);
    int socket = send_start();
    struct event e = next_event(socket);
    if (!attached && e.type == MSG_FAILED && e.err == EINVAL) {
        puts("  skipped: the kernel takes no detached mounts as layers");
        expect_gone(socket, REASON_START_FAILED, 0);
        return;
    }
    CHECK(e.type == MSG_STARTED, "%s: %s: %s", e.call, strerror(e.err), e.detail);
    event_close(&e);
    expect_gone(socket, REASON_EXITED, 0);
    char *log = log_of("overlay");
    HAS(log, "/new=100644 0:0");
    free(log);
    CHECK(stat(in_base("upper/upper/new"), &st) == 0 && st.st_uid == 0, "on disk the file belongs to %u", st.st_uid);
    overlay_plan(false, attached, argv);
    socket = send_start();
    e = expect(socket, MSG_FAILED);
    CHECK(e.err == EROFS, "%s: %s", e.call, strerror(e.err));
    expect_gone(socket, REASON_START_FAILED, 0);
}

void test_overlay(void) {
    mkdir(in_base("lower"), 0755);
    mkdir(in_base("upper"), 0755);
    mkdir(in_base("upper/upper"), 0755);
    mkdir(in_base("upper/work"), 0755);
    overlay_case(true);
    overlay_case(false);
}

void test_terminals_and_kept(void) {
    static const char *const argv[] = {"/probe", "sigwait", NULL};
    enum { FILE_SLOT = 40, TTY = 41 };
    int kept = open(in_base("kept"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    start_plan("ttys", (struct wishes){0}, argv);
    // Terminals are opened in the child before it leaves the host's root, so their steps stand right after the
    // console's.
    static struct section before;
    before = parts.child;
    parts.child.count = 0;
    parts.child.steps.len = 0;
    const uint8_t *p = before.steps.bytes;
    for (uint32_t i = 0; i < before.count; i++) {
        uint32_t len;
        memcpy(&len, p + 4, sizeof len);
        put(&parts.child.steps, p, 8 + len);
        parts.child.count++;
        if (p[0] == 34)
            for (unsigned n = 1; n <= 2; n++)
                step(&parts.child, 34, "epqS", n, PLACE_IN_ROOT, ROOT, "dev/pts/ptmx", PLACE_NONE, NONE, "", TTY);
        p += 8 + len;
    }
    step(&parts.host, 37, "S", FILE_SLOT);
    step(&parts.gone, 2, "pse", PLACE_SLOT, FILE_SLOT, "", "gone \3", 0u);
    plan_build(&plan, &parts);
    int socket = request(MSG_START, &plan, (int[]){FILE_SLOT}, &kept, 1);
    struct event e = expect(socket, MSG_STARTED);
    CHECK(e.n[2] == 3, "%u terminals", e.n[2]);
    int pidfd = e.fds[0];
    int m = monitor_socket("ttys");
    e = ask(m, MSG_GET_KEPT, 1, (uint32_t[]){FILE_SLOT});
    CHECK(e.type == MSG_DESCRIPTOR && e.count == 1, "kept: %u", e.type);
    event_close(&e);
    struct event first = ask(m, MSG_GET_TERMINAL, 1, (uint32_t[]){UINT32_MAX});
    struct event second = ask(m, MSG_GET_TERMINAL, 1, (uint32_t[]){2});
    CHECK(first.n[0] == 1 && first.count == 1 && isatty(first.fds[0]), "terminal %u", first.n[0]);
    CHECK(second.n[0] == 2 && second.count == 1, "terminal %u", second.n[0]);
    e = ask(m, MSG_GET_TERMINAL, 1, (uint32_t[]){UINT32_MAX});
    CHECK(e.type == MSG_ERROR && e.n[0] == EBUSY, "all are lent: %u", e.type);
    event_close(&first);
    event_close(&second);
    close(m);
    // The end of the connection gives them back.
    m = monitor_socket("ttys");
    e = ask(m, MSG_GET_TERMINAL, 1, (uint32_t[]){1});
    CHECK(e.type == MSG_DESCRIPTOR, "given back: %u %u", e.type, e.n[0]);
    event_close(&e);
    close(m);
    stop(socket, pidfd);
    char *text = slurp(in_base("kept"));
    CHECK(strcmp(text, "gone stop") == 0, "section gone wrote %s", text);
    free(text);
    close(kept);
}

// The host itself is a chroot whose root is a plain directory of a shared mount: nothing may reach the mount namespace
// outside.
void test_chroot(void) {
    static const char *const argv[] = {"/probe", "mounts", ",", "exit", "6", NULL};
    enum { HERE = 20, OWN = 21 };
    static const char *const dirs[] = {"shared",          "shared/host",     "shared/host/proc", "shared/host/dev",
                                       "shared/host/mnt", "shared/host/sys", "shared/host/work", "shared/host/root"};
    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++)
        mkdir(in_base(dirs[i]), 0755);
    const char *outer = in_base("shared");
    if (mount(outer, outer, NULL, MS_BIND, NULL) != 0 || mount(NULL, outer, NULL, MS_SHARED, NULL) != 0 ||
        mount(in_base("root"), in_base("shared/host/root"), NULL, MS_BIND, NULL) != 0 ||
        mount("proc", in_base("shared/host/proc"), "proc", 0, NULL) != 0 ||
        // A user namespace may mount sysfs only where one is visible already.
        mount("sysfs", in_base("shared/host/sys"), "sysfs", 0, NULL) != 0)
        abort();
    int before = count_lines("/proc/self/mountinfo");
    start_plan("chroot", (struct wishes){0}, argv);
    // The same steps as always, preceded by those that make the chroot a root of its own; paths as seen inside.
    static struct section rest, child;
    rest = parts.host;
    child = parts.child;
    memset(&parts.host, 0, sizeof parts.host);
    memset(&parts.child, 0, sizeof parts.child);
    struct section *h = &parts.host;
    step(h, 23, "i", (unsigned)CLONE_NEWNS);
    step(h, 7, "Spe", HERE, PLACE_HOST, NONE, "/", 1u);
    step(h, 7, "Spe", OWN, PLACE_HOST, NONE, "/proc/self/ns/mnt", 2u);
    // Entering the mount namespace one is in leads to its true root.
    step(h, 22, "Si", OWN, (unsigned)CLONE_NEWNS);
    step(h, 12, "pfiiiO", PLACE_HOST, NONE, "/", 1u, 0u, 0u, 1u << 18, NONE);
    // A chroot makes no user namespaces; what was its directory becomes the root of the mount namespace instead.
    step(h, 11, "Spff", TREE, PLACE_SLOT, HERE, "", 1u, 1u);
    step(h, 14, "Sp", TREE, PLACE_SLOT, HERE, "");
    step(h, 17, "S", TREE);
    const uint8_t *p = rest.steps.bytes;
    for (uint32_t i = 0; i < rest.count; i++) {
        uint32_t len;
        memcpy(&len, p + 4, sizeof len);
        if (i == 2)
            step(h, 11, "Spff", ROOT, PLACE_HOST, NONE, "/root", 1u, 0u);
        else if (i > 2) {
            put(&h->steps, p, 8 + len);
            h->count++;
        }
        p += 8 + len;
    }
    p = child.steps.bytes;
    for (uint32_t i = 0; i < child.count; i++) {
        uint32_t len;
        memcpy(&len, p + 4, sizeof len);
        if (i == 0)
            step(&parts.child, 14, "Sp", ROOT, PLACE_HOST, NONE, "/mnt");
        else {
            put(&parts.child.steps, p, 8 + len);
            parts.child.count++;
        }
        p += 8 + len;
    }
    parts.options.len = 0;
    put_text(&parts.options, "/work/socket");
    put_text(&parts.options, "");
    put_text(&parts.options, "");
    put_text(&parts.options, "/work/log");
    put_u64(&parts.options, 0);
    for (int i = 0; i < 7; i++)
        put_u32(&parts.options, i == 5 ? 20000 : i == 6 ? SIGKILL : 0);
    put_u8(&parts.options, SLOT_NONE);
    serve_in_chroot(in_base("shared/host"), "/work/serve");
    int socket = send_start_to(in_base("shared/host/work/serve"));
    struct event e = expect(socket, MSG_STARTED);
    event_close(&e);
    expect_gone(socket, REASON_EXITED, 6);
    char *log = slurp(in_base("shared/host/work/log"));
    HAS(log, "/root / rw");
    HAS_NOT(log, "error=");
    free(log);
    int after = count_lines("/proc/self/mountinfo");
    CHECK(after == before, "%d mounts, %d before", after, before);
    int server = connect_to(in_base("shared/host/work/serve"));
    ask(server, MSG_RETIRE, 0, NULL);
    close(server);
    umount2(in_base("shared"), MNT_DETACH);
}
