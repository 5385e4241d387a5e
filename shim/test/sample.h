// Plans as the tests need them, and what is usually done with them.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "harness.h"

// Slots that the sample plans use.
enum { ROOT = 1, DEV = 2, TREE = 3, PROC = 4, SYSFS = 5, PTS = 6, CONSOLE = 7, IDMAP = 8 };
enum { NONE = SLOT_NONE };

extern const uint32_t all_namespaces;
extern const char map[];
extern struct plan_parts parts; // the plan being built
extern struct buffer plan;      // and what was sent
extern const char *const no_options[];

struct wishes {
    bool privileged, gate, die_with_monitor, report_reboot, no_console;
    unsigned timeout, log_max;
};

// Fills parts: an idmapped directory as root, own /dev, proc, devpts, console, gate; small, but as the runtime makes
// them.
void start_plan(const char *name, struct wishes w, const char *const *argv);
void mount_on(struct section *s, int slot, const char *type, const char *const *options, unsigned attributes,
              const char *at);
int send_start(void);
int send_start_to(const char *server);
// Fills parts and encodes them: a command with slots 10 to 12 as stdio, or a terminal.
void exec_plan(const char *const *argv, const char *cwd, unsigned uid, bool tty, bool kill_with_requester);
// Runs a command to its end; what it printed, or how it failed. Status is reason * 1000 + code.
char *run_command(int pidfd, const char *const *argv, const char *cwd, unsigned uid, unsigned *status);
// Starts a container whose init waits for signals.
int start_running(const char *name, struct wishes w, int *pidfd, pid_t *pid);
void stop(int socket, int pidfd);

char *log_of(const char *name);
struct event expect(int socket, unsigned type);
void expect_gone(int socket, unsigned reason, unsigned status);
int monitor_socket(const char *name);
pid_t peer_of(int socket);

#define HAS(text, part) CHECK(strstr(text, part) != NULL, "no `%s` in:\n%s", part, text)
#define HAS_NOT(text, part) CHECK(strstr(text, part) == NULL, "`%s` in:\n%s", part, text)

// Tests of other files.
void test_forward(void);
void test_cgroup2(void);
void test_overlay(void);
void test_terminals_and_kept(void);
void test_chroot(void);
