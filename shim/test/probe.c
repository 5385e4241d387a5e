// A static program for tests to run inside containers, as init or as a command: `probe VERB ARGUMENT... [, VERB
// ARGUMENT...]`. Each verb prints what it found as `KEY=VALUE` lines, so that a test reads facts and not a
// distribution's tools.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/reboot.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int fail(const char *verb, const char *what) {
    printf("error=%s %s: %s\n", verb, what, strerror(errno));
    return 1;
}

static int cat(const char *path) {
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return fail("cat", path);
    char buffer[65536];
    ssize_t n;
    while ((n = read(fd, buffer, sizeof buffer)) > 0)
        fwrite(buffer, 1, (size_t)n, stdout);
    close(fd);
    return n < 0 ? fail("cat", path) : 0;
}

static int v_mode(char **a) {
    struct stat st;
    struct statvfs fs;
    if (lstat(a[0], &st) != 0 || statvfs(a[0], &fs) != 0)
        return fail("mode", a[0]);
    printf("%s=%o %u:%u %u:%u %s%s%s%s\n", a[0], st.st_mode, st.st_uid, st.st_gid, major(st.st_rdev), minor(st.st_rdev),
           (fs.f_flag & ST_RDONLY) != 0 ? "ro" : "rw", (fs.f_flag & ST_NOSUID) != 0 ? " nosuid" : "",
           (fs.f_flag & ST_NODEV) != 0 ? " nodev" : "", (fs.f_flag & ST_NOEXEC) != 0 ? " noexec" : "");
    return 0;
}

static int v_readlink(char **a) {
    char target[4096];
    ssize_t n = readlink(a[0], target, sizeof target - 1);
    if (n < 0)
        return fail("readlink", a[0]);
    printf("%s=%.*s\n", a[0], (int)n, target);
    return 0;
}

static int v_cat(char **a) { return cat(a[0]); }

static int v_write(char **a) {
    int fd = open(a[0], O_WRONLY | O_CREAT, 0644);
    if (fd < 0 || write(fd, a[1], strlen(a[1])) < 0)
        return fail("write", a[0]);
    close(fd);
    printf("%s written\n", a[0]);
    return 0;
}

static int v_mkdir(char **a) { return mkdir(a[0], 0755) == 0 ? 0 : fail("mkdir", a[0]); }

static int v_unlink(char **a) { return unlink(a[0]) == 0 ? 0 : fail("unlink", a[0]); }

static int v_mount(char **a) {
    if (mount(a[0], a[1], a[2], strtoul(a[3], NULL, 0), a[4]) != 0)
        return fail("mount", a[1]);
    printf("%s mounted\n", a[1]);
    return 0;
}

static int v_mknod(char **a) {
    return mknod(a[0], S_IFCHR | 0600, makedev((unsigned)atoi(a[1]), (unsigned)atoi(a[2]))) == 0 ? 0
                                                                                                 : fail("mknod", a[0]);
}

static int v_ls(char **a) {
    DIR *d = opendir(a[0]);
    if (d == NULL)
        return fail("ls", a[0]);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        printf("%s/%s\n", a[0], e->d_name);
    closedir(d);
    return 0;
}

static int v_caps(char **a) {
    (void)a;
    struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct d[2];
    if (syscall(SYS_capget, &h, d) != 0)
        return fail("caps", "capget");
    unsigned long long bounding = 0;
    for (int i = 0; i < 64 && prctl(PR_CAPBSET_READ, i) >= 0; i++)
        bounding |= (unsigned long long)prctl(PR_CAPBSET_READ, i) << i;
    printf("effective=%08x%08x\nbounding=%016llx\n", d[1].effective, d[0].effective, bounding);
    printf("no_new_privs=%d\nseccomp=%d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), prctl(PR_GET_SECCOMP));
    return 0;
}

static int v_idmap(char **a) {
    (void)a;
    return cat("/proc/self/uid_map") | cat("/proc/self/gid_map");
}

static int v_id(char **a) {
    (void)a;
    gid_t groups[64];
    int n = getgroups(64, groups);
    printf("pid=%d ppid=%d sid=%d uid=%u gid=%u groups=", getpid(), getppid(), getsid(0), getuid(), getgid());
    for (int i = 0; i < n; i++)
        printf("%s%u", i == 0 ? "" : ",", groups[i]);
    mode_t mask = umask(0);
    printf(" umask=%03o\n", mask);
    return 0;
}

static int v_mounts(char **a) {
    (void)a;
    return cat("/proc/self/mountinfo");
}

static int v_env(char **a) {
    (void)a;
    for (char **e = environ; *e != NULL; e++)
        puts(*e);
    return 0;
}

static int v_cwd(char **a) {
    (void)a;
    char path[4096];
    if (getcwd(path, sizeof path) == NULL)
        return fail("cwd", "");
    printf("cwd=%s\n", path);
    return 0;
}

static int v_uname(char **a) {
    (void)a;
    struct utsname u;
    uname(&u);
    printf("hostname=%s\nmachine=%s\npersonality=%x\n", u.nodename, u.machine, (unsigned)personality(0xffffffff));
    return 0;
}

static int v_tty(char **a) {
    (void)a;
    for (int i = 0; i < 3; i++) {
        struct winsize w = {0};
        ioctl(i, TIOCGWINSZ, &w);
        printf("fd%d=%s %u %u\n", i, isatty(i) ? ttyname(i) != NULL ? ttyname(i) : "tty" : "none", w.ws_row, w.ws_col);
    }
    int fd = open("/dev/tty", O_RDWR);
    printf("controlling=%s\n", fd >= 0 ? "yes" : "no");
    if (fd >= 0)
        close(fd);
    return 0;
}

// Open descriptors beyond the first three, which nothing may leak into a container.
static int v_fds(char **a) {
    (void)a;
    for (int i = 3; i < 1024; i++)
        if (fcntl(i, F_GETFD) >= 0)
            printf("leaked=%d\n", i);
    return 0;
}

static int v_rlimit(char **a) {
    struct rlimit r;
    getrlimit(atoi(a[0]), &r);
    printf("rlimit%s=%ld:%ld\n", a[0], (long)r.rlim_cur, (long)r.rlim_max);
    return 0;
}

static int v_print(char **a) {
    puts(a[0]);
    return 0;
}

static int v_exit(char **a) {
    fflush(stdout);
    exit(atoi(a[0]));
}

static int v_sleep(char **a) {
    long millis = atol(a[0]);
    struct timespec t = {millis / 1000, millis % 1000 * 1000000};
    fflush(stdout);
    while (nanosleep(&t, &t) != 0)
        ;
    return 0;
}

static int v_abort(char **a) {
    fflush(stdout);
    return raise(atoi(a[0]));
}

static int v_reboot(char **a) {
    (void)a;
    fflush(stdout);
    return reboot(RB_AUTOBOOT) == 0 ? 0 : fail("reboot", "");
}

static int v_poweroff(char **a) {
    (void)a;
    fflush(stdout);
    return reboot(RB_POWER_OFF) == 0 ? 0 : fail("poweroff", "");
}

// Like an init: reaps children and prints signals until one of those that mean stop (TERM, PWR, RTMIN+3) or reboot
// (INT) arrives.
static int v_sigwait(char **a) {
    (void)a;
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    puts("ready");
    fflush(stdout);
    for (;;) {
        int n;
        if (sigwait(&all, &n) != 0)
            return 1;
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        if (n == SIGCHLD)
            continue;
        printf("signal=%d\n", n);
        fflush(stdout);
        if (n == SIGINT)
            reboot(RB_AUTOBOOT);
        if (n == SIGTERM || n == SIGPWR || n == SIGRTMIN + 3)
            return 0;
    }
}

// Copies standard input to standard output.
static int v_echo(char **a) {
    (void)a;
    char buffer[65536];
    ssize_t n;
    fflush(stdout);
    while ((n = read(0, buffer, sizeof buffer)) > 0)
        for (ssize_t done = 0; done < n;) {
            ssize_t w = write(1, buffer + done, (size_t)(n - done));
            if (w < 0)
                return fail("echo", "write");
            done += w;
        }
    return 0;
}

// Prints this many bytes.
static int v_flood(char **a) {
    for (long n = atol(a[0]), i = 0; i < n; i++)
        putchar(i % 64 == 63 ? '\n' : (int)('a' + i % 26));
    return 0;
}

// Leaves this many children sleeping.
static int v_fork(char **a) {
    for (int i = atoi(a[0]); i > 0; i--)
        if (fork() == 0)
            for (;;)
                pause();
    return 0;
}

// Lets two names change places for ever, as fast as it goes: whoever looks at one and then uses it loses.
static int v_swap(char **a) {
    enum { EXCHANGE = 2 };
    while (syscall(SYS_renameat2, AT_FDCWD, a[0], AT_FDCWD, a[1], EXCHANGE) == 0 || errno == EBUSY) {
    }
    return fail("swap", a[0]);
}

static int v_sysinfo(char **a) {
    (void)a;
    struct sysinfo info;
    if (sysinfo(&info) != 0)
        return fail("sysinfo", "");
    printf("total=%llu free=%llu swap=%llu uptime=%ld procs=%u\n", (unsigned long long)info.totalram * info.mem_unit,
           (unsigned long long)info.freeram * info.mem_unit, (unsigned long long)info.totalswap * info.mem_unit,
           info.uptime, info.procs);
    return 0;
}

static int v_setxattr(char **a) {
    return setxattr(a[0], a[1], a[2], strlen(a[2]), 0) == 0 ? 0 : fail("setxattr", a[1]);
}

static int v_sched(char **a) {
    struct sched_param parameter = {.sched_priority = atoi(a[1])};
    if (sched_setscheduler(0, atoi(a[0]), &parameter) != 0)
        return fail("sched", a[0]);
    printf("policy=%d\n", sched_getscheduler(0));
    return 0;
}

static long bpf(int command, union bpf_attr *attr) { return syscall(SYS_bpf, command, attr, sizeof *attr); }

// A program for devices: `null` refuses /dev/null and nothing else; the others are none that anybody may have.
static int device_program(const char *kind) {
    struct bpf_insn null[] = {{.code = BPF_LDX | BPF_W | BPF_MEM, .dst_reg = BPF_REG_2, .src_reg = BPF_REG_1, .off = 4},
                              {.code = BPF_LDX | BPF_W | BPF_MEM, .dst_reg = BPF_REG_3, .src_reg = BPF_REG_1, .off = 8},
                              {.code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = BPF_REG_2, .off = 3, .imm = 1},
                              {.code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = BPF_REG_3, .off = 2, .imm = 3},
                              {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
                              {.code = BPF_JMP | BPF_EXIT},
                              {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1},
                              {.code = BPF_JMP | BPF_EXIT}};
    if (strcmp(kind, "call") == 0)
        null[0] = (struct bpf_insn){.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_current_pid_tgid};
    if (strcmp(kind, "map") == 0) {
        null[0] = (struct bpf_insn){.code = BPF_LD | BPF_DW | BPF_IMM, .src_reg = BPF_PSEUDO_MAP_FD, .imm = 3};
        null[1] = (struct bpf_insn){0};
    }
    if (strcmp(kind, "endless") == 0)
        null[6] = (struct bpf_insn){.code = BPF_JMP | BPF_JA, .off = -2};
    union bpf_attr attr = {.prog_type =
                               strcmp(kind, "socket") == 0 ? BPF_PROG_TYPE_SOCKET_FILTER : BPF_PROG_TYPE_CGROUP_DEVICE,
                           .insn_cnt = sizeof null / sizeof null[0],
                           .insns = (uintptr_t)null,
                           .license = (uintptr_t) "GPL"};
    return (int)bpf(BPF_PROG_LOAD, &attr);
}

static int v_bpf_attach(char **a) {
    int program = device_program(a[0]);
    if (program < 0)
        return fail("load", a[0]);
    int cgroup = open(a[1], O_RDONLY | O_DIRECTORY);
    union bpf_attr attr = {
        .target_fd = (unsigned)cgroup, .attach_bpf_fd = (unsigned)program, .attach_type = BPF_CGROUP_DEVICE};
    if (bpf(BPF_PROG_ATTACH, &attr) != 0)
        return fail("attach", a[1]);
    printf("attached\n");
    return 0;
}

static int v_bpf_detach(char **a) {
    union bpf_attr attr = {.target_fd = (unsigned)open(a[0], O_RDONLY | O_DIRECTORY), .attach_type = BPF_CGROUP_DEVICE};
    if (bpf(BPF_PROG_DETACH, &attr) != 0)
        return fail("detach", a[0]);
    printf("detached\n");
    return 0;
}

// System calls with pointers to nowhere.
static int v_wild(char **a) {
    (void)a;
    void *bad[] = {NULL, (void *)1, (void *)0x7ffffffff000, (void *)-4096L};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        long r = syscall(SYS_mknod, bad[i], S_IFCHR | 0600, makedev(1, 3));
        printf("mknod=%d\n", r == 0 ? 0 : errno);
        r = syscall(SYS_sysinfo, bad[i]);
        printf("sysinfo=%d\n", r == 0 ? 0 : errno);
        r = syscall(SYS_setxattr, "/", bad[i], "y", 1L, 0L);
        printf("setxattr=%d\n", r == 0 ? 0 : errno);
        r = syscall(SYS_bpf, BPF_PROG_LOAD, bad[i], 128L);
        printf("bpf=%d\n", r == 0 ? 0 : errno);
    }
    return 0;
}

// Makes and removes a device by a path that another process changes all the time in memory they share.
static int v_turncoat(char **a) {
    char *path = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    size_t one = strlen(a[0]) + 1, other = strlen(a[1]) + 1;
    memcpy(path, a[0], one);
    pid_t pid = fork();
    if (pid == 0)
        for (;;) {
            memcpy(path, a[1], other);
            memcpy(path, a[0], one);
        }
    for (int i = atoi(a[2]); i > 0; i--) {
        mknod(path, S_IFCHR | 0600, makedev(1, 3));
        unlink(a[0]);
        unlink(a[1]);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    printf("turned\n");
    return 0;
}

static const struct verb {
    const char *name;
    int arguments;
    int (*run)(char **a);
} verbs[] = {
    {"mode", 1, v_mode},
    {"readlink", 1, v_readlink},
    {"cat", 1, v_cat},
    {"write", 2, v_write},
    {"mkdir", 1, v_mkdir},
    {"unlink", 1, v_unlink},
    {"mount", 5, v_mount},
    {"mknod", 3, v_mknod},
    {"ls", 1, v_ls},
    {"caps", 0, v_caps},
    {"idmap", 0, v_idmap},
    {"id", 0, v_id},
    {"mounts", 0, v_mounts},
    {"env", 0, v_env},
    {"cwd", 0, v_cwd},
    {"uname", 0, v_uname},
    {"tty", 0, v_tty},
    {"fds", 0, v_fds},
    {"rlimit", 1, v_rlimit},
    {"print", 1, v_print},
    {"exit", 1, v_exit},
    {"sleep", 1, v_sleep},
    {"signal", 1, v_abort},
    {"reboot", 0, v_reboot},
    {"poweroff", 0, v_poweroff},
    {"sigwait", 0, v_sigwait},
    {"echo", 0, v_echo},
    {"flood", 1, v_flood},
    {"fork", 1, v_fork},
    {"swap", 2, v_swap},
    {"sysinfo", 0, v_sysinfo},
    {"setxattr", 3, v_setxattr},
    {"sched", 2, v_sched},
    {"wild", 0, v_wild},
    {"turncoat", 3, v_turncoat},
    {"bpf-attach", 2, v_bpf_attach},
    {"bpf-detach", 1, v_bpf_detach},
};

int main(int argc, char **argv) {
    int worst = 0;
    for (int i = 1; i < argc;) {
        if (strcmp(argv[i], ",") == 0) {
            i++;
            continue;
        }
        const struct verb *v = NULL;
        for (size_t k = 0; k < sizeof verbs / sizeof verbs[0]; k++)
            if (strcmp(argv[i], verbs[k].name) == 0)
                v = &verbs[k];
        if (v == NULL || argc - i <= v->arguments) {
            printf("error=no such verb or too few arguments: %s\n", argv[i]);
            return 2;
        }
        worst |= v->run(argv + i + 1);
        fflush(stdout);
        i += 1 + v->arguments;
    }
    return worst;
}
