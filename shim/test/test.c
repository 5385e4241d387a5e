// Tests of the shim as a program: plans are built here, sent to a fork server of our own and watched. Needs root.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../src/decode.h"
#include "sample.h"

static void test_start(bool privileged) {
    static const char *const argv[] = {"/probe", "id",     ",", "caps", ",", "idmap", ",", "mode", "/dev/null", ",",
                                       "mode",   "/sys",   ",", "tty",  ",", "fds",   ",", "env",  ",",         "uname",
                                       ",",      "mounts", ",", "cwd",  ",", "exit",  "3", NULL};
    start_plan("basic", (struct wishes){.privileged = privileged}, argv);
    int socket = send_start();
    struct event e = expect(socket, MSG_STARTED);
    CHECK(e.count == 1 && e.n[1] == 1 && e.n[2] == 1, "%zu descriptors, boot %u, %u terminals", e.count, e.n[1],
          e.n[2]);
    event_close(&e);
    expect_gone(socket, REASON_EXITED, 3);
    char *log = log_of("basic");
    HAS(log, "pid=1 ppid=0 sid=1 uid=0 gid=0 groups= umask=022");
    HAS(log, privileged ? "0          0 4294967295" : "0    1500000      65536");
    HAS(log, "/dev/null=20666 0:0 1:3 rw nosuid");
    HAS(log, "ro nosuid nodev noexec");
    HAS(log, "fd0=/dev/pts/0");
    HAS(log, "controlling=yes");
    HAS(log, "container=test");
    HAS(log, "hostname=basic");
    HAS(log, "feffff\r\nno_new_privs=0\r\nseccomp=0");
    HAS(log, "cwd=/\r\n");
    HAS_NOT(log, "leaked=");
    HAS_NOT(log, "error=");
    HAS_NOT(log, in_base("mnt"));
    free(log);
    unlink(in_base("basic/log"));
    char *ended = slurp(in_base("basic/exit"));
    HAS(ended, "reason exited\nstatus 3\n");
    free(ended);
    CHECK(access(in_base("basic/socket"), F_OK) != 0 && access(in_base("basic/record"), F_OK) != 0,
          "socket or record is left");
}

static void test_exec(void) {
    int pidfd;
    pid_t pid;
    unsigned status;
    int socket = start_running("exec", (struct wishes){0}, &pidfd, &pid);
    static const char *const facts[] = {"probe", "id", ",",     "idmap", ",",    "cwd", ",",
                                        "fds",   ",",  "uname", ",",     "exit", "42",  NULL};
    char *text = run_command(pidfd, facts, "/tmp", 1000, &status);
    CHECK(status == 1042, "status %u", status);
    HAS(text, "ppid=0");
    HAS(text, "uid=1000 gid=1000");
    HAS(text, "1500000");
    HAS(text, "cwd=/tmp");
    HAS(text, "hostname=exec");
    HAS_NOT(text, "leaked=");
    free(text);
    static const char *const signalled[] = {"/probe", "signal", "15", NULL};
    free(run_command(pidfd, signalled, "/", 0, &status));
    CHECK(status == 2015, "status %u", status);
    static const char *const missing[] = {"nothing", NULL};
    text = run_command(pidfd, missing, "/", 0, &status);
    HAS(text, "run program: execve: No such file or directory: nothing");
    free(text);
    text = run_command(pidfd, facts, "/missing", 0, &status);
    HAS(text, "chdir: No such file or directory: /missing");
    free(text);
    text = run_command(pidfd, facts, "/proc/self/fd/5", 0, &status);
    CHECK(status == 999, "a magic link as working directory is refused, status %u: %s", status, text);
    free(text);
    stop(socket, pidfd);
}

static void test_exec_stream(void) {
    enum { TOTAL = 20 << 20 };
    int pidfd, in[2], out[2];
    pid_t pid;
    int socket = start_running("stream", (struct wishes){0}, &pidfd, &pid);
    static const char *const argv[] = {"/probe", "echo", NULL};
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
        abort();
    exec_plan(argv, "/", 0, false, false);
    int slots[] = {0, 10, 11, 12}, fds[] = {pidfd, in[0], out[1], out[1]};
    int x = request(MSG_EXEC, &plan, slots, fds, 4);
    close(in[0]);
    close(out[1]);
    struct event e = expect(x, MSG_STARTED);
    event_close(&e);
    pid_t writer = fork();
    static uint8_t chunk[65536];
    if (writer == 0) {
        close(out[0]);
        for (int i = 0; i < TOTAL; i += (int)sizeof chunk) {
            memset(chunk, i >> 16 & 0xff, sizeof chunk);
            if (write(in[1], chunk, sizeof chunk) != sizeof chunk)
                _exit(1);
        }
        _exit(0);
    }
    close(in[1]);
    long total = 0;
    bool same = true;
    for (ssize_t n; (n = read(out[0], chunk, sizeof chunk)) > 0; total += n)
        for (ssize_t i = 0; i < n; i++)
            same = same && chunk[i] == (((total + i) >> 16) & 0xff);
    close(out[0]);
    waitpid(writer, NULL, 0);
    CHECK(total == TOTAL && same, "%ld of %d bytes came back, %s", total, TOTAL, same ? "right" : "wrong");
    e = expect(x, MSG_GONE);
    CHECK(e.n[0] == REASON_EXITED && e.n[1] == 0, "reason %u status %u", e.n[0], e.n[1]);
    close(x);
    stop(socket, pidfd);
}

static void test_exec_terminal(void) {
    int pidfd;
    pid_t pid;
    int socket = start_running("tty", (struct wishes){0}, &pidfd, &pid);
    static const char *const argv[] = {"/probe", "echo", NULL};
    exec_plan(argv, "/", 1000, true, true);
    int slots[] = {0}, fds[] = {pidfd};
    int x = request(MSG_EXEC, &plan, slots, fds, 1);
    struct event e = expect(x, MSG_STARTED);
    CHECK(e.count == 2 && e.n[2] == 1, "%zu descriptors, %u terminals", e.count, e.n[2]);
    uint32_t size[] = {0, 33, 99};
    send_numbers(x, MSG_RESIZE, 0, 3, size);
    char text[64] = "";
    if (write(e.fds[1], "hello\n", 6) != 6 || read(e.fds[1], text, sizeof text - 1) < 0)
        abort();
    HAS(text, "hello");
    struct winsize w = {0};
    for (int i = 0; i < 200 && w.ws_row != 33; i++) {
        ioctl(e.fds[1], TIOCGWINSZ, &w);
        usleep(5000);
    }
    CHECK(w.ws_row == 33 && w.ws_col == 99, "window %ux%u", w.ws_row, w.ws_col);
    pid_t command = (pid_t)e.n[0];
    close(x);
    for (int i = 0; i < 400 && is_alive(command); i++)
        usleep(5000);
    CHECK(!is_alive(command), "the command outlived its requester");
    event_close(&e);
    stop(socket, pidfd);
}

static void test_monitor_requests(void) {
    int pidfd;
    pid_t pid;
    int first = start_running("ask", (struct wishes){0}, &pidfd, &pid);
    int socket = monitor_socket("ask");
    struct event e = ask(socket, MSG_GET_STATE, 0, NULL);
    CHECK(e.type == MSG_STATE && e.n[0] == PHASE_RUNNING && e.n[1] == (uint32_t)pid && e.count == 1, "state %u pid %u",
          e.n[0], e.n[1]);
    event_close(&e);
    char *record = slurp(in_base("ask/record"));
    char line[64];
    snprintf(line, sizeof line, "pid %d\n", pid);
    HAS(record, line);
    HAS(record, "boots 1\n");
    free(record);
    e = ask(socket, MSG_ATTACH, 2, (uint32_t[]){0, 1});
    CHECK(e.type == MSG_DESCRIPTOR && e.count == 1, "attach is answered by %u", e.type);
    char text[256] = "";
    struct pollfd p = {.fd = e.fds[0], .events = POLLIN};
    poll(&p, 1, 5000);
    if (read(e.fds[0], text, sizeof text - 1) < 0)
        abort();
    HAS(text, "ready");
    struct event busy = ask(socket, MSG_ATTACH, 2, (uint32_t[]){0, 0});
    CHECK(busy.type == MSG_ERROR && busy.n[0] == EBUSY, "a second attach is answered by %u %u", busy.type, busy.n[0]);
    busy = ask(socket, MSG_SIGNAL, 1, (uint32_t[]){SIGUSR1});
    CHECK(busy.type == MSG_OK, "signal is answered by %u", busy.type);
    memset(text, 0, sizeof text);
    poll(&p, 1, 5000);
    if (read(e.fds[0], text, sizeof text - 1) < 0)
        abort();
    HAS(text, "signal=10");
    event_close(&e);
    busy = ask(socket, MSG_RESIZE, 3, (uint32_t[]){0, 20, 70});
    CHECK(busy.type == MSG_OK, "resize is answered by %u", busy.type);
    e = ask(socket, MSG_GET_LOG, 0, NULL);
    char *log = slurp_fd(e.fds[0]);
    HAS(log, "signal=10");
    free(log);
    event_close(&e);
    ask(socket, MSG_CLEAR_LOG, 0, NULL);
    e = ask(socket, MSG_GET_LOG, 0, NULL);
    log = slurp_fd(e.fds[0]);
    CHECK(log[0] == 0, "the cleared log holds %s", log);
    free(log);
    event_close(&e);
    e = ask(socket, MSG_GET_PLAN, 0, NULL);
    struct stat st;
    CHECK(e.count == 1 && fstat(e.fds[0], &st) == 0 && st.st_size == (off_t)plan.len, "the plan comes back");
    event_close(&e);
    e = ask(socket, MSG_GET_KEPT, 1, (uint32_t[]){5});
    CHECK(e.type == MSG_ERROR && e.n[0] == EBADF, "nothing is kept: %u", e.type);
    send_numbers(socket, 99, 1, 0, NULL);
    e = next_event(socket);
    CHECK(e.type == 0, "an unknown request ends the connection");
    close(socket);
    // The second start of the same one finds the directory locked.
    int second = send_start();
    e = expect(second, MSG_FAILED);
    CHECK(e.err == EBUSY && e.section == TAG_MONITOR, "second start: %s", strerror(e.err));
    close(second);
    stop(first, pidfd);
}

static void test_reboot(void) {
    static const char *const again[] = {"/probe", "sigwait", NULL};
    start_plan("reboot", (struct wishes){0}, again);
    int socket = send_start();
    for (unsigned boot = 1; boot <= 3; boot++) {
        struct event e = expect(socket, MSG_STARTED);
        CHECK(e.n[1] == boot, "boot %u", e.n[1]);
        pid_t pid = (pid_t)e.n[0];
        event_close(&e);
        struct timespec t = {.tv_nsec = 20000000};
        nanosleep(&t, NULL);
        if (boot == 3)
            CHECK(ask(socket, MSG_SET_REBOOT, 1, (uint32_t[]){REBOOT_REPORT}).type == MSG_OK, "reboot is set");
        if (pid > 1)
            kill(pid, SIGINT);
        if (boot < 3)
            expect(socket, MSG_REBOOTING);
    }
    struct event e = next_event(socket);
    CHECK(e.type == MSG_GONE && e.n[0] == REASON_REBOOT, "type %u reason %u", e.type, e.n[0]);
    close(socket);
    static const char *const off[] = {"/probe", "poweroff", NULL};
    start_plan("off", (struct wishes){0}, off);
    socket = send_start();
    e = expect(socket, MSG_STARTED);
    event_close(&e);
    expect_gone(socket, REASON_HALT, 0);
}

// What a count settles on, within ten seconds. Counted once and kept: a walk through /proc misses a process now and
// then while others come and go.
static int settled(int (*count)(void), int wanted) {
    int now = count();
    for (int i = 0; i < 2000 && now != wanted; i++) {
        usleep(5000);
        now = count();
    }
    return now;
}

static void test_gate(void) {
    static const char *const argv[] = {"/probe", "print", "through", NULL};
    start_plan("gate", (struct wishes){.gate = true}, argv);
    int socket = send_start();
    struct event e = expect(socket, MSG_GATE_REACHED);
    CHECK(e.count == 1 && e.n[0] > 0, "gate with pid %u", e.n[0]);
    char path[64];
    snprintf(path, sizeof path, "/proc/%u/mountinfo", e.n[0]);
    char *mounts = slurp(path);
    CHECK(strstr(mounts, "/dev/pts") != NULL && strstr(mounts, in_base("mnt")) != NULL, "not mounted at the gate: %s",
          mounts);
    free(mounts);
    event_close(&e);
    struct timespec t = {.tv_nsec = 50000000};
    nanosleep(&t, NULL);
    char *log = log_of("gate");
    CHECK(log[0] == 0, "init ran before the gate: %s", log);
    free(log);
    send_numbers(socket, MSG_OPEN_GATE, 1, 0, NULL);
    expect(socket, MSG_OK);
    e = expect(socket, MSG_STARTED);
    event_close(&e);
    expect_gone(socket, REASON_EXITED, 0);
    // Nobody opens it: the start is undone.
    int before = count_processes();
    socket = send_start();
    e = expect(socket, MSG_GATE_REACHED);
    event_close(&e);
    close(socket);
    for (int i = 0; i < 400 && access(in_base("gate/socket"), F_OK) == 0; i++)
        usleep(5000);
    CHECK(access(in_base("gate/socket"), F_OK) != 0, "the start was not undone");
    int after = settled(count_processes, before);
    CHECK(after == before, "%d processes, %d before", after, before);
    // It takes too long.
    start_plan("gate", (struct wishes){.gate = true, .timeout = 100}, argv);
    socket = send_start();
    e = expect(socket, MSG_GATE_REACHED);
    event_close(&e);
    e = expect(socket, MSG_FAILED);
    CHECK(e.err == ETIMEDOUT, "%s", strerror(e.err));
    expect_gone(socket, REASON_START_FAILED, 0);
}

// A copy of the section with a step that fails before number `at`.
static void break_section(struct section *s, uint32_t at) {
    static struct section broken;
    const uint8_t *p = s->steps.bytes;
    memset(&broken, 0, offsetof(struct section, steps.bytes));
    broken.steps.len = 0;
    broken.count = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        uint32_t len;
        memcpy(&len, p + 4, sizeof len);
        if (i == at)
            step(&broken, 2, "pse", PLACE_SLOT, 60, "", "x", 0u);
        put(&broken.steps, p, 8 + len);
        broken.count++;
        p += 8 + len;
    }
    *s = broken;
}

static int leftovers(void) { return count_processes() + count_lines("/proc/self/mountinfo") + count_fds(serve_pid()); }

static void test_every_step_fails(void) {
    static const char *const argv[] = {"/probe", "sigwait", NULL};
    static const char *const hook[] = {"/bin/sh", "-c", "echo $T $P > \"$F\"", NULL};
    char file[128];
    snprintf(file, sizeof file, "F=%s", in_base("gone"));
    const char *const env[] = {"T=\x03", "P=\x02", file, NULL};
    struct timespec t = {.tv_nsec = 30000000};
    nanosleep(&t, NULL);
    int before = leftovers(), runs = 0;
    unsigned sections[] = {TAG_HOST, TAG_GATE, TAG_CHILD};
    for (int k = 0; k < 3; k++)
        for (uint32_t i = 0;; i++) {
            start_plan("broken", (struct wishes){0}, argv);
            step(&parts.gate, 26, "fill", 1u, 7u, (uint64_t)512, (uint64_t)1024);
            step(&parts.gate, 2, "pse", PLACE_CHILD_PROC, NONE, "oom_score_adj", "100", 0u);
            step(&parts.gone, 36, "vat", hook, env, 5000u);
            struct section *s = sections[k] == TAG_HOST   ? &parts.host
                                : sections[k] == TAG_GATE ? &parts.gate
                                                          : &parts.child;
            if (i >= s->count)
                break;
            break_section(s, i);
            unlink(in_base("gone"));
            int socket = send_start();
            struct event e = expect(socket, MSG_FAILED);
            CHECK(e.section == sections[k] && e.index == i + 1 && e.err == EBADF && strcmp(e.step, "write") == 0 &&
                      strcmp(e.call, "slot") == 0,
                  "section %u step %u: reported %u %u %s %s %s", sections[k], i + 1, e.section, e.index, e.step, e.call,
                  strerror(e.err));
            expect_gone(socket, REASON_START_FAILED, 0);
            char *gone = slurp(in_base("gone"));
            HAS(gone, "stop");
            free(gone);
            runs++;
        }
    int left = settled(leftovers, before);
    CHECK(left == before, "%d leftovers, %d before", left, before);
    printf("  %d broken plans\n", runs);
}

// Steps that fail by themselves, and what is said about it.
static void test_real_failures(void) {
    static const char *const argv[] = {"/probe", "sigwait", NULL};
    static const char *const bad_hook[] = {"/bin/sh", "-c", "echo the reason; exit 7", NULL};
    static const char *const slow_hook[] = {"/bin/sleep", "10", NULL};
    static const char *const no_env[] = {NULL};
    static const char *const bad_mount[] = {"=nonsense", "1", NULL};
    static const uint8_t netlink[32] = {32, 0, 0, 0, 16};
    static const struct buffer no_patches = {.len = 4};
    struct {
        const char *call, *detail;
        int err;
    } expected[] = {
        {"open", "/nowhere/x", ENOENT},
        {"mkdirat", "/proc/x", ENOENT},
        {"hook", "status 7 the reason", ECHILD},
        {"hook", "took too long", ETIMEDOUT},
        {"fsconfig", "tmpfs nonsense: tmpfs: Unknown parameter", EINVAL},
        {"fsopen", "nonefs", ENODEV},
        {"open", "/proc/self/fd/0", ELOOP},
        {"setns", "", EBADF},
        {"rtnetlink", "", ENODEV},
        {"open", "escape/passwd", ENOENT},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        start_plan("real", (struct wishes){0}, argv);
        struct section *h = &parts.host;
        uint32_t at = h->count + 1;
        switch (i) {
        case 0:
            step(h, 7, "Spe", 20, PLACE_HOST, NONE, "/nowhere/x", 2u);
            break;
        case 1:
            step(h, 1, "pmf", PLACE_HOST, NONE, "/proc/x", 0755u, 1u);
            break;
        case 2:
            step(h, 36, "vat", bad_hook, no_env, 5000u);
            break;
        case 3:
            step(h, 36, "vat", slow_hook, no_env, 50u);
            break;
        case 4:
            step(h, 13, "Ssoiiif", 20, "tmpfs", bad_mount, 0u, ~0u, ~0u, 0u);
            break;
        case 5:
            step(h, 13, "Ssoiiif", 20, "nonefs", no_options, 0u, ~0u, ~0u, 0u);
            break;
        case 6:
            step(h, 7, "Spe", 20, PLACE_HOST, NONE, "/", 1u);
            step(h, 7, "Spe", 21, PLACE_IN_ROOT, 20, "/proc/self/fd/0", 2u);
            at++;
            break;
        case 7:
            step(h, 22, "Si", ROOT, (unsigned)CLONE_NEWNET);
            break;
        case 8:
            step(h, 35, "bx", netlink, sizeof netlink, &no_patches);
            break;
        default:
            // A link of the rootfs that points to /etc stays inside the rootfs, where there is no passwd.
            step(h, 7, "Spe", 21, PLACE_IN_ROOT, ROOT, "escape/passwd", 2u);
            break;
        }
        int socket = send_start();
        struct event e = expect(socket, MSG_FAILED);
        CHECK(e.section == TAG_HOST && e.index == at && e.err == expected[i].err &&
                  strcmp(e.call, expected[i].call) == 0 && strstr(e.detail, expected[i].detail) != NULL,
              "case %zu: section %u step %u %s: %s: %s: %s", i, e.section, e.index, e.step, e.call, strerror(e.err),
              e.detail);
        expect_gone(socket, REASON_START_FAILED, 0);
    }
    // The same as an optional step is passed over.
    start_plan("real", (struct wishes){0}, argv);
    step(&parts.host, 7, "Spe", 20, PLACE_HOST, NONE, "/nowhere/x", 2u);
    step_optional(&parts.host);
    int socket = send_start();
    struct event e = expect(socket, MSG_STARTED);
    stop(socket, e.fds[0]);
    static const char *const missing[] = {"/no/init", NULL};
    start_plan("real", (struct wishes){0}, missing);
    socket = send_start();
    e = expect(socket, MSG_FAILED);
    CHECK(e.section == TAG_INIT && e.index == 0 && e.err == ENOENT, "section %u %s", e.section, strerror(e.err));
    expect_gone(socket, REASON_START_FAILED, 0);
}

// The Java tests compare the same files with what the encoder writes.
static void test_accepts_what_java_encodes(void) {
    static const char *const files[] = {CORPUS "/start", CORPUS "/exec"};
    for (int i = 0; i < 2; i++) {
        struct plan decoded;
        const char *why = "";
        uint8_t bytes[8192];
        int fd = open(files[i], O_RDONLY | O_CLOEXEC);
        ssize_t n = read(fd, bytes, sizeof bytes);
        close(fd);
        CHECK(n > 0 && plan_decode(bytes, (size_t)n, &decoded, &why), "%s: %s", files[i], why);
        CHECK(decoded.kind == (i == 0 ? KIND_START : KIND_EXEC) && strcmp(decoded.name.s, "web") == 0, "%s", files[i]);
    }
}

static void test_malformed(void) {
    static const char *const argv[] = {"/probe", "sigwait", NULL};
    static struct buffer good, bad;
    start_plan("bad", (struct wishes){0}, argv);
    plan_build(&good, &parts);
    for (size_t len = 0; len < good.len; len += 37) {
        bad = good;
        bad.len = len;
        int socket = request(MSG_START, &bad, NULL, NULL, 0);
        struct event e = expect(socket, MSG_FAILED);
        CHECK(e.err == EINVAL && strcmp(e.call, "decode") == 0, "%zu bytes: %s %s", len, e.call, strerror(e.err));
        close(socket);
    }
    int socket = request(MSG_EXEC, &good, NULL, NULL, 0);
    struct event e = expect(socket, MSG_FAILED);
    HAS(e.detail, "other kind");
    close(socket);
    // Without any request, and with nonsense, the fork server goes on.
    close(connect_to(in_base("serve")));
    socket = connect_to(in_base("serve"));
    send_numbers(socket, 77, 0, 0, NULL);
    expect(socket, MSG_FAILED);
    close(socket);
    socket = connect_to(in_base("serve"));
    e = ask(socket, MSG_HELLO, 0, NULL);
    CHECK(e.type == MSG_WELCOME && e.n[0] == PLAN_VERSION, "hello is answered by %u", e.type);
    close(socket);
}

static void test_kills(void) {
    int pidfd;
    pid_t pid;
    // The monitor dies: init lives on, and can be found by its record.
    int socket = start_running("orphan", (struct wishes){0}, &pidfd, &pid);
    int m = monitor_socket("orphan");
    kill(peer_of(m), SIGKILL); // peer of the listener: the process that called listen
    struct event e = next_event(m);
    CHECK(e.type == 0, "the monitor is dead");
    usleep(20000);
    CHECK(is_alive(pid), "init died with its monitor");
    CHECK(access(in_base("orphan/record"), F_OK) == 0, "there is no record of it");
    syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
    close(m);
    close(socket);
    close(pidfd);
    // The same with the plan's option.
    socket = start_running("follows", (struct wishes){.die_with_monitor = true}, &pidfd, &pid);
    m = monitor_socket("follows");
    kill(peer_of(m), SIGKILL);
    for (int i = 0; i < 400 && is_alive(pid); i++)
        usleep(5000);
    CHECK(!is_alive(pid), "init outlived its monitor");
    close(m);
    close(socket);
    close(pidfd);
    // A killed monitor leaves a socket and a lock that do not hinder the next start.
    socket = start_running("follows", (struct wishes){0}, &pidfd, &pid);
    // The fork server dies: monitors live on, a new server takes its place.
    kill(serve_pid(), SIGKILL);
    usleep(10000);
    serve_start();
    m = monitor_socket("follows");
    e = ask(m, MSG_GET_STATE, 0, NULL);
    CHECK(e.type == MSG_STATE && e.n[0] == PHASE_RUNNING, "the monitor outlives the fork server: %u", e.type);
    event_close(&e);
    close(m);
    stop(socket, pidfd);
}

static pid_t child_of(pid_t parent) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", parent, parent);
    char *text = slurp(path);
    pid_t child = atoi(text);
    free(text);
    return child;
}

// Kills in the middle of a start, while a hook of section HOST or GATE sleeps.
static void test_kills_while_starting(void) {
    static const char *const argv[] = {"/probe", "sigwait", NULL};
    static const char *const hook[] = {"/bin/sleep", "30", NULL};
    static const char *const no_env[] = {NULL};
    for (int gate = 0; gate < 2; gate++)
        for (int monitor_too = 0; monitor_too < 2; monitor_too++) {
            start_plan("middle", (struct wishes){0}, argv);
            step(gate ? &parts.gate : &parts.host, 36, "vat", hook, no_env, 60000u);
            int socket = send_start();
            int m = -1;
            for (int i = 0; i < 400 && m < 0; i++, usleep(5000))
                m = monitor_socket("middle");
            pid_t monitor = peer_of(m), starter = 0;
            for (int i = 0; i < 400 && (starter == 0 || child_of(starter) == 0); i++, usleep(5000))
                starter = child_of(monitor);
            pid_t sleeper = child_of(starter);
            CHECK(monitor > 1 && starter > 1 && sleeper > 1, "%d %d %d", monitor, starter, sleeper);
            if (monitor > 1 && starter > 1)
                kill(monitor_too ? monitor : starter, SIGKILL);
            if (!monitor_too) {
                struct event e = expect(socket, MSG_FAILED);
                CHECK(e.err == ECHILD && strstr(e.detail, "killed by signal 9") != NULL, "%s: %s", strerror(e.err),
                      e.detail);
                expect_gone(socket, REASON_START_FAILED, 0);
            } else {
                CHECK(next_event(socket).type == 0, "the monitor is dead");
                close(socket);
            }
            close(m);
            for (int i = 0; i < 2000 && is_alive(sleeper); i++)
                usleep(5000);
            int left = settled(count_processes, 1);
            CHECK(!is_alive(sleeper), "the hook lives on");
            CHECK(left == 1, "%d processes are left", left);
        }
}

static void test_monitor_is_small(void) {
    int pidfd;
    pid_t pid;
    int socket = start_running("small", (struct wishes){0}, &pidfd, &pid);
    int m = monitor_socket("small");
    pid_t monitor = peer_of(m);
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/cmdline", monitor);
    char *title = slurp(path);
    CHECK(strcmp(title, "[atoll monitor] small") == 0, "title is %s", title);
    free(title);
    unsigned status;
    static const char *const argv[] = {"/probe", "exit", "0", NULL};
    free(run_command(pidfd, argv, "/", 0, &status));
    int fds = count_fds(monitor);
    for (int i = 0; i < 50; i++) {
        struct event e = ask(m, MSG_ATTACH, 2, (uint32_t[]){0, 3});
        event_close(&e);
        e = ask(m, MSG_GET_LOG, 0, NULL);
        event_close(&e);
        close(monitor_socket("small"));
    }
    usleep(20000);
    int after = count_fds(monitor);
    CHECK(after <= fds + 1, "%d descriptors, %d before", after, fds); // one: the stream that was attached last
    long pss = memory_kilobytes(monitor, "Pss:");
    printf("  monitor PSS %ld kB, of that written by itself %ld kB, %d descriptors\n", pss,
           memory_kilobytes(monitor, "Private_Dirty:"), fds);
    if (getenv("SMAPS") != NULL) {
        snprintf(path, sizeof path, "/proc/%d/smaps", monitor);
        char *maps = slurp(path);
        fputs(maps, stdout);
        free(maps);
    }
    CHECK(pss > 0 && pss < 1024, "PSS %ld kB", pss);
    close(m);
    stop(socket, pidfd);
}

static void test_console_never_blocks(void) {
    static const char *const argv[] = {"/probe", "sleep", "100", ",", "flood", "3000000", ",", "exit", "5", NULL};
    start_plan("flood", (struct wishes){.log_max = 100000}, argv);
    int socket = send_start();
    struct event e = expect(socket, MSG_STARTED);
    event_close(&e);
    expect_gone(socket, REASON_EXITED, 5);
    struct stat st;
    CHECK(stat(in_base("flood/log"), &st) == 0 && st.st_size <= 100000, "log has %ld bytes", (long)st.st_size);
    CHECK(stat(in_base("flood/log.1"), &st) == 0 && st.st_size <= 100000, "old log has %ld bytes", (long)st.st_size);
    // A client that attaches and does not read is dropped.
    start_plan("flood", (struct wishes){0}, argv);
    socket = send_start();
    e = expect(socket, MSG_STARTED);
    event_close(&e);
    struct event stuck = ask(socket, MSG_ATTACH, 2, (uint32_t[]){0, 0});
    CHECK(stuck.type == MSG_DESCRIPTOR, "attached");
    double begun = seconds();
    expect_gone(socket, REASON_EXITED, 5);
    CHECK(seconds() - begun < 8, "init waited %.1f s for a client that does not read", seconds() - begun);
    event_close(&stuck);
    // A full disk loses the log and the records, and nothing else.
    mkdir(in_base("full"), 0755);
    if (mount("tmpfs", in_base("full"), "tmpfs", 0, "size=16k,mode=755") != 0)
        abort();
    start_plan("full", (struct wishes){0}, argv);
    socket = send_start();
    e = expect(socket, MSG_STARTED);
    event_close(&e);
    expect_gone(socket, REASON_EXITED, 5);
    CHECK(stat(in_base("full/log"), &st) == 0 && st.st_size > 0 && st.st_size <= 16384, "the log is not cut");
    CHECK(access(in_base("full/socket"), F_OK) != 0, "the socket is left");
    umount2(in_base("full"), MNT_DETACH);
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void test_speed(void) {
    enum { ROUNDS = 60 };
    static const char *const argv[] = {"/probe", "exit", "0", NULL};
    double starts[ROUNDS], execs[ROUNDS], stops[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        int pidfd;
        pid_t pid;
        unsigned status;
        double t = seconds();
        int socket = start_running("speed", (struct wishes){0}, &pidfd, &pid);
        starts[i] = seconds() - t;
        t = seconds();
        free(run_command(pidfd, argv, "/", 0, &status));
        execs[i] = seconds() - t;
        t = seconds();
        stop(socket, pidfd);
        stops[i] = seconds() - t;
    }
    qsort(starts, ROUNDS, sizeof starts[0], compare);
    qsort(execs, ROUNDS, sizeof execs[0], compare);
    qsort(stops, ROUNDS, sizeof stops[0], compare);
    printf("  start %.2f ms, exec %.2f ms, stop %.2f ms (medians of %d)\n", starts[ROUNDS / 2] * 1e3,
           execs[ROUNDS / 2] * 1e3, stops[ROUNDS / 2] * 1e3, ROUNDS);
}

// Many at once: how fast they start, what their monitors take, and that nothing of them is left.
static void test_many(int count) {
    static int sockets[2000], pidfds[2000];
    char name[32];
    int before = leftovers(), m = 0;
    double begun = seconds();
    for (int i = 0; i < count; i++) {
        pid_t pid;
        snprintf(name, sizeof name, "many%d", i);
        sockets[i] = start_running(name, (struct wishes){0}, &pidfds[i], &pid);
    }
    printf("  %d started, %.0f a second\n", count, count / (seconds() - begun));
    long pss = 0;
    for (int i = 0; i < count; i += count / 10) {
        snprintf(name, sizeof name, "many%d", i);
        m = monitor_socket(name);
        pss += memory_kilobytes(peer_of(m), "Pss:");
        close(m);
    }
    printf("  monitor PSS %ld kB on average\n", pss / 10);
    begun = seconds();
    for (int i = 0; i < count; i++)
        stop(sockets[i], pidfds[i]);
    printf("  stopped, %.0f a second\n", count / (seconds() - begun));
    int left = settled(leftovers, before);
    CHECK(left == before, "%d leftovers, %d before", left, before);
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 3 || geteuid() != 0) {
        fputs("usage: shim-test SHIM PROBE (as root)\n", stderr);
        return 2;
    }
    harness_open(argv[1], argv[2]);
#define RUN(call) (argc > 3 && strstr(#call, argv[3]) == NULL ? (void)0 : (printf("%s\n", #call), call))
    RUN(test_start(false));
    RUN(test_start(true));
    RUN(test_exec());
    RUN(test_exec_stream());
    RUN(test_exec_terminal());
    RUN(test_monitor_requests());
    RUN(test_reboot());
    RUN(test_gate());
    RUN(test_every_step_fails());
    RUN(test_real_failures());
    RUN(test_accepts_what_java_encodes());
    RUN(test_malformed());
    RUN(test_forward());
    RUN(test_cgroup2());
    RUN(test_overlay());
    RUN(test_terminals_and_kept());
    RUN(test_chroot());
    RUN(test_kills());
    RUN(test_kills_while_starting());
    RUN(test_monitor_is_small());
    RUN(test_console_never_blocks());
    RUN(test_speed());
    RUN(test_many(100));
    harness_close();
    printf(failures == 0 ? "all passed\n" : "%d failures\n", failures);
    return failures == 0 ? 0 : 1;
}
