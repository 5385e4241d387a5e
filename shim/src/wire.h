// Numbers and limits shared with Java (module `plan`); docs/plan.md describes them.
#pragma once

#define PLAN_MAGIC 0x4C505441u
#define PLAN_VERSION 1u

enum {
    PLAN_BYTES_MAX = 192 * 1024,
    FRAME_BYTES_MAX = PLAN_BYTES_MAX + 1024,
    ANSWER_BYTES_MAX = 8192,
    SLOTS_MAX = 64,
    SLOT_NONE = 255,
    STEPS_MAX = 1024,
    PATH_BYTES_MAX = 4095,
    TEXT_BYTES_MAX = 128 * 1024,
    LIST_MAX = 4096,
    NAME_BYTES_MAX = 255,
    PATCHES_MAX = 16,
    GROUPS_MAX = 1024,
    SECCOMP_INSTRUCTIONS_MAX = 4096,
    RING_BYTES_MAX = 64 * 1024 * 1024,
    TERMINALS_MAX = 32,
    TIMEOUT_MILLIS_MAX = 3600 * 1000,
    CLIENTS_MAX = 32,
    REQUEST_MILLIS_MAX = 10 * 1000,
    STALL_MILLIS_MAX = 5 * 1000,
    ENDS_MAX = 1024,
};

enum plan_kind { KIND_START = 1, KIND_EXEC = 2 };

enum tag {
    TAG_MONITOR = 1,
    TAG_HOST = 2,
    TAG_CLONE = 3,
    TAG_GATE = 4,
    TAG_CHILD = 5,
    TAG_INIT = 6,
    TAG_GONE = 7,
    TAG_ADOPT = 8,
    TAG_RESTORE = 9,
    TAG_NAME = 16,
    TAG_OPTIONS = 17,
    TAG_ENTER = 18,
    TAG_COUNT = 19,
};

enum { STEP_OPTIONAL = 1 };

enum place_kind { PLACE_NONE, PLACE_HOST, PLACE_SLOT, PLACE_IN_ROOT, PLACE_BENEATH, PLACE_CHILD_PROC };

enum patch_kind { PATCH_CHILD_PID = 1, PATCH_INTERFACE = 2, PATCH_DESCRIPTOR = 3 };

enum mark { MARK_SLOT = 1, MARK_CHILD_PID = 2, MARK_TARGET = 3, MARK_UUID = 4, MARK_MONITOR_PID = 5 };

enum stdio_kind { STDIO_TERMINAL = 1, STDIO_DESCRIPTORS = 2 };

enum on_reboot { REBOOT_RERUN = 0, REBOOT_REPORT = 1 };

enum message {
    MSG_HELLO = 1,
    MSG_WELCOME = 2,
    MSG_START = 3,
    MSG_EXEC = 4,
    MSG_RETIRE = 5,
    MSG_ADOPT = 6,
    MSG_GET_EXIT = 7,
    MSG_GATE_REACHED = 16,
    MSG_STARTED = 17,
    MSG_FAILED = 18,
    MSG_GONE = 19,
    MSG_REBOOTING = 20,
    MSG_ANNOUNCED = 21,
    MSG_GET_STATE = 32,
    MSG_OPEN_GATE = 33,
    MSG_SIGNAL = 34,
    MSG_KILL = 35,
    MSG_WATCH = 36,
    MSG_ATTACH = 37,
    MSG_RESIZE = 38,
    MSG_GET_LOG = 39,
    MSG_CLEAR_LOG = 40,
    MSG_GET_KEPT = 41,
    MSG_GET_TERMINAL = 42,
    MSG_GET_PLAN = 43,
    MSG_SET_REBOOT = 44,
    MSG_ANNOUNCE = 45,
    MSG_STATE = 48,
    MSG_OK = 49,
    MSG_ERROR = 50,
    MSG_DESCRIPTOR = 51,
    MSG_EXIT = 52,
    // Between the shim's own processes only.
    MSG_CLONED = 64,
    MSG_GATE_DONE = 65,
    MSG_AT_GATE = 66,
    MSG_EXECUTING = 67,
    MSG_TERMINAL = 68,
    MSG_KEPT = 69,
    MSG_AWAIT_CHILD = 70,
};

enum reason {
    REASON_EXITED = 1,
    REASON_KILLED = 2,
    REASON_HALT = 3,
    REASON_REBOOT = 4,
    REASON_START_FAILED = 5,
    REASON_UNKNOWN = 6
};

enum pace { PACE_FREEZING = 1, PACE_FROZEN = 2, PACE_THAWED = 3 };

enum phase { PHASE_STARTING = 1, PHASE_RUNNING = 2, PHASE_REBOOTING = 3, PHASE_STOPPING = 4 };
