package io.atoll.runtime;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.Fd;
import io.atoll.runtime.spec.NamespaceKind;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/// A command to run in a running container.
///
/// @param argv program and arguments; a program without a slash is looked for in the PATH of `env`,
///   inside
/// @param env its whole environment
/// @param cwd inside
/// @param uid as seen inside
/// @param gid as seen inside
/// @param groups supplementary groups as seen inside
/// @param stdio where its first three descriptors lead
/// @param skipped namespaces of the container that are not entered
/// @param isPrivileged true to keep all capabilities and load no seccomp filter
/// @param diesWithUs true to kill it when our connection to its supervisor breaks, as when the
///   daemon dies
/// @param special what only those ask for who enter a container halfway
public record ExecSpec(
        List<String> argv,
        Map<String, String> env,
        String cwd,
        long uid,
        long gid,
        List<Long> groups,
        Stdio stdio,
        Set<NamespaceKind> skipped,
        boolean isPrivileged,
        boolean diesWithUs,
        Special special) {
    /// What only those ask for who enter a container halfway.
    ///
    /// @param isOutsideCgroups true to stay in the cgroups of the fork server
    /// @param isRemounting true for a mount namespace of its own, with `/proc` and `/sys` as the
    ///   namespaces entered show them
    /// @param personality instead of the container's
    /// @param context SELinux context instead of the container's; only where the kernel has SELinux
    public record Special(
            boolean isOutsideCgroups,
            boolean isRemounting,
            OptionalInt personality,
            Optional<String> context) {
        /// Nothing special.
        public static final Special NONE =
                new Special(false, false, OptionalInt.empty(), Optional.empty());
    }

    /// Where the first three descriptors of a command lead.
    public sealed interface Stdio {
        /// `/dev/null`.
        record None() implements Stdio {}

        /// Descriptors of the caller, who still owns them and may close them once the command runs.
        record Fds(Fd in, Fd out, Fd err) implements Stdio {}

        /// A terminal of the container's own devpts, and descriptors of the caller in place of it
        /// where they are given. The command's session belongs to the terminal.
        record Mixed(Terminal terminal, Optional<Fd> in, Optional<Fd> out, Optional<Fd> err)
                implements Stdio {}

        /// A terminal of the container's own devpts; [Execution#terminal()] is its other end.
        record Terminal(int columns, int rows) implements Stdio {
            private static final int SIZE_MAX = 0xFFFF;

            /// @throws InvalidConfigException if the size does not fit ioctl_tty(2) `TIOCSWINSZ`
            public Terminal {
                if (columns < 0 || columns > SIZE_MAX || rows < 0 || rows > SIZE_MAX) {
                    throw new InvalidConfigException(
                            "terminal of " + columns + " by " + rows + " is not in 0.." + SIZE_MAX);
                }
            }
        }
    }

    /// Nothing special.
    public ExecSpec(
            List<String> argv,
            Map<String, String> env,
            String cwd,
            long uid,
            long gid,
            List<Long> groups,
            Stdio stdio,
            Set<NamespaceKind> skipped,
            boolean isPrivileged,
            boolean diesWithUs) {
        this(
                argv,
                env,
                cwd,
                uid,
                gid,
                groups,
                stdio,
                skipped,
                isPrivileged,
                diesWithUs,
                Special.NONE);
    }

    public ExecSpec {
        argv = List.copyOf(argv);
        env = Map.copyOf(env);
        groups = List.copyOf(groups);
        skipped = Set.copyOf(skipped);
        if (argv.isEmpty()) {
            throw new InvalidConfigException("no command to run");
        }
    }

    /// As root in `/` with init's usual environment.
    public static ExecSpec of(List<String> argv, Stdio stdio) {
        return new ExecSpec(
                argv,
                io.atoll.runtime.spec.InitSpec.ENVIRONMENT,
                "/",
                0,
                0,
                List.of(),
                stdio,
                Set.of(),
                false,
                true);
    }

    /// A copy with another environment.
    public ExecSpec withEnv(Map<String, String> value) {
        return new ExecSpec(
                argv,
                value,
                cwd,
                uid,
                gid,
                groups,
                stdio,
                skipped,
                isPrivileged,
                diesWithUs,
                special);
    }

    /// A copy whose first three descriptors lead elsewhere.
    public ExecSpec withStdio(Stdio value) {
        return new ExecSpec(
                argv,
                env,
                cwd,
                uid,
                gid,
                groups,
                value,
                skipped,
                isPrivileged,
                diesWithUs,
                special);
    }

    /// A copy that runs as another user.
    public ExecSpec as(long newUid, long newGid) {
        return new ExecSpec(
                argv,
                env,
                cwd,
                newUid,
                newGid,
                groups,
                stdio,
                skipped,
                isPrivileged,
                diesWithUs,
                special);
    }

    /// A copy that runs in another directory.
    public ExecSpec in(String directory) {
        return new ExecSpec(
                argv,
                env,
                directory,
                uid,
                gid,
                groups,
                stdio,
                skipped,
                isPrivileged,
                diesWithUs,
                special);
    }
}
