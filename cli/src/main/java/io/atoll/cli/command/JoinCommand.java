package io.atoll.cli.command;

import io.atoll.api.tls.CertificateFingerprint;
import io.atoll.base.DomainException;
import io.atoll.base.ForbiddenException;
import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import io.atoll.cli.CliException;
import io.atoll.cli.ClientConfig;
import io.atoll.cli.Context;
import io.atoll.cli.Remote;
import io.atoll.cli.RemoteAccess;
import io.atoll.cli.Version;
import io.atoll.client.ConnectFailedException;
import io.atoll.client.Connection;
import io.atoll.client.RestClient;
import io.atoll.client.TlsConnector;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/// `remote add` for a server on the network: gets to know its certificate, asks to be trusted.
final class JoinCommand {
    /// A token as its maker handed it over.
    ///
    /// @param text as it is sent to the server
    record Token(String text, String fingerprint, List<String> addresses) {
        /// Reads a token: JSON in base64. Empty if the text is none.
        static Optional<Token> parse(String text) {
            try {
                byte[] bytes = Base64.getDecoder().decode(text.strip());
                Json json = Json.parse(new String(bytes, StandardCharsets.UTF_8));
                String fingerprint = json.get("fingerprint").asString();
                List<String> addresses =
                        json.get("addresses").asList().stream().map(Json::asString).toList();
                boolean isToken =
                        !json.get("secret").asString().isEmpty() && !fingerprint.isEmpty();
                return isToken
                        ? Optional.of(new Token(text.strip(), fingerprint, addresses))
                        : Optional.empty();
            } catch (IllegalArgumentException | JsonException e) {
                return Optional.empty();
            }
        }
    }

    private final Context context;
    private final ClientConfig config;
    private final RemoteAccess access;

    JoinCommand(Context context) {
        this.context = context;
        this.config = context.servers().config();
        this.access = config.access();
    }

    /// Adds the server that a token is for: the first of its addresses that answers with the
    /// token's certificate.
    int byToken(Remote remote, Token token) throws IOException {
        if (token.addresses().isEmpty()) {
            throw new CliException(
                    "the token names no address of its server",
                    "set core.https_address on the server and make another one");
        }
        identify();
        String last = "";
        for (String address : token.addresses()) {
            String url = RemoteCommands.complete(address);
            try {
                X509Certificate shown = certificateOf(url);
                if (!CertificateFingerprint.of(shown).equals(token.fingerprint())) {
                    throw new CliException(
                            "the certificate of "
                                    + url
                                    + " is not the one of the token's server: somebody may be"
                                    + " in between");
                }
                return join(remote.movedTo(url), Optional.of(shown), token.text());
            } catch (ConnectFailedException e) {
                last = String.valueOf(e.getMessage());
            }
        }
        throw new CliException(last);
    }

    /// Adds the server at the remote's address, asking the user about its certificate.
    int byAddress(Remote remote, String password) throws IOException {
        if (!remote.isPublic()) {
            identify();
        }
        Optional<X509Certificate> accepted = Optional.empty();
        try {
            probe(access.connector(remote.address(), Optional.empty()));
        } catch (ConnectFailedException e) {
            X509Certificate shown = certificateOf(remote.address());
            confirm(CertificateFingerprint.of(shown));
            accepted = Optional.of(shown);
        }
        return join(remote, accepted, password);
    }

    private void identify() {
        if (access.identity().isEmpty()) {
            context.output().note("Generating a client certificate.");
            makeIdentity(context, access);
        }
    }

    /// Makes the user's certificate, which names the user and the host.
    static void makeIdentity(Context context, RemoteAccess access) {
        String user = context.invocation().env("USER");
        access.makeIdentity((user.isEmpty() ? "root" : user) + "@" + hostName());
    }

    private static String hostName() {
        try {
            return java.nio.file.Files.readString(
                            java.nio.file.Path.of("/proc/sys/kernel/hostname"))
                    .strip();
        } catch (IOException e) {
            return "localhost";
        }
    }

    /// Connects and hangs up: throws unless the server's certificate is believed.
    private static void probe(TlsConnector connector) throws IOException {
        try (Connection connection = connector.open()) {
            connection.out().flush();
        }
    }

    /// What the server at an address shows, whoever vouches for it.
    private X509Certificate certificateOf(String url) throws ConnectFailedException {
        TlsConnector connector = access.connector(url, Optional.empty());
        try {
            probe(connector);
        } catch (IOException e) {
            if (connector.trust().shown().isEmpty()) {
                throw e instanceof ConnectFailedException failed
                        ? failed
                        : new ConnectFailedException(url, String.valueOf(e.getMessage()));
            }
        }
        return connector.trust().shown().orElseThrow();
    }

    private void confirm(String fingerprint) throws IOException {
        if (context.args().flag("accept-certificate")) {
            return;
        }
        context.output().line("Certificate fingerprint: " + fingerprint);
        String answer = Questions.of(context).text("ok (y/n/[fingerprint])?", "");
        boolean isYes = answer.equalsIgnoreCase("y") || answer.equalsIgnoreCase("yes");
        if (!isYes && !answer.equals(fingerprint)) {
            throw new CliException(
                    answer.equalsIgnoreCase("n") || answer.equalsIgnoreCase("no")
                            ? "Server certificate NACKed by user"
                            : "that is neither y nor the server's fingerprint");
        }
    }

    private int join(Remote remote, Optional<X509Certificate> accepted, String secret)
            throws IOException {
        TlsConnector connector = access.connector(remote.address(), accepted);
        try (RestClient rest =
                new RestClient(connector, context.invocation().program() + "/" + Version.TEXT)) {
            if (!remote.isPublic()) {
                ask(rest, remote.name(), secret);
            }
        }
        accepted.ifPresent(certificate -> access.accept(remote.name(), certificate));
        config.add(remote);
        config.save();
        return 0;
    }

    private void ask(RestClient rest, String name, String secret) throws IOException {
        if (isTrusted(rest)) {
            return;
        }
        String given =
                secret.isEmpty()
                        ? Questions.of(context).password("Admin password (or token) for " + name)
                        : secret;
        try {
            rest.call(
                    "POST",
                    "/1.0/certificates",
                    Json.object().put("type", "client").put("password", given),
                    "");
        } catch (ForbiddenException e) {
            throw new CliException(
                    "the server did not accept that password or token: " + e.getMessage(),
                    "an administrator of the server makes a token with: config trust add");
        } catch (DomainException e) {
            if (!isTrusted(rest)) {
                throw e;
            }
        }
        if (!isTrusted(rest)) {
            throw new CliException("Server doesn't trust us after authentication");
        }
        context.output().line("Client certificate now trusted by server: " + name);
    }

    private static boolean isTrusted(RestClient rest) {
        return rest.get("/1.0").get("auth").asString().equals("trusted");
    }
}
