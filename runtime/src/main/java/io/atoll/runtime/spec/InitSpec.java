package io.atoll.runtime.spec;

import io.atoll.base.InvalidConfigException;
import java.util.List;
import java.util.Map;

/// The first process.
///
/// @param argv program (a path inside) and arguments
/// @param uid as seen inside
/// @param gid as seen inside
/// @param groups supplementary groups as seen inside
/// @param env its whole environment; `container=lxc` and PATH are not added
public record InitSpec(
        List<String> argv,
        long uid,
        long gid,
        List<Long> groups,
        String cwd,
        Map<String, String> env) {
    /// What init finds in its environment when nothing else is said.
    public static final Map<String, String> ENVIRONMENT =
            Map.of(
                    "container", "lxc",
                    "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                    "TERM", "linux");

    /// `/sbin/init` as root.
    public static final InitSpec DEFAULT =
            new InitSpec(List.of("/sbin/init"), 0, 0, List.of(), "/", ENVIRONMENT);

    public InitSpec {
        argv = List.copyOf(argv);
        groups = List.copyOf(groups);
        env = Map.copyOf(env);
        if (argv.isEmpty()) {
            throw new InvalidConfigException("init has no program");
        }
    }

    /// A copy with another program.
    public InitSpec running(String... program) {
        return new InitSpec(List.of(program), uid, gid, groups, cwd, env);
    }

    /// A copy with another environment.
    public InitSpec withEnv(Map<String, String> environment) {
        return new InitSpec(argv, uid, gid, groups, cwd, environment);
    }
}
