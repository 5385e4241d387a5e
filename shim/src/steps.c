// The table of steps, and what all steps share: slots, places, marks, failures.
#include "steps.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util.h"

// Letters of a format: p place, q place or none, S slot, O slot or none, s text, b bytes, k system call filter, a
// texts, v texts (at least one), o mount options, x netlink patches of the first field, i u32, l u64, f flag, e
// constant, m mode, t milliseconds.
static const struct step_row rows[] = {
    {1, "make directory", "pmf", 0, step_mkdir},
    {2, "write", "pse", 2, step_write},
    {3, "link", "spf", 0, step_symlink},
    {4, "make node", "pemiif", 3, step_node},
    {5, "change owner", "pii", 0, step_chown},
    {6, "change mode", "pm", 0, step_chmod},
    {7, "open", "Spe", 5, step_open},
    {8, "close", "S", 0, step_close},
    {9, "remove", "pf", 0, step_remove},
    {10, "remove directories", "pt", 0, step_remove_tree},
    {11, "open tree", "Spff", 0, step_open_tree},
    {12, "set mount", "pfiiiO", 0, step_mount_attributes},
    {13, "mount", "Ssoiiif", 0, step_new_mount},
    {14, "attach mount", "Sp", 0, step_attach_mount},
    {15, "mount", "spsls", 0, step_mount},
    {16, "unmount", "pf", 0, step_umount},
    {17, "pivot root", "S", 0, step_pivot_root},
    {18, "chroot", "p", 0, step_chroot},
    {19, "change directory", "p", 0, step_chdir},
    {20, "attach loop device", "Spfll", 0, step_loop},
    {21, "make user namespace", "Sss", 0, step_user_namespace},
    {22, "enter namespaces", "Si", 0, step_setns},
    {23, "unshare", "i", 0, step_unshare},
    {24, "set host name", "s", 0, step_hostname},
    {25, "set domain name", "s", 0, step_domainname},
    {26, "limit resource", "fill", 0, step_rlimit},
    {27, "filter devices", "Sb", 0, step_device_filter},
    {28, "bound capabilities", "l", 0, step_capabilities},
    {29, "forbid new privileges", "", 0, step_no_new_privileges},
    {30, "filter system calls", "kO", 0, step_seccomp},
    {31, "set personality", "l", 0, step_personality},
    {32, "join session keyring", "", 0, step_keyring},
    {33, "set parent death signal", "e", 64, step_parent_death},
    {34, "open terminal", "epqS", TERMINALS_MAX - 1, step_terminal},
    {35, "send netlink message", "bx", 0, step_netlink},
    {36, "run hook", "vat", 0, step_hook},
    {37, "keep descriptor", "S", 0, step_keep},
    {38, "wait for the gate", "", 0, step_await_gate},
    {39, "size terminal", "See", UINT16_MAX, step_terminal_size},
    {40, "wait for the child", "", 0, step_await_child},
    {41, "take over child", "p", 0, step_take_child},
    {42, "share cores", "", 0, step_core_scheduling},
    {STEP_KEEP_CALLS, "keep system calls", "Sts", 0, step_keep},
    {44, "run hook", "vatS", 0, step_hook_with_input},
    {STEP_FORWARD_CALLS, "forward system calls", "Sss", 0, step_keep},
    {46, "show title", "sss", 0, step_title},
};

const struct step_row *step_row(uint8_t number) {
    if (number < 1 || number > sizeof rows / sizeof rows[0])
        return NULL;
    return &rows[number - 1];
}

void run_prepare(struct run *run, const int given[SLOTS_MAX], int report) {
    *run = (struct run){.report = report, .netlink = -1, .target = "stop", .parent = {.fd = -1}};
    for (int i = 0; i < SLOTS_MAX; i++)
        run->slot[i] = given != NULL ? given[i] : -1;
}

// Steps that neither mount nor change what a path or a slot means.
static bool is_about_files(const struct step_row *row) {
    return row->run == step_mkdir || row->run == step_write || row->run == step_symlink || row->run == step_node ||
           row->run == step_chown || row->run == step_remove || row->run == step_remove_tree;
}

int run_steps(struct run *run, uint32_t section, struct steps steps, bool all) {
    struct failure first = {0};
    struct step step;
    run->section = section;
    for (uint32_t index = 1; steps_next(&steps, &step); index++) {
        run->failure = (struct failure){.section = section, .index = index};
        snprintf(run->failure.step, sizeof run->failure.step, "%s", step.row->name);
        if ((step.flags & STEP_AT_REBOOT) != 0 && strcmp(run->target, "reboot") != 0)
            continue;
        bool keeps_parent = is_about_files(step.row);
        if (!keeps_parent)
            fd_close(&run->parent.fd);
        int result = step.row->run(run, step.f);
        if (!keeps_parent)
            fd_close(&run->parent.fd);
        if (result == 0 || (step.flags & STEP_OPTIONAL) != 0)
            continue;
        if (first.index == 0)
            first = run->failure;
        if (!all)
            break;
    }
    fd_close(&run->parent.fd);
    run->failure = first;
    return first.index == 0 ? 0 : -1;
}

int failed(struct run *run, const char *call, const char *format, ...) {
    struct failure *f = &run->failure;
    f->err = errno != 0 ? errno : EIO;
    snprintf(f->call, sizeof f->call, "%s", call);
    va_list args;
    va_start(args, format);
    vsnprintf(f->detail, sizeof f->detail, format, args);
    va_end(args);
    errno = f->err;
    return -1;
}

int slot_get(struct run *run, uint8_t slot) {
    if (slot < SLOTS_MAX && run->slot[slot] >= 0)
        return run->slot[slot];
    errno = EBADF;
    return failed(run, "slot", "slot %u is empty", slot);
}

void slot_put(struct run *run, uint8_t slot, int fd) {
    fd_close(&run->slot[slot]);
    run->slot[slot] = fd;
}

const char *place_text(const struct place *place) { return place->kind == PLACE_SLOT ? "descriptor" : place->path.s; }

// A path below a directory whose content the container may control. RESOLVE_NO_MAGICLINKS because a planted link to
// /proc/self/fd/N would lead out through a descriptor we hold.
static int open_resolved(int dir, const char *path, int flags, uint64_t resolve) {
    struct open_how how = {.flags = (unsigned)flags | O_CLOEXEC, .resolve = resolve | RESOLVE_NO_MAGICLINKS};
    if ((flags & O_CREAT) != 0)
        how.mode = 0644;
    for (int tries = 0;; tries++) {
        // EAGAIN: something was renamed meanwhile and the kernel could not prove that the path stays inside.
        int fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
        if (fd >= 0 || errno != EAGAIN || tries == 100)
            return fd;
    }
}

static int open_path(struct run *run, const struct place *place, const char *path, int flags) {
    int fd = -1, dir;
    char proc[PATH_BYTES_MAX + 32];
    switch ((enum place_kind)place->kind) {
    case PLACE_HOST:
        fd = open(path, flags | O_CLOEXEC, 0644);
        break;
    case PLACE_IN_ROOT:
    case PLACE_BENEATH:
        dir = slot_get(run, place->slot);
        if (dir < 0)
            return -1;
        fd = open_resolved(dir, path, flags,
                           place->kind == PLACE_IN_ROOT ? RESOLVE_IN_ROOT : RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
        break;
    case PLACE_CHILD_PROC:
        errno = ESRCH;
        if (run->child > 0) {
            snprintf(proc, sizeof proc, "/proc/%d/%s", run->child, path);
            fd = open(proc, flags | O_CLOEXEC);
        }
        break;
    case PLACE_SLOT:
    case PLACE_NONE:
        errno = EINVAL;
        break;
    }
    return fd >= 0 ? fd : failed(run, "open", "%s", path);
}

int place_open(struct run *run, const struct place *place, int flags) {
    if (place->kind != PLACE_SLOT)
        return open_path(run, place, place->path.s, flags);
    int fd = slot_get(run, place->slot);
    if (fd < 0)
        return -1;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    return copy >= 0 ? copy : failed(run, "dup", "slot %u", place->slot);
}

int place_parent(struct run *run, const struct place *place, char name[256]) {
    char path[PATH_BYTES_MAX + 1];
    size_t len = place->path.len;
    memcpy(path, place->path.s, len + 1);
    while (len > 0 && path[len - 1] == '/')
        path[--len] = 0;
    char *slash = strrchr(path, '/');
    const char *last = slash != NULL ? slash + 1 : path;
    errno = EINVAL;
    if (place->kind == PLACE_SLOT || *last == 0 || strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
        return failed(run, "path", "%s", place_text(place));
    errno = ENAMETOOLONG;
    if (strlen(last) > 255)
        return failed(run, "path", "%s", path);
    strcpy(name, last);
    const char *dir = ".";
    if (slash == path)
        dir = "/";
    else if (slash != NULL) {
        *slash = 0;
        dir = path;
    }
    struct parent *known = &run->parent;
    if (known->fd >= 0 && known->kind == place->kind && known->slot == place->slot && strcmp(known->path, dir) == 0)
        return known->fd;
    fd_close(&known->fd);
    known->fd = open_path(run, place, dir, O_PATH | O_DIRECTORY);
    known->kind = place->kind;
    known->slot = place->slot;
    strcpy(known->path, dir);
    return known->fd;
}

static int random_uuid(char out[40]) {
    uint8_t r[16];
    if (getrandom(r, sizeof r, 0) != sizeof r)
        return -1;
    r[6] = (uint8_t)((r[6] & 0x0f) | 0x40);
    r[8] = (uint8_t)((r[8] & 0x3f) | 0x80);
    char *p = out;
    for (size_t i = 0; i < sizeof r; i++)
        p += sprintf(p, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", r[i]);
    return 0;
}

// A path to what a slot holds: of a loop device its own, because tables of mounts show it for ever.
static void slot_path(int fd, char out[48]) {
    char link[48];
    struct stat held, named;
    sprintf(out, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(out, link, sizeof link - 1);
    link[n > 0 ? n : 0] = 0;
    if (strncmp(link, "/dev/loop", 9) == 0 && fstat(fd, &held) == 0 && stat(link, &named) == 0 &&
        S_ISBLK(named.st_mode) && named.st_rdev == held.st_rdev)
        strcpy(out, link);
}

// What a mark stands for, written to out; how many bytes of text it took, or 0 if it means nothing.
static size_t replace_mark(struct run *run, const char *s, char out[48]) {
    uint8_t slot = (uint8_t)(s[1] - '@');
    out[0] = 0;
    switch ((enum mark)s[0]) {
    case MARK_SLOT:
        if (slot >= SLOTS_MAX || run->slot[slot] < 0)
            return 0;
        slot_path(run->slot[slot], out);
        return 2;
    case MARK_CHILD_PID:
        sprintf(out, "%d", run->child);
        return 1;
    case MARK_TARGET:
        sprintf(out, "%.40s", run->target);
        return 1;
    case MARK_UUID:
        return random_uuid(out) == 0 ? 1 : 0;
    case MARK_MONITOR_PID:
        sprintf(out, "%d", getppid());
        return 1;
    }
    out[0] = s[0];
    out[1] = 0;
    return 1;
}

char *expand(struct run *run, const struct text *text) {
    enum { GROWTH_MAX = 48 };
    size_t marks = 0;
    for (uint32_t i = 0; i < text->len; i++)
        marks += text->s[i] >= MARK_SLOT && text->s[i] <= MARK_MONITOR_PID;
    char *out = malloc(text->len + marks * GROWTH_MAX + 1);
    if (out == NULL) {
        failed(run, "malloc", "%s", "");
        return NULL;
    }
    char *p = out;
    for (const char *s = text->s; *s != 0;) {
        char value[GROWTH_MAX] = {0};
        size_t used = replace_mark(run, s, value);
        if (used == 0) {
            errno = EBADF;
            failed(run, "slot", "a text names a slot that is empty");
            free(out);
            return NULL;
        }
        p = stpcpy(p, value);
        s += used;
    }
    *p = 0;
    return out;
}

char **vector(struct run *run, struct list list) {
    char **v = calloc((size_t)list.count + 1, sizeof *v);
    struct text text;
    for (size_t i = 0; v != NULL && list_next(&list, &text); i++) {
        v[i] = run != NULL ? expand(run, &text) : strdup(text.s);
        if (v[i] == NULL)
            vector_free(&v);
    }
    return v;
}

void vector_free(char ***v) {
    for (char **p = *v; p != NULL && *p != NULL; p++)
        free(*p);
    free(*v);
    *v = NULL;
}
