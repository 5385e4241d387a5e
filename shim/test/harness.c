#include "harness.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../src/util.h"

char base[64];
const char *probe;
int failures;
static const char *shim_path;

void check(bool good, const char *file, int line, const char *condition, const char *format, ...) {
    if (good)
        return;
    failures++;
    printf("FAILED %s:%d: %s: ", file, line, condition);
    va_list args;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

const char *in_base(const char *name) {
    static char paths[8][4096];
    static int next;
    char *p = paths[next++ % 8];
    snprintf(p, sizeof paths[0], "%s/%s", base, name);
    return p;
}

static void copy_file(const char *from, const char *to) {
    char buffer[65536];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT, 0755);
    ssize_t n;
    while ((n = read(in, buffer, sizeof buffer)) > 0)
        if (write(out, buffer, (size_t)n) != n)
            abort();
    close(in);
    close(out);
}

void serve_start(void) {
    pid_t pid = fork();
    int status = 1;
    if (pid == 0) {
        execl(shim_path, shim_path, "serve", "--socket", in_base("serve"), (char *)NULL);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    CHECK(status == 0, "fork server starts, status %x", status);
}

void serve_in_chroot(const char *root, const char *socket) {
    char copy[4096];
    int status = 1;
    snprintf(copy, sizeof copy, "%s/atoll-shim", root);
    copy_file(shim_path, copy);
    pid_t pid = fork();
    if (pid == 0) {
        if (chroot(root) == 0 && chdir("/") == 0)
            execl("/atoll-shim", "atoll-shim", "serve", "--socket", socket, (char *)NULL);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    CHECK(status == 0, "fork server starts in a chroot, status %x", status);
}

pid_t serve_pid(void) {
    int socket = connect_to(in_base("serve"));
    struct ucred peer = {0};
    socklen_t len = sizeof peer;
    getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &len);
    close(socket);
    return peer.pid;
}

void harness_open(const char *shim, const char *probe_path) {
    static const char *const dirs[] = {"root", "root/proc", "root/sys", "root/dev", "root/tmp", "root/etc", "mnt"};
    shim_path = shim;
    probe = probe_path;
    snprintf(base, sizeof base, "/tmp/atoll-shim-XXXXXX");
    if (mkdtemp(base) == NULL)
        abort();
    chmod(base, 0755);
    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++)
        mkdir(in_base(dirs[i]), 0755);
    chmod(in_base("root/tmp"), 01777);
    copy_file(probe, in_base("root/probe"));
    if (symlink("/etc", in_base("root/escape")) != 0)
        abort();
    serve_start();
}

static void remove_tree(const char *path) {
    pid_t pid = fork();
    if (pid == 0) {
        execlp("rm", "rm", "-rf", "--one-file-system", path, (char *)NULL);
        _exit(127);
    }
    waitpid(pid, NULL, 0);
}

void harness_close(void) {
    int socket = connect_to(in_base("serve"));
    if (socket >= 0)
        ask(socket, MSG_RETIRE, 0, NULL);
    close(socket);
    remove_tree(base);
}

int connect_to(const char *path) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    strncpy(a.sun_path, path, sizeof a.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void send_buffer(int socket, const struct buffer *b, const int *fds, size_t count) {
    struct iovec iov = {(void *)(uintptr_t)b->bytes, b->len};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * SLOTS_MAX)] = {0};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    if (count > 0) {
        m.msg_control = control;
        m.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(c), fds, sizeof(int) * count);
    }
    sendmsg(socket, &m, MSG_NOSIGNAL);
}

void send_numbers(int socket, unsigned type, unsigned tag, size_t count, const uint32_t *n) {
    static struct buffer b;
    b.len = 0;
    put_u16(&b, type);
    put_u16(&b, 0);
    put_u32(&b, tag);
    for (size_t i = 0; i < count; i++)
        put_u32(&b, n[i]);
    send_buffer(socket, &b, NULL, 0);
}

int request(int type, const struct buffer *plan, const int *slots, const int *fds, size_t count) {
    return request_to(in_base("serve"), type, plan, slots, fds, count);
}

int request_to(const char *server, int type, const struct buffer *plan, const int *slots, const int *fds,
               size_t count) {
    static struct buffer b;
    int socket = connect_to(server);
    b.len = 0;
    put_u16(&b, (unsigned)type);
    put_u16(&b, 0);
    put_u32(&b, 0);
    put_u32(&b, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        put_u8(&b, (unsigned)slots[i]);
    put_u32(&b, (uint32_t)plan->len);
    put(&b, plan->bytes, plan->len);
    send_buffer(socket, &b, fds, count);
    return socket;
}

static size_t get_text(const uint8_t *p, char *out, size_t max) {
    uint32_t len;
    memcpy(&len, p, sizeof len);
    snprintf(out, max, "%.*s", (int)len, (const char *)p + 4);
    return 4 + len + 1;
}

struct event next_event(int socket) {
    struct event e = {0};
    static uint8_t bytes[ANSWER_BYTES_MAX];
    struct pollfd p = {.fd = socket, .events = POLLIN};
    if (poll(&p, 1, 10000) != 1) {
        CHECK(false, "no event within ten seconds");
        return e;
    }
    ssize_t len = frame_receive(socket, bytes, sizeof bytes, e.fds, &e.count, true);
    if (len < 8)
        return e;
    memcpy(&e.type, bytes, 2);
    memcpy(&e.tag, bytes + 4, 4);
    const uint8_t *q = bytes + 8;
    size_t left = (size_t)len - 8;
    if (e.type == MSG_FAILED) {
        memcpy(&e.section, q, 4);
        memcpy(&e.index, q + 4, 4);
        q += 8;
        q += get_text(q, e.step, sizeof e.step);
        q += get_text(q, e.call, sizeof e.call);
        memcpy(&e.err, q, 4);
        get_text(q + 4, e.detail, sizeof e.detail);
    } else
        memcpy(e.n, q, left < sizeof e.n ? left : sizeof e.n);
    return e;
}

void event_close(struct event *e) {
    for (size_t i = 0; i < e->count; i++)
        close(e->fds[i]);
    e->count = 0;
}

struct event ask(int socket, unsigned type, size_t count, const uint32_t *n) {
    static unsigned tag;
    send_numbers(socket, type, ++tag, count, n);
    for (;;) {
        struct event e = next_event(socket);
        if (e.type == 0 || e.tag == tag)
            return e;
        event_close(&e);
    }
}

char *slurp_fd(int fd) {
    size_t len = 0, room = 1 << 20;
    char *text = malloc(room + 1);
    ssize_t n;
    while (len < room && (n = read(fd, text + len, room - len)) > 0)
        len += (size_t)n;
    text[len] = 0;
    return text;
}

char *slurp(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = slurp_fd(fd);
    close(fd);
    return text;
}

int count_lines(const char *path) {
    char *text = slurp(path);
    int n = 0;
    for (char *p = text; (p = strchr(p, '\n')) != NULL; p++)
        n++;
    free(text);
    return n;
}

static bool runs_file(pid_t pid, const struct stat *file) {
    char path[64];
    struct stat st;
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    return stat(path, &st) == 0 && st.st_dev == file->st_dev && st.st_ino == file->st_ino;
}

int count_processes(void) {
    // By the files they run: the sealed copy of our fork server and the probe of our rootfs, which nobody else has.
    struct stat server = {0}, inside = {0};
    char path[64];
    int n = 0;
    snprintf(path, sizeof path, "/proc/%d/exe", serve_pid());
    stat(path, &server);
    stat(in_base("root/probe"), &inside);
    DIR *d = opendir("/proc");
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        pid_t pid = isdigit(e->d_name[0]) ? atoi(e->d_name) : 0;
        n += pid > 0 && (runs_file(pid, &server) || runs_file(pid, &inside)) && is_alive(pid);
    }
    closedir(d);
    return n;
}

int count_fds(pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *d = opendir(path);
    int n = 0;
    while (d != NULL && readdir(d) != NULL)
        n++;
    if (d != NULL)
        closedir(d);
    return n;
}

long memory_kilobytes(pid_t pid, const char *key) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    char *text = slurp(path);
    char *p = strstr(text, key);
    long kb = p != NULL ? atol(p + strlen(key)) : -1;
    free(text);
    return kb;
}

bool is_alive(pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    char *text = slurp(path);
    char *p = strrchr(text, ')');
    bool alive = p != NULL && p[2] != 'Z' && p[2] != 'X';
    free(text);
    return alive;
}

double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
