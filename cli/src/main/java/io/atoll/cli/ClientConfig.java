package io.atoll.cli;

import io.atoll.base.json.Json;
import io.atoll.cli.text.Yaml;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// The user's `config.yml`: remotes, the default one, and aliases. The file is LXD's, so that both
/// clients can share it: `$LXD_CONF`, else `~/.config/lxc`, and for the name `atoll` first
/// `~/.config/atoll`.
public final class ClientConfig {
    private final Path file;
    private final Map<String, Remote> remotes = new TreeMap<>();
    private final Map<String, String> aliases = new TreeMap<>();
    private String defaultRemote = "local";

    private ClientConfig(Path file) {
        this.file = file;
        add(new Remote("local", "unix://", "", "", "", false, true));
        add(
                new Remote(
                        "images",
                        "https://images.linuxcontainers.org",
                        "simplestreams",
                        "",
                        "",
                        true,
                        false));
        add(
                new Remote(
                        "ubuntu",
                        "https://cloud-images.ubuntu.com/releases",
                        "simplestreams",
                        "",
                        "",
                        true,
                        true));
        add(
                new Remote(
                        "ubuntu-daily",
                        "https://cloud-images.ubuntu.com/daily",
                        "simplestreams",
                        "",
                        "",
                        true,
                        true));
    }

    /// Reads it; without a file there are the built-in remotes.
    static ClientConfig read(Invocation invocation) {
        ClientConfig config = new ClientConfig(directory(invocation).resolve("config.yml"));
        // java.io.File: asking it is cheaper for a cold start than the first use of Files.
        if (new File(config.file.toString()).exists()) {
            config.load();
        }
        return config;
    }

    private static Path directory(Invocation invocation) {
        String explicit = invocation.env("LXD_CONF");
        if (!explicit.isEmpty()) {
            return invocation.path(explicit);
        }
        String base = invocation.env("XDG_CONFIG_HOME");
        String home =
                invocation
                        .path(base.isEmpty() ? invocation.env("HOME") + "/.config" : base)
                        .toString();
        if (invocation.program().equals("atoll") && new File(home + "/atoll").isDirectory()) {
            return Path.of(home, "atoll");
        }
        return Path.of(home, "lxc");
    }

    private void load() {
        Json root;
        try {
            root = Yaml.parse(Files.readString(file));
        } catch (IOException e) {
            throw new CliException("cannot read " + file + ": " + e.getMessage());
        }
        String wanted = root.get("default-remote").asString();
        defaultRemote = wanted.isEmpty() ? defaultRemote : wanted;
        for (var entry : root.get("remotes").asMap().entrySet()) {
            Json it = entry.getValue();
            Remote known = remotes.get(entry.getKey());
            add(
                    new Remote(
                            entry.getKey(),
                            it.get("addr").asString(),
                            it.get("protocol").asString(),
                            it.get("auth_type").asString(),
                            it.get("project").asString(),
                            it.get("public").asBoolean(),
                            known != null && known.isStatic()));
        }
        aliases.putAll(root.get("aliases").asStringMap());
    }

    /// Writes it back. The file is replaced at once, never half written.
    public void save() {
        Json.Obj saved = Json.object();
        saved.put("default-remote", defaultRemote);
        Json.Obj all = Json.object();
        for (Remote remote : remotes.values()) {
            if (!remote.isStatic() || remote.name().equals("local")) {
                all.put(remote.name(), render(remote));
            }
        }
        saved.put("remotes", all);
        saved.put("aliases", aliases);
        try {
            Files.createDirectories(file.getParent());
            Path half = file.resolveSibling(file.getFileName() + ".new");
            Files.write(half, Yaml.render(saved).getBytes(StandardCharsets.UTF_8));
            Files.move(
                    half,
                    file,
                    StandardCopyOption.REPLACE_EXISTING,
                    StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new CliException("cannot write " + file + ": " + e.getMessage());
        }
    }

    /// A remote as the file has it.
    public static Json.Obj render(Remote remote) {
        Json.Obj it = Json.object().put("addr", remote.address());
        putUnlessEmpty(it, "auth_type", remote.authType());
        putUnlessEmpty(it, "project", remote.project());
        putUnlessEmpty(it, "protocol", remote.protocol());
        return it.put("public", remote.isPublic());
    }

    private static void putUnlessEmpty(Json.Obj object, String name, String value) {
        if (!value.isEmpty()) {
            object.put(name, value);
        }
    }

    /// The user's certificates and the servers' ones that the user accepted.
    public RemoteAccess access() {
        return new RemoteAccess(file.resolveSibling(""));
    }

    public String defaultRemote() {
        return defaultRemote;
    }

    public void makeDefault(String name) {
        defaultRemote = name;
    }

    public Optional<Remote> find(String name) {
        Remote known = remotes.get(name);
        return known == null && name.equals(Remote.OCI.name())
                ? Optional.of(Remote.OCI)
                : Optional.ofNullable(known);
    }

    /// By name.
    public Collection<Remote> remotes() {
        return remotes.values();
    }

    /// Adds or replaces a remote.
    public void add(Remote remote) {
        remotes.put(remote.name(), remote);
    }

    public void remove(String name) {
        remotes.remove(name);
    }

    /// The user's aliases and what they stand for; may be changed, then saved.
    public Map<String, String> aliases() {
        return aliases;
    }
}
