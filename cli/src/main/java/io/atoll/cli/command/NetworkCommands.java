package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandGroup;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.cli.text.Format;
import io.atoll.cli.text.Table;
import io.atoll.client.AtollClient;
import io.atoll.client.Entity;
import io.atoll.client.Records;
import io.atoll.client.Target;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// `network`: bridges and what is attached to them.
final class NetworkCommands {
    private static final List<String> EDITABLE = List.of("config", "description");

    private static final RecordCommands RECORDS =
            new RecordCommands("Network", "[<remote>:]<network>", AtollClient::networks, EDITABLE);

    private NetworkCommands() {}

    static CommandGroup group() {
        return CommandGroup.of(
                "network",
                "Manage networks and attach instances to them",
                List.of(
                        "acl",
                        "attach",
                        "attach-profile",
                        "create",
                        "delete",
                        "detach",
                        "detach-profile",
                        "edit",
                        "forward",
                        "get",
                        "info",
                        "list",
                        "list-leases",
                        "peer",
                        "rename",
                        "set",
                        "show",
                        "unset",
                        "zone"),
                NetworkCommands::make);
    }

    private static Optional<CommandNode> make(String name) {
        return switch (name) {
            case "acl" -> Optional.of(AclCommands.group());
            case "forward" -> Optional.of(ForwardCommands.group());
            case "peer" -> Optional.of(PeerCommands.group());
            case "zone" -> Optional.of(ZoneCommands.group());
            case "attach" ->
                    Optional.of(
                            CommandSpec.of(
                                            "attach",
                                            "[<remote>:]<network> <instance> [<device name>] [<interface name>] [flags]",
                                            "Attach an instance to a network")
                                    .args(2, 4)
                                    .run(context ->
                                            attach(
                                                    context,
                                                    context.client(context.refAt(0))
                                                            .instances()
                                                            .records(),
                                                    ConfigCommands.EDITABLE,
                                                    false)));
            case "attach-profile" ->
                    Optional.of(
                            CommandSpec.of(
                                            "attach-profile",
                                            "[<remote>:]<network> <profile> [<device name>] [<interface name>] [flags]",
                                            "Attach a profile to a network")
                                    .args(2, 4)
                                    .run(context ->
                                            attach(
                                                    context,
                                                    context.client(context.refAt(0)).profiles(),
                                                    ProfileCommands.EDITABLE,
                                                    true)));
            case "create" ->
                    Optional.of(
                            CommandSpec.of(
                                            "create",
                                            "[<remote>:]<network> [key=value...] [flags]",
                                            "Create a network")
                                    .args(1, CommandSpec.ANY)
                                    .value("target", "Cluster member")
                                    .value('t', "type", "", "Type of network (default bridge)")
                                    .run(NetworkCommands::create));
            case "detach" ->
                    Optional.of(
                            CommandSpec.of(
                                            "detach",
                                            "[<remote>:]<network> <instance> [<device name>] [flags]",
                                            "Detach an instance from a network")
                                    .args(2, 3)
                                    .run(context ->
                                            detach(
                                                    context,
                                                    context.client(context.refAt(0))
                                                            .instances()
                                                            .records(),
                                                    ConfigCommands.EDITABLE)));
            case "detach-profile" ->
                    Optional.of(
                            CommandSpec.of(
                                            "detach-profile",
                                            "[<remote>:]<network> <profile> [<device name>] [flags]",
                                            "Detach a profile from a network")
                                    .args(2, 3)
                                    .run(context ->
                                            detach(
                                                    context,
                                                    context.client(context.refAt(0)).profiles(),
                                                    ProfileCommands.EDITABLE)));
            case "info" ->
                    Optional.of(
                            CommandSpec.of(
                                            "info",
                                            "[<remote>:]<network> [flags]",
                                            "Show what a network is doing")
                                    .args(1, 1)
                                    .value("target", "Cluster member")
                                    .run(NetworkCommands::info));
            case "list", "ls" ->
                    Optional.of(
                            CommandSpec.of("list", "[<remote>:] [flags]", "List networks")
                                    .alias("ls")
                                    .args(0, 1)
                                    .format()
                                    .run(NetworkCommands::list));
            case "list-leases" ->
                    Optional.of(
                            CommandSpec.of(
                                            "list-leases",
                                            "[<remote>:]<network> [flags]",
                                            "List DHCP leases")
                                    .args(1, 1)
                                    .format()
                                    .run(NetworkCommands::leases));
            default -> RECORDS.make(name);
        };
    }

    private static int create(Context context) {
        Ref ref = context.refAt(0);
        String type = context.args().value("type");
        Json.Obj body =
                Json.object()
                        .put("name", ref.name())
                        .put("type", type.isEmpty() ? "bridge" : type)
                        .put("config", Pairs.from(context.args().positional(), 1));
        context.await(context.client(ref).networks().create(body));
        RecordCommands.say(context, "Network " + ref.name() + " created");
        return 0;
    }

    private static int list(Context context) {
        String format = ListCommand.formatOf(context);
        List<Json> all = context.client(context.refAt(0)).networks().list();
        Table table =
                new Table(
                        "NAME",
                        "TYPE",
                        "MANAGED",
                        "IPV4",
                        "IPV6",
                        "DESCRIPTION",
                        "USED BY",
                        "STATE");
        for (Json it : all) {
            String type = it.get("type").asString();
            if (type.equals("loopback") || type.equals("unknown")) {
                continue;
            }
            table.add(
                    it.get("name").asString(),
                    type,
                    it.get("managed").asBoolean() ? "YES" : "NO",
                    it.get("config").get("ipv4.address").asString(),
                    it.get("config").get("ipv6.address").asString(),
                    it.get("description").asString(),
                    String.valueOf(it.get("used_by").asList().size()),
                    it.get("status").asString().toUpperCase(Locale.ROOT));
        }
        context.output().print(table.sort().render(format, Json.array(all)));
        return 0;
    }

    private static int leases(Context context) {
        String format = ListCommand.formatOf(context);
        Ref ref = context.refAt(0);
        AtollClient client = context.client(ref);
        Json leases =
                client.rest()
                        .get(client.scope(Target.of("networks", ref.name(), "leases")).toString());
        Table table = new Table("HOSTNAME", "MAC ADDRESS", "IP ADDRESS", "TYPE");
        for (Json it : leases.asList()) {
            table.add(
                    it.get("hostname").asString(),
                    it.get("hwaddr").asString(),
                    it.get("address").asString(),
                    it.get("type").asString().toUpperCase(Locale.ROOT));
        }
        context.output().print(table.sort().render(format, leases));
        return 0;
    }

    private static int info(Context context) {
        Ref ref = context.refAt(0);
        AtollClient client = context.client(ref);
        Json state =
                client.rest()
                        .get(client.scope(Target.of("networks", ref.name(), "state")).toString());
        StringBuilder out = new StringBuilder();
        out.append("Name: ").append(ref.name()).append('\n');
        out.append("MAC address: ").append(state.get("hwaddr").asString()).append('\n');
        out.append("MTU: ").append(state.get("mtu").asLong()).append('\n');
        out.append("State: ").append(state.get("state").asString()).append('\n');
        out.append("Type: ").append(state.get("type").asString()).append('\n');
        if (!state.get("addresses").asList().isEmpty()) {
            out.append("\nIP addresses:\n");
            for (Json it : state.get("addresses").asList()) {
                out.append("  ")
                        .append(it.get("family").asString())
                        .append('\t')
                        .append(it.get("address").asString());
                out.append('/').append(it.get("netmask").asString());
                out.append(" (").append(it.get("scope").asString()).append(")\n");
            }
        }
        Json counters = state.get("counters");
        if (!counters.isNull()) {
            out.append("\nNetwork usage:\n");
            field(
                    out,
                    "Bytes received",
                    Format.decimalBytes(counters.get("bytes_received").asLong()));
            field(out, "Bytes sent", Format.decimalBytes(counters.get("bytes_sent").asLong()));
            field(
                    out,
                    "Packets received",
                    String.valueOf(counters.get("packets_received").asLong()));
            field(out, "Packets sent", String.valueOf(counters.get("packets_sent").asLong()));
        }
        appendBridge(out, state.get("bridge"));
        appendNotes(out, "Firewall", state.get("firewall"));
        appendNotes(out, "BGP", state.get("bgp"));
        context.output().print(out.toString());
        return 0;
    }

    private static void appendNotes(StringBuilder out, String title, Json notes) {
        if (!notes.asList().isEmpty()) {
            out.append('\n').append(title).append(":\n");
            notes.asStrings().forEach(note -> out.append("  ").append(note).append('\n'));
        }
    }

    private static void appendBridge(StringBuilder out, Json bridge) {
        if (bridge.isNull()) {
            return;
        }
        out.append("\nBridge:\n");
        field(out, "ID", bridge.get("id").asString());
        field(out, "STP", bridge.get("stp").asBoolean() ? "true" : "false");
        field(out, "Forward delay", String.valueOf(bridge.get("forward_delay").asLong()));
        field(out, "Default VLAN ID", String.valueOf(bridge.get("vlan_default").asLong()));
        field(out, "VLAN filtering", bridge.get("vlan_filtering").asBoolean() ? "true" : "false");
        field(out, "Upper devices", String.join(", ", bridge.get("upper_devices").asStrings()));
    }

    private static void field(StringBuilder out, String label, String value) {
        out.append("  ").append(label).append(": ").append(value).append('\n');
    }

    private static int attach(
            Context context, Records owners, List<String> editable, boolean isProfile) {
        Ref network = context.refAt(0);
        String owner = context.args().at(1);
        String device = context.args().count() > 2 ? context.args().at(2) : network.name();
        Json found = context.client(network).networks().get(network.name()).value();
        Json.Obj nic = Json.object().put("type", "nic");
        boolean isBridge = found.get("type").asString().equals("bridge");
        // LXD's client names the bridge in a profile, and the network in an instance.
        if (found.get("managed").asBoolean() && !(isProfile && isBridge)) {
            nic.put("network", network.name());
        } else {
            nic.put("nictype", isBridge ? "bridged" : "macvlan");
            nic.put("parent", network.name());
        }
        if (context.args().count() > 3) {
            nic.put("name", context.args().at(3));
        }
        Entity now = owners.get(owner);
        Json.Obj body = RecordCommands.pick(now.value(), editable);
        Json.Obj devices = RecordCommands.mapOf(body, "devices");
        if (devices.members().containsKey(device)) {
            throw new CliException(
                    isProfile ? "The device already exists" : "Device already exists: " + device);
        }
        devices.put(device, nic);
        context.await(owners.replace(owner, body, now.etag()));
        return 0;
    }

    private static int detach(Context context, Records owners, List<String> editable) {
        String network = context.refAt(0).name();
        String owner = context.args().at(1);
        Entity now = owners.get(owner);
        Json.Obj body = RecordCommands.pick(now.value(), editable);
        Json.Obj devices = RecordCommands.mapOf(body, "devices");
        String device = context.args().count() > 2 ? context.args().at(2) : only(devices, network);
        Json found = devices.get(device);
        if (found.isNull()) {
            throw new CliException("The specified device doesn't exist");
        }
        if (!found.get("type").asString().equals("nic") || !isOn(found, network)) {
            throw new CliException("The specified device doesn't match the network");
        }
        devices.members().remove(device);
        context.await(owners.replace(owner, body, now.etag()));
        return 0;
    }

    private static String only(Json.Obj devices, String network) {
        String found = "";
        for (Map.Entry<String, Json> device : devices.members().entrySet()) {
            if (device.getValue().get("type").asString().equals("nic")
                    && isOn(device.getValue(), network)) {
                if (!found.isEmpty()) {
                    throw new CliException("More than one device matches, specify the device name");
                }
                found = device.getKey();
            }
        }
        if (found.isEmpty()) {
            throw new CliException("No device found for this network");
        }
        return found;
    }

    private static boolean isOn(Json device, String network) {
        return device.get("network").asString().equals(network)
                || device.get("parent").asString().equals(network);
    }
}
