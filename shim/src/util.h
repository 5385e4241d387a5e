// Descriptors, frames and time.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Closes *fd if it is open and marks it closed; keeps errno.
void fd_close(int *fd);
#define cleanup_fd __attribute__((cleanup(fd_close)))
void cleanup_free_pointer(void *pointer);
#define cleanup_free __attribute__((cleanup(cleanup_free_pointer)))

int64_t now_millis(void);
// Writes all of a buffer; 0 or -1.
int write_all(int fd, const void *bytes, size_t len);
// A pidfd, or -1.
int pidfd_of(pid_t pid);
int pidfd_kill(int pidfd, int signal);
int mount_bits_of(int fd); // statfs f_flags, or -1

// A frame being built. Overlong frames are cut, never overrun: only texts can be that long, and those are cut at the
// end.
struct frame {
    uint8_t bytes[8192];
    size_t len;
};

void frame_begin(struct frame *f, uint16_t type, uint32_t tag);
void frame_u32(struct frame *f, uint32_t n);
void frame_text(struct frame *f, const char *s);
// Sends a frame with descriptors, never blocking on a full peer longer than `wait` allows; 0 or -1 with errno.
int frame_send(int socket, const struct frame *f, const int *fds, size_t count, bool wait);
// Shorthand: a frame of a type and some numbers.
int frame_send_numbers(int socket, uint16_t type, uint32_t tag, const uint32_t *n, size_t count, int fd);

// Receives one frame into a buffer: its length; 0 at the end; -1 with errno. Descriptors come O_CLOEXEC into fds, their
// number into *count; the caller owns them. A frame that was cut is EMSGSIZE.
ssize_t frame_receive(int socket, void *bytes, size_t max, int *fds, size_t *count, bool wait);

struct failure;
int failure_send(int socket, const struct failure *failure, bool wait);

// Shows a process in ps, as much of its title as there was room for when the program started.
void show_title(const char *comm, const char *kind, const char *name);
extern char *title_room;
extern unsigned long title_size;
