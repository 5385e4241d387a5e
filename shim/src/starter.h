// The starter of a container: a process for one start.
#pragma once

#include "decode.h"

// With `restores`, by section RESTORE.
_Noreturn void starter_main(const struct plan *plan, bool restores, const int given[SLOTS_MAX], int report,
                            int child_report);
// Runs section ADOPT in the namespaces of the container that the descriptor means, with no other descriptors.
_Noreturn void reattach_main(const struct plan *plan, int target, int report);
