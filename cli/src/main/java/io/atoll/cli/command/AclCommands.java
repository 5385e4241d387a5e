package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandGroup;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.client.AtollClient;
import io.atoll.client.Entity;
import io.atoll.client.HttpReply;
import io.atoll.client.HttpRequest;
import io.atoll.client.Records;
import io.atoll.client.Target;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// `network acl`: lists of rules about what passes the edge of bridges.
final class AclCommands {
    private static final List<String> EDITABLE =
            List.of("config", "description", "egress", "ingress");
    private static final List<String> RULE_KEYS =
            List.of(
                    "action",
                    "description",
                    "destination",
                    "destination_port",
                    "icmp_code",
                    "icmp_type",
                    "protocol",
                    "source",
                    "source_port",
                    "state");
    private static final String ARGUMENT = "[<remote>:]<ACL>";
    private static final String RULE = ARGUMENT + " <direction> <key>=<value>... [flags]";

    private static final RecordCommands RECORDS =
            new RecordCommands("Network ACL", ARGUMENT, AtollClient::networkAcls, EDITABLE);

    private AclCommands() {}

    static CommandGroup group() {
        return CommandGroup.of(
                "acl",
                "Manage lists of rules about traffic",
                List.of(
                        "create",
                        "delete",
                        "edit",
                        "get",
                        "list",
                        "rename",
                        "rule",
                        "set",
                        "show",
                        "show-log",
                        "unset"),
                AclCommands::make);
    }

    private static Optional<CommandNode> make(String name) {
        return switch (name) {
            case "create" -> Optional.of(RECORDS.create("Create an ACL", "Network ACL"));
            case "list", "ls" -> Optional.of(RECORDS.list("List ACLs"));
            case "rule" ->
                    Optional.of(
                            CommandGroup.of(
                                    "rule",
                                    "Manage the rules of an ACL",
                                    List.of("add", "remove"),
                                    AclCommands::makeRule));
            case "show-log" ->
                    Optional.of(
                            CommandSpec.of(
                                            "show-log",
                                            ARGUMENT + " [flags]",
                                            "Show what the kernel wrote down for an ACL")
                                    .args(1, 1)
                                    .run(AclCommands::log));
            default -> RECORDS.make(name);
        };
    }

    private static Optional<CommandNode> makeRule(String name) {
        return switch (name) {
            case "add" ->
                    Optional.of(
                            CommandSpec.of("add", RULE, "Add a rule")
                                    .args(2, CommandSpec.ANY)
                                    .run(AclCommands::add));
            case "remove" ->
                    Optional.of(
                            CommandSpec.of("remove", RULE, "Remove the rule that matches")
                                    .flag("force", "Remove all rules that match")
                                    .args(2, CommandSpec.ANY)
                                    .run(AclCommands::remove));
            default -> Optional.empty();
        };
    }

    private static Records all(Context context) {
        return context.client(context.refAt(0)).networkAcls();
    }

    private static int log(Context context) throws IOException {
        AtollClient client = context.client(context.refAt(0));
        Target target = Target.of("network-acls", context.refAt(0).name(), "log");
        HttpRequest request = new HttpRequest("GET", client.scope(target).toString());
        try (HttpReply reply = client.rest().raw(request)) {
            reply.body().transferTo(context.invocation().out());
        }
        return 0;
    }

    private static String direction(Context context) {
        String direction = context.args().at(1);
        if (!direction.equals("ingress") && !direction.equals("egress")) {
            throw new CliException("The direction argument must be one of: ingress, egress");
        }
        return direction;
    }

    private static Json.Obj rule(Context context) {
        Json.Obj rule = Pairs.from(context.args().positional(), 2);
        for (String key : rule.members().keySet()) {
            if (!RULE_KEYS.contains(key)) {
                throw new CliException(
                        "Unknown key: " + key, "keys are " + String.join(", ", RULE_KEYS));
            }
        }
        return rule;
    }

    private static int add(Context context) {
        String direction = direction(context);
        Json.Obj rule = rule(context);
        Ref ref = context.refAt(0);
        Entity now = all(context).get(ref.name());
        Json.Obj body = RecordCommands.pick(now.value(), EDITABLE);
        List<Json> rules = new ArrayList<>(body.get(direction).asList());
        rules.add(rule);
        body.put(direction, Json.array(rules));
        context.await(all(context).replace(ref.name(), body, now.etag()));
        return 0;
    }

    private static int remove(Context context) {
        String direction = direction(context);
        Json.Obj wanted = rule(context);
        Ref ref = context.refAt(0);
        Entity now = all(context).get(ref.name());
        Json.Obj body = RecordCommands.pick(now.value(), EDITABLE);
        List<Json> rules = new ArrayList<>(body.get(direction).asList());
        List<Json> found = rules.stream().filter(rule -> matches(rule, wanted)).toList();
        if (found.isEmpty()) {
            throw new CliException("No matching rule(s) found");
        }
        if (found.size() > 1 && !context.args().flag("force")) {
            throw new CliException("Multiple rules match. Use --force to remove them all");
        }
        rules.removeAll(found);
        body.put(direction, Json.array(rules));
        context.await(all(context).replace(ref.name(), body, now.etag()));
        return 0;
    }

    private static boolean matches(Json rule, Json.Obj wanted) {
        for (Map.Entry<String, Json> pair : wanted.members().entrySet()) {
            if (!rule.get(pair.getKey()).asString().equals(pair.getValue().asString())) {
                return false;
            }
        }
        return true;
    }
}
