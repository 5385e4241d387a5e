package io.atoll.linux;

import java.util.Locale;

/// Numbers of the system calls used; `asm/unistd_64.h` of x86-64 and `asm-generic/unistd.h` of
/// arm64. Only calls that both have.
enum Sys {
    READ(0, 63),
    WRITE(1, 64),
    CLOSE(3, 57),
    LSEEK(8, 62),
    IOCTL(16, 29),
    QUOTACTL_FD(443, 443),
    PREAD64(17, 67),
    PWRITE64(18, 68),
    MADVISE(28, 233),
    GETPID(39, 172),
    SOCKET(41, 198),
    CONNECT(42, 203),
    SENDTO(44, 206),
    RECVFROM(45, 207),
    SENDMSG(46, 211),
    RECVMSG(47, 212),
    SHUTDOWN(48, 210),
    BIND(49, 200),
    LISTEN(50, 201),
    GETSOCKNAME(51, 204),
    GETPEERNAME(52, 205),
    SOCKETPAIR(53, 199),
    SETSOCKOPT(54, 208),
    GETSOCKOPT(55, 209),
    KILL(62, 129),
    FCNTL(72, 25),
    FLOCK(73, 32),
    FSYNC(74, 82),
    FDATASYNC(75, 83),
    FTRUNCATE(77, 46),
    FCHDIR(81, 50),
    FCHMOD(91, 52),
    FCHOWN(93, 55),
    UMASK(95, 166),
    GETEUID(107, 175),
    SETGROUPS(116, 159),
    SETFSUID(122, 151),
    SETFSGID(123, 152),
    CAPGET(125, 90),
    CAPSET(126, 91),
    STATFS(137, 43),
    FSTATFS(138, 44),
    SCHED_SETSCHEDULER(144, 119),
    SCHED_GETSCHEDULER(145, 120),
    PRCTL(157, 167),
    MOUNT(165, 40),
    UMOUNT2(166, 39),
    SWAPOFF(168, 225),
    GETTID(186, 178),
    SETXATTR(188, 5),
    LSETXATTR(189, 6),
    FSETXATTR(190, 7),
    GETXATTR(191, 8),
    LGETXATTR(192, 9),
    FGETXATTR(193, 10),
    LISTXATTR(194, 11),
    LLISTXATTR(195, 12),
    FLISTXATTR(196, 13),
    REMOVEXATTR(197, 14),
    LREMOVEXATTR(198, 15),
    FREMOVEXATTR(199, 16),
    GETDENTS64(217, 61),
    EPOLL_CTL(233, 21),
    OPENAT(257, 56),
    MKDIRAT(258, 34),
    MKNODAT(259, 33),
    FCHOWNAT(260, 54),
    NEWFSTATAT(262, 79),
    UNLINKAT(263, 35),
    LINKAT(265, 37),
    SYMLINKAT(266, 36),
    READLINKAT(267, 78),
    FCHMODAT(268, 53),
    PPOLL(271, 73),
    UNSHARE(272, 97),
    SPLICE(275, 76),
    UTIMENSAT(280, 88),
    EPOLL_PWAIT(281, 22),
    ACCEPT4(288, 242),
    EVENTFD2(290, 19),
    EPOLL_CREATE1(291, 20),
    PIPE2(293, 59),
    OPEN_BY_HANDLE_AT(304, 265),
    SYNCFS(306, 267),
    SETNS(308, 268),
    RENAMEAT2(316, 276),
    SECCOMP(317, 277),
    GETRANDOM(318, 278),
    MEMFD_CREATE(319, 279),
    BPF(321, 280),
    COPY_FILE_RANGE(326, 285),
    STATX(332, 291),
    PIDFD_SEND_SIGNAL(424, 424),
    OPEN_TREE(428, 428),
    MOVE_MOUNT(429, 429),
    FSOPEN(430, 430),
    FSCONFIG(431, 431),
    FSMOUNT(432, 432),
    PIDFD_OPEN(434, 434),
    OPENAT2(437, 437),
    PIDFD_GETFD(438, 438),
    MOUNT_SETATTR(442, 442);

    private static final boolean ARM64 = "aarch64".equals(System.getProperty("os.arch"));

    private final int x86;
    private final int arm;

    Sys(int x86, int arm) {
        this.x86 = x86;
        this.arm = arm;
    }

    /// The number on this machine.
    int number() {
        return ARM64 ? arm : x86;
    }

    /// The name in the manual.
    String manualName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
