// Steps on files and directories.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "steps.h"
#include "util.h"

int step_mkdir(struct run *run, const struct field *f) {
    char name[256];
    int dir = place_parent(run, &f[0].place, name);
    if (dir < 0)
        return -1;
    if (mkdirat(dir, name, (mode_t)f[1].n) == 0 || (errno == EEXIST && f[2].n != 0))
        return 0;
    return failed(run, "mkdirat", "%s", place_text(&f[0].place));
}

// On the host, in the directory that the steps before were in.
static int open_named(struct run *run, const struct place *place, int flags) {
    char name[256];
    if (place->kind != PLACE_HOST)
        return place_open(run, place, flags);
    int dir = place_parent(run, place, name);
    if (dir < 0)
        return -1;
    int fd = openat(dir, name, flags | O_CLOEXEC, 0644);
    return fd >= 0 ? fd : failed(run, "open", "%s", place->path.s);
}

int step_write(struct run *run, const struct field *f) {
    enum { EXISTING, REPLACE, APPEND };
    static const int flags[] = {O_WRONLY | O_NOCTTY, O_WRONLY | O_NOCTTY | O_CREAT | O_TRUNC,
                                O_WRONLY | O_NOCTTY | O_CREAT | O_APPEND};
    cleanup_free char *content = expand(run, &f[1].text);
    cleanup_fd int fd = content == NULL ? -1 : open_named(run, &f[0].place, flags[f[2].n]);
    if (fd < 0)
        return -1;
    // One call, even if it is short: files of the kernel take a value whole or not at all.
    size_t len = strlen(content);
    ssize_t n = write(fd, content, len);
    if (n == (ssize_t)len)
        return 0;
    if (n >= 0)
        errno = ENOSPC;
    return failed(run, "write", "%s: %.200s", place_text(&f[0].place), content);
}

int step_symlink(struct run *run, const struct field *f) {
    char name[256];
    int dir = place_parent(run, &f[1].place, name);
    if (dir < 0)
        return -1;
    if (symlinkat(f[0].text.s, dir, name) == 0 || (errno == EEXIST && f[2].n != 0))
        return 0;
    return failed(run, "symlinkat", "%s", place_text(&f[1].place));
}

int step_node(struct run *run, const struct field *f) {
    static const mode_t types[] = {S_IFREG, S_IFCHR, S_IFBLK, S_IFIFO};
    char name[256];
    int dir = place_parent(run, &f[0].place, name);
    if (dir < 0)
        return -1;
    mode_t mode = types[f[1].n] | (mode_t)f[2].n;
    if (mknodat(dir, name, mode, makedev((unsigned)f[3].n, (unsigned)f[4].n)) == 0 || (errno == EEXIST && f[5].n != 0))
        return 0;
    return failed(run, "mknodat", "%s", place_text(&f[0].place));
}

// Whether the place ends in a name, as `/` and what is in a slot do not.
static bool has_name(const struct place *place) {
    const char *slash = strrchr(place->path.s, '/');
    const char *last = slash != NULL ? slash + 1 : place->path.s;
    return place->kind != PLACE_SLOT && *last != 0 && strcmp(last, ".") != 0 && strcmp(last, "..") != 0;
}

int step_chown(struct run *run, const struct field *f) {
    if (has_name(&f[0].place)) {
        char name[256];
        int dir = place_parent(run, &f[0].place, name);
        if (dir < 0)
            return -1;
        if (fchownat(dir, name, (uid_t)f[1].n, (gid_t)f[2].n, AT_SYMLINK_NOFOLLOW) == 0)
            return 0;
        return failed(run, "fchownat", "%s", place_text(&f[0].place));
    }
    cleanup_fd int fd = place_open(run, &f[0].place, O_PATH | O_NOFOLLOW);
    if (fd < 0)
        return -1;
    if (fchownat(fd, "", (uid_t)f[1].n, (gid_t)f[2].n, AT_EMPTY_PATH) == 0)
        return 0;
    return failed(run, "fchownat", "%s", place_text(&f[0].place));
}

int step_chmod(struct run *run, const struct field *f) {
    cleanup_fd int fd = place_open(run, &f[0].place, O_PATH);
    if (fd < 0)
        return -1;
    // fchmod refuses O_PATH descriptors, and opening for real could have effects on devices.
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return chmod(path, (mode_t)f[1].n) == 0 ? 0 : failed(run, "chmod", "%s", place_text(&f[0].place));
}

int step_open(struct run *run, const struct field *f) {
    static const int flags[] = {O_PATH,
                                O_PATH | O_DIRECTORY,
                                O_RDONLY | O_NOCTTY,
                                O_WRONLY | O_NOCTTY,
                                O_RDWR | O_NOCTTY,
                                O_RDWR | O_APPEND | O_CREAT | O_NOCTTY};
    int fd = place_open(run, &f[1].place, flags[f[2].n]);
    if (fd < 0)
        return -1;
    slot_put(run, f[0].slot, fd);
    return 0;
}

int step_close(struct run *run, const struct field *f) {
    slot_put(run, f[0].slot, -1);
    return 0;
}

int step_remove(struct run *run, const struct field *f) {
    char name[256];
    int dir = place_parent(run, &f[0].place, name);
    if (dir < 0)
        return errno == ENOENT ? 0 : -1;
    if (unlinkat(dir, name, f[1].n != 0 ? AT_REMOVEDIR : 0) == 0 || errno == ENOENT)
        return 0;
    return failed(run, "unlinkat", "%s", place_text(&f[0].place));
}

enum { TREE_DEPTH_MAX = 64 };

// Removes the directories below one, as far as the kernel allows: whoever is still busy is met again by the caller's
// retry.
static void remove_below(int dir, int depth) {
    int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = copy < 0 ? NULL : fdopendir(copy);
    if (listing == NULL) {
        fd_close(&copy);
        return;
    }
    for (struct dirent *e; (e = readdir(listing)) != NULL;) {
        if (e->d_type != DT_DIR || strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        cleanup_fd int child = openat(dir, e->d_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (child >= 0 && depth < TREE_DEPTH_MAX && unlinkat(dir, e->d_name, AT_REMOVEDIR) != 0) {
            remove_below(child, depth + 1);
            unlinkat(dir, e->d_name, AT_REMOVEDIR);
        }
    }
    closedir(listing);
}

int step_remove_tree(struct run *run, const struct field *f) {
    char name[256];
    int dir = place_parent(run, &f[0].place, name);
    if (dir < 0)
        return errno == ENOENT ? 0 : -1;
    int64_t deadline = now_millis() + (int64_t)f[1].n;
    struct timespec pause = {.tv_nsec = 500 * 1000};
    for (;;) {
        if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
            return 0;
        if (errno != EBUSY && errno != ENOTEMPTY)
            break;
        cleanup_fd int self = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (self >= 0)
            remove_below(self, 0);
        if (unlinkat(dir, name, AT_REMOVEDIR) == 0)
            return 0;
        if (now_millis() >= deadline)
            break;
        // A process that is being killed leaves its cgroup a moment later, and no event says so on version 1.
        nanosleep(&pause, NULL);
        if (pause.tv_nsec < 16 * 1000 * 1000)
            pause.tv_nsec *= 2;
    }
    return failed(run, "rmdir", "%s", place_text(&f[0].place));
}
