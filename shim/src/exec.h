// One command in a running container.
#pragma once

#include "decode.h"

_Noreturn void exec_main(int requester, const struct plan *plan, int given[SLOTS_MAX]);
