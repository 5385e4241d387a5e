package io.atoll.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/// Images that tests import, as unified tarballs; made once and kept in
/// `/var/cache/atoll/test-images`.
///
/// They are put together with tar and mmdebstrap and not with our own image builder: a fault there
/// must not hide a fault in the import.
public final class TestImages {
    private static final Path CACHE = Path.of("/var/cache/atoll/test-images");
    private static final Path BUSYBOX = Path.of("/bin/busybox");

    /// Part of the file names: changed with what the images hold.
    private static final String EDITION = "2";

    private static final ReentrantLock LOCK = new ReentrantLock();

    private static final String INITTAB =
            """
            ::sysinit:/bin/hostname -F /etc/hostname
            console::respawn:/bin/sh -l
            """;
    private static final String UDHCPC_SCRIPT =
            """
            #!/bin/sh
            [ "$1" = bound ] || [ "$1" = renew ] || exit 0
            ip address flush dev "$interface"
            ip address add "$ip/$mask" dev "$interface"
            ip route replace default via "${router%% *}"
            echo "nameserver ${dns%% *}" >/etc/resolv.conf
            """;
    private static final String META_DATA =
            """
            instance-id: {{ container.name }}
            local-hostname: {{ container.name }}
            {{ config_get("user.meta-data", "") }}
            """;
    private static final String CHOICE =
            """
            {% if config_get("KEY", "") == "" %}FALLBACK{% else %}{{ config_get("KEY", "") }}
            {% endif %}
            """;
    private static final String NETWORKD =
            """
            [Match]
            Name=eth0
            [Network]
            DHCP=ipv4
            """;

    private TestImages() {}

    /// A system of one static program: 1 MB, starts in milliseconds.
    ///
    /// @throws AssertionError if the host has no static busybox
    public static Path busybox() {
        return cached("busybox-" + EDITION + ".tar.gz", TestImages::buildBusybox);
    }

    /// Debian 12 with systemd, dbus and systemd-networkd; takes a minute to make the first time.
    public static Path debian() {
        return cached("debian-12-" + EDITION + ".tar.gz", TestImages::buildDebian);
    }

    /// Debian 12 with cloud-init, which finds its data in `/dev/lxd/sock`, or where the image's
    /// templates write it as those of public images do; takes two minutes to make the first time.
    ///
    /// @param hasTemplates whether it has them
    public static Path cloud(boolean hasTemplates) {
        String name = hasTemplates ? "seed" : "plain";
        return cached(
                "debian-12-cloud-" + name + "-" + EDITION + ".tar.gz",
                folder -> buildCloud(folder, hasTemplates));
    }

    @FunctionalInterface
    private interface Builder {
        void build(Path folder) throws IOException;
    }

    private static Path cached(String name, Builder builder) {
        Path image = CACHE.resolve(name);
        LOCK.lock();
        try {
            if (Files.exists(image)) {
                return image;
            }
            Files.createDirectories(CACHE);
            Path folder = Files.createTempDirectory(CACHE, "making-");
            try {
                builder.build(folder);
                Path tar = CACHE.resolve(name + ".part");
                Program.of(
                                "tar",
                                "--create",
                                "--gzip",
                                "--numeric-owner",
                                "--sort=name",
                                "--mtime=2026-01-01T00:00:00Z",
                                "--file=" + tar,
                                "--directory=" + folder)
                        .run("metadata.yaml", "templates", "rootfs")
                        .ok();
                Files.move(tar, image, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Program.of("rm", "--recursive", "--force", "--one-file-system")
                        .run(folder.toString())
                        .ok();
            }
            return image;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } finally {
            LOCK.unlock();
        }
    }

    private static void buildBusybox(Path folder) throws IOException {
        Path root = Files.createDirectories(folder.resolve("rootfs"));
        for (String name :
                "bin sbin etc proc sys dev run root mnt tmp var usr/bin usr/sbin".split(" ")) {
            Files.createDirectories(root.resolve(name));
        }
        Program.of("chmod", "1777").run(root.resolve("tmp").toString()).ok();
        if (!Files.exists(BUSYBOX)) {
            throw new AssertionError("no " + BUSYBOX + ": install busybox-static");
        }
        Files.copy(BUSYBOX, root.resolve("bin/busybox"), StandardCopyOption.COPY_ATTRIBUTES);
        for (String path : Program.of("busybox", "--list-full").run().ok().out().lines().toList()) {
            Path link = root.resolve(path);
            if (!Files.exists(link, LinkOption.NOFOLLOW_LINKS)) {
                Files.createDirectories(link.getParent());
                Files.createSymbolicLink(link, Path.of("/bin/busybox"));
            }
        }
        Path init = root.resolve("sbin/init");
        Files.deleteIfExists(init);
        Files.createSymbolicLink(init, Path.of("/bin/busybox"));
        Files.writeString(root.resolve("etc/inittab"), INITTAB);
        Files.writeString(root.resolve("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
        Files.writeString(root.resolve("etc/group"), "root:x:0:\n");
        Files.writeString(root.resolve("etc/hostname"), "busybox\n");
        Files.writeString(root.resolve("etc/udhcpc.script"), UDHCPC_SCRIPT);
        Program.of("chmod", "755").run(root.resolve("etc/udhcpc.script").toString()).ok();
        describe(folder, "Busybox");
    }

    private static void buildDebian(Path folder) throws IOException {
        Path root = folder.resolve("rootfs");
        Program.of(
                        "mmdebstrap",
                        "--mode=root",
                        "--variant=minbase",
                        "--include=systemd-sysv,dbus,udev,iproute2,iputils-ping,procps",
                        "bookworm")
                .run(root.toString())
                .ok();
        Files.writeString(root.resolve("etc/systemd/network/eth0.network"), NETWORKD);
        Program.of("systemctl", "--root=" + root, "enable").run("systemd-networkd.service").ok();
        Files.deleteIfExists(root.resolve("etc/machine-id"));
        Files.createFile(root.resolve("etc/machine-id"));
        describe(folder, "Debian 12");
    }

    private static void buildCloud(Path folder, boolean hasTemplates) throws IOException {
        Program.of(
                        "mmdebstrap",
                        "--mode=root",
                        "--variant=minbase",
                        "--include=systemd-sysv,dbus,udev,iproute2,ifupdown,isc-dhcp-client,"
                                + "cloud-init,locales",
                        "bookworm")
                .run(folder.resolve("rootfs").toString())
                .ok();
        describe(folder, "Debian 12");
        if (!hasTemplates) {
            return;
        }
        StringBuilder more = new StringBuilder();
        for (String file : List.of("meta-data", "user-data", "vendor-data", "network-config")) {
            String fallback =
                    switch (file) {
                        case "meta-data" -> META_DATA;
                        case "network-config" -> "version: 2\nethernets: {eth0: {dhcp4: true}}\n";
                        default -> "#cloud-config\n{}\n";
                    };
            String key = "user." + file;
            String text =
                    file.equals("meta-data")
                            ? fallback
                            : CHOICE.replace("KEY", key).replace("FALLBACK", fallback);
            Files.writeString(folder.resolve("templates/" + file + ".tpl"), text);
            more.append("  /var/lib/cloud/seed/nocloud-net/")
                    .append(file)
                    .append(":\n    when: [create, copy]\n    template: ")
                    .append(file)
                    .append(".tpl\n");
        }
        Files.writeString(folder.resolve("metadata.yaml"), more, StandardOpenOption.APPEND);
    }

    private static void describe(Path folder, String description) throws IOException {
        Files.createDirectories(folder.resolve("templates"));
        Files.writeString(folder.resolve("templates/hostname.tpl"), "{{ container.name }}\n");
        Files.writeString(
                folder.resolve("metadata.yaml"),
                """
                architecture: x86_64
                creation_date: 1767225600
                properties:
                  description: %s
                  os: %s
                templates:
                  /etc/hostname:
                    when: [create, copy, rename]
                    template: hostname.tpl
                """
                        .formatted(description, description.split(" ")[0]));
    }
}
