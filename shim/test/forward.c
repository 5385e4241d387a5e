// Tests of the system calls that a program of the host answers, without a container: a process with a filter, and the
// monitor's part called by hand, so that nobody waits until a limit of time is over.
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../src/monitor.h"
#include "../src/serve.h"
#include "sample.h"

// liblxc's letter: 32 bytes of envelope, the call, the answer, and here one byte of cookie.
enum { CALL_AT = 32, ANSWER_AT = 32 + 80, LETTER = ANSWER_AT + 24, LIMIT_MILLIS = 30 * 1000 };

// A process whose mkdir asks. It makes one call for each byte that it gets and tells its errno.
struct caller {
    pid_t pid;
    int listener, conversation;
};

static _Noreturn void call_on_demand(int conversation) {
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdirat, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof rules / sizeof *rules, .filter = rules};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    if (fd < 0 || write(conversation, &fd, sizeof fd) != sizeof fd)
        _exit(1);
    for (char word; read(conversation, &word, 1) == 1;) {
        int result = syscall(SYS_mkdirat, AT_FDCWD, "/atoll-shim-never", 0755) == 0 ? 0 : errno;
        if (write(conversation, &result, sizeof result) != sizeof result)
            break;
    }
    _exit(0);
}

static struct caller caller_start(void) {
    struct caller it = {.listener = -1};
    int pair[2], number = -1;
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0, "errno %d", errno);
    it.pid = fork();
    if (it.pid == 0) {
        close(pair[0]);
        call_on_demand(pair[1]);
    }
    close(pair[1]);
    it.conversation = pair[0];
    if (read(it.conversation, &number, sizeof number) == sizeof number) {
        int process = (int)syscall(SYS_pidfd_open, it.pid, 0);
        it.listener = (int)syscall(SYS_pidfd_getfd, process, number, 0);
        close(process);
    }
    CHECK(it.listener >= 0, "no listener, errno %d", errno);
    return it;
}

static bool is_ready(int fd, int millis) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, millis) == 1 && (p.revents & POLLIN) != 0;
}

// Lets it call, and the monitor hear of it.
static void call_once(const struct caller *it, const struct monitor *m, struct listener *l) {
    CHECK(write(it->conversation, "x", 1) == 1, "errno %d", errno);
    CHECK(is_ready(l->fd, 10000), "nothing was asked");
    forward_serve(m, l, POLLIN);
}

static int result_of(const struct caller *it) {
    int result = -1;
    CHECK(is_ready(it->conversation, 10000) && read(it->conversation, &result, sizeof result) == sizeof result,
          "the call does not end");
    return result;
}

// What the program is told.
static int accept_letter(int server, char letter[LETTER + 1]) {
    CHECK(is_ready(server, 10000), "no connection");
    int program = accept4(server, NULL, NULL, SOCK_CLOEXEC);
    ssize_t len = recv(program, letter, LETTER + 1, 0);
    CHECK(len == LETTER + 1 && letter[LETTER] == 'c', "%zd bytes", len);
    return program;
}

static void answer_with(int program, char letter[LETTER + 1], int error) {
    memcpy(letter + ANSWER_AT + 16, &(int){-error}, sizeof(int));
    CHECK(send(program, letter, LETTER, MSG_NOSIGNAL) == LETTER, "errno %d", errno);
}

// By the name of an abstract socket, which is not in any file system: nobody there, one who answers, one who never
// does, and its next version.
void test_forward(void) {
    static struct monitor m;
    char name[64], letter[LETTER + 1];
    snprintf(name, sizeof name, "@atoll-shim-test-%d", getpid());
    m = (struct monitor){
        .init = getpid(),
        .forward = {.slot = 1, .socket = {.s = name, .len = (uint16_t)strlen(name)}, .cookie = {.s = "c", .len = 1}}};
    for (int i = 0; i < LISTENERS_MAX; i++)
        m.forward.listeners[i] = (struct listener){.fd = -1, .program = -1};
    struct listener *l = &m.forward.listeners[0];
    struct caller caller = caller_start();
    CHECK(forward_add(&m, caller.listener) == 0, "errno %d", errno);
    CHECK(forward_timer(&m) == INT64_MAX, "nothing is awaited");

    call_once(&caller, &m, l);
    int result = result_of(&caller);
    CHECK(result == ENOSYS, "nobody listens: errno %d", result);

    int server = socket_listen(name);
    CHECK(server >= 0, "errno %d", errno);
    call_once(&caller, &m, l);
    int program = accept_letter(server, letter);
    answer_with(program, letter, EDQUOT);
    CHECK(is_ready(forward_descriptor(l), 10000), "no answer");
    forward_serve(&m, l, POLLIN);
    result = result_of(&caller);
    CHECK(result == EDQUOT, "answered: errno %d", result);
    CHECK(forward_timer(&m) == INT64_MAX, "nothing is awaited any more");

    // The limit is told to whoever waits for descriptors, and not a moment sooner is the call given up.
    int64_t before = now_millis();
    call_once(&caller, &m, l);
    CHECK(recv(program, letter, sizeof letter, 0) == LETTER + 1, "errno %d", errno);
    CHECK(l->deadline >= before + LIMIT_MILLIS && l->deadline <= now_millis() + LIMIT_MILLIS, "in %ld ms",
          (long)(l->deadline - before));
    CHECK(forward_timer(&m) == l->deadline, "the limit is awaited");
    forward_serve(&m, l, 0);
    CHECK(!is_ready(caller.conversation, 50), "given up too soon");
    l->deadline = now_millis(); // as if it were over
    forward_serve(&m, l, 0);
    result = result_of(&caller);
    CHECK(result == ENOSYS, "too late: errno %d", result);
    CHECK(l->deadline == 0 && l->program < 0, "its connection is closed");
    CHECK(send(program, letter, LETTER, MSG_NOSIGNAL) < 0, "a late answer has nowhere to go");
    close(program);

    call_once(&caller, &m, l);
    program = accept_letter(server, letter);
    answer_with(program, letter, EXDEV);
    CHECK(is_ready(forward_descriptor(l), 10000), "no answer");
    forward_serve(&m, l, POLLIN);
    result = result_of(&caller);
    CHECK(result == EXDEV, "the next call: errno %d", result);

    // Killed while it waits: the program's answer is nobody's, and the listener goes with the last process.
    call_once(&caller, &m, l);
    CHECK(recv(program, letter, sizeof letter, 0) == LETTER + 1, "errno %d", errno);
    kill(caller.pid, SIGKILL);
    waitpid(caller.pid, NULL, 0);
    answer_with(program, letter, EXDEV);
    CHECK(is_ready(forward_descriptor(l), 10000), "no answer");
    forward_serve(&m, l, POLLIN);
    CHECK(l->deadline == 0, "nothing is awaited");
    struct pollfd end = {.fd = l->fd, .events = POLLIN};
    CHECK(poll(&end, 1, 10000) == 1 && (end.revents & POLLHUP) != 0, "no end");
    forward_serve(&m, l, end.revents);
    CHECK(l->fd < 0, "it is forgotten");
    close(program);
    close(server);
    close(caller.conversation);
    forward_close(&m);
}
