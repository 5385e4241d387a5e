// The fork server.
#pragma once

#include <stdbool.h>

// A listening SOCK_SEQPACKET socket; a leading @ is an abstract name. -1 with errno.
int socket_listen(const char *path);
// Accepts; the peer is root or our own user. -1 if there was none or it is somebody else.
int socket_accept(int listener);
int serve(const char *path, const char *build);
// Shows a title in ps; the room for it was made when the program started.
void set_title(const char *kind, const char *name);
extern char *title_room;
extern unsigned long title_size;
