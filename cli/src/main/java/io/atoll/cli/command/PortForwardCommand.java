package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.client.AtollClient;
import io.atoll.client.Entity;
import java.io.IOException;
import java.util.List;

/// `port-forward`: offers a port of a running instance on the host, without changing what the
/// instance is otherwise.
final class PortForwardCommand {
    private PortForwardCommand() {}

    static CommandSpec spec() {
        return CommandSpec.of(
                        "port-forward",
                        "[<remote>:]<instance> [<address>:]<port>:<port>[/udp]... [flags]",
                        "Offer ports of an instance on its host")
                .flag("remove", "Take them back")
                .args(2, CommandSpec.ANY)
                .run(PortForwardCommand::run);
    }

    private static int run(Context context) throws IOException {
        Ref instance = context.refAt(0);
        AtollClient client = context.client(instance);
        Entity entity = client.instances().records().get(instance.name());
        Json.Obj body = RecordCommands.pick(entity.value(), ConfigCommands.EDITABLE);
        Json.Obj devices = Json.object();
        body.get("devices").asMap().forEach(devices::put);
        List<String> ports = context.args().positional().subList(1, context.args().count());
        for (String text : ports) {
            PublishedPort port = PublishedPort.parse(text);
            boolean isThere = devices.members().containsKey(port.deviceName());
            if (context.args().flag("remove")) {
                if (!isThere) {
                    throw new CliException("port " + port.hostPort() + " is not forwarded");
                }
                devices.members().remove(port.deviceName());
            } else {
                if (isThere) {
                    throw new CliException(
                            "port " + port.hostPort() + " is forwarded already",
                            "take it back first: port-forward "
                                    + instance.name()
                                    + " "
                                    + text
                                    + " --remove");
                }
                devices.put(port.deviceName(), port.device());
            }
        }
        body.put("devices", devices);
        context.await(client.instances().records().replace(instance.name(), body, entity.etag()));
        return 0;
    }
}
