// Steps that make, change and attach mounts.
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/loop.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "steps.h"
#include "util.h"

// sys/mount.h and linux/mount.h cannot be included together with every libc.
enum { MS_PRIVATE_ = 1 << 18, MS_REC_ = 1 << 14, MNT_DETACH_ = 2, UMOUNT_NOFOLLOW_ = 8 };

static int fsconfig(int fs, unsigned command, const char *key, const void *value, int aux) {
    return (int)syscall(SYS_fsconfig, fs, command, key, value, aux);
}

static int open_tree(int fd, unsigned flags) {
    return (int)syscall(SYS_open_tree, fd, "", flags | AT_EMPTY_PATH | OPEN_TREE_CLOEXEC);
}

static int move_mount(int from, int to) {
    return (int)syscall(SYS_move_mount, from, "", to, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

int step_open_tree(struct run *run, const struct field *f) {
    cleanup_fd int fd = place_open(run, &f[1].place, O_PATH);
    if (fd < 0)
        return -1;
    unsigned flags = f[2].n != 0 ? OPEN_TREE_CLONE : 0;
    if (f[3].n != 0)
        flags |= AT_RECURSIVE;
    int tree = open_tree(fd, flags);
    if (tree < 0)
        return failed(run, "open_tree", "%s", place_text(&f[1].place));
    slot_put(run, f[0].slot, tree);
    return 0;
}

int step_mount_attributes(struct run *run, const struct field *f) {
    struct mount_attr a = {.attr_set = f[2].n, .attr_clr = f[3].n, .propagation = f[4].n};
    cleanup_fd int fd = place_open(run, &f[0].place, O_PATH);
    if (fd < 0)
        return -1;
    if (f[5].slot != SLOT_NONE) {
        int user_namespace = slot_get(run, f[5].slot);
        if (user_namespace < 0)
            return -1;
        a.attr_set |= MOUNT_ATTR_IDMAP;
        a.userns_fd = (unsigned)user_namespace;
    }
    // The kernel takes an access time mode only when the old one is cleared in the same call.
    if ((a.attr_set & MOUNT_ATTR__ATIME) != 0)
        a.attr_clr |= MOUNT_ATTR__ATIME;
    unsigned flags = AT_EMPTY_PATH | (f[1].n != 0 ? AT_RECURSIVE : 0);
    if (syscall(SYS_mount_setattr, fd, "", flags, &a, sizeof a) == 0)
        return 0;
    return failed(run, "mount_setattr", "%s", place_text(&f[0].place));
}

// Sets the ids that file systems check, and raises the capabilities which the kernel drops with them.
static int set_fs_owner(uid_t uid, gid_t gid) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    setfsgid(gid);
    setfsuid(uid);
    if (syscall(SYS_capget, &header, data) != 0)
        return -1;
    data[0].effective = data[0].permitted;
    data[1].effective = data[1].permitted;
    return (int)syscall(SYS_capset, &header, data);
}

static int create_superblock(struct run *run, int fs, const struct field *f) {
    bool owned = (uint32_t)f[4].n != UINT32_MAX;
    uid_t uid = geteuid();
    gid_t gid = getegid();
    if (owned && set_fs_owner((uid_t)f[4].n, (gid_t)f[5].n) != 0)
        return failed(run, "capset", "%s", f[1].text.s);
    int result = fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
    int saved = errno;
    if (owned && set_fs_owner(uid, gid) != 0)
        return failed(run, "capset", "%s", f[1].text.s);
    errno = saved;
    return result;
}

static int configure(struct run *run, int fs, const char *key, const struct text *raw) {
    cleanup_free char *value = expand(run, raw);
    if (value == NULL)
        return -1;
    switch (key[0]) {
    case '!':
        return fsconfig(fs, FSCONFIG_SET_FLAG, key + 1, NULL, 0);
    case '#':
        return fsconfig(fs, FSCONFIG_SET_FD, key + 1, NULL,
                        raw->len == 2 ? slot_get(run, (uint8_t)(raw->s[1] - '@')) : -1);
    default:
        return fsconfig(fs, FSCONFIG_SET_STRING, key + 1, value, 0);
    }
}

// The kernel's own words about a failed mount, read from the file system context.
static int mount_failed(struct run *run, int fs, const char *call, const char *type, const char *option) {
    int saved = errno;
    char log[512];
    ssize_t n = read(fs, log, sizeof log - 1);
    log[n > 0 ? n : 0] = 0;
    log[strcspn(log, "\n")] = 0;
    // A line starts with a letter for its severity.
    const char *words = log[0] != 0 && log[1] == ' ' ? log + 2 : log;
    errno = saved;
    return failed(run, call, "%s%s%s%s%s", type, *option != 0 ? " " : "", option, *words != 0 ? ": " : "", words);
}

int step_new_mount(struct run *run, const struct field *f) {
    const char *type = f[1].text.s;
    cleanup_fd int fs = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
    if (fs < 0)
        return failed(run, "fsopen", "%s", type);
    struct list options = f[2].list;
    struct text key, value;
    while (list_next(&options, &key) && list_next(&options, &value))
        if (configure(run, fs, key.s, &value) != 0)
            return mount_failed(run, fs, "fsconfig", type, key.s + 1);
    if (create_superblock(run, fs, f) != 0)
        return mount_failed(run, fs, "fsconfig create", type, "");
    int mount = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, (unsigned)f[3].n);
    if (mount < 0)
        return mount_failed(run, fs, "fsmount", type, "");
    slot_put(run, f[0].slot, mount);
    if (f[6].n != 0 && (mount_bits_of(mount) & ST_RDONLY) != 0) {
        errno = EROFS;
        return failed(run, "statfs", "%s was mounted read-only", type);
    }
    return 0;
}

int step_attach_mount(struct run *run, const struct field *f) {
    int mount = slot_get(run, f[0].slot);
    cleanup_fd int target = mount < 0 ? -1 : place_open(run, &f[1].place, O_PATH);
    if (target < 0)
        return -1;
    return move_mount(mount, target) == 0 ? 0 : failed(run, "move_mount", "%s", place_text(&f[1].place));
}

int step_mount(struct run *run, const struct field *f) {
    cleanup_free char *source = expand(run, &f[0].text);
    cleanup_free char *data = expand(run, &f[4].text);
    cleanup_fd int target = source == NULL || data == NULL ? -1 : place_open(run, &f[1].place, O_PATH);
    if (target < 0)
        return -1;
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", target);
    // In a chroot "/" need not be a mount point, and the old call is used exactly to make it one.
    const char *at = f[1].place.kind == PLACE_HOST ? f[1].place.path.s : path;
    if (syscall(SYS_mount, source, at, f[2].text.len != 0 ? f[2].text.s : NULL, (unsigned long)f[3].n, data) == 0)
        return 0;
    return failed(run, "mount", "%s on %s", source, place_text(&f[1].place));
}

// umount2 wants a path, and a descriptor of the mount itself would make it busy: so it is named from its parent
// directory.
static int umount_in(int dir, const char *name, int flags) {
    cleanup_fd int back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (back < 0 || fchdir(dir) != 0)
        return -1;
    int result = (int)syscall(SYS_umount2, name, flags | UMOUNT_NOFOLLOW_);
    int saved = errno;
    if (fchdir(back) != 0)
        return -1;
    errno = saved;
    return result;
}

int step_umount(struct run *run, const struct field *f) {
    char name[256];
    int dir = place_parent(run, &f[0].place, name);
    if (dir < 0)
        return -1;
    if (umount_in(dir, name, f[1].n != 0 ? MNT_DETACH_ : 0) == 0)
        return 0;
    return failed(run, "umount2", "%s", place_text(&f[0].place));
}

int step_pivot_root(struct run *run, const struct field *f) {
    int root = slot_get(run, f[0].slot);
    if (root < 0)
        return -1;
    if (fchdir(root) != 0)
        return failed(run, "fchdir", "new root");
    // Both ends are the same directory: the old root lands on top of the new one, where it is at once let go of.
    // pivot_root(2).
    if (syscall(SYS_pivot_root, ".", ".") != 0)
        return failed(run, "pivot_root", "new root");
    // The old root must not carry the unmount back to where it came from.
    if (syscall(SYS_mount, NULL, ".", NULL, (unsigned long)(MS_REC_ | MS_PRIVATE_), NULL) != 0)
        return failed(run, "mount", "old root private");
    if (syscall(SYS_umount2, ".", MNT_DETACH_) != 0)
        return failed(run, "umount2", "old root");
    return chdir("/") == 0 ? 0 : failed(run, "chdir", "/");
}

int step_chroot(struct run *run, const struct field *f) {
    cleanup_fd int fd = place_open(run, &f[0].place, O_PATH | O_DIRECTORY);
    if (fd < 0)
        return -1;
    if (fchdir(fd) != 0 || chroot(".") != 0)
        return failed(run, "chroot", "%s", place_text(&f[0].place));
    return 0;
}

int step_chdir(struct run *run, const struct field *f) {
    cleanup_fd int fd = place_open(run, &f[0].place, O_PATH | O_DIRECTORY);
    if (fd < 0)
        return -1;
    return fchdir(fd) == 0 ? 0 : failed(run, "fchdir", "%s", place_text(&f[0].place));
}

static int attach_free_loop(int control, const struct loop_config *config) {
    enum { TRIES_MAX = 64 };
    for (int i = 0; i < TRIES_MAX; i++) {
        int number = ioctl(control, LOOP_CTL_GET_FREE);
        char path[32];
        snprintf(path, sizeof path, "/dev/loop%d", number);
        int loop = number < 0 ? -1 : open(path, O_RDWR | O_CLOEXEC);
        if (loop < 0)
            return -1;
        if (ioctl(loop, LOOP_CONFIGURE, config) == 0)
            return loop;
        fd_close(&loop);
        // Someone else took the device that was free a moment ago.
        if (errno != EBUSY)
            return -1;
    }
    return -1;
}

int step_loop(struct run *run, const struct field *f) {
    bool read_only = f[2].n != 0;
    cleanup_fd int file = place_open(run, &f[1].place, read_only ? O_RDONLY : O_RDWR);
    cleanup_fd int control = file < 0 ? -1 : open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    if (file < 0)
        return -1;
    struct loop_config config = {.fd = (uint32_t)file};
    config.info.lo_offset = f[3].n;
    config.info.lo_sizelimit = f[4].n;
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR | (read_only ? LO_FLAGS_READ_ONLY : 0);
    snprintf((char *)config.info.lo_file_name, sizeof config.info.lo_file_name, "%s", place_text(&f[1].place));
    int loop = control < 0 ? -1 : attach_free_loop(control, &config);
    if (loop < 0)
        return failed(run, "loop device", "%s", place_text(&f[1].place));
    slot_put(run, f[0].slot, loop);
    return 0;
}

int step_terminal(struct run *run, const struct field *f) {
    cleanup_fd int master = place_open(run, &f[1].place, O_RDWR | O_NOCTTY);
    if (master < 0)
        return -1;
    int unlocked = 0;
    if (ioctl(master, TIOCSPTLCK, &unlocked) != 0)
        return failed(run, "unlock terminal", "%s", place_text(&f[1].place));
    // By number a path would be needed, which the container could have replaced.
    int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0)
        return failed(run, "open terminal", "%s", place_text(&f[1].place));
    slot_put(run, f[3].slot, slave);
    if (f[2].place.kind != PLACE_NONE) {
        cleanup_fd int tree = open_tree(slave, OPEN_TREE_CLONE);
        if (tree < 0)
            return failed(run, "open_tree", "terminal");
        cleanup_fd int target = place_open(run, &f[2].place, O_PATH);
        if (target < 0)
            return -1;
        if (move_mount(tree, target) != 0)
            return failed(run, "move_mount", "%s", place_text(&f[2].place));
    }
    uint32_t number = (uint32_t)f[0].n;
    if (frame_send_numbers(run->report, MSG_TERMINAL, 0, &number, 1, master) == 0)
        return 0;
    return failed(run, "sendmsg", "terminal %u", number);
}

// The slot holds a terminal that a step before opened, never a descriptor of the container's choosing.
int step_terminal_size(struct run *run, const struct field *f) {
    struct winsize size = {.ws_col = (unsigned short)f[1].n, .ws_row = (unsigned short)f[2].n};
    if (ioctl(run->slot[f[0].slot], TIOCSWINSZ, &size) == 0)
        return 0;
    return failed(run, "set terminal size", "slot %u", f[0].slot);
}
