// What the shim's tests share: a fork server of their own, requests and events.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../src/wire.h"
#include "builder.h"

extern char base[64]; // a directory of this test run
extern const char *probe;
extern int failures;

#define CHECK(condition, ...) check((condition), __FILE__, __LINE__, #condition, __VA_ARGS__)
__attribute__((format(printf, 5, 6))) void check(bool good, const char *file, int line, const char *condition,
                                                 const char *format, ...);

void harness_open(const char *shim, const char *probe_path);
void harness_close(void);
pid_t serve_pid(void);
void serve_start(void);
void serve_in_chroot(const char *root, const char *socket);

// An answer or event, with its descriptors.
struct event {
    uint16_t type;
    uint32_t tag, n[4];
    uint32_t section, index;
    int err;
    char step[64], call[64], detail[1100], text[256];
    int fds[SLOTS_MAX];
    size_t count;
};

int connect_to(const char *path);
void send_numbers(int socket, unsigned type, unsigned tag, size_t count, const uint32_t *n);
// Asks the fork server; returns the connection.
int request(int type, const struct buffer *plan, const int *slots, const int *fds, size_t count);
int request_to(const char *server, int type, const struct buffer *plan, const int *slots, const int *fds, size_t count);
// The next event within ten seconds; type 0 is the end of the connection.
struct event next_event(int socket);
// Closes what came with it.
void event_close(struct event *e);
struct event ask(int socket, unsigned type, size_t count, const uint32_t *n);

// Reads a file or descriptor as text; free it.
char *slurp(const char *path);
char *slurp_fd(int fd);
const char *in_base(const char *name);
int count_lines(const char *path);
// Processes of this test run: of its fork server, and inside its containers. Zombies do not count.
int count_processes(void);
int count_fds(pid_t pid);
// A line of smaps_rollup.
long memory_kilobytes(pid_t pid, const char *key);
bool is_alive(pid_t pid);
double seconds(void);
