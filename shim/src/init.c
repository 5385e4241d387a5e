// A small init for containers that run one command: it reaps what is orphaned, passes signals on and ends as the
// command does. It runs inside the container, with the container's rights, and trusts nobody: it only waits and kills
// its own.
#include "init.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { GRACE_SECONDS = 1, NOT_FOUND = 127, NOT_EXECUTABLE = 126, SIGNAL_BASE = 128 };

_Noreturn static void command(char **argv, const sigset_t *before) {
    setpgid(0, 0);
    if (isatty(0) == 1) {
        // As a background process we would be stopped for this.
        signal(SIGTTOU, SIG_IGN);
        tcsetpgrp(0, getpgrp());
        signal(SIGTTOU, SIG_DFL);
    }
    sigprocmask(SIG_SETMASK, before, NULL);
    execvp(argv[0], argv);
    int failure = errno;
    fprintf(stderr, "%s: %s\n", argv[0], strerror(failure));
    _exit(failure == ENOENT ? NOT_FOUND : NOT_EXECUTABLE);
}

static int code_of(int status) { return WIFSIGNALED(status) ? SIGNAL_BASE + WTERMSIG(status) : WEXITSTATUS(status); }

// Waits for everything that has ended. True if the command has.
static bool reap(pid_t child, int *code) {
    bool ended = false;
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        if (pid == child) {
            *code = code_of(status);
            ended = true;
        }
    return ended;
}

static bool is_alone(void) {
    int status;
    while (waitpid(-1, &status, WNOHANG) > 0)
        ;
    return waitpid(-1, &status, WNOHANG) < 0 && errno == ECHILD;
}

// What the command left behind is asked to end, and gets a moment for it. Our own end takes the rest away.
static void end_others(const sigset_t *waited) {
    if (getpid() != 1 || is_alone())
        return;
    kill(-1, SIGTERM);
    struct timespec now, end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += GRACE_SECONDS;
    do {
        struct timespec tick = {.tv_nsec = 50 * 1000 * 1000};
        sigtimedwait(waited, NULL, &tick);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (!is_alone() && (now.tv_sec < end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec)));
}

int container_init(char **argv) {
    sigset_t waited, before;
    // Real-time signals are left out: a first process that blocks SIGRTMIN+3 is taken for systemd.
    sigemptyset(&waited);
    for (int n = 1; n < SIGSYS + 1; n++)
        if (n != SIGTTIN && n != SIGTTOU && n != SIGTSTP)
            sigaddset(&waited, n);
    sigprocmask(SIG_SETMASK, &waited, &before);
    pid_t child = fork();
    if (child < 0) {
        perror("fork");
        return 1;
    }
    if (child == 0)
        command(argv, &before);
    int code = 0;
    for (;;) {
        int number = sigwaitinfo(&waited, NULL);
        if (number == SIGCHLD) {
            if (reap(child, &code))
                break;
        } else if (number == SIGPWR || number == SIGTERM) {
            kill(getpid() == 1 ? -1 : child, SIGTERM);
        } else if (number > 0) {
            kill(child, number);
        }
    }
    end_others(&waited);
    return code;
}
