package io.atoll.network;

import io.atoll.base.UnavailableException;
import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import io.atoll.linux.net.MacAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/// Bridges and ports of Open vSwitch, through its program `ovs-vsctl`; ovs-vsctl(8). Every call can
/// be repeated.
///
/// @param tool runs `ovs-vsctl` with these arguments and returns what it prints
public record OpenVswitch(Tool tool) {
    /// That of this host.
    public static final OpenVswitch KERNEL = new OpenVswitch(OpenVswitch::run);

    private static final String PROGRAM = "ovs-vsctl";

    /// What cannot wait for a switch that does not run does not.
    private static final String PATIENCE = "--timeout=10";

    /// Runs the program.
    @FunctionalInterface
    public interface Tool {
        /// @throws CommandFailed if it fails
        /// @throws UnavailableException if there is no such program
        String run(List<String> arguments);
    }

    private static String run(List<String> arguments) {
        if (Commands.find(PROGRAM).isEmpty()) {
            throw new UnavailableException(
                    "Open vSwitch is not installed: there is no program "
                            + PROGRAM
                            + " (package openvswitch-switch)");
        }
        List<String> argv = new ArrayList<>(List.of(PROGRAM, PATIENCE));
        argv.addAll(arguments);
        try {
            return Commands.run(Command.of(argv)).text();
        } catch (CommandFailed e) {
            throw new UnavailableException("Open vSwitch: " + e.getMessage(), e);
        }
    }

    private void ask(String... arguments) {
        String unused = tool.run(List.of(arguments));
    }

    /// Whether it is a bridge of the switch; false where there is none.
    public boolean isBridge(String name) {
        try {
            return tool.run(List.of("list-br")).lines().anyMatch(name::equals);
        } catch (UnavailableException _) {
            return false;
        }
    }

    /// Makes a bridge, or leaves it.
    public void addBridge(String name, MacAddress mac) {
        InterfaceNames.check(name);
        ask(
                "--may-exist",
                "add-br",
                name,
                "--",
                "set",
                "bridge",
                name,
                "other-config:hwaddr=\"" + mac.text() + "\"");
    }

    /// Removes a bridge and its ports; none is fine.
    public void deleteBridge(String name) {
        InterfaceNames.check(name);
        ask("--if-exists", "del-br", name);
    }

    /// The names of a bridge's ports.
    public List<String> ports(String bridge) {
        return tool.run(List.of("list-ports", bridge)).lines().toList();
    }

    /// Makes an interface a port, or changes what VLANs it is in.
    ///
    /// @param untagged the VLAN that it is in
    /// @param tagged VLANs that it may tag frames with
    public void addPort(String bridge, String port, OptionalInt untagged, List<Integer> tagged) {
        InterfaceNames.check(bridge);
        InterfaceNames.check(port);
        List<String> arguments = new ArrayList<>(List.of("--may-exist", "add-port", bridge, port));
        String trunks = tagged.stream().map(String::valueOf).collect(Collectors.joining(","));
        if (untagged.isPresent() && untagged.getAsInt() > 0) {
            arguments.add("tag=" + untagged.getAsInt());
        }
        if (!tagged.isEmpty()) {
            arguments.add("vlan_mode=" + (untagged.orElse(0) > 0 ? "native-untagged" : "trunk"));
            arguments.add("trunks=" + trunks);
        }
        String unused = tool.run(arguments);
    }

    /// Takes an interface out of a bridge; none is fine.
    public void deletePort(String bridge, String port) {
        InterfaceNames.check(bridge);
        InterfaceNames.check(port);
        ask("--if-exists", "del-port", bridge, port);
    }

    /// The bridge that an interface is a port of.
    public Optional<String> bridgeOf(String port) {
        for (String bridge : tool.run(List.of("list-br")).lines().toList()) {
            if (ports(bridge).contains(port)) {
                return Optional.of(bridge);
            }
        }
        return Optional.empty();
    }
}
