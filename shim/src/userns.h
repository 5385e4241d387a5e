// Programs as root of a user namespace.
#pragma once

// Runs a command in a new user namespace with the given maps: `-m TYPE:INSIDE:OUTSIDE:COUNT... -- COMMAND...`.
int userns_main(int argc, char **argv);
// Runs a program as root of the calling user's own namespaces, which all its programs share:
// `--run-dir DIR -- PROGRAM ARGV0 [ARGUMENT...]`.
int rootless_main(int argc, char **argv);
