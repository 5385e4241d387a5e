// The decoder: bytes to plan, with every limit checked. Pure: it makes no system call and allocates nothing, so it can
// be fuzzed. Who may have written the bytes: only root or our own user (the socket checks), but a fault in Java must
// not become a fault here.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

// A string inside the plan's buffer; NUL-terminated there, without NUL inside.
struct text {
    const char *s;
    uint32_t len;
};

struct bytes {
    const uint8_t *p;
    uint32_t len;
};

// A list of texts, still encoded; walk it with list_next.
struct list {
    const uint8_t *p;
    const uint8_t *end;
    uint32_t count;
};

struct place {
    uint8_t kind;
    uint8_t slot;
    struct text path;
};

struct patch {
    uint8_t kind;
    uint8_t slot;
    uint32_t offset;
    struct text name;
};

// Decoded fields of one step, in the order of the row's format.
struct field {
    union {
        uint64_t n;
        uint8_t slot;
        struct text text;
        struct bytes bytes;
        struct list list;
        struct place place;
    };
};

enum { FIELDS_MAX = 7 };

struct step_row;

struct step {
    const struct step_row *row;
    uint8_t flags;
    struct field f[FIELDS_MAX];
};

// The steps of a section, still encoded; walk them with steps_next.
struct steps {
    const uint8_t *p;
    const uint8_t *end;
    uint32_t count;
};

struct options {
    struct text socket, record, exit_record, log;
    uint64_t log_bytes_max;
    uint32_t ring_bytes, on_reboot, wait_at_gate, kill_with_monitor, forward_signals, start_timeout_millis, kill_signal;
    uint8_t outlet;
};

struct spawn {
    uint32_t namespaces;
    struct text uid_map, gid_map;
    uint8_t cgroup, user_namespace;
};

struct enter {
    uint8_t target, cgroup;
    uint32_t namespaces, kill_with_requester;
};

struct init {
    struct list argv, env;
    struct text cwd;
    uint32_t uid, gid, groups_count, umask, new_session, stdio_kind;
    const uint8_t *groups;
    uint8_t stdio[3];
};

struct plan {
    enum plan_kind kind;
    struct text name;
    struct options options;
    struct spawn spawn;
    struct enter enter;
    struct init init;
    struct steps sections[TAG_RESTORE + 1];
};

struct cursor {
    const uint8_t *p;
    const uint8_t *end;
};

bool take_u16(struct cursor *c, uint16_t *out);
bool take_u32(struct cursor *c, uint32_t *out);
bool take_text(struct cursor *c, struct text *out);
bool take_bytes(struct cursor *c, struct bytes *out);
bool take_slot(struct cursor *c, bool may_be_none, uint8_t *out);

// On false, *why says in words what is wrong.
bool plan_decode(const uint8_t *bytes, size_t len, struct plan *out, const char **why);

// Both walk what plan_decode accepted, so they cannot fail; false is the end.
bool steps_next(struct steps *steps, struct step *out);
bool list_next(struct list *list, struct text *out);
// Of a patch list; the count is in list->count.
bool patch_next(struct list *list, struct patch *out);
