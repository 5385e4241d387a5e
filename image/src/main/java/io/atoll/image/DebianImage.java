package io.atoll.image;

import io.atoll.base.Architecture;
import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnavailableException;
import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/// A Debian that boots with systemd and gets its address by DHCP on eth0, made with mmdebstrap from
/// the mirror that the host's apt uses. The tree that mmdebstrap leaves as an archive is changed on
/// its way into the image, so that no hook runs and nothing is mounted.
final class DebianImage {
    private static final String NETWORK_FILE = "etc/systemd/network/eth0.network";
    private static final String NO_UDEV_FILE =
            "etc/systemd/system/systemd-networkd.service.d/no-udev.conf";

    /// Against one that hangs; an emulated machine has needed more than half an hour.
    private static final Duration TIMEOUT = Duration.ofHours(3);

    private static final Duration FRESH = Duration.ofDays(14);
    private static final DateTimeFormatter SERIAL =
            DateTimeFormatter.ofPattern("yyyyMMdd_HH:mm", Locale.ROOT);

    private static final Map<String, String> CODE_NAMES =
            Map.of(
                    "11",
                    "bullseye",
                    "12",
                    "bookworm",
                    "13",
                    "trixie",
                    "14",
                    "forky",
                    "unstable",
                    "sid");

    /// In the versions before, the resolver is part of the package systemd.
    private static final Set<String> RESOLVER_INSIDE = Set.of("bullseye");

    /// With udev: where /sys is writable, as in a user namespace, systemd-networkd leaves a link
    /// alone until udev has seen it.
    private static final List<String> PACKAGES =
            List.of(
                    "systemd",
                    "systemd-sysv",
                    "dbus",
                    "udev",
                    "iproute2",
                    "iputils-ping",
                    "netbase",
                    "procps",
                    "ca-certificates",
                    "less",
                    "nano");

    private static final String NETWORK =
            """
            [Match]
            Name=eth0

            [Network]
            DHCP=yes

            [DHCPv4]
            # Copies of an instance may share their machine id, but never the address of their card.
            ClientIdentifier=mac
            UseDomains=yes

            [DHCPv6]
            UseDomains=yes
            """;

    /// There is no udev in the image. Where /sys is writable the network daemon would wait for it
    /// before it touches a link; read-only is what tells it that nobody else cares.
    private static final String NO_UDEV =
            """
            [Service]
            ReadOnlyPaths=/sys
            """;

    private static final Map<String, String> LINKS =
            Map.of(
                    "etc/resolv.conf", "/run/systemd/resolve/stub-resolv.conf",
                    "etc/systemd/system/multi-user.target.wants/systemd-networkd.service",
                            "/lib/systemd/system/systemd-networkd.service",
                    "etc/systemd/system/sockets.target.wants/systemd-networkd.socket",
                            "/lib/systemd/system/systemd-networkd.socket",
                    "etc/systemd/system/dbus-org.freedesktop.network1.service",
                            "/lib/systemd/system/systemd-networkd.service",
                    "etc/systemd/system/multi-user.target.wants/systemd-resolved.service",
                            "/lib/systemd/system/systemd-resolved.service",
                    "etc/systemd/system/dbus-org.freedesktop.resolve1.service",
                            "/lib/systemd/system/systemd-resolved.service");

    /// What the machine that built it left behind.
    private static final Set<String> LEFT_OUT =
            Set.of(
                    "var/lib/dbus/machine-id",
                    "etc/apt/apt.conf.d/99mmdebstrap",
                    "var/log/bootstrap.log",
                    "var/log/alternatives.log",
                    "var/log/dpkg.log",
                    "var/log/apt/term.log",
                    "var/log/apt/history.log",
                    "var/log/apt/eipp.log.xz");

    private final Path cache;
    private final BuildProgress progress;

    DebianImage(Path cache, BuildProgress progress) {
        this.cache = cache;
        this.progress = progress;
    }

    ImageFile build(String release, Architecture architecture, boolean refresh) {
        String suite = CODE_NAMES.getOrDefault(release, release);
        if (!suite.matches("[a-z][a-z0-9-]{1,40}")) {
            throw new InvalidConfigException("\"" + release + "\" is no release of Debian");
        }
        Path directory =
                cache.resolve("debian-" + suite + "-" + architecture.debianName() + "-" + recipe());
        BuiltImage built = new BuiltImage(directory);
        try {
            if (built.exists() && !refresh && isFresh(directory)) {
                progress.report("Using the image made before");
                return built.file();
            }
            Files.createDirectories(directory);
            Path tar = Files.createTempFile(directory, "debian", ".tar");
            try {
                bootstrap(suite, architecture, tar);
                progress.report("Packing the image");
                return built.write(
                        metadata(suite, architecture),
                        BuiltImage.hostTemplateTexts(),
                        out -> copy(tar, out));
            } finally {
                Files.delete(tar);
            }
        } catch (IOException e) {
            throw new InternalException(
                    "Failed to build Debian " + suite + " in " + directory + ": " + e.getMessage(),
                    e);
        }
    }

    /// Changes with what goes into an image, so that an older one in the cache is not taken for it.
    private static String recipe() {
        byte[] text =
                (PACKAGES + NETWORK + NO_UDEV + new TreeMap<>(LINKS))
                        .getBytes(StandardCharsets.UTF_8);
        FingerprintDigest digest = new FingerprintDigest();
        digest.update(text, 0, text.length);
        return digest.finish().abbreviated();
    }

    private static boolean isFresh(Path directory) throws IOException {
        Instant made = Files.getLastModifiedTime(directory.resolve("metadata.tar.xz")).toInstant();
        return made.plus(FRESH).isAfter(Instant.now());
    }

    private void bootstrap(String suite, Architecture architecture, Path tar) throws IOException {
        BuiltImage.require("mmdebstrap", "mmdebstrap");
        List<String> packages = new ArrayList<>(PACKAGES);
        if (!RESOLVER_INSIDE.contains(suite)) {
            packages.add("systemd-resolved");
        }
        List<String> argv =
                new ArrayList<>(List.of("mmdebstrap", "--variant=minbase", "--format=tar"));
        argv.add("--architectures=" + architecture.debianName());
        argv.add("--include=" + String.join(",", packages));
        argv.addAll(List.of(suite, tar.toString()));
        argv.addAll(sources(suite, AptSources.parse(hostSources())));
        Command command = Command.of(argv).timeout(TIMEOUT).complaints(this::complained);
        for (Map.Entry<String, String> variable : proxies().entrySet()) {
            command = command.environment(variable.getKey(), variable.getValue());
        }
        progress.report("Installing Debian " + suite + " (" + architecture.debianName() + ")");
        try {
            Commands.Result unused = Commands.run(command.environment("TMPDIR", cache.toString()));
        } catch (CommandFailed e) {
            throw new UnavailableException(
                    "Building Debian " + suite + " with mmdebstrap failed: " + lastLine(e), e);
        }
    }

    private void complained(String line) {
        if (line.startsWith("I: ")) {
            progress.report("mmdebstrap: " + line.substring(3));
        }
    }

    private static String lastLine(CommandFailed e) {
        List<String> errors = e.stderrTail().lines().filter(l -> l.startsWith("E:")).toList();
        return errors.isEmpty() ? String.valueOf(e.getMessage()) : errors.getFirst();
    }

    static List<String> sources(String suite, AptSources mirrors) {
        List<String> lines =
                new ArrayList<>(List.of("deb " + mirrors.debian() + " " + suite + " main"));
        if (!suite.equals("sid")) {
            lines.add("deb " + mirrors.debian() + " " + suite + "-updates main");
            lines.add("deb " + mirrors.security() + " " + suite + "-security main");
        }
        return lines;
    }

    private static Map<String, String> hostSources() throws IOException {
        Map<String, String> texts = new TreeMap<>();
        Path main = Path.of("/etc/apt/sources.list");
        if (Files.exists(main)) {
            texts.put(main.toString(), Files.readString(main));
        }
        Path more = Path.of("/etc/apt/sources.list.d");
        if (Files.isDirectory(more)) {
            try (Stream<Path> files = Files.list(more)) {
                for (Path file : files.filter(DebianImage::isSources).toList()) {
                    texts.put(file.toString(), Files.readString(file));
                }
            }
        }
        return texts;
    }

    private static boolean isSources(Path file) {
        return file.toString().endsWith(".list") || file.toString().endsWith(".sources");
    }

    /// What our own environment says, and for http what apt is configured to.
    private static Map<String, String> proxies() {
        Map<String, String> proxies = new HashMap<>();
        if (Commands.find("apt-config").isPresent()) {
            String apt =
                    Commands.run(
                                    Command.of(
                                            "apt-config",
                                            "dump",
                                            "--format",
                                            "%v",
                                            "Acquire::http::Proxy"))
                            .text()
                            .strip();
            if (!apt.isEmpty() && !apt.equals("DIRECT")) {
                proxies.put("http_proxy", apt);
            }
        }
        for (String name : List.of("http_proxy", "https_proxy", "no_proxy")) {
            String value = System.getenv(name);
            if (value != null) {
                proxies.put(name, value);
            }
        }
        return proxies;
    }

    private static ImageMetadata metadata(String suite, Architecture architecture) {
        Instant now = Instant.now();
        String serial = SERIAL.format(now.atZone(ZoneOffset.UTC));
        Map<String, String> properties = new TreeMap<>();
        properties.put("architecture", architecture.debianName());
        properties.put(
                "description",
                "Debian " + suite + " " + architecture.debianName() + " (" + serial + ")");
        properties.put("name", "debian-" + suite + "-" + architecture.debianName() + "-" + serial);
        properties.put("os", "Debian");
        properties.put("release", suite);
        properties.put("serial", serial);
        properties.put("variant", "default");
        return new ImageMetadata(
                architecture.kernelName(),
                now.getEpochSecond(),
                0,
                properties,
                BuiltImage.hostTemplates());
    }

    private static void copy(Path tar, TarWriter out) throws IOException {
        Set<String> ours = new java.util.HashSet<>(LINKS.keySet());
        ours.addAll(LEFT_OUT);
        ours.addAll(List.of("etc/hostname", "etc/hosts", "etc/machine-id"));
        Set<String> directories = new java.util.HashSet<>();
        try (InputStream in = new BufferedInputStream(Files.newInputStream(tar), 1 << 16)) {
            long unused =
                    ImageArchives.readTar(
                            in,
                            "",
                            (entry, data) -> {
                                boolean device = entry.name().startsWith("dev/");
                                if (!ours.contains(entry.name()) && !device) {
                                    out.put(entry, data);
                                }
                                if (entry.type() == TarEntry.Type.DIRECTORY) {
                                    directories.add(entry.name());
                                }
                            });
        }
        add(out, directories);
    }

    private static void add(TarWriter out, Set<String> directories) throws IOException {
        Map<String, String> links = new TreeMap<>(LINKS);
        List<String> files =
                List.of("etc/hostname", "etc/hosts", "etc/machine-id", NETWORK_FILE, NO_UDEV_FILE);
        for (String name : Stream.concat(links.keySet().stream(), files.stream()).toList()) {
            for (int slash = name.indexOf('/'); slash > 0; slash = name.indexOf('/', slash + 1)) {
                if (directories.add(name.substring(0, slash))) {
                    BuiltImage.directory(out, name.substring(0, slash), 0755);
                }
            }
        }
        for (Map.Entry<String, String> link : links.entrySet()) {
            BuiltImage.symlink(out, link.getKey(), link.getValue());
        }
        BuiltImage.file(out, "etc/hostname", 0644, "debian\n");
        BuiltImage.file(out, "etc/hosts", 0644, "127.0.0.1\tlocalhost\n");
        // Empty: systemd makes a new one at the first start.
        BuiltImage.file(out, "etc/machine-id", 0444, "");
        BuiltImage.file(out, NETWORK_FILE, 0644, NETWORK);
        BuiltImage.file(out, NO_UDEV_FILE, 0644, NO_UDEV);
    }
}
