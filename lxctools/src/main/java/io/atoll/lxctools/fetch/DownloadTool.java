package io.atoll.lxctools.fetch;

import static io.atoll.lxctools.ToolOption.flag;
import static io.atoll.lxctools.ToolOption.value;

import io.atoll.base.Architecture;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.UnavailableException;
import io.atoll.image.remote.RemoteFile;
import io.atoll.image.remote.Signatures;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolException;
import io.atoll.lxctools.ToolSpec;
import io.atoll.lxctools.disk.Installation;
import io.atoll.lxctools.storage.Trees;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// The work of template `download`: takes an image from a server and leaves the rest to template
/// `local`. Servers speak simplestreams or LXC's own index. What is not signed, or does not come
/// over https with its sum, is refused unless the caller says that this is meant.
public final class DownloadTool implements Tool {
    private static final String SERVER = "https://images.linuxcontainers.org";
    private static final String KEY = "0xE7FB0CAEC8173D669066514CBAEFF88C22F6E216";
    private static final String KEY_SERVER = "hkps://keyserver.ubuntu.com";
    private static final String METADATA = "meta.tar.xz";
    private static final String ROOTFS = "rootfs";
    private static final String BUILD = "build_id";
    private static final Duration INSTALLING = Duration.ofHours(1);

    @Override
    public ToolSpec spec() {
        return new ToolSpec(
                "-- -d DISTRIBUTION -r RELEASE -a ARCHITECTURE [OPTION...]",
                "Template download: a container from an image of a server.",
                ToolSpec.Name.NONE,
                List.of(
                        value('d', "dist", "NAME", "Distribution"),
                        value('r', "release", "NAME", "Release"),
                        value('a', "arch", "NAME", "Architecture, as amd64"),
                        flag('l', "list", "Show the server's images and do nothing"),
                        value("variant", "NAME", "Variant (default)"),
                        value("server", "URL", "Server (" + SERVER + ")"),
                        value("keyid", "ID", "Key of the server"),
                        value("keyserver", "URL", "Where to get the key"),
                        value("keyring", "FILE", "Take keys from FILE instead"),
                        flag("no-validate", "Take what is neither signed nor comes over https"),
                        flag("flush-cache", "Fetch again"),
                        flag("force-cache", "Use the cached image, however old"),
                        value("path", "DIR", "From lxc-create"),
                        value("name", "NAME", "From lxc-create"),
                        value("rootfs", "DIR", "From lxc-create"),
                        value("mapped-uid", "N", "From lxc-create"),
                        value("mapped-gid", "N", "From lxc-create")),
                false);
    }

    @Override
    public int run(Call call) throws IOException {
        ImageServer server =
                new ImageServer(
                        call.options().value("server").orElse(SERVER),
                        keys(call),
                        call.invocation().env());
        if (call.options().has("list")) {
            list(call, server.images(call.invocation().isRoot()));
            return 0;
        }
        return install(call, image(call, server));
    }

    /// Who must have signed; empty where the caller trusts the server without.
    private static ImageServer.Trust keys(Call call) {
        if (call.options().has("no-validate")) {
            return new ImageServer.Trust.Anybody();
        }
        Signatures.Keys keys =
                call.options()
                        .value("keyring")
                        .<Signatures.Keys>map(file -> new Signatures.Keys.Keyring(call.file(file)))
                        .orElseGet(() ->
                                new Signatures.Keys.KeyServer(
                                        call.options().value("keyserver").orElse(KEY_SERVER),
                                        call.options().value("keyid").orElse(KEY)));
        boolean isNamed = call.options().has("keyring") || call.options().has("keyid");
        return new ImageServer.Trust.Signed(new Signatures(keys), isNamed);
    }

    private static String required(Call call, String option) {
        String text =
                call.options()
                        .value(option)
                        .orElseThrow(() -> new ToolException("--" + option + " is missing"));
        if (!text.matches("[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")) {
            throw new InvalidConfigException("--" + option + " cannot be " + text);
        }
        return text;
    }

    private static void list(Call call, List<ServerImage> images) {
        call.line("\n---\nDIST\tRELEASE\tARCH\tVARIANT\tBUILD\n---");
        images.stream()
                .filter(image -> isAsked(call, "dist", image.distribution()))
                .filter(image -> isAsked(call, "release", image.release()))
                .filter(image -> isAsked(call, "arch", image.architecture()))
                .map(ServerImage::line)
                .sorted()
                .forEach(call::line);
        call.line("---");
    }

    private static boolean isAsked(Call call, String option, String value) {
        return call.options().value(option).map(value::equalsIgnoreCase).orElse(true);
    }

    /// The cached image, fetched if it is not there or not the newest.
    private static Path image(Call call, ImageServer server) throws IOException {
        String distribution = required(call, "dist");
        String release = required(call, "release");
        String architecture =
                call.options().has("arch")
                        ? required(call, "arch")
                        : Architecture.host().debianName();
        String variant = call.options().has("variant") ? required(call, "variant") : "default";
        Path directory =
                cache(call)
                        .resolve(distribution)
                        .resolve(release)
                        .resolve(architecture)
                        .resolve(variant);
        Trees.make(directory);
        try (FileChannel channel =
                        FileChannel.open(
                                directory.resolve(".lock"),
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            if (!lock.isValid()) {
                throw new UnavailableException("cannot lock " + directory);
            }
            sweep(directory);
            Path kept = directory.resolve("image");
            if (call.options().has("flush-cache")) {
                Trees.delete(kept);
            }
            if (call.options().has("force-cache") && Files.isDirectory(kept)) {
                call.line("Using the image from the cache");
                return kept;
            }
            call.line("Reading the index of " + server.name());
            ServerImage image =
                    server.images(call.invocation().isRoot()).stream()
                            .filter(i -> i.matches(distribution, release, architecture, variant))
                            .max(Comparator.comparing(ServerImage::build))
                            .orElseThrow(() ->
                                    new NotFoundException(
                                            "%s has no image of %s %s %s %s"
                                                    .formatted(
                                                            server.name(),
                                                            distribution,
                                                            release,
                                                            architecture,
                                                            variant)));
            if (isOfBuild(kept, image.build())) {
                call.line("Using the image from the cache");
                return kept;
            }
            Path fresh = Files.createDirectory(directory.resolve(".new"));
            fetch(call, server, image, fresh);
            Trees.delete(kept);
            Files.move(fresh, kept, StandardCopyOption.ATOMIC_MOVE);
            return kept;
        }
    }

    private static void sweep(Path directory) {
        Trees.delete(directory.resolve(".new"));
    }

    private static boolean isOfBuild(Path kept, String build) throws IOException {
        Path file = kept.resolve(BUILD);
        return Files.exists(file) && Files.readString(file).equals(build);
    }

    private static void fetch(Call call, ImageServer server, ServerImage image, Path target)
            throws IOException {
        boolean canMount = call.invocation().env("LXC_IMAGE_ROOTFS").equals("1");
        RemoteFile tree = canMount ? image.squashfs().orElse(image.rootfs()) : image.rootfs();
        part(call, server, image.metadata(), target.resolve(METADATA));
        part(call, server, tree, target.resolve(ROOTFS));
        Files.writeString(target.resolve(BUILD), image.build());
    }

    private static void part(Call call, ImageServer server, RemoteFile part, Path target)
            throws IOException {
        String path = part.uri().getPath();
        call.line("Downloading " + path.substring(path.lastIndexOf('/') + 1));
        server.download(part, Files.createFile(target));
    }

    private static Path cache(Call call) {
        String named = call.invocation().env("LXC_CACHE_PATH");
        if (!named.isEmpty()) {
            return call.file(named).resolve("download");
        }
        if (call.invocation().isRoot()) {
            return Path.of("/var/cache/lxc/download");
        }
        String own = call.invocation().env("XDG_CACHE_HOME");
        Path base = own.isEmpty() ? Path.of(call.invocation().env("HOME"), ".cache") : Path.of(own);
        return base.resolve("lxc/download");
    }

    /// Template `local` does the rest; it gets what lxc-create said.
    private static int install(Call call, Path image) {
        Path local = new Installation(call).share().resolve("templates/lxc-local");
        List<String> argv = new ArrayList<>(List.of(local.toString()));
        Stream.of("path", "name", "rootfs", "mapped-uid", "mapped-gid")
                .flatMap(o -> call.options().value(o).map(v -> "--" + o + "=" + v).stream())
                .forEach(argv::add);
        argv.add("--metadata=" + image.resolve(METADATA));
        argv.add("--fstree=" + image.resolve(ROOTFS));
        Command command = Command.of(argv).timeout(INSTALLING);
        for (Map.Entry<String, String> variable : call.invocation().env().entrySet()) {
            command = command.environment(variable.getKey(), variable.getValue());
        }
        return Commands.pass(command, call.out(), call.invocation().err());
    }
}
