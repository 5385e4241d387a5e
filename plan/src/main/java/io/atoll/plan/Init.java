package io.atoll.plan;

import java.util.List;

/// The program that a plan ends in. Applied in this order: session and stdio, all other descriptors
/// closed, working directory (resolved without magic links), groups, gid, uid, umask, exec.
///
/// @param argv the program and its arguments; a name without a slash is looked up in the `PATH` of
///   `environment`
/// @param environment the whole environment, `KEY=value`
/// @param cwd an absolute path inside the container
/// @param uid user inside the container
/// @param gid group inside the container
/// @param groups supplementary groups inside the container
/// @param umask the file mode mask, usually 022
/// @param newSession makes the program the leader of a new session; always so with a
///   [Stdio.Terminal]
public record Init(
        List<String> argv,
        List<String> environment,
        String cwd,
        long uid,
        long gid,
        List<Long> groups,
        int umask,
        boolean newSession,
        Stdio stdio) {
    private static final int GROUPS_MAX = 1024;
    private static final int UMASK_DEFAULT = 022;

    public Init {
        argv = List.copyOf(argv);
        environment = List.copyOf(environment);
        groups = List.copyOf(groups);
        if (argv.isEmpty() || argv.getFirst().isEmpty()) {
            throw new InvalidPlanException("there is no program to run");
        }
        if (!cwd.startsWith("/")) {
            throw new InvalidPlanException("working directory is not absolute: " + cwd);
        }
        if (groups.size() > GROUPS_MAX) {
            throw new InvalidPlanException("more than " + GROUPS_MAX + " groups");
        }
    }

    /// A program run by root in `/`.
    public static Init asRoot(List<String> argv, List<String> environment, Stdio stdio) {
        return new Init(argv, environment, "/", 0, 0, List.of(), UMASK_DEFAULT, true, stdio);
    }
}
