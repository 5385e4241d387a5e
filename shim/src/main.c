// atoll-shim: the privileged helper. `serve` is a fork server; what it runs is in docs/plan.md. `init` is the first
// process of containers that run a single command.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init.h"
#include "serve.h"
#include "util.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif

enum { TITLE_ROOM = 320, IDLE_SECONDS_MAX = 1000000 };
static const char marker[] = "atoll-shim-sealed";

// A copy of this program that nobody can write to. A container's root sees the processes that enter it and could
// otherwise overwrite the host's file through /proc/PID/exe: CVE-2019-5736.
static int sealed_copy(void) {
    cleanup_fd int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (self < 0 || fstat(self, &st) != 0)
        return -1;
    int copy = memfd_create("atoll-shim", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
    if (copy < 0) // before 6.3 there is no MFD_EXEC and every memfd is executable
        copy = memfd_create("atoll-shim", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (copy < 0)
        return -1;
    for (off_t left = st.st_size; left > 0;) {
        ssize_t n = sendfile(copy, self, NULL, (size_t)left);
        if (n <= 0) {
            fd_close(&copy);
            return -1;
        }
        left -= n;
    }
    if (fcntl(copy, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
        fd_close(&copy);
    return copy;
}

// Runs the sealed copy in place of this process, with room for a title in its arguments. Returns only on failure.
static void execute_sealed(const char *idle, const char *socket) {
    static char room[TITLE_ROOM];
    char *argv[] = {room, (char *)(uintptr_t)marker, (char *)(uintptr_t)idle, (char *)(uintptr_t)socket, NULL};
    char *environment[] = {NULL};
    memset(room, '-', sizeof room - 1);
    cleanup_fd int copy = sealed_copy();
    if (copy >= 0)
        syscall(SYS_execveat, copy, "", argv, environment, AT_EMPTY_PATH);
}

static int usage(void) {
    fputs("usage: atoll-shim serve --socket PATH [--idle SECONDS]\n       atoll-shim init -- COMMAND [ARG...]\n"
          "       atoll-shim --version\n",
          stderr);
    return 2;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts(BUILD);
        return 0;
    }
    if (argc == 4 && strcmp(argv[1], marker) == 0 && strlen(argv[0]) >= TITLE_ROOM - 1) {
        int64_t idle = strtol(argv[2], NULL, 10) * 1000;
        char *socket = strdup(argv[3]);
        title_room = argv[0];
        title_size = (unsigned long)(argv[3] + strlen(argv[3]) + 1 - argv[0]);
        return socket == NULL ? 1 : serve(socket, BUILD, idle);
    }
    if (argc >= 4 && strcmp(argv[1], "init") == 0 && strcmp(argv[2], "--") == 0)
        return container_init(argv + 3);
    bool has_idle = argc == 6 && strcmp(argv[4], "--idle") == 0;
    if ((argc != 4 && !has_idle) || strcmp(argv[1], "serve") != 0 || strcmp(argv[2], "--socket") != 0)
        return usage();
    const char *idle = has_idle ? argv[5] : "0";
    char *end;
    long seconds = strtol(idle, &end, 10);
    if (*idle == 0 || *end != 0 || seconds < 0 || seconds > IDLE_SECONDS_MAX)
        return usage();
    // Descriptors of the caller are not ours to keep.
    syscall(SYS_close_range, 3, ~0u, 0);
    execute_sealed(idle, argv[3]);
    perror("atoll-shim: execute a sealed copy");
    return 1;
}
