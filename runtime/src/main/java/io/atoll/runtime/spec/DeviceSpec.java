package io.atoll.runtime.spec;

import java.util.ArrayList;
import java.util.List;

/// What is in `/dev` and what may be opened.
///
/// @param isPopulated true to mount a fresh `/dev` with the usual nodes; false leaves the root's
///   own `/dev`, for roots that bring one
/// @param ttyCount how many `/dev/ttyN` lead to terminals of the monitor, 0 to [#TTYS_MAX]
/// @param nodes further nodes
/// @param rules rules of the device cgroup in order; empty means no rules at all
/// @param ttyDirectory directory below `/dev` that console and ttys are in, `/dev/ttyN` being links
///   to them; empty for `/dev` itself
/// @param sizeBytes of the tmpfs on `/dev`
/// @param ptyCount how many pseudo terminals there can be at a time, console and ttys among them
public record DeviceSpec(
        boolean isPopulated,
        int ttyCount,
        List<DeviceNode> nodes,
        List<DeviceRule> rules,
        String ttyDirectory,
        long sizeBytes,
        int ptyCount) {
    /// Enough for some hundred nodes and links.
    public static final long SIZE = 500 << 10;

    /// Enough for a host of many users.
    public static final int PTYS = 1024;

    /// More terminals than anybody logs in at.
    public static final int TTYS_MAX = 12;

    /// Populated, no ttys, and the rules that a system needs: any node may be made, the harmless
    /// ones opened.
    public static final DeviceSpec DEFAULT = new DeviceSpec(true, 0, List.of(), defaultRules());

    /// Console and ttys in `/dev` itself.
    public DeviceSpec(
            boolean isPopulated, int ttyCount, List<DeviceNode> nodes, List<DeviceRule> rules) {
        this(isPopulated, ttyCount, nodes, rules, "", SIZE, PTYS);
    }

    public DeviceSpec {
        nodes = List.copyOf(nodes);
        rules = List.copyOf(rules);
        if (ttyCount < 0 || ttyCount > TTYS_MAX) {
            throw new io.atoll.base.InvalidConfigException(
                    "tty count " + ttyCount + " is not in 0.." + TTYS_MAX);
        }
        if (ptyCount <= ttyCount) {
            throw new io.atoll.base.InvalidConfigException("no such number of ptys: " + ptyCount);
        }
    }

    /// mknod of any; null zero full tty console ptmx random urandom pts fuse tun.
    public static List<DeviceRule> defaultRules() {
        List<DeviceRule> rules = new ArrayList<>();
        rules.add(DeviceRule.DENY_ALL);
        for (String text :
                List.of(
                        "c *:* m",
                        "b *:* m",
                        "c 1:3 rwm",
                        "c 1:5 rwm",
                        "c 1:7 rwm",
                        "c 1:8 rwm",
                        "c 1:9 rwm",
                        "c 5:0 rwm",
                        "c 5:1 rwm",
                        "c 5:2 rwm",
                        "c 136:* rwm",
                        "c 10:229 rwm",
                        "c 10:200 rwm")) {
            rules.add(DeviceRule.parse(true, text));
        }
        return List.copyOf(rules);
    }

    /// A copy with one more node and the rule that lets it be used.
    public DeviceSpec plus(DeviceNode node) {
        List<DeviceNode> allNodes = new ArrayList<>(nodes);
        allNodes.add(node);
        List<DeviceRule> allRules = new ArrayList<>(rules);
        if (!rules.isEmpty()) {
            allRules.add(node.rule());
        }
        return new DeviceSpec(
                isPopulated, ttyCount, allNodes, allRules, ttyDirectory, sizeBytes, ptyCount);
    }
}
