package io.atoll.image;

import io.atoll.base.Architecture;
import io.atoll.base.InternalException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The smallest image that is a system: busybox as init, shell and DHCP client.
final class BusyboxImage {
    private static final int PT_INTERP = 3;
    private static final Path BUSYBOX = Path.of("/bin/busybox");
    private static final List<String> SBIN =
            List.of(
                    "init",
                    "halt",
                    "poweroff",
                    "reboot",
                    "getty",
                    "ifconfig",
                    "route",
                    "udhcpc",
                    "sysctl",
                    "swapon",
                    "swapoff",
                    "mkswap");

    private static final String INITTAB =
            """
            ::sysinit:/etc/init.d/rcS
            ::askfirst:-/bin/sh
            ::restart:/sbin/init
            """;

    /// In the background, so that the system is up at once and an absent server holds up nothing.
    private static final String RC =
            """
            #!/bin/sh
            export PATH=/bin:/sbin:/usr/bin:/usr/sbin
            [ -s /etc/hostname ] && hostname -F /etc/hostname
            ip link set lo up
            if [ -e /sys/class/net/eth0 ]; then
              ip link set eth0 up
              udhcpc -i eth0 -b -S -t 5 -T 1 -A 5 -x hostname:"$(hostname)" -s /etc/udhcpc/default.script </dev/null >/dev/null 2>&1 &
            fi
            exit 0
            """;

    private static final String DHCP =
            """
            #!/bin/sh
            case "$1" in
            deconfig)
              ip -4 addr flush dev "$interface"
              ip link set "$interface" up
              ;;
            bound|renew)
              ip -4 addr flush dev "$interface"
              ip -4 addr add "$ip/${mask:-24}" ${broadcast:+broadcast $broadcast} dev "$interface"
              for gateway in $router; do
                ip -4 route add default via "$gateway" dev "$interface" && break
              done
              : >/etc/resolv.conf.new
              [ -n "$domain" ] && echo "search $domain" >>/etc/resolv.conf.new
              for server in $dns; do
                echo "nameserver $server" >>/etc/resolv.conf.new
              done
              mv /etc/resolv.conf.new /etc/resolv.conf
              ;;
            esac
            exit 0
            """;

    private final Path cache;
    private final BuildProgress progress;

    BusyboxImage(Path cache, BuildProgress progress) {
        this.cache = cache;
        this.progress = progress;
    }

    ImageFile build(Architecture architecture, boolean refresh) {
        if (!Files.isExecutable(BUSYBOX)) {
            throw new UnsupportedException(
                    BUSYBOX + " is missing, please install \"busybox-static\"");
        }
        if (architecture != Architecture.host()) {
            throw new UnsupportedException(
                    "A busybox image can only be made for this host's architecture");
        }
        try {
            byte[] busybox = Files.readAllBytes(BUSYBOX);
            if (isDynamic(busybox)) {
                throw new UnsupportedException(
                        BUSYBOX + " is not static, please install \"busybox-static\"");
            }
            return build(architecture, busybox, refresh);
        } catch (IOException e) {
            throw new InternalException("Failed to read " + BUSYBOX + ": " + e.getMessage(), e);
        }
    }

    private ImageFile build(Architecture architecture, byte[] busybox, boolean refresh)
            throws IOException {
        FingerprintDigest digest = new FingerprintDigest();
        digest.update(busybox, 0, busybox.length);
        BuiltImage built =
                new BuiltImage(cache.resolve("busybox-" + digest.finish().abbreviated()));
        if (built.exists() && !refresh) {
            return built.file();
        }
        progress.report("Packing busybox");
        List<String> applets =
                Commands.run(Command.of(BUSYBOX.toString(), "--list"))
                        .text()
                        .lines()
                        .sorted()
                        .toList();
        long time = Math.max(1, Files.getLastModifiedTime(BUSYBOX).toMillis() / 1000);
        return built.write(
                metadata(architecture, time),
                BuiltImage.hostTemplateTexts(),
                tar -> write(tar, busybox, applets));
    }

    private static ImageMetadata metadata(Architecture architecture, long time) {
        Map<String, String> properties = new TreeMap<>();
        properties.put("architecture", architecture.kernelName());
        properties.put("description", "BusyBox " + architecture.kernelName());
        properties.put("name", "busybox-" + architecture.kernelName());
        properties.put("os", "BusyBox");
        return new ImageMetadata(
                architecture.kernelName(), time, 0, properties, BuiltImage.hostTemplates());
    }

    private static void write(TarWriter tar, byte[] busybox, List<String> applets)
            throws IOException {
        for (String name :
                List.of(
                        ".",
                        "bin",
                        "dev",
                        "etc",
                        "etc/init.d",
                        "etc/udhcpc",
                        "lib",
                        "mnt",
                        "proc",
                        "run",
                        "sbin",
                        "sys",
                        "usr",
                        "usr/bin",
                        "usr/sbin",
                        "var",
                        "var/lib")) {
            BuiltImage.directory(tar, name, 0755);
        }
        BuiltImage.directory(tar, "root", 0700);
        BuiltImage.directory(tar, "tmp", 01777);
        BuiltImage.symlink(tar, "var/run", "../run");
        tar.put(
                TarEntry.plain(TarEntry.Type.FILE, "bin/busybox", 0755, busybox.length),
                new ByteArrayInputStream(busybox));
        for (String applet : applets) {
            if (!applet.equals("busybox") && !applet.contains("/")) {
                BuiltImage.symlink(tar, "bin/" + applet, "busybox");
            }
        }
        for (String applet : SBIN) {
            BuiltImage.symlink(tar, "sbin/" + applet, "/bin/busybox");
        }
        BuiltImage.file(tar, "etc/inittab", 0644, INITTAB);
        BuiltImage.file(tar, "etc/init.d/rcS", 0755, RC);
        BuiltImage.file(tar, "etc/udhcpc/default.script", 0755, DHCP);
        BuiltImage.file(
                tar,
                "etc/passwd",
                0644,
                "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n");
        BuiltImage.file(tar, "etc/group", 0644, "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n");
        BuiltImage.file(tar, "etc/shadow", 0640, "root:*:19000:0:99999:7:::\n");
        BuiltImage.file(tar, "etc/hostname", 0644, "busybox\n");
        BuiltImage.file(tar, "etc/hosts", 0644, "127.0.0.1\tlocalhost\n");
        BuiltImage.file(tar, "etc/resolv.conf", 0644, "");
        BuiltImage.file(
                tar, "etc/os-release", 0644, "NAME=BusyBox\nID=busybox\nPRETTY_NAME=\"BusyBox\"\n");
    }

    /// True if the program asks for a dynamic linker: one of its program headers is of type
    /// `PT_INTERP`; elf(5).
    private static boolean isDynamic(byte[] elf) {
        ByteBuffer header =
                ByteBuffer.wrap(elf)
                        .order(elf[5] == 1 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        boolean wide = elf[4] == 2;
        long offset = wide ? header.getLong(32) : header.getInt(28);
        int size = header.getShort(wide ? 54 : 42);
        int count = header.getShort(wide ? 56 : 44);
        for (int i = 0; i < count; i++) {
            if (header.getInt((int) offset + i * size) == PT_INTERP) {
                return true;
            }
        }
        return false;
    }
}
