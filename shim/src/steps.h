// The steps: what each row of the table in steps.c needs to run.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "decode.h"

enum { DETAIL_MAX = 1024, STEP_KEEP_CALLS = 43, STEP_FORWARD_CALLS = 45 };

// What went wrong, in the words that reach the user.
struct failure {
    uint32_t section;
    uint32_t index;
    int err;
    char step[48];
    char call[48];
    char detail[DETAIL_MAX];
};

// The directory that the last step on a file was in: many steps in a row are in the same one.
struct parent {
    int fd; // -1 if there is none
    uint8_t kind;
    uint8_t slot;
    char path[PATH_BYTES_MAX + 1];
};

// One process running steps.
struct run {
    int slot[SLOTS_MAX]; // descriptors, -1 if empty; owned by the run
    pid_t child;         // for places and patches; 0 while unknown
    const char *target;  // why section GONE runs
    int report;          // to the monitor; takes MSG_TERMINAL, MSG_KEPT, MSG_AT_GATE
    int netlink;         // -1 until used
    uint32_t section;
    struct parent parent;
    struct failure failure;
};

struct step_row {
    uint8_t number;
    const char *name;
    const char *format;
    uint32_t constant_max; // largest value of the field with letter 'e'
    int (*run)(struct run *run, const struct field *f);
};

// NULL if there is no step of that number.
const struct step_row *step_row(uint8_t number);

void run_prepare(struct run *run, const int given[SLOTS_MAX], int report);

// Runs a section: 0, or -1 with run->failure filled. With `all`, goes on after a failure and reports the first.
int run_steps(struct run *run, uint32_t section, struct steps steps, bool all);

// Notes the failure of `call` with errno; always -1, so that steps can return it. The detail is printf-like.
__attribute__((format(printf, 3, 4))) int failed(struct run *run, const char *call, const char *format, ...);

// A fresh O_CLOEXEC descriptor of a place, opened with these open(2) flags; -1 with the failure noted.
int place_open(struct run *run, const struct place *place, int flags);
// The directory that holds the last component of a place, which is copied to name. Borrowed: it stays open while steps
// on files follow each other.
int place_parent(struct run *run, const struct place *place, char name[256]);
// The place in words for an error.
const char *place_text(const struct place *place);
// The descriptor in a slot, borrowed; -1 with the failure noted if it is empty.
int slot_get(struct run *run, uint8_t slot);
// Puts a descriptor into a slot, closing what was there.
void slot_put(struct run *run, uint8_t slot, int fd);
// The text with its marks replaced, malloc'ed; NULL with the failure noted.
char *expand(struct run *run, const struct text *text);
// A list as a NULL-terminated vector, malloc'ed; with marks replaced if a run is given.
char **vector(struct run *run, struct list list);
void vector_free(char ***v);
#define cleanup_vector __attribute__((cleanup(vector_free)))

#define STEP(function) int function(struct run *run, const struct field *f)
STEP(step_mkdir);
STEP(step_write);
STEP(step_symlink);
STEP(step_node);
STEP(step_chown);
STEP(step_chmod);
STEP(step_open);
STEP(step_close);
STEP(step_remove);
STEP(step_remove_tree);
STEP(step_open_tree);
STEP(step_mount_attributes);
STEP(step_new_mount);
STEP(step_attach_mount);
STEP(step_mount);
STEP(step_umount);
STEP(step_pivot_root);
STEP(step_chroot);
STEP(step_chdir);
STEP(step_loop);
STEP(step_user_namespace);
STEP(step_setns);
STEP(step_unshare);
STEP(step_hostname);
STEP(step_domainname);
STEP(step_rlimit);
STEP(step_device_filter);
STEP(step_capabilities);
STEP(step_no_new_privileges);
STEP(step_seccomp);
STEP(step_personality);
STEP(step_keyring);
STEP(step_core_scheduling);
STEP(step_parent_death);
STEP(step_title);
STEP(step_terminal);
STEP(step_terminal_size);
STEP(step_netlink);
STEP(step_hook);
STEP(step_hook_with_input);
STEP(step_keep);
STEP(step_await_gate);
STEP(step_await_child);
STEP(step_take_child);
#undef STEP
