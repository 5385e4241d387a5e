package io.atoll.cli.command;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.client.AtollClient;
import io.atoll.client.Connection;
import io.atoll.client.Target;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/// `file mount`: an instance's files as a directory here, by sshfs(1) over SFTP; and `file sftp`,
/// which joins that with its streams.
final class MountCommand {
    private static final int COPY_BYTES = 64 << 10;
    private static final int NAME_CHARACTERS = 8;
    private static final int PASSWORD_CHARACTERS = 20;

    /// What cannot be mistaken for something else when it is copied by hand.
    private static final String ALPHABET =
            "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

    private static final SecureRandom RANDOM = new SecureRandom();

    /// sshfs speaks SFTP on its standard streams and we do on ours: two pipes join them. Each side
    /// opens the pipe first that the other opens first, or both would wait for ever.
    private static final String SCRIPT =
            """
            pipes=$(mktemp -d) || exit 1
            trap 'rm -rf "$pipes"' EXIT
            mkfifo "$pipes/in" "$pipes/out" || exit 1
            "$1" file sftp "$2" <"$pipes/in" >"$pipes/out" &
            sshfs -f -o slave "$3" "$4" >"$pipes/in" <"$pipes/out"
            """;

    private static final String FIND = "command -v sshfs >/dev/null";

    private MountCommand() {}

    static int mount(Context context) throws IOException {
        boolean isListening = !context.args().value("listen").isEmpty();
        if (context.args().count() < 2) {
            return listen(context);
        }
        if (isListening) {
            throw new CliException("Target path and --listen flag cannot be used together");
        }
        String text = context.args().at(0);
        Ref ref = context.ref(text);
        int slash = ref.name().indexOf('/');
        String name = slash < 0 ? ref.name() : ref.name().substring(0, slash);
        String path = slash < 0 ? "/" : ref.name().substring(slash);
        Path target = context.invocation().path(context.args().at(1));
        if (!Files.isDirectory(target)) {
            throw new CliException("cannot mount on " + target + ": there is no such directory");
        }
        // Says what is wrong before anything is mounted.
        AtollClient client = context.client(ref);
        Json unused = client.rest().get(client.scope(Target.of("instances", name)).toString());
        int found = context.invocation().host().run(List.of("sh", "-c", FIND));
        if (found != 0) {
            throw new CliException(
                    "sshfs is not there",
                    "install the package sshfs, or leave the target path out and use SSH");
        }
        context.output()
                .line("sshfs mounting \"" + text + "\" on \"" + context.args().at(1) + "\"");
        context.output().line("Press ctrl+c to finish");
        return context.invocation()
                .host()
                .run(
                        List.of(
                                "sh",
                                "-c",
                                SCRIPT,
                                "sh",
                                context.invocation().home() + "/bin/atoll",
                                ref.remote() + ":" + name,
                                "atoll." + name + ":" + path,
                                context.args().at(1)));
    }

    /// Offers an instance's files over SSH, until the caller ends it.
    private static int listen(Context context) {
        Ref ref = context.refAt(0);
        if (ref.name().indexOf('/') >= 0) {
            throw new CliException("Instance path cannot be used in SSH SFTP listener mode");
        }
        AtollClient client = context.client(ref);
        Json unused =
                client.rest().get(client.scope(Target.of("instances", ref.name())).toString());
        SshListener.Login login = login(context);
        InetSocketAddress address = address(context.args().value("listen"));
        try (SshListener listener = new SshListener(client, ref.name(), address, login)) {
            String host = address.getAddress().getHostAddress();
            context.output()
                    .line(
                            "SSH SFTP listening on "
                                    + (host.indexOf(':') < 0 ? host : "[" + host + "]")
                                    + ":"
                                    + listener.port());
            context.output()
                    .line(
                            login.isOpen()
                                    ? "Login without username and password"
                                    : "Login with username \""
                                            + login.user()
                                            + "\" and password \""
                                            + login.password()
                                            + "\"");
            new CountDownLatch(1).await();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        return 0;
    }

    private static SshListener.Login login(Context context) {
        String user = context.args().value("auth-user");
        if (!context.args().flag("no-auth")) {
            return new SshListener.Login(
                    user.isEmpty() ? random(NAME_CHARACTERS) : user, random(PASSWORD_CHARACTERS));
        }
        if (!user.isEmpty()) {
            throw new CliException("--auth-user and --no-auth exclude each other");
        }
        return new SshListener.Login("", "");
    }

    private static String random(int length) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < length; i++) {
            out.append(ALPHABET.charAt(RANDOM.nextInt(ALPHABET.length())));
        }
        return out.toString();
    }

    private static InetSocketAddress address(String text) {
        if (text.isEmpty()) {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        }
        int colon = text.lastIndexOf(':');
        String host = colon <= 0 ? "::" : text.substring(0, colon).replaceAll("[\\[\\]]", "");
        String port = text.substring(colon + 1);
        boolean isPort = colon >= 0 && port.matches("\\d{1,5}") && Integer.parseInt(port) <= 65_535;
        if (!isPort) {
            throw new CliException("This is no ADDRESS:PORT to listen on: " + text);
        }
        InetSocketAddress out = new InetSocketAddress(host, Integer.parseInt(port));
        if (out.isUnresolved()) {
            throw new CliException("This is no address to listen on: " + host);
        }
        return out;
    }

    /// Joins the caller's streams with an instance's SFTP until one of both ends.
    static int sftp(Context context) throws IOException {
        Ref ref = context.refAt(0);
        AtollClient client = context.client(ref);
        String target = client.scope(Target.of("instances", ref.name(), "sftp")).toString();
        try (Connection connection = client.rest().upgrade(target, "sftp")) {
            Thread sender =
                    Thread.ofPlatform()
                            .daemon()
                            .name("sftp-in")
                            .start(() -> send(context.invocation().in(), connection));
            copy(connection.in(), context.invocation().out());
            sender.interrupt();
        } catch (IOException _) {
            // The caller went first, and the connection with it.
        }
        return 0;
    }

    private static void send(InputStream in, Connection connection) {
        try {
            copy(in, connection.out());
        } catch (IOException _) {
            // The other direction ends too.
        } finally {
            connection.close();
        }
    }

    private static void copy(InputStream in, OutputStream out) throws IOException {
        byte[] bytes = new byte[COPY_BYTES];
        for (int count = in.read(bytes); count >= 0; count = in.read(bytes)) {
            out.write(bytes, 0, count);
            out.flush();
        }
    }
}
