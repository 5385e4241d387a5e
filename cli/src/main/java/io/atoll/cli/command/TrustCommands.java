package io.atoll.cli.command;

import io.atoll.api.tls.Pem;
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
import io.atoll.client.RestClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/// `config trust`: who may reach a server over the network.
final class TrustCommands {
    private static final int FINGERPRINT_SHOWN = 12;

    private static final RecordCommands RECORDS =
            new RecordCommands(
                    "Certificate",
                    "[<remote>:]<fingerprint>",
                    AtollClient::certificates,
                    List.of("name", "type", "restricted", "projects", "certificate"));

    private TrustCommands() {}

    static CommandGroup group() {
        return CommandGroup.of(
                "trust",
                "Manage who may reach a server over the network",
                List.of("add", "edit", "list", "list-tokens", "remove", "revoke-token", "show"),
                TrustCommands::make);
    }

    private static Optional<CommandNode> make(String name) {
        return switch (name) {
            case "add" ->
                    Optional.of(
                            CommandSpec.of(
                                            "add",
                                            "[<remote>:] [<cert>] [flags]",
                                            "Trust a certificate, or make a token")
                                    .detail(
                                            "Without a file a token is made, which lets one client in, once:",
                                            "the client says: remote add NAME TOKEN.")
                                    .args(0, 2)
                                    .value("name", "What the certificate is called")
                                    .value("projects", "Projects it is kept to, parted by commas")
                                    .flag("restricted", "Keep it to the projects given")
                                    .value('\0', "type", "client", "client or metrics")
                                    .run(TrustCommands::add));
            case "edit", "show" -> RECORDS.make(name);
            case "list", "ls" ->
                    Optional.of(
                            CommandSpec.of("list", "[<remote>:] [flags]", "List who is trusted")
                                    .alias("ls")
                                    .args(0, 1)
                                    .format()
                                    .run(TrustCommands::list));
            case "list-tokens" ->
                    Optional.of(
                            CommandSpec.of(
                                            "list-tokens",
                                            "[<remote>:] [flags]",
                                            "List the tokens nobody has used")
                                    .args(0, 1)
                                    .format()
                                    .run(TrustCommands::listTokens));
            case "remove", "rm" ->
                    Optional.of(
                            CommandSpec.of(
                                            "remove",
                                            "[<remote>:]<fingerprint> [flags]",
                                            "Trust a certificate no longer")
                                    .alias("rm")
                                    .args(1, 1)
                                    .run(TrustCommands::remove));
            case "revoke-token" ->
                    Optional.of(
                            CommandSpec.of(
                                            "revoke-token",
                                            "[<remote>:] <name> [flags]",
                                            "Take a token back")
                                    .args(1, 2)
                                    .run(TrustCommands::revoke));
            default -> Optional.empty();
        };
    }

    private static int add(Context context) throws IOException {
        int count = context.args().count();
        boolean namesRemote = count > 0 && context.args().at(0).endsWith(":");
        Ref ref = context.ref(namesRemote ? context.args().at(0) : "");
        String file = count > (namesRemote ? 1 : 0) ? context.args().at(count - 1) : "";
        Json.Obj body =
                Json.object()
                        .put("type", context.args().value("type"))
                        .put("restricted", context.args().flag("restricted"))
                        .put("projects", words(context.args().value("projects")));
        String name = context.args().value("name");
        return file.isEmpty()
                ? addToken(context, ref, body, name)
                : addFile(context, ref, body, name, context.invocation().path(file));
    }

    private static List<String> words(String text) {
        return text.isEmpty() ? List.of() : List.of(text.split(","));
    }

    private static int addFile(Context context, Ref ref, Json.Obj body, String name, Path file)
            throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new CliException("there is no certificate " + file);
        }
        String base = file.getFileName().toString();
        body.put("name", name.isEmpty() ? base : name)
                .put("certificate", Pem.base64(Pem.certificate(Files.readString(file))));
        rest(context, ref).call("POST", "/1.0/certificates", body, "");
        return 0;
    }

    private static int addToken(Context context, Ref ref, Json.Obj body, String name)
            throws IOException {
        String client =
                name.isEmpty()
                        ? Questions.of(context).text("Please provide client name", "")
                        : name;
        body.put("name", client).put("token", true);
        Json operation = rest(context, ref).call("POST", "/1.0/certificates", body, "").metadata();
        context.output().line("Client " + client + " certificate add token:");
        context.output().line(token(client, operation.get("metadata")));
        return 0;
    }

    /// A token as users carry it from the server to the client.
    private static String token(String client, Json metadata) {
        Json.Obj token =
                Json.object()
                        .put("client_name", client)
                        .put("fingerprint", metadata.get("fingerprint"))
                        .put("addresses", metadata.get("addresses"))
                        .put("secret", metadata.get("secret"))
                        .put("expires_at", end(metadata));
        return Base64.getEncoder().encodeToString(token.render().getBytes(StandardCharsets.UTF_8));
    }

    /// When a token ends, as Go writes "never".
    private static String end(Json metadata) {
        String end = metadata.get("expiresAt").asString();
        return end.isEmpty() ? "0001-01-01T00:00:00Z" : end;
    }

    private static RestClient rest(Context context, Ref ref) {
        return context.client(ref).rest();
    }

    private static int list(Context context) {
        String format = ListCommand.formatOf(context);
        Json all = rest(context, context.refAt(0)).get("/1.0/certificates?recursion=1");
        Table table =
                new Table(
                        "TYPE", "NAME", "COMMON NAME", "FINGERPRINT", "ISSUE DATE", "EXPIRY DATE");
        for (Json item : all.asList()) {
            X509Certificate certificate = Pem.certificate(item.get("certificate").asString());
            String fingerprint = item.get("fingerprint").asString();
            table.add(
                    item.get("type").asString(),
                    item.get("name").asString(),
                    commonName(certificate),
                    fingerprint.substring(0, Math.min(FINGERPRINT_SHOWN, fingerprint.length())),
                    date(context, certificate.getNotBefore().toInstant()),
                    date(context, certificate.getNotAfter().toInstant()));
        }
        context.output().print(table.sort().render(format, all));
        return 0;
    }

    private static String commonName(X509Certificate certificate) {
        for (String part : certificate.getSubjectX500Principal().getName().split(",")) {
            if (part.startsWith("CN=")) {
                return part.substring("CN=".length());
            }
        }
        return "";
    }

    private static String date(Context context, Instant instant) {
        return Format.longDate(instant.toString(), Format.zone(context.invocation().env("TZ")));
    }

    /// The token operations that are open.
    private static List<Json> tokens(Context context, Ref ref) {
        Json all = rest(context, ref).get("/1.0/operations?recursion=1");
        return all.get("running").asList().stream()
                .filter(o -> o.get("class").asString().equals("token"))
                .filter(o -> !o.get("metadata").get("request").isNull())
                .toList();
    }

    private static int listTokens(Context context) {
        String format = ListCommand.formatOf(context);
        Table table = new Table("NAME", "TOKEN", "EXPIRES AT");
        Json.Arr shown = Json.array();
        for (Json operation : tokens(context, context.refAt(0))) {
            Json metadata = operation.get("metadata");
            String name = metadata.get("request").get("name").asString();
            String end = metadata.get("expiresAt").asString();
            String until = end.isEmpty() ? "" : date(context, Instant.parse(end));
            table.add(name, token(name, metadata), until);
            shown.items()
                    .add(
                            Json.object()
                                    .put("ClientName", name)
                                    .put("Token", token(name, metadata))
                                    .put("ExpiresAt", until));
        }
        context.output().print(table.sort().render(format, shown));
        return 0;
    }

    private static int remove(Context context) {
        Ref ref = context.refAt(0);
        context.client(ref).certificates().delete(ref.name());
        return 0;
    }

    private static int revoke(Context context) {
        boolean namesRemote = context.args().count() == 2;
        Ref ref = namesRemote ? context.ref(context.args().at(0)) : context.ref("");
        String name = context.args().at(namesRemote ? 1 : 0);
        for (Json operation : tokens(context, ref)) {
            Json request = operation.get("metadata").get("request");
            if (request.get("name").asString().equals(name)) {
                String url = "/1.0/operations/" + operation.get("id").asString();
                rest(context, ref).call("DELETE", url, null, "");
                context.output().line("Certificate add token for " + name + " deleted");
                return 0;
            }
        }
        throw new CliException(
                "No certificate add token for member " + name + " on remote: " + ref.remote());
    }
}
