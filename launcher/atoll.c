// The launcher of Atoll's Java programs: hands a command to a warm process if there is one (warm.c), else finds its own
// directory, a Java 25 and the program's options, connects to the daemon, and becomes the JVM. It decides nothing else;
// docs/decisions/0101-cli-start.md says why it is C.
//
// Trust: it runs with its caller's rights on its caller's arguments and environment, and crosses no privilege line.
#include "warm.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define JAVA_OLDEST 25
#define OPTIONS_MAX 64
#define OPTIONS_FILE_MAX 65536
#define JVM_DIRECTORY "/usr/lib/jvm"
#define STATE_DIRECTORY "/var/lib/atoll"

static const char *program;

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s%s%s\n", program, what, why ? ": " : "", why ? why : "");
    exit(1);
}

// All memory lives until exec or exit: there is nothing to free.
static char *join(const char *first, const char *second, const char *third)
{
    char *text = NULL;
    if (asprintf(&text, "%s%s%s", first, second, third) < 0)
        die("out of memory", NULL);
    return text;
}

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

// Reads a small text file whole; NULL if it cannot be read or is longer than `max`.
static char *read_text(const char *path, size_t max)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    char *text = malloc(max + 1);
    if (!text)
        die("out of memory", NULL);
    size_t length = fread(text, 1, max, file);
    bool whole = feof(file) != 0 && ferror(file) == 0;
    fclose(file);
    text[length] = '\0';
    return whole ? text : NULL;
}

// The directory that holds bin/ and lib/. The link in /proc is followed, so a symbolic link anywhere may point at us.
static char *find_home(void)
{
    static char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length <= 0)
        die("cannot read /proc/self/exe", strerror(errno));
    path[length] = '\0';
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(path, '/');
        if (!slash)
            die("cannot find the directory above", path);
        *slash = '\0';
    }
    return path;
}

// The major version that a Java home's `release` file states; 0 if this is no Java home we could start.
static long java_version(const char *home)
{
    if (access(join(home, "/bin/java", ""), X_OK) != 0)
        return 0;
    const char *release = read_text(join(home, "/release", ""), OPTIONS_FILE_MAX);
    const char *line = release ? strstr(release, "JAVA_VERSION=\"") : NULL;
    return line ? strtol(line + strlen("JAVA_VERSION=\""), NULL, 10) : 0;
}

static bool is_suitable(const char *home)
{
    return java_version(home) >= JAVA_OLDEST;
}

// The oldest suitable one below JVM_DIRECTORY: the archives beside us were made with it.
static const char *find_installed_java(void)
{
    DIR *directory = opendir(JVM_DIRECTORY);
    if (!directory)
        return NULL;
    const char *best = NULL;
    long best_version = LONG_MAX;
    const struct dirent *entry;
    while ((entry = readdir(directory))) {
        if (entry->d_name[0] == '.')
            continue;
        const char *home = join(JVM_DIRECTORY "/", entry->d_name, "");
        long version = java_version(home);
        if (version >= JAVA_OLDEST && version < best_version) {
            best = home;
            best_version = version;
        }
    }
    closedir(directory);
    return best;
}

// A Java home, or the path of its bin/java: both are what people put into ATOLL_JAVA.
static const char *home_of(const char *path)
{
    size_t length = strlen(path);
    const char *tail = "/bin/java";
    if (length > strlen(tail) && strcmp(path + length - strlen(tail), tail) == 0) {
        char *home = join(path, "", "");
        home[length - strlen(tail)] = '\0';
        return home;
    }
    return path;
}

static const char *find_java(const char *home)
{
    const char *wanted = environment("ATOLL_JAVA");
    if (wanted) {
        const char *java = home_of(wanted);
        if (!is_suitable(java))
            die("ATOLL_JAVA is no Java 25 or newer", wanted);
        return java;
    }
    const char *bundled = join(home, "/jre", "");
    if (is_suitable(bundled))
        return bundled;
    const char *java_home = environment("JAVA_HOME");
    if (java_home && is_suitable(java_home))
        return java_home;
    const char *installed = find_installed_java();
    if (!installed) {
        fprintf(stderr,
                "%s: no Java 25 found: looked at ATOLL_JAVA, %s/jre, JAVA_HOME and " JVM_DIRECTORY "/*\n"
                "Hint: install one (a package like temurin-25-jre or openjdk-25-jre-headless), or set ATOLL_JAVA to its "
                "directory\n",
                program, home);
        exit(1);
    }
    return installed;
}

// Connects to the daemon while there is nothing else to do; the command inherits the descriptor. -1 if nobody answers:
// then the command says so, if it needs the daemon at all.
static int connect_daemon(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return -1;
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static const char *socket_path(void)
{
    const char *path = environment("LXD_SOCKET");
    if (path)
        return path;
    const char *directory = environment("LXD_DIR");
    const char *socket = join(directory ? directory : STATE_DIRECTORY, "/unix.socket", "");
    const char *users = join(socket, ".user", "");
    return access(socket, W_OK) != 0 && access(users, W_OK) == 0 ? users : socket;
}

// One argument per line; `@home@` stands for our directory, `#` starts a comment.
static size_t add_options(char **arguments, size_t count, const char *home, const char *file)
{
    char *text = read_text(file, OPTIONS_FILE_MAX);
    if (!text)
        die("cannot read the options of the program", file);
    for (char *save = NULL, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (*line == '#')
            continue;
        if (count == OPTIONS_MAX)
            die("too many options", file);
        char *argument = join("", "", "");
        for (char *mark; (mark = strstr(line, "@home@")); line = mark + strlen("@home@")) {
            *mark = '\0';
            argument = join(argument, line, home);
        }
        arguments[count++] = join(argument, line, "");
    }
    return count;
}

// `lxd` without a verb is the daemon itself; with one it is a command on the daemon.
static bool is_daemon(int argc, char **argv)
{
    if (strcmp(program, "atolld") == 0)
        return true;
    if (strcmp(program, "lxd") != 0)
        return false;
    if (argc < 2)
        return true;
    const char *first = argv[1];
    return first[0] == '-' && strcmp(first, "-h") != 0 && strcmp(first, "--help") != 0 && strcmp(first, "--version") != 0;
}

// Where the runtime keeps its sockets for this user; LxcSystemConfig has the same rule.
static const char *user_run_directory(void)
{
    const char *named = environment("ATOLL_RUN_DIR");
    if (named)
        return named;
    const char *session = environment("XDG_RUNTIME_DIR");
    if (session)
        return join(session, "/atoll/lxc", "");
    const char *own = environment("HOME");
    return join(own ? own : "/", "/.cache/atoll/run", "");
}

// A plain user's LXC tools run as root of a user namespace that all of them share: there they may mount, give files to
// the ids of containers, and enter what they started. Returns if that is not wanted or not possible.
static void become_rootless(const char *home, char **argv, int argc)
{
    bool is_needed = strncmp(program, "lxc-", strlen("lxc-")) == 0 && geteuid() != 0 && !getenv("ATOLL_ROOTLESS") &&
                     strcmp(program, "lxc-checkconfig") != 0 && strcmp(program, "lxc-config") != 0 &&
                     strcmp(program, "lxc-update-config") != 0 && strcmp(program, "lxc-usernsexec") != 0;
    if (!is_needed)
        return;
    char **arguments = calloc((size_t)argc + 8, sizeof *arguments);
    if (!arguments)
        die("out of memory", NULL);
    char *userns = join(home, "/libexec/atoll-userns", "");
    size_t count = 0;
    arguments[count++] = userns;
    arguments[count++] = join("rootless", "", "");
    arguments[count++] = join("--run-dir", "", "");
    arguments[count++] = join(user_run_directory(), "", "");
    arguments[count++] = join("--", "", "");
    arguments[count++] = join(home, "/bin/atoll", "");
    for (int i = 0; i < argc; i++)
        arguments[count++] = argv[i];
    execv(userns, arguments);
}

// lxc-usernsexec of a plain user, whose namespace is to be one of its own, by the program that makes them. What is not
// plainly to be done there, as --help, is left to the tool.
static void run_mapped(const char *home, char **argv, int argc)
{
    if (strcmp(program, "lxc-usernsexec") != 0 || geteuid() == 0)
        return;
    for (int i = 1; i < argc && argv[i][0] == '-' && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "-m") == 0)
            i++;
        else if (strcmp(argv[i], "-s") != 0)
            return;
    }
    char **arguments = calloc((size_t)argc + 3, sizeof *arguments);
    if (!arguments)
        die("out of memory", NULL);
    char *userns = join(home, "/libexec/atoll-userns", "");
    arguments[0] = userns;
    arguments[1] = join("run", "", "");
    for (int i = 1; i < argc; i++)
        arguments[i + 1] = argv[i];
    execv(userns, arguments);
}

static bool is_lxcfs(void)
{
    return strcmp(program, "lxcfs") == 0 || strcmp(program, "atoll-lxcfs") == 0;
}

static const char *options_file(bool daemon, const char *home)
{
    if (daemon)
        return join(home, "/lib/atolld.jvm", "");
    if (is_lxcfs())
        return join(home, "/lib/lxcfs.jvm", "");
    if (strncmp(program, "lxc-", strlen("lxc-")) == 0 || strcmp(program, "cgm") == 0)
        return join(home, "/lib/lxctools.jvm", "");
    return join(home, "/lib/atoll.jvm", "");
}

// Socket activation as of sd_listen_fds(3): one listening socket as descriptor 3. A JVM can take one over only as its
// standard input.
static bool take_socket(void)
{
    const char *pid = getenv("LISTEN_PID");
    const char *count = getenv("LISTEN_FDS");
    if (!pid || !count || atol(pid) != (long)getpid() || strcmp(count, "1") != 0)
        return false;
    if (dup2(3, 0) < 0)
        die("the socket that was passed on", strerror(errno));
    close(3);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return true;
}

// What other tools put there for other JVMs would print notes into our output, or slow us down.
static void clean_environment(void)
{
    unsetenv("JAVA_TOOL_OPTIONS");
    unsetenv("JDK_JAVA_OPTIONS");
    unsetenv("_JAVA_OPTIONS");
    unsetenv("CLASSPATH");
}

// Names of files are bytes, and a JVM takes them for text of its locale: in C.UTF-8 it reads and writes them all, in the
// POSIX locale of cron, Ansible or a bare service none that is not ASCII. A command puts the caller's setting back in what
// it hands on (CallersEnvironment).
static void use_bytes(bool daemon)
{
    const char *callers = getenv("LC_ALL");
    if (!daemon)
        setenv("ATOLL_CALLERS_LC_ALL", callers ? callers : "", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
}

// A process that does the next commands without the start of a JVM; this one is done here meanwhile.
static void start_warm(const char *home, const char *java)
{
    const char *file = join(home, "/lib/warm.jvm", "");
    if (access(file, R_OK) != 0)
        return;
    char *arguments[OPTIONS_MAX + 8] = {join(java, "/bin/java", ""), join("-Datoll.home=", home, "")};
    size_t count = add_options(arguments, 2, home, file);
    arguments[count] = NULL;
    warm_start(arguments);
}

int main(int argc, char **argv)
{
    program = argc > 0 ? basename(argv[0]) : "atoll";
    const char *home = find_home();
    run_mapped(home, argv, argc);
    become_rootless(home, argv, argc);
    bool daemon = is_daemon(argc, argv);
    bool wants_warm = !daemon && !is_lxcfs() && warm_run(program, home, argc, argv);
    const char *java = find_java(home);
    if (wants_warm)
        start_warm(home, java);

    char **arguments = calloc(OPTIONS_MAX + 8 + (size_t)argc, sizeof *arguments);
    if (!arguments)
        die("out of memory", NULL);
    size_t count = 0;
    char *executable = join(java, "/bin/java", "");
    arguments[count++] = executable;
    arguments[count++] = join("-Datoll.program=", program, "");
    arguments[count++] = join("-Datoll.home=", home, "");
    if (is_lxcfs()) {
        // Its few threads would otherwise each get an arena of glibc's: megabytes that a file server never uses.
        setenv("MALLOC_ARENA_MAX", "1", 1);
    } else if (daemon) {
        if (take_socket())
            arguments[count++] = "-Datoll.socket=inherited";
    } else {
        const char *path = socket_path();
        int fd = connect_daemon(path);
        if (fd >= 0) {
            char number[16];
            snprintf(number, sizeof number, "%d:", fd);
            arguments[count++] = join("-Datoll.connection=", number, path);
        }
    }
    count = add_options(arguments, count, home, options_file(daemon, home));
    for (int i = 1; i < argc; i++)
        arguments[count++] = argv[i];
    arguments[count] = NULL;
    clean_environment();
    use_bytes(daemon || is_lxcfs());
    execv(executable, arguments);
    die(executable, strerror(errno));
}
