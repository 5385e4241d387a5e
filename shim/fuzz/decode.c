// libFuzzer target: whatever the bytes, the decoder only says yes or no, and what it accepted can be walked to the end.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../src/decode.h"
#include "../src/steps.h"

static volatile uint64_t sink;

static void walk_list(struct list list) {
    struct text text;
    while (list_next(&list, &text))
        sink += strlen(text.s) == text.len ? text.len : (abort(), 0);
}

static void walk_field(const struct step *step, size_t i) {
    const struct field *f = &step->f[i];
    struct list list;
    struct patch patch;
    switch (step->row->format[i]) {
    case 'p':
    case 'q':
        sink += strlen(f->place.path.s);
        break;
    case 's':
        sink += strlen(f->text.s);
        break;
    case 'a':
    case 'v':
    case 'o':
        walk_list(f->list);
        break;
    case 'b':
    case 'k':
        for (uint32_t k = 0; k < f->bytes.len; k++)
            sink += f->bytes.p[k];
        break;
    case 'x':
        list = f->list;
        while (patch_next(&list, &patch))
            sink += step->f[0].bytes.p[patch.offset + 3];
        break;
    default:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    struct plan plan;
    const char *why;
    if (!plan_decode(bytes, len, &plan, &why))
        return 0;
    for (int section = 0; section <= TAG_GONE; section++) {
        struct steps steps = plan.sections[section];
        struct step step;
        uint32_t count = 0;
        for (; steps_next(&steps, &step); count++)
            for (size_t i = 0; step.row->format[i] != 0; i++)
                walk_field(&step, i);
        if (count != plan.sections[section].count)
            abort();
    }
    walk_list(plan.init.argv);
    walk_list(plan.init.env);
    for (uint32_t i = 0; i < plan.init.groups_count * 4; i++)
        sink += plan.init.groups[i];
    return 0;
}
