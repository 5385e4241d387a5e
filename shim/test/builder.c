#include "builder.h"

#include <string.h>

#include "../src/wire.h"

void put(struct buffer *b, const void *bytes, size_t len) {
    memcpy(b->bytes + b->len, bytes, len);
    b->len += len;
}

void put_u8(struct buffer *b, unsigned n) { put(b, &(uint8_t){(uint8_t)n}, 1); }

void put_u16(struct buffer *b, unsigned n) { put(b, &(uint16_t){(uint16_t)n}, 2); }

void put_u32(struct buffer *b, uint32_t n) { put(b, &n, 4); }

void put_u64(struct buffer *b, uint64_t n) { put(b, &n, 8); }

void put_text(struct buffer *b, const char *s) {
    put_u32(b, (uint32_t)strlen(s));
    put(b, s, strlen(s) + 1);
}

void put_texts(struct buffer *b, const char *const *v) {
    uint32_t n = 0;
    while (v[n] != NULL)
        n++;
    put_u32(b, n);
    for (uint32_t i = 0; i < n; i++)
        put_text(b, v[i]);
}

static void put_field(struct buffer *b, char letter, va_list *args) {
    const struct buffer *patches;
    const void *bytes;
    size_t len;
    switch (letter) {
    case 'p':
    case 'q':
        put_u8(b, (unsigned)va_arg(*args, int));
        put_u8(b, (unsigned)va_arg(*args, int));
        put_text(b, va_arg(*args, const char *));
        break;
    case 'S':
    case 'O':
        put_u8(b, (unsigned)va_arg(*args, int));
        break;
    case 's':
        put_text(b, va_arg(*args, const char *));
        break;
    case 'b':
    case 'k':
        bytes = va_arg(*args, const void *);
        len = va_arg(*args, size_t);
        put_u32(b, (uint32_t)len);
        put(b, bytes, len);
        break;
    case 'a':
    case 'v':
    case 'o':
        put_texts(b, va_arg(*args, const char *const *));
        break;
    case 'x':
        patches = va_arg(*args, const struct buffer *);
        put(b, patches->bytes, patches->len);
        break;
    case 'l':
        put_u64(b, va_arg(*args, uint64_t));
        break;
    default:
        put_u32(b, va_arg(*args, unsigned));
        break;
    }
}

static size_t last_step;

void step(struct section *s, unsigned number, const char *format, ...) {
    static struct buffer fields;
    fields.len = 0;
    va_list args;
    va_start(args, format);
    for (; *format != 0; format++)
        put_field(&fields, *format, &args);
    va_end(args);
    last_step = s->steps.len;
    put_u8(&s->steps, number);
    put_u8(&s->steps, 0);
    put_u16(&s->steps, 0);
    put_u32(&s->steps, (uint32_t)fields.len);
    put(&s->steps, fields.bytes, fields.len);
    s->count++;
}

void step_optional(struct section *s) { s->steps.bytes[last_step + 1] = STEP_OPTIONAL; }

static void part(struct buffer *out, unsigned tag, const struct buffer *payload) {
    put_u16(out, tag);
    put_u16(out, 0);
    put_u32(out, (uint32_t)payload->len);
    put(out, payload->bytes, payload->len);
}

static void section(struct buffer *out, unsigned tag, const struct section *s) {
    static struct buffer payload;
    payload.len = 0;
    put_u32(&payload, s->count);
    put(&payload, s->steps.bytes, s->steps.len);
    if (s->count > 0)
        part(out, tag, &payload);
}

void plan_build(struct buffer *out, const struct plan_parts *p) {
    static struct buffer name;
    name.len = out->len = 0;
    put_text(&name, p->name);
    put_u32(out, PLAN_MAGIC);
    put_u16(out, PLAN_VERSION);
    put_u16(out, (unsigned)p->kind);
    put_u32(out, 0);
    part(out, TAG_NAME, &name);
    section(out, TAG_MONITOR, &p->monitor);
    section(out, TAG_HOST, &p->host);
    section(out, TAG_GATE, &p->gate);
    section(out, TAG_CHILD, &p->child);
    section(out, TAG_GONE, &p->gone);
    if (p->kind == KIND_START) {
        part(out, TAG_OPTIONS, &p->options);
        part(out, TAG_CLONE, &p->clone);
    } else
        part(out, TAG_ENTER, &p->enter);
    part(out, TAG_INIT, &p->init);
    uint32_t total = (uint32_t)out->len;
    memcpy(out->bytes + 8, &total, sizeof total);
}
