// The starter of a container: a process for one start.
#pragma once

#include "decode.h"

_Noreturn void starter_main(const struct plan *plan, const int given[SLOTS_MAX], int report, int child_report);
