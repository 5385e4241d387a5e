package io.atoll.lxctools.nic;

import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.UnixSockets;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolException;
import io.atoll.lxctools.ToolOption;
import io.atoll.lxctools.ToolSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;

/// `lxc-nics`: the service behind lxc-usernet(5).
public final class NicsTool implements Tool {
    private static final String SOCKET = "/run/atoll/nics.sock";
    private static final String USERNET = "/etc/lxc/lxc-usernet";
    private static final int BACKLOG = 64;

    @Override
    public ToolSpec spec() {
        return ToolSpec.of(
                        "[--socket PATH] [--usernet FILE] [--idle SECONDS] [--activated]",
                        "Gives plain users the network interfaces that lxc-usernet(5) allows"
                                + " them.",
                        ToolOption.value("socket", "PATH", "Listen there, not at " + SOCKET),
                        ToolOption.value("usernet", "FILE", "Read this, not " + USERNET),
                        ToolOption.value("idle", "SECONDS", "End when nobody asked for so long"),
                        ToolOption.flag(
                                "activated", "Standard input is the socket, as systemd gives it"))
                .named(ToolSpec.Name.NONE);
    }

    @Override
    public int run(Call call) throws IOException {
        if (!call.invocation().isRoot()) {
            throw new ToolException("only root can give interfaces of the host away");
        }
        Path usernet = call.file(call.options().value("usernet").orElse(USERNET));
        NicServer server = new NicServer(new NicBroker(usernet, new HostAccounts()), call::note);
        Duration idle =
                call.number("idle").map(Duration::ofSeconds).orElse(Duration.ofDays(36_500));
        if (call.options().has("activated")) {
            server.serve(call.invocation().host().descriptor(0), idle);
            return 0;
        }
        Path socket = call.file(call.options().value("socket").orElse(SOCKET));
        try (Fd listener = listen(socket)) {
            server.serve(listener, idle);
        } finally {
            Files.deleteIfExists(socket);
        }
        return 0;
    }

    /// A name that nobody answers at was left by one that was killed.
    private static Fd listen(Path socket) throws IOException {
        Path directory = socket.toAbsolutePath().getParent();
        if (directory != null && !Files.isDirectory(directory)) {
            Files.createDirectories(
                    directory,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx--x--x")));
        }
        if (Files.exists(socket)) {
            try (Fd _ = UnixSockets.connect(UnixSockets.Type.SEQPACKET, socket)) {
                throw new ToolException("somebody serves " + socket + " already");
            } catch (ErrnoException _) {
                Files.delete(socket);
            }
        }
        Fd listener = UnixSockets.listen(UnixSockets.Type.SEQPACKET, socket, BACKLOG);
        Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
        return listener;
    }
}
