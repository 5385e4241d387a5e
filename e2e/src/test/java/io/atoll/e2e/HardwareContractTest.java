package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.atoll.testkit.Await;
import io.atoll.testkit.PretendedHardware;
import io.atoll.testkit.Program;
import io.atoll.testkit.Room;
import io.atoll.testkit.TestDaemon;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Devices that need hardware: the daemon is shown a machine that has it. What it reads and whom it
/// calls are pretended; nodes, interfaces, rights and the kernel's news are real.
@Tag("privileged")
@Tag("e2e")
class HardwareContractTest extends DeviceContract {
    private static final Room ROOM = Room.take("e2ehw", 78);
    private static final String MARKER = ROOM.name();
    private static final String CARD = MARKER + "ph0";
    private static final String FABRIC = MARKER + "ib";
    private static final List<String> FUNCTIONS = List.of(MARKER + "f0", MARKER + "f1");

    private static final String READABLE = "test \"$(head -c 3 %s | wc -c)\" = 3";
    private static final String STICK = "/dev/bus/usb/001/003";
    private static final String LINE = "/dev/tty" + MARKER;

    /// No id of the instance's.
    private static final List<String> OWNER_OUTSIDE = List.of("uid=4000000000");

    private static final PretendedHardware HARDWARE =
            PretendedHardware.launch("atoll-" + MARKER + "-hardware", CARD);

    HardwareContractTest() {
        super(ROOM, TestDaemon.launch("atoll-" + MARKER, HARDWARE.entrance()));
    }

    @Override
    Stream<Kind> kinds() {
        Path state = HARDWARE.functionState(1, "vlan");
        return Stream.of(
                new Kind(
                        "usb",
                        List.of("usb", "vendorid=0951", "productid=1666", "required=true"),
                        "mode=0600",
                        OWNER_OUTSIDE,
                        READABLE.formatted(STICK),
                        "ls -l " + STICK + " | grep -q ^crw-------"),
                new Kind(
                        "unix-hotplug",
                        List.of("unix-hotplug", "vendorid=0403", "required=true"),
                        "gid=7",
                        OWNER_OUTSIDE,
                        READABLE.formatted(LINE),
                        "ls -ln " + LINE + " | grep -q ' 7 '"),
                new Kind(
                        "tpm",
                        List.of("tpm", "path=/dev/tpm0", "pathrm=/dev/tpmrm0"),
                        "path=/dev/tpm5",
                        // The module runs and its first node is there already.
                        List.of("pathrm=/etc/passwd/x"),
                        READABLE.formatted("/dev/tpm0") + " && test -c /dev/tpmrm0",
                        READABLE.formatted("/dev/tpm5") + " && ! test -e /dev/tpm0"),
                new Kind(
                        "infiniband",
                        List.of("infiniband", "nictype=physical", "parent=" + FABRIC, "name=in1"),
                        "name=in2",
                        List.of("name=lo"),
                        "ip link show in1 && " + READABLE.formatted("/dev/infiniband/uverbs0"),
                        "ip link show in2 && " + READABLE.formatted("/dev/infiniband/umad0")),
                new Kind(
                        "sriov",
                        List.of("nic", "nictype=sriov", "parent=" + card, "name=in1", "vlan=5"),
                        "vlan=6",
                        List.of("name=lo"),
                        "ip link show in1",
                        ON_HOST + "grep -qx 6 " + state),
                new Kind(
                        "infiniband of a function",
                        List.of("infiniband", "nictype=sriov", "parent=" + card, "name=in1"),
                        "name=in2",
                        List.of("name=lo"),
                        "ip link show in1 && " + READABLE.formatted("/dev/infiniband/uverbs0"),
                        "ip link show in2 && " + READABLE.formatted("/dev/infiniband/umad0")));
    }

    @BeforeAll
    void prepare() {
        for (String link : List.of(FUNCTIONS.getFirst(), FUNCTIONS.getLast(), FABRIC)) {
            host("ip", "link", "add", link, "type", "veth", "peer", "name", link + "p");
        }
        // In use on the host, and therefore nobody's.
        host("ip", "link", "set", FUNCTIONS.getFirst(), "up");
        host("ip", "link", "set", FUNCTIONS.getFirst() + "p", "up");
        HARDWARE.functions(card, FUNCTIONS);
        HARDWARE.infiniband(FABRIC);
        HARDWARE.infiniband(FUNCTIONS.getLast());
    }

    @AfterAll
    void cleanUp() {
        daemon.close();
        HARDWARE.close();
        FUNCTIONS.forEach(link -> host("ip", "link", "delete", link));
        host("ip", "link", "delete", FABRIC);
    }

    @BeforeEach
    void plug() {
        HARDWARE.plug("1-1", "0951", "1666", 3);
        HARDWARE.plug("1-2", "0403", "6001", 4);
        HARDWARE.plugLine("1-2", "tty" + MARKER, "188:77");
    }

    @AfterEach
    void unplug() {
        HARDWARE.unplug("1-1");
        HARDWARE.unplug("1-2");
    }

    @Override
    List<String> ownFacts() {
        List<String> out = new ArrayList<>(HARDWARE.facts());
        out.addAll(HARDWARE.mounts(name));
        // Those that an instance has are not there.
        names(Path.of("/sys/class/net")).stream()
                .filter(link -> link.contains(MARKER + "f") || link.contains(FABRIC))
                .forEach(out::add);
        daemon.helpers("swtpm").forEach(module -> out.add("module " + module.pid()));
        return out;
    }

    private void followsAs(String node, Runnable comes, Runnable goes) {
        String isThere = READABLE.formatted(node);
        goes.run();
        lxc("start", name);
        assertFalse(holds("test -e " + node));
        comes.run();
        PretendedHardware.tell();
        Await.until("it to come", SOON, () -> holds(isThere));
        goes.run();
        PretendedHardware.tell();
        Await.until("it to go", SOON, () -> !holds("test -e " + node));
        daemon.kill();
        comes.run();
        daemon.start();
        Await.until("what came while no daemon looked", SOON, () -> holds(isThere));
        goes.run();
        PretendedHardware.tell();
        Await.until("it to go again", SOON, () -> !holds("test -e " + node));
        lxc("config", "device", "remove", name, "dev1");
        comes.run();
        PretendedHardware.tell();
        lxc("stop", "--force", name);
        assertEquals(before, facts());
    }

    @Test
    void aStickComesAndGoes() {
        assumeTrue(PretendedHardware.canTell(), "this kernel repeats no news");
        lxc("config", "device", "add", name, "dev1", "usb", "vendorid=0951");
        followsAs(
                STICK, () -> HARDWARE.plug("1-1", "0951", "1666", 3), () -> HARDWARE.unplug("1-1"));
    }

    @Test
    void aSerialAdapterComesAndGoes() {
        assumeTrue(PretendedHardware.canTell(), "this kernel repeats no news");
        lxc("config", "device", "add", name, "dev1", "unix-hotplug", "productid=6001");
        followsAs(
                LINE,
                () -> {
                    HARDWARE.plug("1-2", "0403", "6001", 4);
                    HARDWARE.plugLine("1-2", "tty" + MARKER, "188:77");
                },
                () -> HARDWARE.unplug("1-2"));
    }

    /// A device of these numbers that is not there is missed only where it is required.
    @Test
    void whatIsNotThereIsNamedIfItIsRequired() {
        HARDWARE.unplug("1-1");
        lxc("config", "device", "add", name, "dev1", "usb", "vendorid=0951", "required=true");
        Program.Output refused = client.run("start", name).exits(1);
        Program.Output log = client.run("info", name, "--show-log");
        assertTrue(
                (refused.err() + log.out()).contains("Required device not present"), refused.err());
        lxc("config", "device", "set", name, "dev1", "required", "false");
        lxc("start", name);
    }

    /// The second instance finds no function that is free.
    @Test
    void aFunctionIsOneInstancesAtATime() {
        String other = name + "b";
        lxc("config", "device", "add", name, "dev1", "nic", "nictype=sriov", "parent=" + card);
        lxc("start", name);
        lxc("copy", name, other);
        Program.Output refused = client.run("start", other).exits(1);
        assertTrue(refused.err().contains("seem to be in use"), refused.err());
        lxc("stop", "--force", name);
        lxc("start", other);
        lxc("delete", "--force", other);
        assertEquals(before, facts());
    }
}
