package io.atoll.daemon.network;

import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import java.util.stream.Collectors;

/// The kernel's log, as far as it is about packets that rules of a list wanted written down.
final class AclLog {
    private AclLog() {}

    /// The lines of one list, oldest first.
    static String read(String acl) {
        return Commands.run(Command.of("dmesg", "--time-format=iso"))
                .text()
                .lines()
                .filter(line -> line.contains("atoll-acl ") && line.contains(" " + acl + ": "))
                .map(line -> line + "\n")
                .collect(Collectors.joining());
    }
}
