#include "decode.h"

#include <string.h>

#include "steps.h"

static bool take(struct cursor *c, void *out, size_t len) {
    if ((size_t)(c->end - c->p) < len)
        return false;
    memcpy(out, c->p, len);
    c->p += len;
    return true;
}

static bool take_u8(struct cursor *c, uint8_t *out) { return take(c, out, sizeof *out); }

// The wire is little-endian, as are the machines this is built for.
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a big-endian machine needs byte swaps here");

bool take_u16(struct cursor *c, uint16_t *out) { return take(c, out, sizeof *out); }

bool take_u32(struct cursor *c, uint32_t *out) { return take(c, out, sizeof *out); }

static bool take_u64(struct cursor *c, uint64_t *out) { return take(c, out, sizeof *out); }

static bool take_max(struct cursor *c, uint32_t max, uint32_t *out) { return take_u32(c, out) && *out <= max; }

bool take_bytes(struct cursor *c, struct bytes *out) {
    if (!take_u32(c, &out->len) || (size_t)(c->end - c->p) < out->len)
        return false;
    out->p = c->p;
    c->p += out->len;
    return true;
}

bool take_text(struct cursor *c, struct text *out) {
    struct bytes raw;
    uint8_t nul;
    if (!take_bytes(c, &raw) || raw.len > TEXT_BYTES_MAX || !take_u8(c, &nul) || nul != 0)
        return false;
    out->s = (const char *)raw.p;
    out->len = raw.len;
    return memchr(raw.p, 0, raw.len) == NULL;
}

bool take_slot(struct cursor *c, bool may_be_none, uint8_t *out) {
    return take_u8(c, out) && (*out < SLOTS_MAX || (may_be_none && *out == SLOT_NONE));
}

static bool take_list(struct cursor *c, struct list *out) {
    if (!take_max(c, LIST_MAX, &out->count))
        return false;
    out->p = c->p;
    for (uint32_t i = 0; i < out->count; i++) {
        struct text ignored;
        if (!take_text(c, &ignored))
            return false;
    }
    out->end = c->p;
    return true;
}

static bool take_place(struct cursor *c, bool may_be_none, struct place *out) {
    if (!take_u8(c, &out->kind) || !take_slot(c, true, &out->slot) || !take_text(c, &out->path))
        return false;
    bool has_slot = out->slot != SLOT_NONE;
    bool has_path = out->path.len > 0 && out->path.len <= PATH_BYTES_MAX;
    switch ((enum place_kind)out->kind) {
    case PLACE_NONE:
        return may_be_none && !has_slot && out->path.len == 0;
    case PLACE_HOST:
        return !has_slot && has_path && out->path.s[0] == '/';
    case PLACE_SLOT:
        return has_slot && out->path.len == 0;
    case PLACE_IN_ROOT:
    case PLACE_BENEATH:
        return has_slot && has_path;
    case PLACE_CHILD_PROC:
        return !has_slot && has_path;
    }
    return false;
}

static bool take_options(struct cursor *c, struct list *out) {
    if (!take_list(c, out) || out->count % 2 != 0)
        return false;
    struct list walk = *out;
    struct text key, value;
    while (list_next(&walk, &key) && list_next(&walk, &value))
        if (key.len < 2 || strchr("!=#", key.s[0]) == NULL)
            return false;
    return true;
}

static bool take_patch(struct cursor *c, struct patch *out) {
    if (!take_u8(c, &out->kind) || !take_slot(c, true, &out->slot) || !take_u32(c, &out->offset) ||
        !take_text(c, &out->name))
        return false;
    switch ((enum patch_kind)out->kind) {
    case PATCH_CHILD_PID:
        return true;
    case PATCH_INTERFACE:
        return out->name.len > 0;
    case PATCH_DESCRIPTOR:
        return out->slot != SLOT_NONE;
    }
    return false;
}

static bool take_patches(struct cursor *c, const struct bytes *message, struct list *out) {
    if (!take_max(c, PATCHES_MAX, &out->count))
        return false;
    out->p = c->p;
    for (uint32_t i = 0; i < out->count; i++) {
        struct patch patch;
        if (!take_patch(c, &patch) || message->len < sizeof(uint32_t) || patch.offset > message->len - sizeof(uint32_t))
            return false;
    }
    out->end = c->p;
    return true;
}

static bool take_number(struct cursor *c, uint32_t max, uint64_t *out) {
    uint32_t n;
    if (!take_max(c, max, &n))
        return false;
    *out = n;
    return true;
}

// One field of a step by the letter of its row's format; steps.c lists the letters.
static bool take_field(struct cursor *c, char letter, const struct step_row *row, const struct field *first,
                       struct field *out) {
    switch (letter) {
    case 'p':
        return take_place(c, false, &out->place);
    case 'q':
        return take_place(c, true, &out->place);
    case 'S':
        return take_slot(c, false, &out->slot);
    case 'O':
        return take_slot(c, true, &out->slot);
    case 's':
        return take_text(c, &out->text);
    case 'b':
        return take_bytes(c, &out->bytes) && out->bytes.len > 0 && out->bytes.len <= TEXT_BYTES_MAX;
    case 'k':
        return take_bytes(c, &out->bytes) && out->bytes.len > 0 && out->bytes.len % 8 == 0 &&
               out->bytes.len / 8 <= SECCOMP_INSTRUCTIONS_MAX;
    case 'a':
        return take_list(c, &out->list);
    case 'v':
        return take_list(c, &out->list) && out->list.count > 0;
    case 'o':
        return take_options(c, &out->list);
    case 'x':
        return take_patches(c, &first->bytes, &out->list);
    case 'i':
        return take_number(c, UINT32_MAX, &out->n);
    case 'f':
        return take_number(c, 1, &out->n);
    case 'e':
        return take_number(c, row->constant_max, &out->n);
    case 'm':
        return take_number(c, 07777, &out->n);
    case 't':
        return take_number(c, TIMEOUT_MILLIS_MAX, &out->n);
    case 'l':
        return take_u64(c, &out->n);
    }
    return false;
}

static bool take_step(struct cursor *c, struct step *out) {
    uint8_t number;
    uint16_t zero;
    struct bytes fields;
    if (!take_u8(c, &number) || !take_u8(c, &out->flags) || !take_u16(c, &zero) || zero != 0 ||
        !take_bytes(c, &fields) || (out->flags & ~STEP_FLAGS) != 0)
        return false;
    out->row = step_row(number);
    if (out->row == NULL)
        return false;
    struct cursor in = {fields.p, fields.p + fields.len};
    for (size_t i = 0; out->row->format[i] != 0; i++)
        if (i >= FIELDS_MAX || !take_field(&in, out->row->format[i], out->row, &out->f[0], &out->f[i]))
            return false;
    return in.p == in.end;
}

static bool take_steps(struct cursor *c, struct steps *out) {
    if (!take_max(c, STEPS_MAX, &out->count))
        return false;
    out->p = c->p;
    for (uint32_t i = 0; i < out->count; i++) {
        struct step ignored;
        if (!take_step(c, &ignored))
            return false;
    }
    out->end = c->p;
    return true;
}

static bool is_optional_path(const struct text *t) {
    return t->len == 0 || (t->len <= PATH_BYTES_MAX && (t->s[0] == '/' || t->s[0] == '@'));
}

static bool take_monitor_options(struct cursor *c, struct options *o) {
    return take_text(c, &o->socket) && take_text(c, &o->record) && take_text(c, &o->exit_record) &&
           take_text(c, &o->log) && take_u64(c, &o->log_bytes_max) && take_max(c, RING_BYTES_MAX, &o->ring_bytes) &&
           take_max(c, REBOOT_REPORT, &o->on_reboot) && take_max(c, 1, &o->wait_at_gate) &&
           take_max(c, 1, &o->kill_with_monitor) && take_max(c, 1, &o->forward_signals) &&
           take_max(c, TIMEOUT_MILLIS_MAX, &o->start_timeout_millis) && take_max(c, 64, &o->kill_signal) &&
           take_slot(c, true, &o->outlet) && is_optional_path(&o->socket) && is_optional_path(&o->record) &&
           is_optional_path(&o->exit_record) && is_optional_path(&o->log);
}

static bool take_spawn(struct cursor *c, struct spawn *s) {
    return take_u32(c, &s->namespaces) && take_text(c, &s->uid_map) && take_text(c, &s->gid_map) &&
           take_slot(c, true, &s->cgroup) && take_slot(c, true, &s->user_namespace);
}

static bool take_enter(struct cursor *c, struct enter *e) {
    return take_slot(c, false, &e->target) && take_u32(c, &e->namespaces) && take_slot(c, true, &e->cgroup) &&
           take_max(c, 1, &e->kill_with_requester);
}

static bool take_init(struct cursor *c, struct init *i) {
    if (!take_list(c, &i->argv) || i->argv.count == 0 || !take_list(c, &i->env) || !take_text(c, &i->cwd) ||
        i->cwd.len > PATH_BYTES_MAX || i->cwd.s[0] != '/' || !take_u32(c, &i->uid) || !take_u32(c, &i->gid) ||
        !take_max(c, GROUPS_MAX, &i->groups_count))
        return false;
    i->groups = c->p;
    for (uint32_t k = 0; k < i->groups_count; k++) {
        uint32_t ignored;
        if (!take_u32(c, &ignored))
            return false;
    }
    if (!take_max(c, 0777, &i->umask) || !take_max(c, 1, &i->new_session) ||
        !take_max(c, STDIO_DESCRIPTORS, &i->stdio_kind) || i->stdio_kind < STDIO_TERMINAL)
        return false;
    bool terminal = i->stdio_kind == STDIO_TERMINAL;
    return take_slot(c, !terminal, &i->stdio[0]) && take_slot(c, true, &i->stdio[1]) &&
           take_slot(c, true, &i->stdio[2]);
}

static bool take_part(struct cursor *c, uint16_t tag, struct plan *out) {
    switch ((enum tag)tag) {
    case TAG_MONITOR:
    case TAG_HOST:
    case TAG_GATE:
    case TAG_CHILD:
    case TAG_GONE:
    case TAG_ADOPT:
    case TAG_RESTORE:
        return take_steps(c, &out->sections[tag]);
    case TAG_CLONE:
        return take_spawn(c, &out->spawn);
    case TAG_INIT:
        return take_init(c, &out->init);
    case TAG_NAME:
        return take_text(c, &out->name) && out->name.len > 0 && out->name.len <= NAME_BYTES_MAX;
    case TAG_OPTIONS:
        return take_monitor_options(c, &out->options);
    case TAG_ENTER:
        return take_enter(c, &out->enter);
    case TAG_COUNT:
        break;
    }
    return false;
}

static bool has_all_parts(enum plan_kind kind, uint32_t seen) {
    uint32_t both = 1u << TAG_NAME | 1u << TAG_INIT;
    uint32_t start = both | 1u << TAG_OPTIONS | 1u << TAG_CLONE;
    uint32_t exec = both | 1u << TAG_ENTER;
    uint32_t exec_may = exec | 1u << TAG_HOST | 1u << TAG_CHILD;
    if (kind == KIND_START)
        return (seen & start) == start && (seen & 1u << TAG_ENTER) == 0;
    return (seen & exec) == exec && (seen & ~exec_may) == 0;
}

bool plan_decode(const uint8_t *bytes, size_t len, struct plan *out, const char **why) {
    *out = (struct plan){0};
    struct cursor c = {bytes, bytes + len};
    uint32_t magic, total, seen = 0;
    uint16_t version, kind;
    *why = "not a plan of this version";
    if (!take_u32(&c, &magic) || magic != PLAN_MAGIC || !take_u16(&c, &version) || version != PLAN_VERSION ||
        !take_u16(&c, &kind) || (kind != KIND_START && kind != KIND_EXEC) || !take_u32(&c, &total) || total != len ||
        len > PLAN_BYTES_MAX)
        return false;
    out->kind = kind == KIND_START ? KIND_START : KIND_EXEC;
    *why = "a part of the plan is malformed";
    while (c.p < c.end) {
        uint16_t tag, zero;
        struct bytes payload;
        if (!take_u16(&c, &tag) || tag >= TAG_COUNT || (seen & 1u << tag) != 0 || !take_u16(&c, &zero) || zero != 0 ||
            !take_bytes(&c, &payload))
            return false;
        struct cursor in = {payload.p, payload.p + payload.len};
        if (!take_part(&in, tag, out) || in.p != in.end)
            return false;
        seen |= 1u << tag;
    }
    *why = "the plan lacks a part or has one too many";
    return has_all_parts(out->kind, seen);
}

bool steps_next(struct steps *steps, struct step *out) {
    struct cursor c = {steps->p, steps->end};
    if (steps->p == steps->end || !take_step(&c, out))
        return false;
    steps->p = c.p;
    return true;
}

bool list_next(struct list *list, struct text *out) {
    struct cursor c = {list->p, list->end};
    if (list->p == list->end || !take_text(&c, out))
        return false;
    list->p = c.p;
    return true;
}

bool patch_next(struct list *list, struct patch *out) {
    struct cursor c = {list->p, list->end};
    if (list->p == list->end || !take_patch(&c, out))
        return false;
    list->p = c.p;
    return true;
}
