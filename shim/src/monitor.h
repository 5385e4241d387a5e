// The monitor of one container: its state, shared by monitor.c (life), clients.c (requests) and console.c (terminals).
#pragma once

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <termios.h>

#include "decode.h"
#include "steps.h"
#include "util.h"

struct client {
    int socket;
    bool watching;
    bool answering; // has the listener of calls
};

// System calls of the container that wait for an answer; step "keep system calls".
struct calls {
    uint8_t slot; // of the listener; SLOT_NONE: there are none
    int64_t patience;
    struct text note;
    int64_t alone_since; // nobody answers
    bool note_done;      // the calls in the note are answered
};

// A filter whose calls a program of the host answers, one call at a time.
struct listener {
    int fd;           // -1: none
    int program;      // the connection, -1 while there is none
    uint64_t asked;   // the call it was told of
    int64_t deadline; // of its answer; 0: nothing was asked
};

// System calls that are handed on; step "forward system calls".
struct forward {
    uint8_t slot; // SLOT_NONE: there are none
    struct text socket, cookie;
    struct listener listeners[LISTENERS_MAX];
};

// A pseudo terminal of the container. The monitor drains number 0 at all times; others are read only while a stream is
// attached.
struct terminal {
    int master;       // -1: there is none
    int slave;        // held open, or the master would report a hangup whenever nobody in the container has it open
    int stream;       // of the attached client, -1 if none
    int borrower;     // socket of the client that borrowed the master, -1 if none
    int64_t stalled;  // since when the client does not read, 0 if it does
    int64_t retry_at; // when to look again after a hangup
    size_t out_len, in_len;
    struct terminal_buffers *buffers; // there is one with every master
};

struct terminal_buffers {
    char out[4096]; // read from the container, not yet taken by the client
    char in[1024];  // written by the client, not yet taken by the container
};

struct ring {
    char *bytes; // mapped at the first output
    size_t size, used, next;
};

struct log {
    int fd;
    uint64_t size;
};

// A file or terminal of the host that the console is shown on too.
struct outlet {
    int fd;                // -1: there is none
    bool is_terminal;      // what is typed there goes in
    struct termios before; // what a terminal was set to, for the end
};

struct monitor {
    struct plan plan;
    const uint8_t *plan_bytes;
    size_t plan_len;
    int given[SLOTS_MAX]; // from the requester
    int kept[SLOTS_MAX];  // by Keep steps, of this start

    enum phase phase;
    uint32_t boots;
    uint32_t on_reboot;
    pid_t starter, init, cleaner;
    int init_status;
    bool status_unknown;
    // The monitor before us was killed, so init is the fork server's child and tells us its end by its pidfd alone.
    bool adopted;
    struct sockaddr_un server; // asked how an adopted init ended
    socklen_t server_len;
    int init_pidfd;
    int starter_report, child_report, cleaner_report;
    // Of a start, in the order in which they become true; all false again at the next.
    bool gate_done, gate_told, gate_open, at_gate, released, executing, child_closed;
    bool child_awaited; // the starter waits for at_gate
    bool aborting;      // a start failed: its processes are being killed, then section GONE runs
    bool kill_asked;    // so an end by signal is no reboot
    bool done;
    struct failure failure;
    bool has_failure;
    int64_t deadline; // of a start

    int listener, lock, signals;
    struct client clients[CLIENTS_MAX];
    int requester; // the socket of the client that asked for the start, -1 when it is gone
    struct terminal terminals[TERMINALS_MAX];
    uint32_t terminal_count;
    struct ring ring;
    struct log log;
    struct outlet outlet;
    struct calls calls;
    struct forward forward;
};

// A container that runs and has lost its monitor.
struct orphan {
    pid_t init;
    int pidfd;
    uint32_t boots;
};

// Starts a container or, with an orphan, goes on with it.
_Noreturn void monitor_main(int requester, const uint8_t *plan_bytes, size_t plan_len, const struct plan *plan,
                            const int given[SLOTS_MAX], const struct orphan *orphan);

void monitor_cancel(struct monitor *m, const char *why);
int monitor_init_kill(struct monitor *m, int signal);

bool client_add(struct monitor *m, int socket, bool watching);
void client_drop(struct monitor *m, struct client *client);
void client_serve(struct monitor *m, struct client *client);
void broadcast(struct monitor *m, const struct frame *f, int fd);
int listener_open(struct monitor *m);

void calls_prepare(struct monitor *m);
// Nobody answers from now on, unless another client does.
void calls_left_alone(struct monitor *m);
// What to poll, -1 while there is nothing for us to answer; and when that may change, INT64_MAX if never.
int calls_descriptor(const struct monitor *m, int64_t now);
int64_t calls_timer(const struct monitor *m);
void calls_serve(struct monitor *m, short events);

void forward_prepare(struct monitor *m);
// Takes a listener over, also in the case of -1 with errno.
int forward_add(struct monitor *m, int fd);
void forward_close(struct monitor *m);
int forward_descriptor(const struct listener *l);
int64_t forward_timer(const struct monitor *m);
void forward_serve(const struct monitor *m, struct listener *l, short events);

void terminal_add(struct monitor *m, uint32_t number, int master);
void terminals_close(struct monitor *m);
void terminal_attach(struct terminal *t, int stream);
void terminal_detach(struct terminal *t);
// poll flags for master and stream, and the work when they are ready.
short terminal_master_events(const struct monitor *m, const struct terminal *t);
short terminal_stream_events(const struct terminal *t);
void terminal_master_ready(struct monitor *m, struct terminal *t, short events);
void terminal_stream_ready(struct terminal *t, short events);
// When a terminal wants to be looked at without an event; INT64_MAX if never.
int64_t terminal_timer(const struct terminal *t);
void terminal_tick(struct terminal *t, int64_t now);
void console_drain(struct monitor *m);
int ring_to_memfd(const struct ring *r);
void log_open(struct monitor *m);
void outlet_open(struct monitor *m, int fd);
void outlet_close(struct monitor *m);
short outlet_events(const struct monitor *m);
void outlet_ready(struct monitor *m);
