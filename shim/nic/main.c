// `atoll-shim user-nic`: asks the service behind lxc-usernet(5) for a network interface, called as LXC's lxc-user-nic
// is.
//
// Trust: runs with its caller's rights and decides nothing. The network namespace is opened here, with these rights,
// and handed over open, so the service, which is root, never looks at a pid or a path of the caller's.
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_PATH "/run/atoll/nics.sock"

// The service has the same limits.
enum { REQUEST_MAX = 8192, ANSWER_MAX = 4096, PATIENCE_SECONDS = 30 };

static void fd_close(const int *fd) {
    if (*fd >= 0)
        close(*fd);
}
#define cleanup_fd __attribute__((cleanup(fd_close)))

static int complain(const char *what) {
    fprintf(stderr, "lxc-user-nic: %s: %s\n", what, strerror(errno));
    return 1;
}

static int connect_service(void) {
    const char *named = getenv("ATOLL_NICS_SOCKET");
    const char *path = named != NULL && *named != 0 ? named : SOCKET_PATH;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        complain(path);
        return -1;
    }
    strcpy(address.sun_path, path);
    cleanup_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        fprintf(stderr,
                "lxc-user-nic: nobody gives interfaces to plain users at %s: %s; root starts that with lxc-nics or "
                "`systemctl enable --now atoll-nics.socket`\n",
                path, strerror(errno));
        return -1;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0)
        return -1;
    return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

// One packet: the words, each ended by a NUL, and perhaps a descriptor.
static bool send_request(int socket, const char *const *words, size_t count, int fd) {
    static char bytes[REQUEST_MAX];
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(words[i]) + 1;
        if (size > sizeof bytes - len) {
            errno = E2BIG;
            return false;
        }
        memcpy(bytes + len, words[i], size);
        len += size;
    }
    struct iovec iov = {bytes, len};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL) == (ssize_t)len;
}

// The first byte says how it went, the rest what to print.
static int print_answer(int socket) {
    char answer[ANSWER_MAX + 1];
    ssize_t len;
    while ((len = recv(socket, answer, ANSWER_MAX, 0)) < 0 && errno == EINTR)
        ;
    if (len < 1) {
        if (len == 0)
            errno = ECONNRESET;
        return complain("no answer");
    }
    answer[len] = 0;
    bool is_done = answer[0] == '0';
    if (len > 1)
        fprintf(is_done ? stdout : stderr, "%s%s\n", is_done ? "" : "lxc-user-nic: ", answer + 1);
    return is_done ? 0 : 1;
}

int main(int argc, char **argv) {
    bool is_create = argc > 1 && strcmp(argv[1], "create") == 0;
    if ((argc != 7 && argc != 8) || (!is_create && strcmp(argv[1], "delete") != 0)) {
        fputs("usage: lxc-user-nic create LXCPATH NAME PID TYPE BRIDGE [NIC]\n"
              "       lxc-user-nic delete LXCPATH NAME NETNS TYPE BRIDGE [NIC]\n",
              stderr);
        return 1;
    }
    cleanup_fd int net = -1;
    if (is_create) {
        char path[64];
        if (strlen(argv[4]) > 10 || strspn(argv[4], "0123456789") != strlen(argv[4])) {
            fprintf(stderr, "lxc-user-nic: not a process: %s\n", argv[4]);
            return 1;
        }
        snprintf(path, sizeof path, "/proc/%s/ns/net", argv[4]);
        net = open(path, O_RDONLY | O_CLOEXEC);
        if (net < 0)
            return complain(path);
    }
    cleanup_fd int service = connect_service();
    if (service < 0)
        return 1;
    const char *const words[] = {argv[1], argv[2], argv[3], argv[5], argv[6], argc == 8 ? argv[7] : "eth0"};
    if (!send_request(service, words, sizeof words / sizeof *words, net))
        return complain("cannot ask");
    return print_answer(service);
}
