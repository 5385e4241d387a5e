// Commands done by a warm process: see warm.c.
#ifndef ATOLL_WARM_H
#define ATOLL_WARM_H

#include <stdbool.h>

// Lets the user's warm process do the command and ends with its exit status. Returns if the command has to be done here,
// in which case nothing of it has happened; `true` says that a warm process would be of use to the next one.
bool warm_run(const char *program, const char *home, int argc, char **argv);

// Starts the warm process that `warm_run` looked for, in the background and with nothing of ours but what was compared.
//
// arguments: of the JVM, its own path first, ended by NULL
void warm_start(char *const *arguments);

#endif
