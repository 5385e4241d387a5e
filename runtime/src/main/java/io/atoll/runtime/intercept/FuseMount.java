package io.atoll.runtime.intercept;

import io.atoll.base.DomainException;
import io.atoll.linux.Errno;
import io.atoll.linux.Signals;
import io.atoll.runtime.ExecSpec;
import io.atoll.runtime.Execution;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/// `mount(2)` of a file system that a program inside serves: what the caller asked for becomes a
/// call of `mount.fuse` of the container's own, mount.fuse3(8), by the caller's user. So nothing
/// happens that it could not do itself.
final class FuseMount {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    /// Flags of mount(2) as words of mount(8); others concern the kernel's file systems.
    private static final Map<Integer, String> WORDS =
            Map.of(1, "ro", 2, "nosuid", 4, "nodev", 8, "noexec", 16, "sync", 1024, "noatime");

    private FuseMount() {}

    /// @param program for `mount.fuse`
    static Answer answer(Caller caller, Guest guest, String program) {
        List<String> options = new ArrayList<>();
        int flags = caller.intArgument(3);
        WORDS.forEach((bit, word) -> {
            if ((flags & bit) != 0) {
                options.add(word);
            }
        });
        String given = caller.argument(4) == 0 ? "" : caller.text(caller.argument(4));
        if (!given.isEmpty()) {
            options.add(given);
        }
        String source = caller.path(Caller.AT_FDCWD, caller.argument(0));
        String target = caller.path(Caller.AT_FDCWD, caller.argument(1));
        List<String> argv = new ArrayList<>(List.of("mount.fuse", program + "#" + source, target));
        if (!options.isEmpty()) {
            argv.addAll(List.of("-o", String.join(",", options.stream().sorted().toList())));
        }
        ExecSpec command =
                ExecSpec.of(argv, new ExecSpec.Stdio.None())
                        .as(caller.uidInside(guest), caller.gidInside(guest));
        caller.requireWaiting();
        return new Answer.Later(() -> run(guest, command));
    }

    private static Answer run(Guest guest, ExecSpec command) {
        try (Execution running = guest.container().exec(command)) {
            OptionalInt status = running.waitExit(LIMIT);
            if (status.isEmpty()) {
                running.signal(Signals.SIGKILL);
                return new Answer.Refused(Errno.EIO);
            }
            return status.getAsInt() == 0 ? Answer.DONE : new Answer.Refused(Errno.EINVAL);
        } catch (DomainException _) {
            // There is no such program.
            return new Answer.Refused(Errno.ENODEV);
        }
    }
}
