package io.atoll.lxctools.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnavailableException;
import io.atoll.base.UnsupportedException;
import io.atoll.runtime.lxc.LxcRootfs;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the volume managers are told, which this machine does not have.
class VolumeManagersTest {
    @TempDir private Path directory;

    /// Writes down what it is told and answers as it was told to.
    private static final class Recorder implements HostCommands {
        final List<String> told = new ArrayList<>();
        final Map<String, String> answers = new TreeMap<>();
        Optional<String> failing = Optional.empty();

        @Override
        public String run(String... argv) {
            String line = String.join(" ", argv);
            told.add(line);
            if (failing.filter(line::startsWith).isPresent()) {
                throw new UnavailableException("planned failure of " + line);
            }
            return answers.entrySet().stream()
                    .filter(e -> line.startsWith(e.getKey()))
                    .map(Map.Entry::getValue)
                    .findFirst()
                    .orElse("");
        }

        @Override
        public boolean has(String name) {
            return true;
        }
    }

    private final Recorder commands = new Recorder();

    private Backend.Place place(String name) {
        return new Backend.Place(directory.resolve(name), name);
    }

    private Backend backend(String type) {
        return new Backends(commands, StorageOptions.DEFAULT).byName(type, directory);
    }

    private static StorageOptions options(String thinPool) {
        return new StorageOptions(
                Optional.empty(), "ext4", 500L << 20, "", "vg0", thinPool, "tank/lxc", "", "rbd0");
    }

    @Test
    void makesALogicalVolume() {
        LxcRootfs made = backend("lvm").create(place("p1"), options(""));
        assertEquals("lvm:/dev/vg0/p1", made.render());
        assertEquals(
                List.of(
                        "lvcreate --yes --wipesignatures y --size 524288000b --name p1 vg0",
                        "mkfs.ext4 -q -F /dev/vg0/p1"),
                commands.told);
    }

    @Test
    void makesAThinVolumeWhereAPoolIsNamed() {
        assertEquals(
                "lvm:/dev/vg0/p1", backend("lvm").create(place("p1"), options("pool")).render());
        assertEquals(
                "lvcreate --yes --wipesignatures y --thinpool pool --virtualsize 524288000b --name"
                        + " p1 vg0",
                commands.told.getFirst());
    }

    @Test
    void removesALogicalVolumeThatGetsNoFileSystem() {
        commands.failing = Optional.of("mkfs.ext4");
        Backend lvm = backend("lvm");
        assertThrows(UnavailableException.class, () -> lvm.create(place("p1"), options("")));
        assertEquals("lvremove --force /dev/vg0/p1", commands.told.getLast());
    }

    @Test
    void takesThinSnapshotsOfThinVolumesOnly() {
        Backend lvm = backend("lvm");
        LxcRootfs origin = LxcRootfs.parse("lvm:/dev/vg0/p1");
        commands.answers.put("lvs", "  pool\n");
        assertEquals("lvm:/dev/vg0/p2", lvm.snapshot(origin, place("p2")).render());
        commands.answers.put("lvs", "  \n");
        assertEquals("lvm:/dev/vg0/p3", lvm.snapshot(origin, place("p3")).render());
        assertEquals(
                List.of(
                        "lvs --noheadings --options pool_lv /dev/vg0/p1",
                        "lvcreate --snapshot --setactivationskip n --name p2 /dev/vg0/p1",
                        "lvs --noheadings --options pool_lv /dev/vg0/p1",
                        "lvcreate --snapshot --extents 100%ORIGIN --name p3 /dev/vg0/p1"),
                commands.told);
    }

    @Test
    void mountsADataSetWhereTheContainerIs() {
        Backend zfs = backend("zfs");
        LxcRootfs made = zfs.create(place("p1"), options(""));
        assertEquals("zfs:tank/lxc/p1", made.render());
        assertEquals("zfs:tank/lxc/p2", zfs.snapshot(made, place("p2")).render());
        zfs.delete(made);
        assertEquals(
                List.of(
                        "zfs create -o mountpoint=" + directory + "/p1/rootfs tank/lxc/p1",
                        "zfs snapshot tank/lxc/p1@p2",
                        "zfs clone -o mountpoint="
                                + directory
                                + "/p2/rootfs tank/lxc/p1@p2"
                                + " tank/lxc/p2",
                        "zfs get -H -o value origin tank/lxc/p1",
                        "zfs destroy -r tank/lxc/p1"),
                commands.told);
    }

    /// In the order in which they can be removed.
    @Test
    void aCloneTakesItsSnapshotAlong() {
        commands.answers.put("zfs get", "tank/lxc/p1@p2\n");
        backend("zfs").delete(LxcRootfs.parse("zfs:tank/lxc/p2"));
        assertEquals(
                List.of("zfs destroy -r tank/lxc/p2", "zfs destroy tank/lxc/p1@p2"),
                commands.told.subList(1, 3));
        commands.told.clear();
        // A snapshot that somebody else made stays.
        commands.answers.put("zfs get", "tank/lxc/p1@daily\n");
        backend("zfs").delete(LxcRootfs.parse("zfs:tank/lxc/p2"));
        assertEquals(2, commands.told.size());
        commands.told.clear();
        commands.answers.put("rbd info", "rbd image 'p2':\n\tsize 1 GiB\n\tparent: lxc/p1@p2\n");
        backend("rbd").delete(LxcRootfs.parse("rbd:lxc/p2"));
        assertEquals(
                List.of(
                        "rbd info lxc/p2",
                        "rbd rm lxc/p2",
                        "rbd snap unprotect lxc/p1@p2",
                        "rbd snap rm lxc/p1@p2"),
                commands.told);
    }

    @Test
    void aCloneThatFailsLeavesNoSnapshot() {
        Backend zfs = backend("zfs");
        commands.failing = Optional.of("zfs clone");
        LxcRootfs dataset = LxcRootfs.parse("zfs:tank/lxc/p1");
        UnavailableException failure =
                assertThrows(UnavailableException.class, () -> zfs.snapshot(dataset, place("p2")));
        assertTrue(failure.getMessage().contains("zfs clone"), failure.getMessage());
        assertEquals("zfs destroy tank/lxc/p1@p2", commands.told.getLast());
        Backend rbd = backend("rbd");
        LxcRootfs image = LxcRootfs.parse("rbd:lxc/p1");
        commands.failing = Optional.of("rbd clone");
        assertThrows(UnavailableException.class, () -> rbd.snapshot(image, place("p2")));
        assertEquals(
                List.of("rbd snap unprotect lxc/p1@p2", "rbd snap rm lxc/p1@p2"),
                commands.told.subList(commands.told.size() - 2, commands.told.size()));
        commands.failing = Optional.of("rbd snap protect");
        assertThrows(UnavailableException.class, () -> rbd.snapshot(image, place("p3")));
        assertEquals("rbd snap rm lxc/p1@p3", commands.told.getLast());
        assertEquals("rbd snap protect lxc/p1@p3", commands.told.get(commands.told.size() - 2));
    }

    @Test
    void saysThatDisksOfQemuAreMadeElsewhere() {
        Backend nbd = backend("nbd");
        UnsupportedException e =
                assertThrows(
                        UnsupportedException.class, () -> nbd.create(place("p1"), options("")));
        assertTrue(e.getMessage().contains("qemu-img"), e.getMessage());
        nbd.delete(LxcRootfs.parse("nbd:/srv/disk"));
        assertEquals(List.of(), commands.told);
    }

    @Test
    void mapsACephImageOnlyWhileItIsMade() {
        commands.answers.put("rbd map", "/dev/rbd7\n");
        Backend rbd = backend("rbd");
        LxcRootfs made = rbd.create(place("p1"), options(""));
        assertEquals("rbd:rbd0/p1", made.render());
        assertEquals(
                List.of(
                        "rbd create --size 500M rbd0/p1",
                        "rbd map rbd0/p1",
                        "mkfs.ext4 -q -F /dev/rbd7",
                        "rbd unmap /dev/rbd7"),
                commands.told);
        commands.told.clear();
        assertEquals("rbd:lxc/p2", rbd.snapshot(made, place("p2")).render());
        assertEquals(
                List.of(
                        "rbd snap create rbd0/p1@p2",
                        "rbd snap protect rbd0/p1@p2",
                        "rbd clone rbd0/p1@p2 lxc/p2"),
                commands.told);
    }

    @Test
    void removesACephImageThatGetsNoFileSystem() {
        commands.failing = Optional.of("mkfs");
        commands.answers.put("rbd map", "/dev/rbd7\n");
        Backend rbd = backend("rbd");
        assertThrows(UnavailableException.class, () -> rbd.create(place("p1"), options("")));
        assertEquals(
                List.of("rbd unmap /dev/rbd7", "rbd info rbd0/p1", "rbd rm rbd0/p1"),
                commands.told.subList(3, commands.told.size()));
    }

    @Test
    void backsACopyOfADiskOnTheDisk() {
        commands.answers.put("qemu-img info", "{\n    \"format\": \"qcow2\"\n}");
        Backend nbd = backend("nbd");
        LxcRootfs copy = nbd.snapshot(LxcRootfs.parse("nbd:/srv/disk:1"), place("p2"));
        assertEquals("nbd:" + directory + "/p2/rootdev.qcow2:1", copy.render());
        assertEquals(
                "qemu-img create -f qcow2 -F qcow2 -b /srv/disk " + directory + "/p2/rootdev.qcow2",
                commands.told.getLast());
    }

    @Test
    void saysWhichCommandIsMissing() {
        HostCommands host = HostCommands.ofHost();
        UnsupportedException e =
                assertThrows(UnsupportedException.class, () -> host.run("no-such-command-here"));
        assertTrue(e.getMessage().contains("no-such-command-here"), e.getMessage());
    }

    @Test
    void namesTheTypesThatThereAre() {
        InvalidConfigException e =
                assertThrows(InvalidConfigException.class, () -> backend("floppy"));
        assertTrue(e.getMessage().contains("floppy") && e.getMessage().contains("btrfs"));
    }
}
