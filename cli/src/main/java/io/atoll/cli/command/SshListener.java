package io.atoll.cli.command;

import io.atoll.cli.CliException;
import io.atoll.client.AtollClient;
import io.atoll.client.Connection;
import io.atoll.client.Target;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.core.CoreModuleProperties;
import org.apache.sshd.server.Environment;
import org.apache.sshd.server.ExitCallback;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.auth.UserAuthNoneFactory;
import org.apache.sshd.server.auth.password.UserAuthPasswordFactory;
import org.apache.sshd.server.channel.ChannelSession;
import org.apache.sshd.server.command.Command;
import org.apache.sshd.server.subsystem.SubsystemFactory;

/// An SSH server whose only service is the SFTP of one instance: for hosts and systems that can
/// mount over SSH and do not have this program. What SFTP says is the server's and the client's
/// business; it is passed on as it is.
///
/// Its key is made for each run, as its password is.
final class SshListener implements AutoCloseable {
    private static final int SESSIONS_MAX = 16;
    private static final int AUTH_TRIES_MAX = 6;
    private static final int COPY_BYTES = 64 << 10;

    /// Held weakly by the manager of loggers otherwise. What a peer does wrong is no message for
    /// the user's terminal.
    private static final Logger QUIET = Logger.getLogger("org.apache.sshd");

    /// Who may come in; everybody if the password is empty.
    record Login(String user, String password) {
        boolean isOpen() {
            return password.isEmpty();
        }

        boolean accepts(String givenUser, String givenPassword) {
            // Both are compared, so that the time says nothing about either.
            boolean isUser = isSame(user, givenUser);
            boolean isPassword = isSame(password, givenPassword);
            return isUser && isPassword;
        }

        private static boolean isSame(String ours, String given) {
            return MessageDigest.isEqual(
                    ours.getBytes(StandardCharsets.UTF_8), given.getBytes(StandardCharsets.UTF_8));
        }
    }

    private final SshServer server;

    /// Listens from now on.
    ///
    /// @param address port 0 means any free port
    /// @throws CliException if the address cannot be had
    SshListener(AtollClient client, String instance, InetSocketAddress address, Login login) {
        QUIET.setLevel(Level.OFF);
        server = SshServer.setUpDefaultServer();
        server.setHost(address.getAddress().getHostAddress());
        server.setPort(address.getPort());
        server.setKeyPairProvider(KeyPairProvider.wrap(key()));
        server.setUserAuthFactories(
                List.of(
                        login.isOpen()
                                ? UserAuthNoneFactory.INSTANCE
                                : UserAuthPasswordFactory.INSTANCE));
        server.setPasswordAuthenticator((user, password, _) -> login.accepts(user, password));
        server.setSubsystemFactories(List.of(new Sftp(client, instance)));
        // A mount may rest for days.
        CoreModuleProperties.IDLE_TIMEOUT.set(server, Duration.ZERO);
        CoreModuleProperties.NIO2_READ_TIMEOUT.set(server, Duration.ZERO);
        CoreModuleProperties.MAX_CONCURRENT_SESSIONS.set(server, SESSIONS_MAX);
        CoreModuleProperties.MAX_AUTH_REQUESTS.set(server, AUTH_TRIES_MAX);
        CoreModuleProperties.SERVER_IDENTIFICATION.set(server, "atoll");
        try {
            server.start();
        } catch (IOException e) {
            throw new CliException("Cannot listen on " + address + ": " + e.getMessage());
        }
    }

    private static KeyPair key() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /// The port that it has.
    int port() {
        return server.getPort();
    }

    @Override
    public void close() {
        try {
            server.stop(true);
        } catch (IOException _) {
            // It ends with the program in any case.
        }
    }

    private record Sftp(AtollClient client, String instance) implements SubsystemFactory {
        @Override
        public String getName() {
            return "sftp";
        }

        @Override
        public Command createSubsystem(ChannelSession channel) {
            String target = client.scope(Target.of("instances", instance, "sftp")).toString();
            return new Passing(() -> client.rest().upgrade(target, "sftp"));
        }
    }

    /// Opens the other side.
    private interface Opening {
        Connection open();
    }

    /// One client's SFTP, passed to the server and back until either ends.
    private static final class Passing implements Command {
        private final Opening opening;
        private InputStream in = InputStream.nullInputStream();
        private OutputStream out = OutputStream.nullOutputStream();
        private ExitCallback exit = (_, _, _) -> {};
        private volatile Runnable ending = () -> {};

        private Passing(Opening opening) {
            this.opening = opening;
        }

        @Override
        public void setInputStream(InputStream stream) {
            in = stream;
        }

        @Override
        public void setOutputStream(OutputStream stream) {
            out = stream;
        }

        @Override
        public void setErrorStream(OutputStream stream) {
            // Nothing is said beside the protocol.
        }

        @Override
        public void setExitCallback(ExitCallback callback) {
            exit = callback;
        }

        @Override
        public void start(ChannelSession channel, Environment environment) {
            Thread unused = Thread.ofPlatform().daemon().name("sftp-peer").start(this::run);
        }

        /// The edge of the client's thread.
        private void run() {
            int status = 1;
            try (Connection connection = opening.open()) {
                ending = connection::close;
                Thread unused =
                        Thread.ofPlatform()
                                .daemon()
                                .name("sftp-peer-in")
                                .start(() -> send(connection));
                copy(connection.in(), out);
                status = 0;
            } catch (IOException | RuntimeException _) {
                // The instance or the client has gone.
            } finally {
                exit.onExit(status);
            }
        }

        private void send(Connection connection) {
            try {
                copy(in, connection.out());
            } catch (IOException _) {
                // The other direction ends too.
            } finally {
                connection.close();
            }
        }

        private static void copy(InputStream from, OutputStream to) throws IOException {
            byte[] bytes = new byte[COPY_BYTES];
            for (int count = from.read(bytes); count >= 0; count = from.read(bytes)) {
                to.write(bytes, 0, count);
                to.flush();
            }
        }

        @Override
        public void destroy(ChannelSession channel) {
            ending.run();
        }
    }
}
