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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// `file mount`: an instance's files as a directory here, by sshfs(1) over SFTP; and `file sftp`,
/// which joins that with its streams.
final class MountCommand {
    private static final int COPY_BYTES = 64 << 10;
    private static final int MISSING = 127;

    /// sshfs speaks SFTP on its standard streams and we do on ours: two pipes join them. Each side
    /// opens the pipe first that the other opens first, or both would wait for ever.
    private static final String SCRIPT =
            """
            command -v sshfs >/dev/null || exit 127
            pipes=$(mktemp -d) || exit 1
            trap 'rm -rf "$pipes"' EXIT
            mkfifo "$pipes/in" "$pipes/out" || exit 1
            "$1" file sftp "$2" <"$pipes/in" >"$pipes/out" &
            sshfs -f -o slave "$3" "$4" >"$pipes/in" <"$pipes/out"
            """;

    private MountCommand() {}

    static int mount(Context context) throws IOException {
        if (context.args().count() < 2) {
            throw new CliException(
                    "A target path is required", "file mount web/srv /mnt, or use sshfs itself");
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
        context.output()
                .line("sshfs mounting \"" + text + "\" on \"" + context.args().at(1) + "\"");
        context.output().line("Press ctrl+c to finish");
        int status =
                context.invocation()
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
        if (status == MISSING) {
            throw new CliException("sshfs is not there", "install the package sshfs");
        }
        return status;
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
