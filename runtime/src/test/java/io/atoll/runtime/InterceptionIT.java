package io.atoll.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.ByteSize;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.linux.FileStat;
import io.atoll.linux.Loop;
import io.atoll.runtime.intercept.Guest;
import io.atoll.runtime.intercept.Interceptor;
import io.atoll.runtime.intercept.MountPolicy;
import io.atoll.runtime.spec.ContainerSpec;
import io.atoll.runtime.spec.DeviceNode;
import io.atoll.runtime.spec.GuestPath;
import io.atoll.runtime.spec.Interception;
import io.atoll.runtime.spec.LimitsSpec;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// System calls that we answer for containers, on the real kernel.
@Tag("privileged")
class InterceptionIT {
    private static final long MEMORY = 64L << 20;

    private static final Duration PATIENCE = Duration.ofSeconds(1);

    /// An init that makes a call of its own when it is told to.
    private static final String ASKING =
            "while :; do if test -e /ask; then mv /ask /asked; . /asked > /answer; fi;"
                    + " sleep 0.05; done";

    private static final Path FUSE2FS = Path.of("/usr/bin/fuse2fs");
    private static final Path MOUNT_FUSE = Path.of("/usr/sbin/mount.fuse3");

    private static final DeviceNode FUSE =
            new DeviceNode(new GuestPath("/dev/fuse"), DeviceNode.Type.CHAR, 10, 229, 0666, 0, 0);

    @TempDir Path dir;

    private BusyboxHost host;
    private Loop.Device disk;
    private MountPolicy mounts = MountPolicy.NOTHING;
    private Interceptor interceptor;
    private Container container;

    @BeforeEach
    void start() throws IOException {
        host = new BusyboxHost();
        Path probe = host.lower().resolve("bin/probe");
        Files.copy(
                Path.of(System.getProperty("atoll.probe")),
                probe,
                StandardCopyOption.REPLACE_EXISTING);
        Files.setPosixFilePermissions(probe, PosixFilePermissions.fromString("rwxr-xr-x"));
        interceptor = new Interceptor();
        ContainerSpec spec = host.spec("calls");
        DeviceNode node = makeDisk();
        if (Files.exists(FUSE2FS)) {
            installFuse2fs();
        }
        container =
                host.containers()
                        .start(
                                spec.withInit(spec.init().running("/bin/sh", "-c", ASKING))
                                        .withDevices(spec.devices().plus(node).plus(FUSE))
                                        .withLimits(limited(spec.limits()))
                                        .withSecurity(
                                                spec.security()
                                                        .withInterceptions(
                                                                EnumSet.allOf(Interception.class))
                                                        .withPatience(PATIENCE)));
        serve();
    }

    /// With what it needs, in places where only the test of it looks, and with a file system to
    /// serve.
    private void installFuse2fs() throws IOException {
        Path place = Files.createDirectories(host.lower().resolve("opt"));
        Path content = Files.createDirectory(dir.resolve("content"));
        Files.writeString(content.resolve("greeting"), "hello from ext4\n");
        Commands.run(
                Command.of(
                        "mkfs.ext4",
                        "-q",
                        "-d",
                        content.toString(),
                        place.resolve("image").toString(),
                        "4M"));
        for (Path program : List.of(FUSE2FS, MOUNT_FUSE)) {
            Files.copy(program, place.resolve(program.getFileName()));
            String libraries = Commands.run(Command.of("ldd", program.toString())).text();
            for (String word : libraries.split("\\s+")) {
                Path inside = host.lower().resolve("." + word).normalize();
                if (word.startsWith("/") && !Files.exists(inside)) {
                    Files.createDirectories(inside.getParent());
                    Files.copy(Path.of(word).toRealPath(), inside);
                }
            }
        }
    }

    /// What is not to be had as a fake: the program that Debian has for it.
    @Test
    void fuse2fsServesAFileSystem() {
        Assumptions.assumeTrue(Files.exists(FUSE2FS), "Debian's fuse2fs is not installed");
        mounts = new MountPolicy(Set.of(), Set.of(), true, Map.of("ext4", "/opt/fuse2fs"));
        String said =
                host.run(
                        container,
                        "cp /opt/mount.fuse3 /sbin/mount.fuse; mkdir -p /m;"
                                + " probe mount /opt/image /m ext4 0 rw; cat /m/greeting;"
                                + " echo kept > /m/new; umount /m; ls /m;"
                                + " probe mount /opt/image /m ext4 1 rw; cat /m/new;"
                                + " echo no > /m/other || umount /m");
        assertEquals(
                List.of("/m mounted", "hello from ext4", "/m mounted", "kept"),
                said.lines().filter(line -> !line.contains("Read-only")).toList());
    }

    private DeviceNode makeDisk() throws IOException {
        Path image = dir.resolve("disk");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(8 << 20);
        }
        Commands.run(Command.of("mkfs.ext4", "-q", "-F", image.toString()));
        disk = Loop.attach(image, false);
        long number = FileStat.of(disk.fd()).rdev();
        mounts = new MountPolicy(Set.of("ext4"), Set.of(number), true, Map.of("xfs", "fakefs"));
        return new DeviceNode(
                new GuestPath("/dev/disk"),
                DeviceNode.Type.BLOCK,
                FileStat.major(number),
                FileStat.minor(number),
                0660,
                0,
                0);
    }

    private static LimitsSpec limited(LimitsSpec base) {
        return new LimitsSpec(
                new LimitsSpec.Memory(
                        Optional.of(new ByteSize(MEMORY)),
                        Optional.empty(),
                        Optional.empty(),
                        OptionalInt.empty()),
                base.cpu(),
                base.pidsMax(),
                base.io(),
                base.hugepages(),
                base.raw());
    }

    private void serve() {
        serve(new Guest(container, BusyboxHost.IDMAP, () -> mounts, true));
    }

    private void serve(Guest guest) {
        container.onSystemCalls(
                calls -> interceptor.serve(calls, guest),
                fd -> interceptor.serveCommand(fd, guest));
    }

    @AfterEach
    void stop() {
        host.close();
        interceptor.close();
        disk.close();
    }

    @Test
    void makesHarmlessDevicesAndNoOthers() {
        assertEquals("", host.run(container, "mknod /null c 1 3; mknod -m 644 zero c 1 5").strip());
        assertEquals(
                "character special file 1:3 0:0",
                host.run(container, "stat -c '%F %t:%T %u:%g' /null").strip());
        assertEquals("4", host.run(container, "echo x > /null; head -c 4 /zero | wc -c").strip());
        String refused =
                host.run(
                        container,
                        "mknod /kmsg c 1 11 2>&1; mknod /sda b 8 0 2>&1; mknod /fuse c 10 229 2>&1;"
                                + " true");
        assertEquals(3, refused.lines().count(), refused);
        assertTrue(refused.lines().allMatch(line -> line.contains("not permitted")), refused);
        assertTrue(host.run(container, "mknod /null c 1 3 2>&1; true").contains("exists"));
        assertTrue(host.run(container, "mknod /none/x c 1 3 2>&1; true").contains("No such"));
        assertTrue(host.run(container, "mknod /proc/x c 1 3 2>&1; true").contains("not permitted"));
    }

    @Test
    void pathsAreTheCallers() {
        host.run(container, "mkdir -p /a/b; cd /a/b; mknod ../up c 1 3; ln -s / /a/top");
        assertEquals("1:3", host.run(container, "stat -c %t:%T /a/up").strip());
        host.run(container, "cd /a/b && mknod ../../../../../far c 1 3; mknod /a/top/a/by c 1 3");
        assertEquals("1:3", host.run(container, "stat -c %t:%T /far").strip());
        assertEquals("1:3", host.run(container, "stat -c %t:%T /a/by").strip());
        assertFalse(Files.exists(Path.of("/far")));
    }

    @Test
    void whoMayNotInsideMayNot() {
        Execution user = container.exec(asUser("cd /dev/shm && mknod n c 1 3"));
        assertEquals(1, user.waitExit());
        user.close();
    }

    private static ExecSpec asUser(String command) {
        ExecSpec of = ExecSpec.of(List.of("/bin/sh", "-c", command), new ExecSpec.Stdio.None());
        return new ExecSpec(
                of.argv(),
                of.env(),
                of.cwd(),
                1000,
                1000,
                List.of(),
                of.stdio(),
                of.skipped(),
                false,
                false);
    }

    @Test
    void tellsItsOwnMemory() {
        String said = host.run(container, "probe sysinfo");
        assertTrue(said.startsWith("total=" + MEMORY + " "), said);
    }

    @Test
    void marksOpaqueDirectoriesAndNothingElse() {
        host.run(container, "mkdir /dev/shm/o /o");
        assertEquals("", host.run(container, "probe setxattr /dev/shm/o trusted.overlay.opaque y"));
        String other = host.run(container, "probe setxattr /dev/shm/o trusted.x y; true");
        assertTrue(other.contains("not permitted"), other);
        String value =
                host.run(container, "probe setxattr /dev/shm/o trusted.overlay.opaque n; true");
        assertTrue(value.contains("not permitted"), value);
        assertEquals("", host.run(container, "probe setxattr /o user.x y"));
        String proc = host.run(container, "probe setxattr /proc trusted.overlay.opaque y; true");
        assertTrue(proc.contains("not permitted"), proc);
    }

    @Test
    void mountsADiskOfItsOwn() {
        String said =
                host.run(
                        container,
                        "mkdir /m && probe mount /dev/disk /m ext4 0 errors=remount-ro"
                                + " && echo kept > /m/file && stat -c %u:%g /m/file"
                                + " && grep ' /m ' /proc/mounts && umount /m"
                                + " && probe mount /dev/disk /m ext4 1 '' && cat /m/file");
        assertTrue(said.contains("0:0"), said);
        assertTrue(said.contains("nodev"), said);
        assertTrue(said.endsWith("kept"), said);
        assertTrue(host.run(container, "touch /m/x 2>&1; umount /m").contains("Read-only"));
    }

    @Test
    void mountsNothingElse() {
        host.run(container, "mkdir /m");
        for (String wrong :
                List.of(
                        "/dev/disk /m btrfs 0 ''",
                        "/dev/disk /m ext4 0 journal_path=/dev/disk",
                        "/dev/disk /m ext4 0 journal_dev=0x700",
                        "/m /m ext4 0 ''",
                        "/dev/null /m ext4 0 ''",
                        "/dev/disk /none ext4 0 ''",
                        "/dev/disk /m debugfs 0 ''")) {
            String said = host.run(container, "probe mount " + wrong + "; true");
            assertTrue(said.startsWith("error="), wrong + ": " + said);
        }
        mounts = new MountPolicy(Set.of("ext4"), Set.of(), true, Map.of());
        String said = host.run(container, "probe mount /dev/disk /m ext4 0 ''; true");
        assertTrue(said.contains("not permitted"), said);
        assertEquals("", host.run(container, "mount -t tmpfs t /m && umount /m"));
    }

    @Test
    void schedulesInRealTime() {
        String said = host.run(container, "probe sched 2 0; probe sched 3 0; true");
        assertTrue(said.contains("Invalid argument"), said);
        assertTrue(said.contains("policy=3"), said);
    }

    @Test
    void badPointersAreBadAddresses() {
        String said = host.run(container, "probe wild");
        assertEquals(16, said.lines().count(), said);
        assertTrue(said.lines().allMatch(line -> line.endsWith("=14")), said);
    }

    @Test
    void whatIsReadIsUsedHoweverItChanges() throws IOException {
        Path canary = Files.createDirectory(dir.resolve("canary"));
        host.run(container, "mkdir /in; ln -s " + canary + " /in/out; ln -s / /in/up");
        for (String other : List.of("/in/out/x", "/in/up/../../.." + canary + "/x", "/in/yyyyyy")) {
            String said = host.run(container, "probe turncoat /in/aaaaaaaaaaaa " + other + " 300");
            assertTrue(said.contains("turned"), said);
        }
        try (var files = Files.list(canary)) {
            assertEquals(0, files.count());
        }
    }

    @Test
    void killedCallersAreLeftAlone() {
        String said =
                host.run(
                        container,
                        "i=0; while [ $i -lt 40 ]; do (while :; do probe sysinfo; done >/dev/null"
                                + " 2>&1) & p=$!; kill -9 $p; i=$((i+1)); done; probe sysinfo");
        assertTrue(said.contains("total=" + MEMORY), said);
    }

    @Test
    void callsWaitForWhoComesAfterUs() {
        interceptor.close();
        ask("probe sysinfo");
        host.reopen();
        container = host.containers().find(container.id()).orElseThrow();
        assertEquals("", host.run(container, "cat /answer"));
        interceptor = new Interceptor();
        serve();
        assertTrue(answer().startsWith("total=" + MEMORY + " "));
    }

    private void ask(String command) {
        host.run(
                container,
                "rm -f /answer; echo '"
                        + command
                        + "' > /ask.new; mv /ask.new /ask;"
                        + " while test -e /ask; do sleep 0.05; done");
    }

    private String answer() {
        return host.run(container, "until test -s /answer; do sleep 0.05; done; cat /answer");
    }

    @Test
    void whenNobodyComesTheCallFailsAndLaterOnesWork() {
        interceptor.close();
        ask("probe sysinfo");
        assertTrue(answer().contains("not implemented"));
        // No more waiting for what is known to be away.
        ask("probe sysinfo");
        assertTrue(answer().contains("not implemented"));
        interceptor = new Interceptor();
        serve();
        ask("probe sysinfo");
        assertTrue(answer().startsWith("total=" + MEMORY + " "));
    }

    /// Somebody who takes the call of init and dies before it is answered.
    private void takeAndDie() throws InterruptedException {
        CountDownLatch taken = new CountDownLatch(1);
        CountDownLatch over = new CountDownLatch(1);
        host.run(container, "mkdir -p /m");
        interceptor.close();
        interceptor = new Interceptor();
        serve(
                new Guest(
                        container,
                        BusyboxHost.IDMAP,
                        () -> {
                            taken.countDown();
                            try {
                                over.await();
                            } catch (InterruptedException e) {
                                throw new IllegalStateException(e);
                            }
                            return mounts;
                        },
                        true));
        ask("probe mount /dev/disk /m ext4 0 noload");
        taken.await();
        interceptor.close();
        over.countDown();
    }

    @Test
    void aCallThatADeadOneHadTakenGoesToTheKernel() throws InterruptedException {
        takeAndDie();
        interceptor = new Interceptor();
        serve();
        assertTrue(answer().contains("not permitted"));
    }

    @Test
    void aCallThatADeadOneHadTakenFailsWhenNobodyComes() throws InterruptedException {
        takeAndDie();
        assertTrue(answer().contains("not implemented"));
        interceptor = new Interceptor();
    }

    @Test
    void programsForDevicesTakeAwayBelow() {
        String said =
                host.run(
                        container,
                        "mkdir /cg && mount -t cgroup2 c /cg && mkdir /cg/sub"
                                + " && probe bpf-attach null /cg/sub"
                                + " && sh -c 'echo $$ > /cg/sub/cgroup.procs && cat /dev/null;"
                                + " head -c 1 /dev/zero | wc -c' 2>&1; cat /dev/null && echo free;"
                                + " probe bpf-detach /cg/sub"
                                + " && sh -c 'echo $$ > /cg/sub/cgroup.procs; cat /dev/null'"
                                + " && echo again");
        assertEquals(
                List.of(
                        "attached",
                        "cat: can't open '/dev/null': Operation not permitted",
                        "1",
                        "free",
                        "detached",
                        "again"),
                said.lines().toList());
    }

    @Test
    void otherProgramsAndPlacesAreRefused() {
        host.run(container, "mkdir /cg && mount -t cgroup2 c /cg && mkdir /cg/sub");
        for (String wrong :
                List.of(
                        "call /cg/sub",
                        "map /cg/sub",
                        "endless /cg/sub",
                        "socket /cg/sub",
                        "null /cg",
                        "null /",
                        "null /proc",
                        "null /none")) {
            String said = host.run(container, "probe bpf-attach " + wrong + "; true");
            assertTrue(said.startsWith("error="), wrong + ": " + said);
        }
        assertTrue(host.run(container, "probe bpf-detach /cg; true").startsWith("error="));
        interceptor.close();
        interceptor = new Interceptor();
        serve(new Guest(container, BusyboxHost.IDMAP, () -> mounts, false));
        String said = host.run(container, "probe bpf-attach null /cg/sub; true");
        assertTrue(said.contains("not permitted"), said);
    }

    private void fakeProgram(String text) {
        host.run(
                container,
                "printf '%s\\n' '#!/bin/sh' '"
                        + text
                        + "' > /sbin/mount.fuse;"
                        + " chmod 755 /sbin/mount.fuse; mkdir -p /m");
    }

    @Test
    void programsOfTheContainerServeFileSystems() {
        fakeProgram("echo \"$@\" > /said; id -u >> /said; mount -t tmpfs fake \"$2\"");
        String said =
                host.run(
                        container,
                        "probe mount /dev/disk /m xfs 1 big,x=\u00fc && cat /said"
                                + " && grep -c ' /m tmpfs' /proc/mounts");
        assertEquals(
                List.of("/m mounted", "fakefs#/dev/disk /m -o big,x=\u00fc,ro", "0", "1"),
                said.lines().toList());
    }

    @Test
    void programsThatFailAndThatAreMissingAreErrors() {
        host.run(container, "mkdir -p /m");
        String missing = host.run(container, "probe mount /dev/disk /m xfs 0 ''; true");
        assertTrue(missing.contains("No such device"), missing);
        fakeProgram("exit 3");
        String failing = host.run(container, "probe mount /dev/disk /m xfs 0 ''; true");
        assertTrue(failing.contains("Invalid argument"), failing);
    }

    @Test
    void namesAreBytes() {
        host.run(container, "mknod /\u00fc c 1 3");
        assertEquals("1:3", host.run(container, "stat -c %t:%T /\u00fc").strip());
    }

    @Test
    void aCommandsCallsAreNotMadeOnceWeAreGone() {
        host.reopen();
        container = host.containers().find(container.id()).orElseThrow();
        assertTrue(host.run(container, "probe sysinfo; true").contains("not implemented"));
    }
}
