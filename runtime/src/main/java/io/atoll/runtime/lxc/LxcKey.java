package io.atoll.runtime.lxc;

import java.util.List;

/// One key of lxc.container.conf(5): a row of [LxcKeys].
///
/// @param pattern the key's name; `*` stands for the number of a network, or at the end for the
///   rest of a family
/// @param value what it takes
/// @param isList several lines add up; otherwise the last one wins
/// @param legacy names of LXC 0.7 to 2.x that mean the same
/// @param doc one sentence for the reference page, with the default
public record LxcKey(
        String pattern, LxcValue value, boolean isList, List<String> legacy, String doc) {
    public LxcKey {
        legacy = List.copyOf(legacy);
    }

    /// True for `lxc.net.*.…`.
    boolean isNetwork() {
        return pattern.startsWith("lxc.net.*");
    }

    /// True for families such as `lxc.cgroup.*`, whose last part is free.
    boolean isFamily() {
        return pattern.endsWith(".*") && !isNetwork();
    }

    boolean matches(String key) {
        if (isFamily()) {
            String prefix = pattern.substring(0, pattern.length() - 1);
            return key.startsWith(prefix) && key.length() > prefix.length();
        }
        if (!isNetwork()) {
            return pattern.equals(key);
        }
        int end = key.indexOf('.', "lxc.net.".length());
        return end > 0
                && key.startsWith("lxc.net.")
                && LxcKeys.isIndex(key.substring("lxc.net.".length(), end))
                && key.substring(end).equals(pattern.substring("lxc.net.*".length()));
    }
}
