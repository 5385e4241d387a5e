#include "sample.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

const uint32_t all_namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;
const char map[] = "0 1500000 65536\n";

struct plan_parts parts;
struct buffer plan;

const char *const no_options[] = {NULL};
static const char *const default_env[] = {"PATH=/", "container=test", NULL};

static void init_is(const char *const *argv, const char *cwd, unsigned uid, int terminal, const int *stdio) {
    struct buffer *b = &parts.init;
    b->len = 0;
    put_texts(b, argv);
    put_texts(b, default_env);
    put_text(b, cwd);
    put_u32(b, uid);
    put_u32(b, uid);
    put_u32(b, 0);
    put_u32(b, 022);
    put_u32(b, 1);
    put_u32(b, terminal >= 0 ? STDIO_TERMINAL : STDIO_DESCRIPTORS);
    put_u8(b, (unsigned)(terminal >= 0 ? terminal : stdio[0]));
    put_u8(b, (unsigned)(terminal >= 0 ? NONE : stdio[1]));
    put_u8(b, (unsigned)(terminal >= 0 ? NONE : stdio[2]));
}

static void options_are(const char *name, struct wishes w) {
    struct buffer *b = &parts.options;
    char path[300];
    mkdir(in_base(name), 0755);
    b->len = 0;
    snprintf(path, sizeof path, "%s/%s/socket", base, name);
    put_text(b, path);
    snprintf(path, sizeof path, "%s/%s/record", base, name);
    put_text(b, path);
    snprintf(path, sizeof path, "%s/%s/exit", base, name);
    put_text(b, path);
    snprintf(path, sizeof path, "%s/%s/log", base, name);
    put_text(b, path);
    put_u64(b, w.log_max);
    put_u32(b, 65536);
    put_u32(b, w.report_reboot ? REBOOT_REPORT : REBOOT_RERUN);
    put_u32(b, w.gate);
    put_u32(b, w.die_with_monitor);
    put_u32(b, 0);
    put_u32(b, w.timeout != 0 ? w.timeout : 20000);
    put_u32(b, SIGKILL);
    put_u8(b, NONE);
}

void mount_on(struct section *s, int slot, const char *type, const char *const *options, unsigned attributes,
              const char *at) {
    step(s, 13, "Ssoiiif", slot, type, options, attributes, 0xffffffffu, 0xffffffffu, 0u);
    step(s, 14, "Sp", slot, PLACE_IN_ROOT, ROOT, at);
}

// A plan as the runtime makes them, small: idmapped directory as root, own /dev, proc, devpts, console, gate.
void start_plan(const char *name, struct wishes w, const char *const *argv) {
    static const char *const dev[] = {"=mode", "755", "=size", "100k", NULL};
    static const char *const dev_user[] = {"=mode", "755", "=size", "100k", "=uid", "1500000", "=gid", "1500000", NULL};
    static const char *const pts[] = {"!newinstance", "", "=ptmxmode", "0666", "=mode", "0620", "=gid", "5", NULL};
    memset(&parts, 0, sizeof parts);
    parts.kind = KIND_START;
    parts.name = name;
    options_are(name, w);
    struct section *h = &parts.host, *c = &parts.child;
    step(h, 23, "i", (unsigned)CLONE_NEWNS);
    step(h, 12, "pfiiiO", PLACE_HOST, NONE, "/", 1u, 0u, 0u, 1u << 18, NONE);
    step(h, 11, "Spff", ROOT, PLACE_HOST, NONE, in_base("root"), 1u, 0u);
    if (!w.privileged) {
        step(h, 21, "Sss", IDMAP, map, map);
        step(h, 12, "pfiiiO", PLACE_SLOT, ROOT, "", 0u, 0u, 0u, 0u, IDMAP);
    }
    step(h, 13, "Ssoiiif", DEV, "tmpfs", w.privileged ? dev : dev_user, 2u, 0xffffffffu, 0xffffffffu, 1u);
    step(h, 4, "pemiif", PLACE_IN_ROOT, DEV, "null", 1u, 0666u, 1u, 3u, 0u);
    step(h, 4, "pemiif", PLACE_IN_ROOT, DEV, "tty", 1u, 0666u, 5u, 0u, 0u);
    step(h, 4, "pemiif", PLACE_IN_ROOT, DEV, "console", 0u, 0600u, 0u, 0u, 0u);
    step(h, 5, "pii", PLACE_IN_ROOT, DEV, "null", w.privileged ? 0u : 1500000u, w.privileged ? 0u : 1500000u);
    step(h, 1, "pmf", PLACE_IN_ROOT, DEV, "pts", 0755u, 0u);
    step(h, 3, "spf", "pts/ptmx", PLACE_IN_ROOT, DEV, "ptmx", 0u);
    step(c, 14, "Sp", ROOT, PLACE_HOST, NONE, in_base("mnt"));
    step(c, 14, "Sp", DEV, PLACE_IN_ROOT, ROOT, "dev");
    mount_on(c, PROC, "proc", no_options, 14, "proc");
    mount_on(c, SYSFS, "sysfs", no_options, 15, "sys");
    mount_on(c, PTS, "devpts", pts, 10, "dev/pts");
    step(c, 34, "epqS", 0u, PLACE_IN_ROOT, ROOT, "dev/pts/ptmx", PLACE_IN_ROOT, ROOT, "dev/console", CONSOLE);
    step(c, 24, "s", name);
    step(c, 38, "");
    step(c, 17, "S", ROOT);
    step(c, 28, "l", (uint64_t)0xffffffff & ~(1ull << 16));
    put_u32(&parts.clone, all_namespaces | (w.privileged ? 0 : CLONE_NEWUSER));
    put_text(&parts.clone, w.privileged ? "" : map);
    put_text(&parts.clone, w.privileged ? "" : map);
    put_u8(&parts.clone, NONE);
    put_u8(&parts.clone, NONE);
    static const int nothing[] = {NONE, NONE, NONE};
    init_is(argv, "/", 0, w.no_console ? -1 : CONSOLE, nothing);
}

int send_start(void) {
    plan_build(&plan, &parts);
    return request(MSG_START, &plan, NULL, NULL, 0);
}

int send_start_to(const char *server) {
    plan_build(&plan, &parts);
    return request_to(server, MSG_START, &plan, NULL, NULL, 0);
}

char *log_of(const char *name) {
    char path[300];
    snprintf(path, sizeof path, "%s/%s/log", base, name);
    return slurp(path);
}

struct event expect(int socket, unsigned type) {
    struct event e = next_event(socket);
    CHECK(e.type == type, "expected %u, came %u: section %u step %u %s: %s: %s: %s", type, e.type, e.section, e.index,
          e.step, e.call, strerror(e.err), e.detail);
    return e;
}

void expect_gone(int socket, unsigned reason, unsigned status) {
    struct event e = expect(socket, MSG_GONE);
    CHECK(e.n[0] == reason && e.n[1] == status, "gone by reason %u status %u", e.n[0], e.n[1]);
    e = next_event(socket);
    CHECK(e.type == 0, "the monitor ends, came %u", e.type);
    close(socket);
}

int monitor_socket(const char *name) {
    char path[300];
    snprintf(path, sizeof path, "%s/%s/socket", base, name);
    return connect_to(path);
}

pid_t peer_of(int socket) {
    struct ucred peer = {0};
    socklen_t len = sizeof peer;
    getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &len);
    return peer.pid;
}

void exec_plan(const char *const *argv, const char *cwd, unsigned uid, bool tty, bool kill_with_requester) {
    static const int stdio[] = {10, 11, 12};
    memset(&parts, 0, sizeof parts);
    parts.kind = KIND_EXEC;
    parts.name = "exec";
    put_u8(&parts.enter, 0);
    put_u32(&parts.enter, all_namespaces | CLONE_NEWUSER);
    put_u8(&parts.enter, NONE);
    put_u32(&parts.enter, kill_with_requester);
    if (tty)
        step(&parts.child, 34, "epqS", 0u, PLACE_HOST, NONE, "/dev/pts/ptmx", PLACE_NONE, NONE, "", CONSOLE);
    init_is(argv, cwd, uid, tty ? CONSOLE : -1, stdio);
    plan_build(&plan, &parts);
}

char *run_command(int pidfd, const char *const *argv, const char *cwd, unsigned uid, unsigned *status) {
    int out[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (pipe2(out, O_CLOEXEC) != 0)
        abort();
    exec_plan(argv, cwd, uid, false, false);
    int slots[] = {0, 10, 11, 12}, fds[] = {pidfd, null, out[1], out[1]};
    int socket = request(MSG_EXEC, &plan, slots, fds, 4);
    close(out[1]);
    close(null);
    struct event e = next_event(socket);
    *status = 999;
    char *text = slurp_fd(out[0]);
    if (e.type == MSG_STARTED) {
        event_close(&e);
        e = next_event(socket);
        if (e.type == MSG_GONE)
            *status = e.n[0] * 1000 + e.n[1];
    } else if (e.type == MSG_FAILED) {
        free(text);
        text = malloc(1300);
        snprintf(text, 1300, "%s: %s: %s: %s", e.step, e.call, strerror(e.err), e.detail);
    }
    close(out[0]);
    close(socket);
    return text;
}

int start_running(const char *name, struct wishes w, int *pidfd, pid_t *pid) {
    static const char *const argv[] = {"/probe", "sigwait", NULL};
    start_plan(name, w, argv);
    int socket = send_start();
    struct event e = expect(socket, MSG_STARTED);
    *pidfd = e.fds[0];
    *pid = (pid_t)e.n[0];
    return socket;
}

void stop(int socket, int pidfd) {
    struct event e = ask(socket, MSG_KILL, 0, NULL);
    CHECK(e.type == MSG_OK, "kill is answered by %u", e.type);
    expect_gone(socket, REASON_KILLED, SIGKILL);
    close(pidfd);
}
