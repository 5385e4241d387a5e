// What makes and ends in a process: used by start, exec and hooks.
#pragma once

#include <sys/types.h>

#include "decode.h"
#include "steps.h"

int netlink_open(void);
int write_id_maps(struct run *run, pid_t pid, const struct text *uid_map, const struct text *gid_map);
int open_user_namespace(struct run *run, pid_t pid);
// clone3 with a pidfd; the cgroup is a descriptor or -1.
pid_t clone_process(uint64_t flags, int cgroup, int *pidfd);

// Default dispositions and an empty mask, whatever was inherited: once, when the program starts.
void signals_reset(void);
// Undoes what our own processes ignore and block; cheaper, for those that are forked.
void signals_default(void);
// What our processes may ignore or forward.
extern const int signals_forwarded[8];
void umask_default(void);
// execve with a search in the environment's PATH; returns only when it failed.
void exec_in_path(char **argv, char **env);

// The user namespace's root, in a process that is new in it.
int become_root(struct run *run);
// Becomes the plan's program. Returns only on failure, which is then in run->failure.
void become(struct run *run, const struct init *init, bool die_with_parent);
// Runs the child's section up to the exec and reports; the last thing a child does. `namespaces` are those it is new
// in.
_Noreturn void child_main(struct run *run, const struct plan *plan, uint32_t namespaces, bool has_gate);
// Waits for processes that steps made and killed.
void reap_helpers(void);
// Reports run->failure and exits.
_Noreturn void report_failure(struct run *run);
// Notes a failure outside of the steps.
void failure_outside(struct run *run, uint32_t section, const char *what);
