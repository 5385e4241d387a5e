package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.cli.text.Format;
import io.atoll.cli.text.Table;
import io.atoll.cli.text.Yaml;
import io.atoll.client.AtollClient;
import io.atoll.client.HttpReply;
import io.atoll.client.HttpRequest;
import io.atoll.client.Target;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.ZoneId;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/// `info`: a server, or one instance with its state.
final class InfoCommand {
    private final StringBuilder out = new StringBuilder();
    private final ZoneId zone;

    private InfoCommand(ZoneId zone) {
        this.zone = zone;
    }

    static CommandSpec spec() {
        return CommandSpec.of(
                        "info", "[<remote>:][<instance>] [flags]", "Show an instance or the server")
                .args(0, 1)
                .flag("resources", "Show the hardware of the server")
                .flag("show-log", "Show the end of the instance's log as well")
                .value("target", "Cluster member")
                .run(InfoCommand::run);
    }

    private static int run(Context context) throws IOException {
        Ref ref = context.refAt(0);
        AtollClient client = context.client(ref);
        if (context.args().flag("resources") && ref.name().isEmpty()) {
            context.output()
                    .print(Yaml.render(client.rest().get(Target.of("resources").toString())));
            return 0;
        }
        if (ref.name().isEmpty()) {
            context.output().print(Yaml.render(lowerCased(client.server().value())));
            return 0;
        }
        InfoCommand info = new InfoCommand(Format.zone(context.invocation().env("TZ")));
        String target =
                client.scope(Target.of("instances", ref.name()).query("recursion", "1")).toString();
        Json instance = client.rest().get(target);
        info.instance(
                instance,
                instance.get("state").isNull()
                        ? client.instances().state(ref.name())
                        : instance.get("state"));
        info.snapshots(instance.get("snapshots"));
        info.backups(instance.get("backups"));
        if (context.args().flag("show-log")) {
            info.log(client, ref.name());
        }
        context.output().print(info.out.toString());
        return 0;
    }

    /// LXD's `storage_supported_drivers` has capitals on the wire but not in its YAML.
    private static Json lowerCased(Json server) {
        if (!(server.get("environment") instanceof Json.Obj environment)) {
            return server;
        }
        Json.Arr drivers = Json.array();
        for (Json driver : environment.get("storage_supported_drivers").asList()) {
            Json.Obj lower = Json.object();
            for (Map.Entry<String, Json> entry : driver.asMap().entrySet()) {
                lower.put(entry.getKey().toLowerCase(Locale.ROOT), entry.getValue());
            }
            drivers.items().add(lower);
        }
        if (!drivers.items().isEmpty()) {
            environment.put("storage_supported_drivers", drivers);
        }
        return server;
    }

    private void line(int depth, String text) {
        out.repeat("  ", depth).append(text).append('\n');
    }

    private void instance(Json it, Json state) {
        line(0, "Name: " + it.get("name").asString());
        line(0, "Status: " + it.get("status").asString().toUpperCase(Locale.ROOT));
        String type = it.get("type").asString().isEmpty() ? "container" : it.get("type").asString();
        line(0, "Type: " + type + (it.get("ephemeral").asBoolean() ? " (ephemeral)" : ""));
        line(0, "Architecture: " + it.get("architecture").asString());
        String location = it.get("location").asString();
        if (!location.isEmpty() && !location.equals("none")) {
            line(0, "Location: " + location);
        }
        long pid = state.get("pid").asLong();
        if (pid != 0) {
            line(0, "PID: " + pid);
        }
        dateLine("Created: ", it.get("created_at").asString());
        dateLine("Last Used: ", it.get("last_used_at").asString());
        if (pid != 0) {
            resources(state);
        }
    }

    private void dateLine(String label, String date) {
        if (Format.isSet(date)) {
            line(0, label + Format.date(date, zone));
        }
    }

    private void resources(Json state) {
        line(0, "");
        line(0, "Resources:");
        line(1, "Processes: " + state.get("processes").asLong());
        disks(state.get("disk"));
        long cpu = state.get("cpu").get("usage").asLong();
        if (cpu > 0) {
            line(1, "CPU usage:");
            line(2, "CPU usage (in seconds): " + cpu / 1_000_000_000);
        }
        memory(state.get("memory"));
        if (!state.get("network").asMap().isEmpty()) {
            line(1, "Network usage:");
            for (Map.Entry<String, Json> nic :
                    new TreeMap<>(state.get("network").asMap()).entrySet()) {
                network(nic.getKey(), nic.getValue());
            }
        }
    }

    private void disks(Json disks) {
        StringBuilder lines = new StringBuilder();
        for (Map.Entry<String, Json> disk : disks.asMap().entrySet()) {
            long usage = disk.getValue().get("usage").asLong();
            if (usage > 0) {
                lines.append("    ")
                        .append(disk.getKey())
                        .append(": ")
                        .append(Format.bytes(usage))
                        .append('\n');
            }
        }
        if (!lines.isEmpty()) {
            line(1, "Disk usage:");
            out.append(lines);
        }
    }

    private void memory(Json memory) {
        StringBuilder lines = new StringBuilder();
        memoryLine(lines, "Memory (current)", memory.get("usage").asLong());
        memoryLine(lines, "Memory (peak)", memory.get("usage_peak").asLong());
        memoryLine(lines, "Swap (current)", memory.get("swap_usage").asLong());
        memoryLine(lines, "Swap (peak)", memory.get("swap_usage_peak").asLong());
        if (!lines.isEmpty()) {
            line(1, "Memory usage:");
            out.append(lines);
        }
    }

    private static void memoryLine(StringBuilder lines, String label, long bytes) {
        if (bytes > 0) {
            lines.append("    ")
                    .append(label)
                    .append(": ")
                    .append(Format.bytes(bytes))
                    .append('\n');
        }
    }

    private void network(String name, Json nic) {
        line(2, name + ":");
        line(3, "Type: " + nic.get("type").asString());
        line(3, "State: " + nic.get("state").asString().toUpperCase(Locale.ROOT));
        if (!nic.get("host_name").asString().isEmpty()) {
            line(3, "Host interface: " + nic.get("host_name").asString());
        }
        if (!nic.get("hwaddr").asString().isEmpty()) {
            line(3, "MAC address: " + nic.get("hwaddr").asString());
        }
        if (nic.get("mtu").asLong() > 0) {
            line(3, "MTU: " + nic.get("mtu").asLong());
        }
        Json counters = nic.get("counters");
        line(3, "Bytes received: " + Format.decimalBytes(counters.get("bytes_received").asLong()));
        line(3, "Bytes sent: " + Format.decimalBytes(counters.get("bytes_sent").asLong()));
        line(3, "Packets received: " + counters.get("packets_received").asLong());
        line(3, "Packets sent: " + counters.get("packets_sent").asLong());
        line(3, "IP addresses:");
        for (Json address : nic.get("addresses").asList()) {
            String family = address.get("family").asString().equals("inet") ? "inet:  " : "inet6: ";
            line(
                    4,
                    family
                            + address.get("address").asString()
                            + "/"
                            + address.get("netmask").asString()
                            + " ("
                            + address.get("scope").asString()
                            + ")");
        }
    }

    private void snapshots(Json snapshots) {
        if (snapshots.asList().isEmpty()) {
            return;
        }
        Table table = new Table("NAME", "TAKEN AT", "EXPIRES AT", "STATEFUL");
        for (Json it : snapshots.asList()) {
            String name = it.get("name").asString();
            table.add(
                    name.substring(name.indexOf('/') + 1),
                    Format.date(it.get("created_at").asString(), zone),
                    Format.date(it.get("expires_at").asString(), zone),
                    it.get("stateful").asBoolean() ? "YES" : "NO");
        }
        out.append("\nSnapshots:\n").append(table.renderTable());
    }

    private void backups(Json backups) {
        if (backups.asList().isEmpty()) {
            return;
        }
        Table table =
                new Table("NAME", "TAKEN AT", "EXPIRES AT", "INSTANCE ONLY", "OPTIMIZED STORAGE");
        for (Json it : backups.asList()) {
            String name = it.get("name").asString();
            table.add(
                    name.substring(name.indexOf('/') + 1),
                    Format.date(it.get("created_at").asString(), zone),
                    Format.date(it.get("expires_at").asString(), zone),
                    it.get("instance_only").asBoolean() ? "YES" : "NO",
                    it.get("optimized_storage").asBoolean() ? "YES" : "NO");
        }
        out.append("\nBackups:\n").append(table.renderTable());
    }

    private void log(AtollClient client, String name) throws IOException {
        String target = client.scope(Target.of("instances", name, "logs", "lxc.log")).toString();
        try (HttpReply reply = client.rest().raw(new HttpRequest("GET", target))) {
            out.append("\nLog:\n\n")
                    .append(new String(reply.readAll(), StandardCharsets.UTF_8))
                    .append('\n');
        } catch (io.atoll.base.NotFoundException e) {
            throw new CliException("no log of " + name + " yet: " + e.getMessage());
        }
    }
}
