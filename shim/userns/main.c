// `atoll-userns`: runs a program as root of a user namespace.
//
// Trust: it runs with its caller's rights. What a plain user may map is decided by newuidmap and newgidmap.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../src/util.h"

enum { LINES_MAX = 340, RANGES_MAX = 32, IDLE_SECONDS = 30 };

// The lines of one id map, as numbers in text.
struct map {
    char *words[3 * LINES_MAX];
    size_t count;
};

static int complain(const char *what) {
    fprintf(stderr, "atoll-userns: %s: %s\n", what, strerror(errno));
    return -1;
}

static bool is_number(const char *text) {
    return *text != 0 && strlen(text) <= 10 && strspn(text, "0123456789") == strlen(text);
}

static int map_add(struct map *map, const char *inside, const char *outside, const char *count) {
    if (map->count + 3 > 3 * LINES_MAX || !is_number(inside) || !is_number(outside) || !is_number(count)) {
        errno = EINVAL;
        return -1;
    }
    map->words[map->count++] = strdup(inside);
    map->words[map->count++] = strdup(outside);
    map->words[map->count++] = strdup(count);
    return 0;
}

// Runs newuidmap or newgidmap on a process.
static int run_tool(const char *tool, const char *target, const struct map *map) {
    pid_t pid = fork();
    if (pid == 0) {
        const char *argv[3 * LINES_MAX + 3] = {tool, target};
        for (size_t i = 0; i < map->count; i++)
            argv[i + 2] = map->words[i];
        execvp(tool, (char *const *)(uintptr_t)argv);
        fprintf(stderr, "atoll-userns: %s: %s; install package \"uidmap\"\n", tool, strerror(errno));
        _exit(127);
    }
    int status;
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

// One write with all lines, which is the only one that the kernel takes.
static int write_map(const char *target, const char *file, const struct map *map) {
    char path[64];
    char text[LINES_MAX * 36] = "";
    size_t len = 0;
    for (size_t i = 0; i + 2 < map->count; i += 3)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s %s %s\n", map->words[i], map->words[i + 1],
                                map->words[i + 2]);
    snprintf(path, sizeof path, "/proc/%s/%s", target, file);
    cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd >= 0 && write(fd, text, len) == (ssize_t)len ? 0 : complain(path);
}

// In a child, because a namespace's own maps are written from outside.
static int write_maps(pid_t of, const struct map *users, const struct map *groups, bool by_tools) {
    char target[16];
    snprintf(target, sizeof target, "%d", of);
    if (by_tools)
        return run_tool("newuidmap", target, users) == 0 && run_tool("newgidmap", target, groups) == 0 ? 0 : -1;
    return write_map(target, "uid_map", users) == 0 && write_map(target, "gid_map", groups) == 0 ? 0 : -1;
}

// Puts this process into a new user namespace and a mount namespace of its own.
static int enter_new(const struct map *users, const struct map *groups, bool by_tools) {
    int go[2];
    if (pipe2(go, O_CLOEXEC) != 0)
        return -1;
    pid_t self = getpid();
    pid_t helper = fork();
    if (helper == 0) {
        char byte;
        fd_close(&go[1]);
        _exit(read(go[0], &byte, 1) == 1 && write_maps(self, users, groups, by_tools) == 0 ? 0 : 1);
    }
    fd_close(&go[0]);
    int made = helper > 0 ? unshare(CLONE_NEWUSER | CLONE_NEWNS) : -1;
    if (made != 0)
        complain("make a user namespace");
    else if (write(go[1], "g", 1) != 1)
        made = -1;
    fd_close(&go[1]);
    int status;
    if (helper < 0 || waitpid(helper, &status, 0) != helper || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return -1;
    return made;
}

static int become_root(void) {
    // Groups of the caller that are not mapped must not stay; where they may not be dropped they are harmless.
    if (setgroups(0, NULL) != 0 && errno != EPERM)
        return complain("setgroups");
    if (setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0)
        return complain("become root of the user namespace");
    return 0;
}

static int run(char **argv) {
    execvp(argv[0], argv);
    int saved = errno;
    complain(argv[0]);
    return saved == ENOENT ? 127 : 126;
}

// One -m: TYPE:INSIDE:OUTSIDE:COUNT, TYPE being u, g or b for both.
static int take_map(char *text, struct map *users, struct map *groups) {
    char *save = NULL;
    const char *type = strtok_r(text, ":", &save);
    const char *inside = strtok_r(NULL, ":", &save);
    const char *outside = strtok_r(NULL, ":", &save);
    const char *count = strtok_r(NULL, ":", &save);
    if (type == NULL || count == NULL || strchr("ugb", type[0]) == NULL || type[1] != 0) {
        errno = EINVAL;
        return -1;
    }
    if (type[0] != 'g' && map_add(users, inside, outside, count) != 0)
        return -1;
    return type[0] != 'u' ? map_add(groups, inside, outside, count) : 0;
}

// The caller's name in passwd(5); empty if it has none. Without the C library's switch, which a static program lacks.
static void find_name(uid_t uid, char *name, size_t size) {
    char line[1024];
    FILE *file = fopen("/etc/passwd", "re");
    name[0] = 0;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *save = NULL;
        const char *who = strtok_r(line, ":", &save);
        strtok_r(NULL, ":", &save);
        const char *number = strtok_r(NULL, ":", &save);
        if (who != NULL && number != NULL && strtoul(number, NULL, 10) == uid) {
            snprintf(name, size, "%s", who);
            break;
        }
    }
    if (file != NULL)
        fclose(file);
}

// Adds the caller's ranges of subuid(5) or subgid(5), each to its own numbers.
static size_t add_ranges(const char *path, const char *name, uid_t uid, struct map *map) {
    char line[1024], number[16];
    size_t found = 0;
    snprintf(number, sizeof number, "%u", uid);
    FILE *file = fopen(path, "re");
    while (file != NULL && found < RANGES_MAX && fgets(line, sizeof line, file) != NULL) {
        char *save = NULL;
        const char *who = strtok_r(line, ":\n", &save);
        const char *base = strtok_r(NULL, ":\n", &save);
        const char *count = strtok_r(NULL, ":\n", &save);
        if (who != NULL && base != NULL && count != NULL && (strcmp(who, name) == 0 || strcmp(who, number) == 0) &&
            map_add(map, base, base, count) == 0)
            found++;
    }
    if (file != NULL)
        fclose(file);
    return found;
}

// All of the caller's ranges, one after the other from 0 on.
static void stack_ranges(const char *path, struct map *map) {
    struct map given = {.count = 0};
    char name[256], inside[16];
    unsigned long next = 0;
    find_name(getuid(), name, sizeof name);
    add_ranges(path, name, getuid(), &given);
    for (size_t i = 0; i + 2 < given.count; i += 3) {
        snprintf(inside, sizeof inside, "%lu", next);
        if (map_add(map, inside, given.words[i + 1], given.words[i + 2]) == 0)
            next += strtoul(given.words[i + 2], NULL, 10);
    }
}

// The caller itself, behind all that are mapped.
static int add_self(unsigned id, struct map *map) {
    char inside[16], outside[16];
    unsigned long end = 0;
    for (size_t i = 0; i + 2 < map->count; i += 3) {
        unsigned long last = strtoul(map->words[i], NULL, 10) + strtoul(map->words[i + 2], NULL, 10);
        end = last > end ? last : end;
    }
    snprintf(inside, sizeof inside, "%lu", end);
    snprintf(outside, sizeof outside, "%u", id);
    return map_add(map, inside, outside, "1");
}

// Runs a command, or a shell, in a new user namespace with the given maps, or with all ids that the caller may give.
static int run_mapped(int argc, char **argv) {
    struct map users = {.count = 0}, groups = {.count = 0};
    char *shell[] = {(char *)(uintptr_t) "/bin/sh", NULL};
    bool with_self = false;
    int i = 0;
    for (; i < argc && argv[i][0] == '-' && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "-s") == 0) {
            with_self = true;
        } else if (strcmp(argv[i], "-m") != 0 || i + 1 == argc || take_map(argv[++i], &users, &groups) != 0) {
            fprintf(stderr, "atoll-userns: not a map: %s\n", argv[i]);
            return 1;
        }
    if (i < argc && strcmp(argv[i], "--") == 0)
        i++;
    if (users.count == 0 && groups.count == 0) {
        stack_ranges("/etc/subuid", &users);
        stack_ranges("/etc/subgid", &groups);
    }
    if (with_self && (add_self(getuid(), &users) != 0 || add_self(getgid(), &groups) != 0))
        return 1;
    if (users.count == 0 || groups.count == 0) {
        fputs("usage: -m u|g|b:INSIDE:OUTSIDE:COUNT... [-s] [-- COMMAND...]; without -m /etc/subuid and /etc/subgid"
              " must give you ids\n",
              stderr);
        return 1;
    }
    if (enter_new(&users, &groups, geteuid() != 0) != 0 || become_root() != 0)
        return 1;
    return run(i < argc ? argv + i : shell);
}

static int build_maps(struct map *users, struct map *groups) {
    char name[256], own[16];
    find_name(getuid(), name, sizeof name);
    snprintf(own, sizeof own, "%u", getuid());
    if (map_add(users, "0", own, "1") != 0)
        return -1;
    snprintf(own, sizeof own, "%u", getgid());
    if (map_add(groups, "0", own, "1") != 0)
        return -1;
    if (add_ranges("/etc/subuid", name, getuid(), users) != 0 && add_ranges("/etc/subgid", name, getuid(), groups) != 0)
        return 0;
    fprintf(stderr,
            "note: user %s has no ids for containers: add a line for it to /etc/subuid and /etc/subgid,"
            " such as with: usermod -v 100000-165535 -w 100000-165535 %s\n",
            name, name);
    return -1;
}

static socklen_t anchor_address(const char *directory, struct sockaddr_un *address) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    int n = snprintf(address->sun_path, sizeof address->sun_path, "%s/userns.sock", directory);
    return n < 0 || (size_t)n >= sizeof address->sun_path ? 0 : (socklen_t)sizeof *address;
}

// Enters the namespaces that an earlier call made and that a process still holds. 1: there are none.
static int enter_held(const char *directory) {
    struct sockaddr_un address;
    socklen_t len = anchor_address(directory, &address);
    cleanup_fd int socket_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (len == 0 || socket_fd < 0)
        return complain(directory);
    if (connect(socket_fd, (struct sockaddr *)&address, len) != 0)
        return 1;
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(socket_fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != getuid()) {
        errno = EPERM;
        return complain(address.sun_path);
    }
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/user", peer.pid);
    cleanup_fd int user = open(path, O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof path, "/proc/%d/ns/mnt", peer.pid);
    cleanup_fd int mounts = open(path, O_RDONLY | O_CLOEXEC);
    // Who enters a mount namespace is taken to its root.
    char cwd[PATH_MAX];
    bool has_cwd = getcwd(cwd, sizeof cwd) != NULL;
    if (user < 0 || mounts < 0 || setns(user, CLONE_NEWUSER) != 0 || setns(mounts, CLONE_NEWNS) != 0)
        return complain("enter the user's namespaces");
    if (has_cwd && chdir(cwd) != 0)
        fprintf(stderr, "note: %s cannot be entered any more: %s\n", cwd, strerror(errno));
    return 0;
}

static bool is_alone(void) {
    struct stat own, other;
    DIR *proc = opendir("/proc");
    bool alone = proc != NULL && stat("/proc/self/ns/user", &own) == 0;
    const struct dirent *entry;
    while (alone && (entry = readdir(proc)) != NULL) {
        char path[300];
        if (!is_number(entry->d_name) || atoi(entry->d_name) == getpid())
            continue;
        snprintf(path, sizeof path, "/proc/%s/ns/user", entry->d_name);
        if (stat(path, &other) == 0 && other.st_ino == own.st_ino && other.st_dev == own.st_dev)
            alone = false;
    }
    if (proc != NULL)
        closedir(proc);
    return alone;
}

// Keeps the namespaces alive between calls, and goes when nobody is in them any more.
_Noreturn static void hold(const char *directory, int listener) {
    char lock_path[PATH_MAX];
    prctl(PR_SET_NAME, "atoll-userns", 0, 0, 0);
    snprintf(lock_path, sizeof lock_path, "%s/userns.lock", directory);
    setsid();
    signal(SIGHUP, SIG_IGN);
    for (;;) {
        sleep(IDLE_SECONDS);
        cleanup_fd int lock = open(lock_path, O_RDWR | O_CLOEXEC);
        // Who enters holds the lock until it is in.
        if (lock < 0 || (flock(lock, LOCK_EX | LOCK_NB) == 0 && is_alone())) {
            struct sockaddr_un address;
            if (anchor_address(directory, &address) != 0)
                unlink(address.sun_path);
            fd_close(&listener);
            _exit(0);
        }
    }
}

// Leaves a process behind that holds the namespaces. It is this process's grandchild, so that nobody waits for it.
static int leave_holder(const char *directory) {
    struct sockaddr_un address;
    socklen_t len = anchor_address(directory, &address);
    int ready[2];
    if (len == 0 || pipe2(ready, O_CLOEXEC) != 0)
        return complain(directory);
    unlink(address.sun_path);
    pid_t child = fork();
    if (child == 0) {
        if (fork() != 0)
            _exit(0);
        int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (listener < 0 || bind(listener, (struct sockaddr *)&address, len) != 0 || listen(listener, 64) != 0)
            _exit(1);
        ssize_t n = write(ready[1], "r", 1);
        (void)n;
        int null = open("/dev/null", O_RDWR);
        for (int i = 0; null >= 0 && i < 3; i++)
            dup2(null, i);
        // All else is the caller's; only the listener is ours, and nothing is inherited below it.
        int own = dup2(listener, 3);
        closefrom(4);
        if (chdir("/") != 0)
            _exit(1);
        hold(directory, own);
    }
    char byte;
    fd_close(&ready[1]);
    bool is_up = child > 0 && read(ready[0], &byte, 1) == 1;
    fd_close(&ready[0]);
    waitpid(child, NULL, 0);
    return is_up ? 0 : complain(address.sun_path);
}

static int make_directories(const char *path) {
    char copy[PATH_MAX];
    snprintf(copy, sizeof copy, "%s", path);
    for (char *slash = strchr(copy + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(copy, 0700) != 0 && errno != EEXIST && errno != EROFS && errno != EACCES)
            return complain(copy);
        *slash = '/';
    }
    return mkdir(copy, 0700) == 0 || errno == EEXIST ? 0 : complain(copy);
}

// Runs a program as root of the calling user's own namespaces, which all its programs share.
static int run_rootless(int argc, char **argv) {
    if (argc < 4 || strcmp(argv[0], "--run-dir") != 0 || strcmp(argv[2], "--") != 0) {
        fputs("usage: atoll-userns rootless --run-dir DIR -- PROGRAM ARGV0 [ARGUMENT...]\n", stderr);
        return 1;
    }
    const char *directory = argv[1];
    char lock_path[PATH_MAX], uid[16];
    snprintf(uid, sizeof uid, "%u", getuid());
    if (make_directories(directory) != 0)
        return 1;
    snprintf(lock_path, sizeof lock_path, "%s/userns.lock", directory);
    cleanup_fd int lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0 || flock(lock, LOCK_EX) != 0) {
        complain(lock_path);
        return 1;
    }
    int held = enter_held(directory);
    if (held < 0)
        return 1;
    if (held > 0) {
        struct map users = {.count = 0}, groups = {.count = 0};
        if (build_maps(&users, &groups) != 0) {
            // Much can be done and seen without containers of one's own.
            setenv("ATOLL_ROOTLESS", uid, 1);
            execv(argv[3], argv + 4);
            return 126;
        }
        if (enter_new(&users, &groups, true) != 0)
            return 1;
    }
    if (become_root() != 0 || (held > 0 && leave_holder(directory) != 0))
        return 1;
    flock(lock, LOCK_UN);
    // Says to the program that it is root only here, and who it is elsewhere.
    setenv("ATOLL_ROOTLESS", uid, 1);
    execv(argv[3], argv + 4);
    complain(argv[3]);
    return 126;
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "run") == 0)
        return run_mapped(argc - 2, argv + 2);
    if (argc > 2 && strcmp(argv[1], "rootless") == 0)
        return run_rootless(argc - 2, argv + 2);
    fputs("usage: atoll-userns run|rootless ...\n", stderr);
    return 1;
}
