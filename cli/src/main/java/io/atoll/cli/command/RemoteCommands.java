package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.ClientConfig;
import io.atoll.cli.CommandGroup;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Remote;
import io.atoll.cli.RemoteAccess;
import io.atoll.cli.text.Table;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// `remote`: the servers a user has names for.
final class RemoteCommands {
    private RemoteCommands() {}

    static CommandGroup group() {
        return CommandGroup.of(
                "remote",
                "Manage the list of servers",
                List.of(
                        "add",
                        "generate-certificate",
                        "get-default",
                        "list",
                        "remove",
                        "rename",
                        "set-url",
                        "switch"),
                RemoteCommands::make);
    }

    private static Optional<CommandNode> make(String name) {
        return switch (name) {
            case "add" ->
                    Optional.of(
                            CommandSpec.of(
                                            "add",
                                            "[<remote>] <IP|FQDN|URL|token> [flags]",
                                            "Add a server")
                                    .detail(
                                            "An address is unix:///PATH, https://HOST:PORT, or a host: then https and port 8443 are added.")
                                    .args(1, 2)
                                    .flag("accept-certificate", "Accept its certificate unseen")
                                    .value("auth-type", "How to authenticate (tls)")
                                    .value("domain", "Domain of a Candid server")
                                    .value("password", "Password that lets this client in")
                                    .value("project", "Project to use there")
                                    .value("protocol", "lxd, simplestreams or oci")
                                    .flag("public", "A public server of images")
                                    .run(RemoteCommands::add));
            case "generate-certificate" ->
                    Optional.of(
                            CommandSpec.of(
                                            "generate-certificate",
                                            "[flags]",
                                            "Make this client's certificate")
                                    .detail(
                                            "Otherwise it is made when the first server on the network is added.")
                                    .run(RemoteCommands::makeCertificate));
            case "get-default" ->
                    Optional.of(
                            CommandSpec.of("get-default", "[flags]", "Show the default server")
                                    .run(context -> {
                                        context.output()
                                                .line(context.servers().config().defaultRemote());
                                        return 0;
                                    }));
            case "list", "ls" ->
                    Optional.of(
                            CommandSpec.of("list", "[flags]", "List servers")
                                    .alias("ls")
                                    .format()
                                    .run(RemoteCommands::list));
            case "remove", "rm" ->
                    Optional.of(
                            CommandSpec.of("remove", "<remote> [flags]", "Remove a server")
                                    .alias("rm")
                                    .args(1, 1)
                                    .run(RemoteCommands::remove));
            case "rename", "mv" ->
                    Optional.of(
                            CommandSpec.of(
                                            "rename",
                                            "<remote> <new-name> [flags]",
                                            "Rename a server")
                                    .alias("mv")
                                    .args(2, 2)
                                    .run(RemoteCommands::rename));
            case "set-url" ->
                    Optional.of(
                            CommandSpec.of(
                                            "set-url",
                                            "<remote> <URL> [flags]",
                                            "Change a server's address")
                                    .args(2, 2)
                                    .run(RemoteCommands::setUrl));
            case "switch", "set-default" ->
                    Optional.of(
                            CommandSpec.of(
                                            "switch",
                                            "<remote> [flags]",
                                            "Make a server the default")
                                    .alias("set-default")
                                    .args(1, 1)
                                    .run(RemoteCommands::makeDefault));
            default -> Optional.empty();
        };
    }

    private static Remote changeable(ClientConfig config, String name) {
        Remote remote =
                config.find(name)
                        .orElseThrow(() -> new CliException("Remote " + name + " doesn't exist"));
        if (remote.isStatic()) {
            throw new CliException("Remote " + name + " is static and cannot be modified");
        }
        return remote;
    }

    private static void checkFree(ClientConfig config, String name) {
        if (config.find(name).isPresent()) {
            throw new CliException(
                    "Remote " + name + " exists as <" + config.find(name).get().address() + ">");
        }
        if (name.isEmpty() || name.indexOf(':') >= 0 || name.indexOf('/') >= 0) {
            throw new CliException("Remote names may not be empty or contain colons or slashes");
        }
    }

    /// Completes an address: the scheme and LXD's port where they are missing.
    static String complete(String address) {
        if (address.startsWith("unix:")) {
            return address;
        }
        if (address.startsWith("/")) {
            return "unix://" + address;
        }
        String rest =
                address.startsWith("https://") ? address.substring("https://".length()) : address;
        if (rest.contains("://")) {
            throw new CliException("addresses start with https:// or unix://: " + address);
        }
        int slash = rest.indexOf('/');
        String host = slash < 0 ? rest : rest.substring(0, slash);
        boolean hasPort = host.startsWith("[") ? host.contains("]:") : host.indexOf(':') >= 0;
        return "https://"
                + host
                + (hasPort || slash >= 0 ? "" : ":8443")
                + (slash < 0 ? "" : rest.substring(slash));
    }

    private static String authType(Context context, String address, boolean isPublic) {
        String given = context.args().value("auth-type");
        if (!context.args().value("domain").isEmpty()) {
            throw new CliException("Domains belong to Candid, which is not supported");
        }
        boolean isTls = given.isEmpty() && address.startsWith("https:") && !isPublic;
        if (!given.isEmpty() && !given.equals("tls")) {
            throw new CliException(
                    "the authentication type \"" + given + "\" is not supported, tls is");
        }
        return isTls ? "tls" : given;
    }

    private static int add(Context context) throws IOException {
        ClientConfig config = context.servers().config();
        boolean named = context.args().count() == 2;
        String given = context.args().at(named ? 1 : 0);
        String name = context.args().at(0);
        Optional<JoinCommand.Token> token = JoinCommand.Token.parse(given);
        if (token.isPresent()) {
            if (!named) {
                throw new CliException("a remote added by a token needs a name");
            }
            checkFree(config, name);
            Remote remote =
                    new Remote(
                            name, "", "lxd", "tls", context.args().value("project"), false, false);
            return new JoinCommand(context).byToken(remote, token.get());
        }
        checkFree(config, name);
        String protocol = context.args().value("protocol");
        if (!List.of("", "lxd", "simplestreams", "oci").contains(protocol)) {
            throw new CliException("Invalid protocol: " + protocol);
        }
        boolean imagesOnly = protocol.equals("simplestreams") || protocol.equals("oci");
        boolean isPublic = context.args().flag("public") || imagesOnly;
        String address = imagesOnly && given.startsWith("https://") ? given : complete(given);
        Remote remote =
                new Remote(
                        name,
                        address,
                        imagesOnly ? protocol : "lxd",
                        authType(context, address, isPublic),
                        context.args().value("project"),
                        isPublic,
                        false);
        if (!address.startsWith("unix:") && !imagesOnly) {
            return new JoinCommand(context).byAddress(remote, context.args().value("password"));
        }
        config.add(remote);
        config.save();
        return 0;
    }

    private static int list(Context context) {
        String format = ListCommand.formatOf(context);
        ClientConfig config = context.servers().config();
        Table table =
                new Table("NAME", "URL", "PROTOCOL", "AUTH TYPE", "PUBLIC", "STATIC", "GLOBAL");
        Json.Obj all = Json.object();
        for (Remote remote : config.remotes()) {
            boolean current = remote.name().equals(config.defaultRemote());
            table.add(
                    current ? remote.name() + " (current)" : remote.name(),
                    remote.address(),
                    remote.effectiveProtocol(),
                    remote.effectiveAuthType(),
                    remote.isPublic() ? "YES" : "NO",
                    remote.isStatic() ? "YES" : "NO",
                    "NO");
            all.put(
                    remote.name(),
                    format.equals("yaml") ? ClientConfig.render(remote) : wire(remote));
        }
        context.output().print(table.sort().render(format, all));
        return 0;
    }

    /// A remote as LXD's client shows it in JSON.
    private static Json wire(Remote remote) {
        return Json.object()
                .put("Addr", remote.address())
                .put("AuthType", remote.authType())
                .put("Domain", "")
                .put("Project", remote.project())
                .put("Protocol", remote.protocol())
                .put("Public", remote.isPublic())
                .put("Global", false)
                .put("Static", remote.isStatic());
    }

    private static int remove(Context context) {
        ClientConfig config = context.servers().config();
        String name = changeable(config, context.args().at(0)).name();
        if (name.equals(config.defaultRemote())) {
            throw new CliException("Can't remove the default remote");
        }
        config.remove(name);
        config.access().forget(name);
        config.save();
        return 0;
    }

    private static int rename(Context context) {
        ClientConfig config = context.servers().config();
        Remote old = changeable(config, context.args().at(0));
        String name = context.args().at(1);
        checkFree(config, name);
        config.remove(old.name());
        config.add(old.renamed(name));
        config.access().rename(old.name(), name);
        if (config.defaultRemote().equals(old.name())) {
            config.makeDefault(name);
        }
        config.save();
        return 0;
    }

    private static int setUrl(Context context) {
        ClientConfig config = context.servers().config();
        Remote old = changeable(config, context.args().at(0));
        String address = complete(context.args().at(1));
        config.add(old.movedTo(address));
        config.save();
        return 0;
    }

    private static int makeCertificate(Context context) {
        RemoteAccess access = context.servers().config().access();
        if (access.identity().isPresent()) {
            throw new CliException(
                    "A client certificate is already present; servers that trust it would not"
                            + " know another one");
        }
        JoinCommand.makeIdentity(context, access);
        return 0;
    }

    private static int makeDefault(Context context) {
        ClientConfig config = context.servers().config();
        String name = context.args().at(0);
        if (config.find(name).isEmpty()) {
            throw new CliException("Remote " + name + " doesn't exist");
        }
        config.makeDefault(name);
        config.save();
        return 0;
    }
}
