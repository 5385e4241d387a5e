package io.atoll.cli;

import io.atoll.client.AtollClient;
import io.atoll.client.Connector;
import io.atoll.client.RestClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The servers a command can reach, by the user's names for them.
public final class Servers implements AutoCloseable {
    private final Invocation invocation;
    private final String project;
    private final boolean forceLocal;
    private final Map<String, AtollClient> clients = new TreeMap<>();
    private @Nullable ClientConfig config;

    Servers(Invocation invocation, String project, boolean forceLocal) {
        this.invocation = invocation;
        this.project = project;
        this.forceLocal = forceLocal;
    }

    /// The user's configuration, read at first use.
    public ClientConfig config() {
        if (config == null) {
            config = ClientConfig.read(invocation);
        }
        return config;
    }

    /// Reads `[<remote>:]<name>`.
    ///
    /// @throws CliException if there is no such remote
    public Ref ref(String text) {
        int colon = text.indexOf(':');
        if (colon < 0 || text.startsWith("/") || text.startsWith("[")) {
            return new Ref(config().defaultRemote(), text);
        }
        String remote = text.substring(0, colon);
        if (config().find(remote).isEmpty()) {
            throw new CliException("The remote \"" + remote + "\" doesn't exist");
        }
        return new Ref(remote, text.substring(colon + 1));
    }

    public Remote remote(String name) {
        return config().find(name)
                .orElseThrow(() -> new CliException("The remote \"" + name + "\" doesn't exist"));
    }

    /// The client for a remote; one for each remote and command.
    public AtollClient client(String name) {
        AtollClient known = clients.get(name);
        if (known == null) {
            known = connect(remote(name), projectOf(remote(name)));
            clients.put(name, known);
        }
        return known;
    }

    /// A client for another project of the same remote.
    public AtollClient client(String name, String otherProject) {
        AtollClient client = connect(remote(name), otherProject);
        clients.put(name + ":" + otherProject, client);
        return client;
    }

    /// The project that commands on a remote speak about; empty for the default one.
    public String projectOf(String name) {
        return projectOf(remote(name));
    }

    private String projectOf(Remote remote) {
        if (!project.isEmpty()) {
            return project;
        }
        String fromEnvironment = invocation.env("LXD_PROJECT");
        return fromEnvironment.isEmpty() ? remote.project() : fromEnvironment;
    }

    private AtollClient connect(Remote remote, String inProject) {
        if (remote.hasImagesOnly()) {
            throw new CliException(
                    "the remote \"" + remote.name() + "\" has images only",
                    "its images can be named in launch, init and image copy");
        }
        Connector connector =
                remote.isLocal() || forceLocal
                        ? invocation.host().connector(socket(remote))
                        : config().access().connector(remote);
        String agent = invocation.program() + "/" + Version.TEXT;
        return new AtollClient(new RestClient(connector, agent), inProject);
    }

    /// The local socket: the remote's own path, or as LXD's environment variables say.
    private Path socket(Remote remote) {
        String address = remote.isLocal() ? remote.address() : "unix://";
        String path =
                address.startsWith("unix://")
                        ? address.substring("unix://".length())
                        : address.substring(5);
        if (!path.isEmpty()) {
            return invocation.path(path);
        }
        return localSocket(invocation);
    }

    /// Where the local daemon listens, without any configuration: where only root and its equals
    /// may connect, else where users have a project of their own.
    public static Path localSocket(Invocation invocation) {
        String socket = invocation.env("LXD_SOCKET");
        if (!socket.isEmpty()) {
            return invocation.path(socket);
        }
        String directory = invocation.env("LXD_DIR");
        Path state = invocation.path(directory.isEmpty() ? "/var/lib/atoll" : directory);
        Path own = state.resolve("unix.socket");
        Path users = state.resolve("unix.socket.user");
        return !Files.isWritable(own) && Files.isWritable(users) ? users : own;
    }

    /// All servers that `names` are on, each once, with the names below it.
    public List<Ref> refs(List<String> names) {
        List<Ref> refs = new ArrayList<>();
        for (String name : names) {
            refs.add(ref(name));
        }
        return refs;
    }

    @Override
    public void close() {
        for (AtollClient client : clients.values()) {
            client.close();
        }
    }
}
