// The fork server.
#pragma once

#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

// A listening SOCK_SEQPACKET socket; a leading @ is an abstract name. -1 with errno.
int socket_listen(const char *path);
// Connects without waiting; a leading @ is an abstract name. -1 with errno.
int socket_connect(const char *path);
// Accepts; the peer is root or our own user. -1 if there was none or it is somebody else.
int socket_accept(int listener);
// Serves until it is sent away, or, unless `idle` is 0, until it was of no use for so many milliseconds.
int serve(const char *path, const char *build, int64_t idle);
// How an orphaned process ended that was our fork server's child; -1 if it does not know.
int exit_status_of(const struct sockaddr_un *server, socklen_t len, pid_t pid, int *status);
