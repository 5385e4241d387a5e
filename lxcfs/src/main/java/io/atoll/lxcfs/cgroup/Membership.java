package io.atoll.lxcfs.cgroup;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// The cgroups of a container: those of its init, without the part that the init made for itself.
///
/// @param v1 path by controller, from the hierarchy's root
/// @param v2 path in the unified hierarchy
public record Membership(Map<String, String> v1, Optional<String> v2) {
    /// Parses /proc/PID/cgroup; cgroups(7). systemd as init moves itself into `init.scope` (and
    /// older releases left `init.service`): the limits stand on the parent.
    public static Membership parse(String text) {
        Map<String, String> v1 = new LinkedHashMap<>();
        Optional<String> v2 = Optional.empty();
        for (String line : text.split("\n")) {
            int first = line.indexOf(':');
            int second = line.indexOf(':', first + 1);
            if (first < 0 || second < 0) {
                continue;
            }
            String path = prune(line.substring(second + 1));
            String controllers = line.substring(first + 1, second);
            if (controllers.isEmpty()) {
                v2 = Optional.of(path);
            }
            for (String controller : controllers.split(",")) {
                v1.put(controller, path);
            }
        }
        return new Membership(Map.copyOf(v1), v2);
    }

    private static String prune(String path) {
        for (String own : new String[] {"/init.scope", "/init.service"}) {
            if (path.endsWith(own)) {
                String parent = path.substring(0, path.length() - own.length());
                return parent.isEmpty() ? "/" : parent;
            }
        }
        return path;
    }
}
