#pragma once

// `atoll-shim user-nic`: arguments after it; the exit status.
int usernic_main(int argc, char **argv);
