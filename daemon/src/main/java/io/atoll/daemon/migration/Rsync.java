package io.atoll.daemon.migration;

import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;

/// rsync at one end of a websocket. The source is rsync's client and the target its server, as LXD
/// has it; both are started with arguments that are known beforehand, so the ones that the client
/// would send to a remote shell go nowhere.
final class Rsync {
    /// No copy takes longer.
    private static final Duration LIMIT = Duration.ofDays(30);

    /// rsync speaks to its server through a "remote shell" that it starts itself. Ours is two `cat`
    /// between rsync and the descriptors 3 and 4, which are our own pipes: a shell's background
    /// command reads from nowhere unless told otherwise, hence descriptor 5.
    private static final String REMOTE_SHELL =
            "sh -c 'exec 5<&0; cat <&5 >&4 5<&- & exec cat <&3 4>&- 5<&-'";

    /// Makes our pipes 3 and 4, and what rsync prints a complaint.
    private static final String WITH_PIPES = "exec 3<&0 4>&1 </dev/null >&2; exec \"$@\"";

    private Rsync() {}

    /// The sending side.
    static List<String> sender(String directory, RsyncFeatures features) {
        List<String> out = new ArrayList<>(List.of("sh", "-c", WITH_PIPES, "sh", "rsync"));
        out.addAll(List.of("--archive", "--numeric-ids", "--partial", "--sparse"));
        out.addAll(features.arguments());
        out.addAll(List.of("-e", REMOTE_SHELL, directory, "localhost:/"));
        return out;
    }

    /// The receiving side: the short options are those that `--archive` of a client stands for, and
    /// what a client says of itself there.
    static List<String> receiver(String directory, RsyncFeatures features) {
        List<String> out =
                new ArrayList<>(
                        List.of(
                                "rsync",
                                "--server",
                                "-vlogDtpre.iLsfx",
                                "--numeric-ids",
                                "--devices",
                                "--partial",
                                "--sparse",
                                // Else two files of one size are the same to rsync if both were
                                // written in one second, as those of a snapshot and after it.
                                "--modify-window=-1"));
        out.addAll(features.arguments());
        out.addAll(List.of(".", directory));
        return out;
    }

    /// Sends the directory of a stage. Blocks.
    ///
    /// @param sent told the size of each piece that went out
    /// @throws io.atoll.linux.CommandFailed if rsync fails or the connection is lost
    static void send(Stage stage, RsyncFeatures features, Line line, LongConsumer sent) {
        converse(stage, sender(stage.directory(), features), line.streams(), sent, _ -> {});
    }

    /// Fills the directory of a stage. Blocks.
    ///
    /// @param received told the size of each piece that came in
    /// @throws io.atoll.linux.CommandFailed if rsync fails or the connection is lost
    static void receive(Stage stage, RsyncFeatures features, Line line, LongConsumer received) {
        converse(stage, receiver(stage.directory(), features), line.streams(), _ -> {}, received);
    }

    private static void converse(
            Stage stage,
            List<String> arguments,
            FrameStreams wire,
            LongConsumer sent,
            LongConsumer received) {
        List<String> argv = new ArrayList<>(stage.entrance());
        argv.addAll(arguments);
        Commands.converse(
                Command.of(argv).timeout(LIMIT).input(stdin -> feed(wire, stdin, received)),
                wire.output(sent));
    }

    /// What is on the wire is read to its end even if rsync takes no more of it: the next stream
    /// begins behind it.
    private static void feed(FrameStreams wire, OutputStream stdin, LongConsumer received)
            throws IOException {
        try (InputStream in = wire.input()) {
            byte[] chunk = new byte[64 << 10];
            boolean isGone = false;
            for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
                received.accept(count);
                try {
                    if (!isGone) {
                        stdin.write(chunk, 0, count);
                        stdin.flush();
                    }
                } catch (IOException _) {
                    isGone = true;
                }
            }
        }
    }
}
