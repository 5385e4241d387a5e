// The hook step: a program is run and waited for.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"
#include "steps.h"
#include "util.h"

enum { TAIL_MAX = 600 };

// The last bytes that a hook printed.
struct tail {
    char bytes[TAIL_MAX + 1];
    size_t len;
};

static void tail_add(struct tail *t, const char *bytes, size_t len) {
    if (len > TAIL_MAX) {
        bytes += len - TAIL_MAX;
        len = TAIL_MAX;
    }
    size_t keep = t->len + len > TAIL_MAX ? TAIL_MAX - len : t->len;
    memmove(t->bytes, t->bytes + t->len - keep, keep);
    memcpy(t->bytes + keep, bytes, len);
    t->len = keep + len;
    t->bytes[t->len] = 0;
}

// Reads nothing if input is negative. A terminal there does not become the program's controlling one.
_Noreturn static void hook_child(char **argv, char **env, int input, int out) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();
    cleanup_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(input >= 0 ? input : null, 0);
    dup2(out, 1);
    dup2(out, 2);
    signals_default();
    umask_default();
    if (chdir("/") == 0)
        exec_in_path(argv, env);
    _exit(127);
}

// True when the program ended; false when its time is over.
static bool collect(int pidfd, int out, int64_t deadline, struct tail *tail) {
    for (;;) {
        struct pollfd p[2] = {{.fd = pidfd, .events = POLLIN}, {.fd = out, .events = POLLIN}};
        int64_t left = deadline - now_millis();
        if (left <= 0 || (poll(p, 2, (int)left) < 0 && errno != EINTR))
            return false;
        char buffer[4096];
        ssize_t n;
        while ((n = read(out, buffer, sizeof buffer)) > 0)
            tail_add(tail, buffer, (size_t)n);
        // A background process of the hook may hold the pipe open: the program's own end counts.
        if ((p[0].revents & POLLIN) != 0)
            return true;
        if (n == 0)
            out = -1;
    }
}

static int run_hook(struct run *run, const struct field *f, int input) {
    cleanup_vector char **argv = vector(run, f[0].list);
    cleanup_vector char **env = vector(run, f[1].list);
    if (argv == NULL || env == NULL)
        return -1;
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0)
        return failed(run, "pipe", "%s", argv[0]);
    cleanup_fd int in = pipe_ends[0];
    cleanup_fd int out = pipe_ends[1];
    fcntl(in, F_SETFL, O_NONBLOCK);
    pid_t pid = fork();
    if (pid < 0)
        return failed(run, "fork", "%s", argv[0]);
    if (pid == 0)
        hook_child(argv, env, input, out);
    fd_close(&out);
    cleanup_fd int pidfd = pidfd_of(pid);
    struct tail tail = {0};
    bool ended = collect(pidfd, in, now_millis() + (int64_t)f[2].n, &tail);
    if (!ended)
        kill(-pid, SIGKILL), kill(pid, SIGKILL);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (ended && status == 0)
        return 0;
    errno = ended ? ECHILD : ETIMEDOUT;
    if (!ended)
        return failed(run, "hook", "%s took too long %s", argv[0], tail.bytes);
    if (WIFSIGNALED(status))
        return failed(run, "hook", "%s was killed by signal %d %s", argv[0], WTERMSIG(status), tail.bytes);
    return failed(run, "hook", "%s exited with status %d %s", argv[0], WEXITSTATUS(status), tail.bytes);
}

int step_hook(struct run *run, const struct field *f) { return run_hook(run, f, -1); }

int step_hook_with_input(struct run *run, const struct field *f) {
    int input = slot_get(run, f[3].slot);
    return input < 0 ? -1 : run_hook(run, f, input);
}
