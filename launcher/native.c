// The few system calls a cold command needs and the JDK does not offer, or offers late: unix sockets as plain descriptors,
// terminal modes, window size, signals; and for the lxc-* commands, which need many, any. JNI because it costs a cold JVM nothing measurable where a first FFM handle costs
// tens of milliseconds; docs/decisions/0101-cli-start.md has the figures.
//
// Every function reports a failure as a negative errno; Java turns it into words. None allocates or keeps memory.
#include <errno.h>
#include <fcntl.h>
#include <jni.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#define SIGNALS_MAX 64

int atoll_open_signals(const int *signals, long count);

// The write end of the pipe that signals go into; set once, before the first handler is installed.
static volatile sig_atomic_t signal_pipe = -1;

// Async-signal-safe: one write, errno restored.
static void write_signal(int signal)
{
    int saved = errno;
    unsigned char number = (unsigned char)signal;
    ssize_t written = write(signal_pipe, &number, 1);
    (void)written; // A full pipe holds thousands of signals nobody has read: one more says nothing new.
    errno = saved;
}

JNIEXPORT void JNICALL Java_io_atoll_cli_host_NativeCalls_wrap(JNIEnv *env, jclass class, jobject descriptor, jint fd)
{
    (void)class;
    jclass type = (*env)->GetObjectClass(env, descriptor);
    jfieldID field = (*env)->GetFieldID(env, type, "fd", "I");
    if (field) // Otherwise a NoSuchFieldError is pending and Java throws it.
        (*env)->SetIntField(env, descriptor, field, fd);
}

JNIEXPORT jint JNICALL Java_io_atoll_cli_host_NativeCalls_connect(JNIEnv *env, jclass class, jbyteArray path)
{
    (void)class;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    jsize length = (*env)->GetArrayLength(env, path);
    if (length < 1 || (size_t)length >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    (*env)->GetByteArrayRegion(env, path, 0, length, (jbyte *)address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length + 1);
    if (connect(fd, (const struct sockaddr *)&address, size) != 0) {
        int failure = -errno;
        close(fd);
        return failure;
    }
    return fd;
}

JNIEXPORT jint JNICALL Java_io_atoll_cli_host_NativeCalls_shutdown(JNIEnv *env, jclass class, jint fd)
{
    (void)env;
    (void)class;
    return shutdown(fd, SHUT_RDWR) == 0 ? 0 : -errno;
}

JNIEXPORT jstring JNICALL Java_io_atoll_cli_host_NativeCalls_message(JNIEnv *env, jclass class, jint number)
{
    (void)class;
    return (*env)->NewStringUTF(env, strerror(number));
}

JNIEXPORT jboolean JNICALL Java_io_atoll_cli_host_NativeCalls_isTerminal(JNIEnv *env, jclass class, jint fd)
{
    (void)env;
    (void)class;
    return isatty(fd) == 1 ? JNI_TRUE : JNI_FALSE;
}

// Ends the process at once; Java's streams here hold nothing back.
JNIEXPORT void JNICALL Java_io_atoll_cli_host_NativeCalls_exit(JNIEnv *env, jclass class, jint status)
{
    (void)env;
    (void)class;
    _exit(status);
}

// Columns in the upper half, rows in the lower.
JNIEXPORT jint JNICALL Java_io_atoll_cli_host_NativeCalls_windowSize(JNIEnv *env, jclass class, jint fd)
{
    (void)env;
    (void)class;
    struct winsize size = {0};
    if (ioctl(fd, TIOCGWINSZ, &size) != 0)
        return -errno;
    return (jint)((unsigned)(size.ws_col & 0x7fff) << 16 | size.ws_row);
}

// Saves the terminal's mode in `saved` and makes it raw.
JNIEXPORT jint JNICALL Java_io_atoll_cli_host_NativeCalls_makeRaw(JNIEnv *env, jclass class, jint fd, jbyteArray saved)
{
    (void)class;
    struct termios mode;
    if ((size_t)(*env)->GetArrayLength(env, saved) < sizeof mode)
        return -EINVAL;
    if (tcgetattr(fd, &mode) != 0)
        return -errno;
    (*env)->SetByteArrayRegion(env, saved, 0, (jsize)sizeof mode, (const jbyte *)&mode);
    cfmakeraw(&mode);
    return tcsetattr(fd, TCSADRAIN, &mode) == 0 ? 0 : -errno;
}

JNIEXPORT jint JNICALL Java_io_atoll_cli_host_NativeCalls_restore(JNIEnv *env, jclass class, jint fd, jbyteArray saved)
{
    (void)class;
    struct termios mode;
    if ((size_t)(*env)->GetArrayLength(env, saved) < sizeof mode)
        return -EINVAL;
    (*env)->GetByteArrayRegion(env, saved, 0, (jsize)sizeof mode, (jbyte *)&mode);
    return tcsetattr(fd, TCSADRAIN, &mode) == 0 ? 0 : -errno;
}

// Routes the given signals into a pipe, a byte each, and returns its read end. Once per process.
int atoll_open_signals(const int *signals, long count)
{
    if (signal_pipe >= 0)
        return -EBUSY;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    signal_pipe = ends[1];
    for (long i = 0; i < count; i++) {
        struct sigaction action = {.sa_handler = write_signal, .sa_flags = SA_RESTART};
        if (sigaction(signals[i], &action, NULL) != 0)
            return -errno;
    }
    return ends[0];
}

JNIEXPORT jint JNICALL Java_io_atoll_cli_host_NativeCalls_openSignals(JNIEnv *env, jclass class, jintArray signals)
{
    (void)class;
    jint numbers[SIGNALS_MAX];
    jsize count = (*env)->GetArrayLength(env, signals);
    if (count > SIGNALS_MAX)
        return -E2BIG;
    (*env)->GetIntArrayRegion(env, signals, 0, count, numbers);
    return atoll_open_signals(numbers, count);
}

// Any system call, for io.atoll.linux.Syscalls, which checks what it asks for. The words are numbers and addresses of memory
// that the caller keeps until we return.
JNIEXPORT jlong JNICALL Java_io_atoll_linux_NativeCalls_syscall(JNIEnv *env, jclass class, jlong number, jlong a, jlong b,
                                                                jlong c, jlong d, jlong e, jlong f)
{
    (void)env;
    (void)class;
    long result = syscall(number, a, b, c, d, e, f);
    return result == -1 ? -errno : result;
}
