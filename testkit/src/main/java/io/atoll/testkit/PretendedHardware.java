package io.atoll.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/// Hardware that this machine need not have: a mount namespace in which `/sys` and `/dev` show it
/// and in which the programs that drive it are ours. All the rest is the real machine's: nodes have
/// numbers of real devices, interfaces are real links, and the kernel tells of devices that come
/// and go. A daemon sees it that is started through [#entrance()].
public final class PretendedHardware implements AutoCloseable {
    /// What nodes of pretended devices are in truth: `/dev/zero`, which can be read.
    public static final String ZERO = "1:5";

    private static final Path NEWS = Path.of("/sys/class/mem/zero/uevent");
    private static final Duration SOON = Duration.ofSeconds(20);

    /// Whole folders are laid over the machine's, so that what comes and goes in them is seen at
    /// once: an overlay remembers names that were not there.
    private static final String SETUP =
            """
            set -e
            base=$1
            cd "$base"
            mkdir -p real dev bin
            mount --rbind /sys real
            for d in bus class dev/char dev/block; do
                mkdir -p "sys/$d"
                for e in "real/$d"/*; do
                    [ -e "sys/$d/${e##*/}" ] || ln -s "$base/$e" "sys/$d/${e##*/}"
                done
            done
            for d in bus class dev; do mount --bind "sys/$d" "/sys/$d"; done
            mount -t tmpfs -o mode=755 dev dev
            cp -a /dev/. dev/
            for d in pts shm mqueue hugepages; do
                if mountpoint -q "/dev/$d"; then mount --rbind "/dev/$d" "dev/$d"; fi
            done
            touch dev/vtpmx
            mount --rbind dev /dev
            cp -a /usr/local/sbin/. bin/
            mount --bind bin /usr/local/sbin
            touch ready
            exec tail -f "$base/ready"
            """;

    /// `swtpm`: says that it made `/dev/tpm7` and stays until it is ended.
    private static final String SWTPM =
            """
            #!/bin/sh
            if [ "$1" = serve ]; then
                sleep infinity &
                trap 'kill $!; exit 0' TERM
                wait
                exit 0
            fi
            for word; do
                case $word in file=*) file=${word#file=} ;; esac
            done
            setsid sh "$0" serve "$@" </dev/null >/dev/null 2>&1 &
            echo $! >"$file"
            echo 'New TPM device: /dev/tpm7 (major/minor = 1/5)'
            """;

    /// `ip`: answers for the functions of the card, and passes all else on.
    private static final String IP =
            """
            #!/bin/sh
            card=%1$s functions=%2$s/functions
            case "$*" in
            "-json link show dev $card")
                printf '[{"ifname":"%%s","vfinfo_list":[' $card
                between=
                for f in $functions/*; do
                    printf '%%s{"vf":%%s,"address":"%%s","vlan_list":[{"vlan":%%s}],"spoofchk":%%s}' \\
                        "$between" ${f##*/} $(cat $f/mac) $(cat $f/vlan) $(sed 's/on/true/;s/off/false/' $f/spoofchk)
                    between=,
                done
                echo ']}]' ;;
            "link set dev $card vf "*)
                [ -e $functions/$6/$7 ] && echo "$8" >$functions/$6/$7 ;;
            *)
                for real in /usr/sbin/ip /usr/bin/ip /sbin/ip /bin/ip; do
                    [ -x $real ] && exec $real "$@"
                done ;;
            esac
            """;

    private final Path base;
    private final Process holder;

    private PretendedHardware(Path base, Process holder) {
        this.base = base;
        this.holder = holder;
    }

    /// A machine without devices, but for what a module of `swtpm` needs.
    ///
    /// @param marker part of the directory's name
    /// @param card the interface whose functions can be pretended
    public static PretendedHardware launch(String marker, String card) {
        try {
            Path base = Files.createTempDirectory(marker + "-");
            for (String folder : List.of("bin", "sys/bus/usb/devices", "sys/class/net")) {
                Files.createDirectories(base.resolve(folder));
            }
            program(base.resolve("bin/swtpm"), SWTPM);
            program(base.resolve("bin/ip"), IP.formatted(card, base));
            write(base.resolve("sys/class/tpmrm/tpmrm7/dev"), "1:3");
            Path log = base.resolve("setup.log");
            Process holder =
                    Program.of("unshare", "--mount", "--propagation=slave")
                            .builder("sh", "-c", SETUP, "sh", base.toString())
                            .redirectErrorStream(true)
                            .redirectOutput(log.toFile())
                            .start();
            Await.until(
                    "the pretended hardware",
                    SOON,
                    () -> {
                        if (!holder.isAlive()) {
                            throw new AssertionError("no pretended hardware: " + read(log));
                        }
                        return Files.exists(base.resolve("ready"));
                    });
            return new PretendedHardware(base, holder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// What commands begin with that are to see it.
    public List<String> entrance() {
        return List.of("nsenter", "--target=" + holder.pid(), "--mount", "--wdns=/", "--");
    }

    private static void program(Path file, String text) throws IOException {
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static void write(Path file, String text) {
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, text + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void link(Path link, Path target) {
        try {
            Files.createDirectories(link.getParent());
            Files.deleteIfExists(link);
            Files.createSymbolicLink(link, target);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path usb(String port) {
        return base.resolve("sys/devices/usb1").resolve(port);
    }

    /// Puts a USB device into a port of the first bus. Nobody is told.
    ///
    /// @param number on the bus
    public void plug(String port, String vendor, String product, int number) {
        Path device = usb(port);
        write(device.resolve("idVendor"), vendor);
        write(device.resolve("idProduct"), product);
        write(device.resolve("busnum"), "1");
        write(device.resolve("devnum"), Integer.toString(number));
        write(device.resolve("dev"), ZERO);
        write(device.resolve("uevent"), "DEVTYPE=usb_device");
        link(base.resolve("sys/bus/usb/devices").resolve(port), device);
    }

    /// Gives the USB device in a port a node of its own, as serial adapters have.
    ///
    /// @param numbers under which the kernel lists it
    public void plugLine(String port, String name, String numbers) {
        Path line = usb(port).resolve(port + ":1.0").resolve(name);
        write(line.resolve("uevent"), "DEVNAME=" + name);
        write(line.resolve("dev"), ZERO);
        link(base.resolve("sys/dev/char").resolve(numbers), line);
    }

    /// Takes away what is in a port. Nobody is told.
    public void unplug(String port) {
        try {
            Files.deleteIfExists(base.resolve("sys/bus/usb/devices").resolve(port));
            delete(usb(port));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Lets the kernel say that a device came; who hears it looks for himself.
    public static void tell() {
        try {
            Files.writeString(NEWS, "add");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Whether this kernel says something when asked to.
    public static boolean canTell() {
        return Files.isWritable(NEWS);
    }

    /// Gives an interface virtual functions, which are other interfaces.
    public void functions(String card, List<String> links) {
        Path device = base.resolve("sys/class/net").resolve(card).resolve("device");
        write(device.resolve("sriov_totalvfs"), Integer.toString(links.size()));
        write(device.resolve("sriov_numvfs"), Integer.toString(links.size()));
        for (int i = 0; i < links.size(); i++) {
            write(device.resolve("virtfn" + i + "/net/" + links.get(i) + "/mtu"), "1500");
            link(
                    base.resolve("sys/class/net").resolve(links.get(i)).resolve("operstate"),
                    base.resolve("real/class/net").resolve(links.get(i)).resolve("operstate"));
            Path state = base.resolve("functions/" + i);
            write(state.resolve("mac"), "00:00:00:00:00:00");
            write(state.resolve("vlan"), "0");
            write(state.resolve("spoofchk"), "on");
        }
    }

    /// What the card knows of a function: `mac`, `vlan` or `spoofchk`.
    public Path functionState(int number, String what) {
        return base.resolve("functions/" + number).resolve(what);
    }

    /// Makes an interface that of an InfiniBand card.
    public void infiniband(String link) {
        Path device = base.resolve("sys/class/net").resolve(link).resolve("device");
        write(device.resolve("infiniband_verbs/uverbs0/dev"), ZERO);
        write(device.resolve("infiniband_mad/umad0/dev"), ZERO);
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Files.walkFileTree(
                folder,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        Files.delete(file);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(Path path, IOException failure)
                            throws IOException {
                        Files.delete(path);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }

    /// All that the pretended parts know, for comparisons.
    public List<String> facts() {
        Path functions = base.resolve("functions");
        try (Stream<Path> files = Files.exists(functions) ? Files.walk(functions) : Stream.of()) {
            return files.filter(Files::isRegularFile).sorted().map(this::fact).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// What is mounted there whose place or source holds a text.
    public List<String> mounts(String text) {
        try (Stream<String> lines =
                Files.lines(Path.of("/proc", Long.toString(holder.pid()), "mountinfo"))) {
            return lines.filter(line -> line.contains(text)).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String fact(Path file) {
        return base.relativize(file) + "=" + read(file).strip();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Ends it; nothing may run in it any more. Its mounts are gone with the holder, so that only
    /// our own files are below the directory.
    @Override
    public void close() {
        try {
            int unused = holder.destroyForcibly().waitFor();
            delete(base);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
