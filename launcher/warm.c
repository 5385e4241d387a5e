// The thin front of a warm process: hands a command's words, environment, directory and three descriptors to a JVM of the
// same user that has done such commands before, and stays as what the shell and the terminal see. It reads stdin when it
// is asked to, sets the terminal's mode, takes the signals, starts editors, and ends with the command's exit status.
// docs/decisions/0110-warm-commands.md says why it is so; docs/warm.md is the protocol.
//
// Trust: both ends belong to one user, which each checks of the other before a word is exchanged. The name of the socket
// says all that the two processes must have in common, so a process never meets one that would act differently.
#include "warm.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define BODY_MAX (16u << 20)
#define READ_MAX (64u << 10)
#define FRAME_MAX (1u << 20)
#define STATUS_MAX 65536
#define ACCEPT_MILLIS 3000
#define PAUSE_MILLIS 500
// Who calls twice in this time calls in a loop.
#define AGAIN_SECONDS 60
#define SIGNALS 64

extern char **environ;

// ---- what both sides must have in common

// FNV-1a, 128 bits wide: names, not secrets.
typedef unsigned __int128 hash;

static hash mix(hash sum, const void *bytes, size_t length)
{
    const hash prime = ((hash)1 << 88) + 0x13b;
    const unsigned char *at = bytes;
    for (size_t i = 0; i < length; i++)
        sum = (sum ^ at[i]) * prime;
    return (sum ^ 0xff) * prime; // An end, so that neighbours do not run together.
}

static hash mix_text(hash sum, const char *text)
{
    return mix(sum, text ? text : "", text ? strlen(text) : 0);
}

// Reads what fits; -1 if the file cannot be read.
static ssize_t read_some(const char *path, char *into, size_t max)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    size_t length = 0;
    ssize_t count = 0;
    while (length < max && (count = read(fd, into + length, max - length)) > 0)
        length += (size_t)count;
    close(fd);
    return count < 0 ? -1 : (ssize_t)length;
}

static hash mix_file(hash sum, const char *path)
{
    static char text[STATUS_MAX];
    ssize_t length = read_some(path, text, sizeof text);
    return mix(sum, text, length > 0 ? (size_t)length : 0);
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

// Who we are, what we may, where we may run and what new files look like, as the kernel tells it.
static bool is_shared_line(const char *line)
{
    static const char *const names[] = {"Umask:", "Uid:",         "Gid:",        "Groups:",
                                        "Cap",    "NoNewPrivs:", "Seccomp",     "Cpus_allowed:",
                                        "Mems_allowed:"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (starts_with(line, names[i]))
            return true;
    }
    return false;
}

static bool mix_status(hash *sum)
{
    static char text[STATUS_MAX];
    ssize_t length = read_some("/proc/self/status", text, sizeof text - 1);
    if (length <= 0)
        return false;
    text[length] = '\0';
    for (char *save = NULL, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (is_shared_line(line))
            *sum = mix_text(*sum, line);
    }
    return true;
}

static bool mix_namespaces(hash *sum)
{
    static const char *const kinds[] = {"mnt", "pid", "net", "user", "ipc", "uts", "cgroup", "pid_for_children"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char path[64];
        char name[64];
        snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[i]);
        ssize_t length = readlink(path, name, sizeof name);
        if (length <= 0)
            return false;
        *sum = mix(*sum, name, (size_t)length);
    }
    struct stat root;
    if (stat("/", &root) != 0)
        return false;
    *sum = mix(*sum, &root.st_dev, sizeof root.st_dev);
    *sum = mix(*sum, &root.st_ino, sizeof root.st_ino);
    return true;
}

static hash mix_limits(hash sum)
{
    for (int i = 0; i < RLIM_NLIMITS; i++) {
        struct rlimit limit = {0};
        syscall(SYS_prlimit64, 0, i, NULL, &limit); // The C libraries do not agree on the type of the number.
        sum = mix(sum, &limit, sizeof limit);
    }
    int priority = getpriority(PRIO_PROCESS, 0);
    int personal = personality(0xffffffff);
    sum = mix(sum, &priority, sizeof priority);
    return mix(sum, &personal, sizeof personal);
}

// The socket's name, in hexadecimal: everything that a command could notice of the process it runs in. An upgrade has
// another build, a sandbox other rights or namespaces, `umask 077` another umask: each meets its own warm process.
static bool find_name(const char *home, char name[33])
{
    static char build[256];
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/lib/build-id", home);
    ssize_t length = read_some(path, build, sizeof build);
    if (length <= 0)
        return false;
    hash sum = ((hash)0x6c62272e07bb0142 << 64) + 0x62b821756295c58d;
    sum = mix(sum, build, (size_t)length);
    sum = mix_text(sum, home);
    sum = mix_text(sum, getenv("ATOLL_JAVA"));
    sum = mix_text(sum, getenv("JAVA_HOME"));
    sum = mix_text(sum, getenv("TZ"));
    if (!mix_status(&sum) || !mix_namespaces(&sum))
        return false;
    sum = mix_file(sum, "/proc/self/cgroup");
    sum = mix_file(sum, "/proc/self/attr/current");
    sum = mix_file(sum, "/proc/self/oom_score_adj");
    sum = mix_limits(sum);
    snprintf(name, 33, "%016llx%016llx", (unsigned long long)(sum >> 64), (unsigned long long)sum);
    return true;
}

// ---- where it is

static int open_private(const char *path)
{
    // Whatever stands there must be a directory, no link to one, that is ours and nobody else's.
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return -1;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    struct stat status;
    if (fstat(fd, &status) == 0 && status.st_uid == geteuid() && (status.st_mode & 077) == 0)
        return fd;
    close(fd);
    return -1;
}

static bool is_mine(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid();
}

// The directory of our sockets; -1 if there is none that only we can write.
static int open_directory(void)
{
    const char *asked = getenv("ATOLL_WARM_DIR");
    if (asked && *asked)
        return open_private(asked);
    // Root of a user namespace cannot write there.
    int fd = geteuid() == 0 ? open_private("/run/atoll-warm") : -1;
    if (fd >= 0)
        return fd;
    char path[PATH_MAX];
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (runtime && *runtime == '/' && is_mine(runtime)) {
        snprintf(path, sizeof path, "%s/atoll-warm", runtime);
        return open_private(path);
    }
    snprintf(path, sizeof path, "/tmp/atoll-warm-%u", geteuid());
    return open_private(path);
}

// What `warm_start` needs of `warm_run`.
static int directory = -1;
static char socket_name[33];

static int connect_server(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    // Through the descriptor: a name in a directory that others can write could mean another one by now.
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", directory, socket_name);
    // Without waiting: one that hangs has a full queue some day.
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    struct ucred peer;
    socklen_t size = sizeof peer;
    struct timeval patience = {.tv_sec = ACCEPT_MILLIS / 1000};
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != geteuid() ||
        fcntl(fd, F_SETFL, 0) != 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

// ---- the request

static bool send_all(int fd, const void *bytes, size_t length)
{
    const char *at = bytes;
    while (length > 0) {
        ssize_t sent = send(fd, at, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        at += sent;
        length -= (size_t)sent;
    }
    return true;
}

// The word that lets the command begin carries the descriptors. Not sooner: what waits in the queue of a server that
// hangs stays open, and whoever reads our output would wait for its end.
static bool send_descriptors(int fd)
{
    char word = 'G';
    struct iovec data = {.iov_base = &word, .iov_len = 1};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(3 * sizeof(int))];
    } control = {0};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(3 * sizeof(int));
    int streams[3] = {0, 1, 2};
    memcpy(CMSG_DATA(header), streams, sizeof streams);
    return sendmsg(fd, &message, MSG_NOSIGNAL) == 1;
}

static size_t add_text(char *body, size_t at, const char *text)
{
    size_t length = strlen(text) + 1;
    if (body && at + length <= BODY_MAX)
        memcpy(body + at, text, length);
    return at + length;
}

// The numbers of words and variables, then the directory, the program, its words and its variables, each ended by a
// NUL. Called twice: for the length, and to fill.
static size_t add_body(char *body, const char *cwd, const char *program, int argc, char **argv)
{
    uint32_t counts[2] = {argc > 1 ? (uint32_t)argc - 1 : 0, 0};
    for (char **variable = environ; *variable; variable++)
        counts[1]++;
    if (body)
        memcpy(body, counts, sizeof counts);
    size_t at = sizeof counts;
    at = add_text(body, at, cwd);
    at = add_text(body, at, program);
    for (int i = 1; i < argc; i++)
        at = add_text(body, at, argv[i]);
    for (char **variable = environ; *variable; variable++)
        at = add_text(body, at, *variable);
    return at;
}

static bool send_request(int fd, const char *program, int argc, char **argv)
{
    char cwd[PATH_MAX];
    if (!getcwd(cwd, sizeof cwd) || cwd[0] != '/')
        return false;
    size_t length = add_body(NULL, cwd, program, argc, argv);
    if (length > BODY_MAX)
        return false;
    char *body = malloc(length);
    if (!body)
        return false;
    add_body(body, cwd, program, argc, argv);
    uint32_t announced = (uint32_t)length;
    bool done = send_all(fd, &announced, sizeof announced) && send_all(fd, body, length);
    free(body);
    return done;
}

// The server says `A` when it has read and checked everything, we say `G` with the descriptors, and only then it begins:
// whoever gives up before may do the command itself.
static bool agree(int fd)
{
    struct pollfd answer = {.fd = fd, .events = POLLIN};
    int ready;
    while ((ready = poll(&answer, 1, ACCEPT_MILLIS)) < 0 && errno == EINTR)
        ;
    char word = 0;
    struct timeval forever = {0};
    return ready == 1 && recv(fd, &word, 1, 0) == 1 && word == 'A' && send_descriptors(fd) &&
           setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &forever, sizeof forever) == 0;
}

// ---- the conversation

struct conversation {
    const char *program;
    int fd;
    int signals; // signalfd
    uint64_t carried;
    bool is_reading;
    uint32_t read_max;
    bool is_raw;
    struct termios cooked;
    bool is_stopping;
    struct timespec stopping_since;
};

static void restore_terminal(const struct conversation *it)
{
    if (it->is_raw)
        tcsetattr(0, TCSADRAIN, &it->cooked);
}

static _Noreturn void lost(const struct conversation *it)
{
    restore_terminal(it);
    fprintf(stderr,
            "%s: the warm process that ran this command has ended; the command may be done or not\n"
            "Hint: ATOLL_WARM=0 in the environment runs every command in a process of its own\n",
            it->program);
    exit(1);
}

static void tell(const struct conversation *it, char type, const void *bytes, uint32_t length)
{
    char header[5] = {type};
    memcpy(header + 1, &length, sizeof length);
    if (!send_all(it->fd, header, sizeof header) || !send_all(it->fd, bytes, length))
        lost(it);
}

static void tell_number(const struct conversation *it, char type, int32_t number)
{
    tell(it, type, &number, sizeof number);
}

static void hear(const struct conversation *it, void *into, size_t length)
{
    char *at = into;
    while (length > 0) {
        ssize_t count = recv(it->fd, at, length, 0);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            lost(it);
        at += count;
        length -= (size_t)count;
    }
}

static void catch_signals(struct conversation *it, sigset_t *caught)
{
    static const int wanted[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT, SIGWINCH, SIGTSTP};
    sigemptyset(caught);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        struct sigaction now;
        // What our caller had ignored, such as nohup, stays so.
        if (sigaction(wanted[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaddset(caught, wanted[i]);
    }
    sigprocmask(SIG_BLOCK, caught, NULL);
    it->signals = signalfd(-1, caught, SFD_CLOEXEC | SFD_NONBLOCK);
}

// Lets a signal have its default effect on us now.
static void suffer(int number)
{
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, number);
    signal(number, SIG_DFL);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
    // Not here after a deadly one; after a stop, when we go on.
    sigprocmask(SIG_BLOCK, &one, NULL);
}

static _Noreturn void die_of(struct conversation *it, int number)
{
    restore_terminal(it);
    suffer(number);
    exit(128 + number);
}

// The server has stopped printing, or had time enough to.
static void stop(struct conversation *it)
{
    it->is_stopping = false;
    struct termios raw;
    bool was_raw = it->is_raw && tcgetattr(0, &raw) == 0;
    restore_terminal(it);
    suffer(SIGTSTP);
    if (was_raw)
        tcsetattr(0, TCSADRAIN, &raw);
    tell(it, 'C', NULL, 0);
}

static void take_signals(struct conversation *it)
{
    struct signalfd_siginfo info;
    while (read(it->signals, &info, sizeof info) == sizeof info) {
        int number = (int)info.ssi_signo;
        if (number == SIGTSTP) {
            it->is_stopping = true;
            clock_gettime(CLOCK_MONOTONIC, &it->stopping_since);
            tell(it, 'T', NULL, 0);
        } else if (number < SIGNALS && (it->carried >> number & 1)) {
            tell_number(it, 's', number);
        } else if (number != SIGWINCH && number != SIGCONT) {
            die_of(it, number);
        }
    }
}

static void read_input(struct conversation *it)
{
    static char buffer[READ_MAX];
    ssize_t count = read(0, buffer, it->read_max < READ_MAX ? it->read_max : READ_MAX);
    if (count < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    it->is_reading = false;
    if (count < 0)
        tell_number(it, 'F', errno);
    else
        tell(it, 'D', buffer, (uint32_t)count);
}

static int set_raw(struct conversation *it, bool raw)
{
    if (!raw) {
        restore_terminal(it);
        it->is_raw = false;
        return 0;
    }
    if (tcgetattr(0, &it->cooked) != 0)
        return errno;
    struct termios mode = it->cooked;
    cfmakeraw(&mode);
    if (tcsetattr(0, TCSADRAIN, &mode) != 0)
        return errno;
    it->is_raw = true;
    return 0;
}

// Runs an editor, which needs the terminal, the session and the process group that only we have.
static int run_program(struct conversation *it, char *words, uint32_t length)
{
    char *argv[64];
    size_t count = 0;
    for (uint32_t at = 0; at < length && count < 63; at += (uint32_t)strlen(words + at) + 1)
        argv[count++] = words + at;
    argv[count] = NULL;
    if (count == 0)
        return -1;
    pid_t child = fork();
    if (child < 0)
        return -1;
    if (child == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execvp(argv[0], argv);
        _exit(127);
    }
    int status = 0;
    while (waitpid(child, &status, WUNTRACED) >= 0 || errno == EINTR) {
        if (WIFEXITED(status) || WIFSIGNALED(status))
            break;
        if (WIFSTOPPED(status))
            raise(SIGSTOP); // The shell continues both: they are one group.
    }
    // What was typed for the program, such as an interrupt, was not meant for us.
    struct signalfd_siginfo info;
    while (read(it->signals, &info, sizeof info) == sizeof info)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void take_message(struct conversation *it)
{
    char header[5];
    hear(it, header, sizeof header);
    uint32_t length;
    memcpy(&length, header + 1, sizeof length);
    if (length > FRAME_MAX)
        lost(it);
    char *payload = calloc(1, (size_t)length + 1);
    if (!payload)
        lost(it);
    hear(it, payload, length);
    int32_t number = 0;
    memcpy(&number, payload, length < sizeof number ? length : sizeof number);
    switch (header[0]) {
    case 'R':
        it->is_reading = true;
        it->read_max = (uint32_t)number;
        break;
    case 'M':
        tell_number(it, 'm', set_raw(it, number != 0));
        break;
    case 'P':
        tell_number(it, 'p', run_program(it, payload, length));
        break;
    case 'S':
        if (length == sizeof it->carried) {
            uint64_t more;
            memcpy(&more, payload, sizeof more);
            it->carried |= more;
        }
        tell_number(it, 'm', 0);
        break;
    case 'T':
        if (it->is_stopping)
            stop(it);
        break;
    case 'X':
        restore_terminal(it);
        exit(number & 0xff);
    default:
        lost(it);
    }
    free(payload);
}

static int pause_left(const struct conversation *it)
{
    if (!it->is_stopping)
        return -1;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long gone = (now.tv_sec - it->stopping_since.tv_sec) * 1000 + (now.tv_nsec - it->stopping_since.tv_nsec) / 1000000;
    return gone >= PAUSE_MILLIS ? 0 : (int)(PAUSE_MILLIS - gone);
}

static _Noreturn void converse(struct conversation *it)
{
    while (true) {
        struct pollfd fds[3] = {{.fd = it->fd, .events = POLLIN},
                                {.fd = it->signals, .events = POLLIN},
                                {.fd = it->is_reading ? 0 : -1, .events = POLLIN}};
        int ready = poll(fds, 3, pause_left(it));
        if (ready < 0 && errno != EINTR)
            lost(it);
        if (ready == 0 && it->is_stopping) {
            stop(it);
            continue;
        }
        if (ready <= 0)
            continue;
        if (fds[1].revents)
            take_signals(it);
        if (fds[0].revents)
            take_message(it);
        else if (fds[2].revents)
            read_input(it);
    }
}

// ---- beginning

// Closed streams become empty ones: what the server opened next would be taken for them.
static bool open_streams(void)
{
    for (int stream = 0; stream < 3; stream++) {
        if (fcntl(stream, F_GETFD) < 0 && open("/dev/null", stream == 0 ? O_RDONLY : O_WRONLY) != stream)
            return false;
    }
    return true;
}

// A process of its own for one command would be a waste; for the second in a minute it begins to pay.
static bool is_worth_it(const char *wanted)
{
    if (wanted && strcmp(wanted, "1") == 0)
        return true;
    char mark[40];
    snprintf(mark, sizeof mark, "%s.mark", socket_name);
    struct stat status;
    bool was_called = fstatat(directory, mark, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                      time(NULL) - status.st_mtim.tv_sec <= AGAIN_SECONDS;
    int fd = openat(directory, mark, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0) {
        futimens(fd, NULL);
        close(fd);
    }
    return was_called;
}

bool warm_run(const char *program, const char *home, int argc, char **argv)
{
    const char *wanted = getenv("ATOLL_WARM");
    if (wanted && strcmp(wanted, "0") == 0)
        return false;
    // With the rights of two users it would not be clear whose process this is.
    if (getuid() != geteuid() || getgid() != getegid() || !open_streams())
        return false;
    if (!find_name(home, socket_name))
        return false;
    directory = open_directory();
    if (directory < 0)
        return false;
    struct conversation it = {.program = program, .fd = connect_server()};
    if (it.fd < 0)
        return is_worth_it(wanted);
    if (!send_request(it.fd, program, argc, argv)) {
        close(it.fd);
        return false;
    }
    sigset_t caught;
    catch_signals(&it, &caught);
    if (it.signals >= 0 && agree(it.fd))
        converse(&it);
    close(it.signals);
    close(it.fd);
    sigprocmask(SIG_UNBLOCK, &caught, NULL);
    return false;
}

static void keep_variables(void)
{
    static const char *const kept[] = {"PATH", "HOME", "USER", "TZ"};
    char *values[sizeof kept / sizeof *kept];
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        const char *value = getenv(kept[i]);
        values[i] = value ? strdup(value) : NULL;
    }
    clearenv();
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        if (values[i])
            setenv(kept[i], values[i], 1);
    }
    // Names of files and words are bytes to us; in this locale they stay the same both ways.
    setenv("LC_ALL", "C.UTF-8", 1);
}

static _Noreturn void become_server(char *const *arguments)
{
    char name[40];
    snprintf(name, sizeof name, "%s.mark", socket_name);
    int lock = openat(directory, name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    // Held as long as the process lives. Whoever finds it held is the second of two.
    if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) != 0)
        _exit(0);
    unlinkat(directory, socket_name, 0); // Of one that did not say goodbye.
    snprintf(name, sizeof name, "%s.log", socket_name);
    int log = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
    int empty = open("/dev/null", O_RDONLY);
    // Out of the way of the numbers that they get.
    int at = fcntl(directory, F_DUPFD, 10);
    int held = fcntl(lock, F_DUPFD, 10);
    if (log < 0 || empty < 0 || at < 0 || held < 0)
        _exit(1);
    dup2(empty, 0);
    dup2(log, 1);
    dup2(log, 2);
    dup2(at, 3);
    dup2(held, 4);
    syscall(SYS_close_range, 5, ~0u, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int number = 1; number < SIGNALS; number++)
        signal(number, SIG_DFL);
    if (chdir("/") != 0)
        _exit(1);
    keep_variables();
    setenv("ATOLL_WARM_NAME", socket_name, 1);
    execv(arguments[0], arguments);
    _exit(1);
}

void warm_start(char *const *arguments)
{
    pid_t child = fork();
    if (child == 0) {
        // Twice: it is nobody's child, and in a session without a terminal.
        setsid();
        if (fork() == 0)
            become_server(arguments);
        _exit(0);
    }
    if (child > 0)
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
            ;
}
