package io.atoll.cli.command;

import io.atoll.base.DomainException;
import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandGroup;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.cli.text.Table;
import io.atoll.cli.text.Yaml;
import io.atoll.client.RestClient;
import io.atoll.client.Target;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// `cluster`: shows the members and groups of a cluster of LXD servers. A server that is in none,
/// as every one of ours, has what is asked refused in LXD's words, which scripts look for; what
/// changes a cluster is left to LXD's own client.
final class ClusterCommands {
    private static final String MEMBER = "[<remote>:]<member>";
    private static final String GROUP = "[<remote>:]<group>";

    /// What LXD's client finds out by itself.
    private static final String NO_PART = "LXD server isn't part of a cluster";

    /// What the server says, of members and of the rest.
    private static final String NO_MEMBERS = "Server is not clustered";

    private static final String NOT_CLUSTERED = "This server is not clustered";

    private ClusterCommands() {}

    static CommandGroup group() {
        return CommandGroup.of(
                "cluster",
                "Show clusters of servers",
                List.of(
                        "add",
                        "edit",
                        "enable",
                        "evacuate",
                        "get",
                        "group",
                        "list",
                        "list-tokens",
                        "remove",
                        "rename",
                        "restore",
                        "revoke-token",
                        "role",
                        "set",
                        "show",
                        "unset",
                        "update-certificate"),
                ClusterCommands::make);
    }

    private static Optional<CommandNode> make(String name) {
        return switch (name) {
            case "add" ->
                    Optional.of(
                            change("add", MEMBER, "Ask for a token to join with", 1, NOT_CLUSTERED)
                                    .value("name", "Name of the member"));
            case "edit" ->
                    Optional.of(change("edit", MEMBER, "Change a member as YAML", 1, NO_MEMBERS));
            case "enable" ->
                    Optional.of(
                            CommandSpec.of(
                                            "enable",
                                            "[<remote>:] <name> [flags]",
                                            "Make a server the first of a cluster")
                                    .args(1, 2)
                                    .run(ClusterCommands::enable));
            case "evacuate", "evac" ->
                    Optional.of(
                            change(
                                            "evacuate",
                                            MEMBER,
                                            "Move the instances of a member away",
                                            1,
                                            NO_MEMBERS)
                                    .alias("evac")
                                    .flag("force", "Do not ask"));
            case "get" ->
                    Optional.of(
                            CommandSpec.of("get", MEMBER + " <key> [flags]", "Print a key")
                                    .args(2, 2)
                                    .run(ClusterCommands::get));
            case "group" ->
                    Optional.of(
                            CommandGroup.of(
                                    "group",
                                    "Show groups of members",
                                    List.of(
                                            "assign", "create", "delete", "edit", "list", "remove",
                                            "rename", "show"),
                                    ClusterCommands::makeGroup));
            case "list", "ls" ->
                    Optional.of(
                            CommandSpec.of("list", "[<remote>:] [flags]", "List the members")
                                    .alias("ls")
                                    .args(0, 1)
                                    .format()
                                    .run(ClusterCommands::list));
            case "list-tokens" ->
                    Optional.of(
                            change(
                                            "list-tokens",
                                            "[<remote>:]",
                                            "List the tokens to join with",
                                            0,
                                            NO_PART)
                                    .args(0, 1)
                                    .format());
            case "remove", "rm" ->
                    Optional.of(
                            change("remove", MEMBER, "Remove a member", 1, NO_MEMBERS)
                                    .alias("rm")
                                    .flag('f', "force", "Also one that does not answer")
                                    .flag("yes", "Do not ask"));
            case "rename", "mv" ->
                    Optional.of(
                            change(
                                            "rename",
                                            MEMBER + " <new-name>",
                                            "Rename a member",
                                            2,
                                            NO_MEMBERS)
                                    .alias("mv"));
            case "restore" ->
                    Optional.of(
                            change(
                                            "restore",
                                            MEMBER,
                                            "Take the instances of a member back",
                                            1,
                                            NO_MEMBERS)
                                    .flag("force", "Do not ask"));
            case "revoke-token" ->
                    Optional.of(
                            change(
                                    "revoke-token",
                                    MEMBER,
                                    "Take a token to join with back",
                                    1,
                                    NO_PART));
            case "role" ->
                    Optional.of(
                            CommandGroup.of(
                                    "role",
                                    "Change the roles of members",
                                    List.of("add", "remove"),
                                    ClusterCommands::makeRole));
            case "set" ->
                    Optional.of(
                            change("set", MEMBER + " <key>=<value>...", "Set keys", 2, NO_MEMBERS)
                                    .args(2, CommandSpec.ANY));
            case "show" ->
                    Optional.of(
                            CommandSpec.of("show", MEMBER + " [flags]", "Show a member as YAML")
                                    .args(1, 1)
                                    .run(context -> show(context, "members", NO_MEMBERS)));
            case "unset" ->
                    Optional.of(change("unset", MEMBER + " <key>", "Remove a key", 2, NO_MEMBERS));
            case "update-certificate", "update-cert" ->
                    Optional.of(
                            change(
                                            "update-certificate",
                                            "[<remote>:] <cert.crt> <cert.key>",
                                            "Change the certificate",
                                            2,
                                            NO_PART)
                                    .alias("update-cert")
                                    .args(2, 3));
            default -> Optional.empty();
        };
    }

    private static Optional<CommandNode> makeRole(String name) {
        return switch (name) {
            case "add" ->
                    Optional.of(
                            change("add", MEMBER + " <role[,role]>", "Add roles", 2, NO_MEMBERS));
            case "remove" ->
                    Optional.of(
                            change(
                                    "remove",
                                    MEMBER + " <role[,role]>",
                                    "Remove roles",
                                    2,
                                    NO_MEMBERS));
            default -> Optional.empty();
        };
    }

    private static Optional<CommandNode> makeGroup(String name) {
        return switch (name) {
            case "assign", "apply" ->
                    Optional.of(
                            change(
                                            "assign",
                                            MEMBER + " <group>",
                                            "Put a member into groups",
                                            2,
                                            NO_MEMBERS)
                                    .alias("apply"));
            case "create" ->
                    Optional.of(change("create", GROUP, "Create a group", 1, NOT_CLUSTERED));
            case "delete", "rm" ->
                    Optional.of(
                            change("delete", GROUP, "Delete a group", 1, NOT_CLUSTERED)
                                    .alias("rm"));
            case "edit" ->
                    Optional.of(change("edit", GROUP, "Change a group as YAML", 1, NOT_CLUSTERED));
            case "list", "ls" ->
                    Optional.of(
                            CommandSpec.of("list", "[<remote>:] [flags]", "List the groups")
                                    .alias("ls")
                                    .args(0, 1)
                                    .format()
                                    .run(ClusterCommands::listGroups));
            case "remove" ->
                    Optional.of(
                            change(
                                    "remove",
                                    MEMBER + " <group>",
                                    "Take a member out",
                                    2,
                                    NO_MEMBERS));
            case "rename", "mv" ->
                    Optional.of(
                            change(
                                            "rename",
                                            GROUP + " <new-name>",
                                            "Rename a group",
                                            2,
                                            NOT_CLUSTERED)
                                    .alias("mv"));
            case "show" ->
                    Optional.of(
                            CommandSpec.of("show", GROUP + " [flags]", "Show a group as YAML")
                                    .args(1, 1)
                                    .run(context -> show(context, "groups", NOT_CLUSTERED)));
            default -> Optional.empty();
        };
    }

    /// A command that this client does not have for a cluster.
    ///
    /// @param refusal what is said of a server that is in none
    private static CommandSpec change(
            String name, String arguments, String about, int count, String refusal) {
        return CommandSpec.of(name, arguments + " [flags]", about)
                .args(count, count)
                .run(context -> {
                    boolean hasRemote = context.args().at(0).indexOf(':') > 0;
                    RestClient unused =
                            members(
                                    context,
                                    context.ref(hasRemote ? context.args().at(0) : ""),
                                    refusal);
                    throw new CliException(
                            "This client shows members and groups of clusters and does not change"
                                    + " them",
                            "use the lxc command of LXD");
                });
    }

    /// The client of a server that is in a cluster.
    ///
    /// @throws CliException with the refusal if it is in none
    private static RestClient members(Context context, Ref ref, String refusal) {
        RestClient rest = context.client(ref).rest();
        if (!rest.get("/1.0/cluster").get("enabled").asBoolean()) {
            throw new CliException(refusal);
        }
        return rest;
    }

    private static int enable(Context context) {
        boolean hasRemote = context.args().count() == 2;
        Ref ref = context.ref(hasRemote ? context.args().at(0) : "");
        String name = context.args().at(hasRemote ? 1 : 0);
        RestClient rest = context.client(ref).rest();
        if (rest.get("/1.0/cluster").get("enabled").asBoolean()) {
            throw new CliException("This LXD server is already clustered");
        }
        Json body = Json.object().put("server_name", name).put("enabled", true);
        try {
            context.await(context.client(ref).handle(rest.call("PUT", "/1.0/cluster", body, "")));
        } catch (DomainException e) {
            throw new CliException("Failed to configure cluster: " + e.getMessage());
        }
        RecordCommands.say(context, "Clustering enabled");
        return 0;
    }

    private static int get(Context context) {
        Ref ref = context.refAt(0);
        RestClient rest = members(context, ref, NO_MEMBERS);
        String key = context.args().at(1);
        Json value =
                rest.get(Target.of("cluster", "members", ref.name()).toString())
                        .get("config")
                        .get(key);
        if (value.isNull()) {
            throw new CliException(
                    "The key \""
                            + key
                            + "\" does not exist on cluster member \""
                            + ref.name()
                            + "\"");
        }
        context.output().line(value.asString());
        return 0;
    }

    private static int show(Context context, String kind, String refusal) {
        Ref ref = context.refAt(0);
        RestClient rest = members(context, ref, refusal);
        context.output()
                .print(Yaml.render(rest.get(Target.of("cluster", kind, ref.name()).toString())));
        return 0;
    }

    private static int list(Context context) {
        String format = ListCommand.formatOf(context);
        RestClient rest = members(context, context.refAt(0), NO_PART);
        Json found = rest.get("/1.0/cluster/members?recursion=1");
        Table table =
                new Table(
                        "NAME",
                        "URL",
                        "ROLES",
                        "ARCHITECTURE",
                        "FAILURE DOMAIN",
                        "DESCRIPTION",
                        "STATE",
                        "MESSAGE");
        for (Json member : found.asList()) {
            table.add(
                    member.get("server_name").asString(),
                    member.get("url").asString(),
                    String.join("\n", strings(member.get("roles"))),
                    member.get("architecture").asString(),
                    member.get("failure_domain").asString(),
                    member.get("description").asString(),
                    member.get("status").asString().toUpperCase(Locale.ROOT),
                    member.get("message").asString());
        }
        context.output().print(table.sort().render(format, found));
        return 0;
    }

    private static int listGroups(Context context) {
        String format = ListCommand.formatOf(context);
        RestClient rest = members(context, context.refAt(0), NO_PART);
        Json found = rest.get("/1.0/cluster/groups?recursion=1");
        Table table = new Table("NAME", "DESCRIPTION", "MEMBERS");
        for (Json one : found.asList()) {
            table.add(
                    one.get("name").asString(),
                    one.get("description").asString(),
                    Integer.toString(one.get("members").asList().size()));
        }
        context.output().print(table.sort().render(format, found));
        return 0;
    }

    private static List<String> strings(Json array) {
        return array.asList().stream().map(Json::asString).toList();
    }
}
