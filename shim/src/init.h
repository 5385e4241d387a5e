#ifndef ATOLL_INIT_H
#define ATOLL_INIT_H

// Runs the command and returns its exit status, or 128 and the signal that killed it.
int container_init(char **argv);

#endif
