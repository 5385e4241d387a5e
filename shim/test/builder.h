// Builds plans in tests, byte by byte and independently of Java.
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
    uint8_t bytes[256 * 1024];
    size_t len;
};

void put(struct buffer *b, const void *bytes, size_t len);
void put_u8(struct buffer *b, unsigned n);
void put_u16(struct buffer *b, unsigned n);
void put_u32(struct buffer *b, uint32_t n);
void put_u64(struct buffer *b, uint64_t n);
void put_text(struct buffer *b, const char *s);
void put_texts(struct buffer *b, const char *const *v);

// A section being built.
struct section {
    uint32_t count;
    struct buffer steps;
};

// Adds a step. Arguments by the letters of its row's format: p q (int kind, int slot, const char *path), S O (int), s
// (const char *), b k (const void *, size_t), a v o (const char *const *, NULL at the end), x (const struct buffer *),
// l (uint64_t), others (unsigned).
void step(struct section *s, unsigned number, const char *format, ...);
void step_optional(struct section *s);

struct plan_parts {
    int kind;
    const char *name;
    struct section monitor, host, gate, child, gone;
    struct buffer options, clone, enter, init;
};

void plan_build(struct buffer *out, const struct plan_parts *p);
