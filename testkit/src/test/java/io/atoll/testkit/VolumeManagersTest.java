package io.atoll.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.DomainException;
import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.storage.HostTools;
import io.atoll.storage.IdmapProbe;
import io.atoll.storage.PoolKeys;
import io.atoll.storage.PoolSpec;
import io.atoll.storage.StorageDrivers;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What users are told of pools that cannot be made.
class VolumeManagersTest {
    @TempDir Path folder;

    /// A host where some programs are missing and some fail.
    private record Host(Set<String> missing, Map<String, String> failures) implements HostTools {
        @Override
        public boolean has(String program) {
            return !missing.contains(program);
        }

        @Override
        public String run(List<String> argv) {
            String line = String.join(" ", argv);
            failures.forEach((command, why) -> {
                if (line.startsWith(command)) {
                    throw new CommandFailed(argv, 1, why, "exit status 1");
                }
            });
            return line.startsWith("zfs list") ? "tank\ntank/other\n" : "";
        }

        @Override
        public void pipe(List<String> from, List<String> to) {}

        @Override
        public void feed(List<String> argv, Command.Input input) {}

        @Override
        public Path device(String path) {
            return Path.of(path);
        }

        @Override
        public void drain(List<String> argv, OutputStream out) {}
    }

    private String refusal(String driver, Map<String, String> config, Host host) {
        PoolSpec pool = new PoolSpec("p1", folder.resolve("pools/p1"), config);
        return assertThrows(
                        DomainException.class,
                        () ->
                                StorageDrivers.open(driver, pool, IdmapProbe.KERNEL, host)
                                        .createPool())
                .getMessage();
    }

    private static Host host() {
        return new Host(Set.of(), Map.of());
    }

    @Test
    void saysWhatTheHostLacks() {
        assertEquals(
                "Driver \"zfs\" needs the programs of zfsutils-linux on this host",
                refusal("zfs", Map.of(), new Host(Set.of("zpool"), Map.of())));
        assertEquals(
                "Driver \"zfs\" needs a kernel with the zfs module, which this host does not load:"
                        + " The ZFS modules are not loaded.",
                refusal(
                        "zfs",
                        Map.of(),
                        new Host(
                                Set.of(),
                                Map.of("zfs version", "The ZFS modules are not loaded.\n"))));
        assertEquals(
                "Driver \"lvm\" needs the program \"vgcreate\" on this host (packages lvm2,"
                        + " thin-provisioning-tools)",
                refusal("lvm", Map.of(), new Host(Set.of("vgcreate"), Map.of())));
        String refusal =
                refusal(
                        "lvm",
                        Map.of("size", "256MiB"),
                        new Host(
                                Set.of(),
                                Map.of(
                                        "vgs",
                                        "not found",
                                        "lvcreate",
                                        "thin-pool: Required device-mapper target(s) not"
                                                + " detected in your kernel.")));
        assertEquals(
                "Failed to make a thin pool, which needs a kernel with dm-thin-pool: thin-pool:"
                        + " Required device-mapper target(s) not detected in your kernel.",
                refusal);
    }

    @Test
    void takesBackTheFileOfAPoolThatCannotBeMade() {
        Host host =
                new Host(
                        Set.of(),
                        Map.of("zfs list", "no such pool", "zpool create", "out of luck"));
        String refusal = refusal("zfs", Map.of("size", "256MiB"), host);
        assertTrue(refusal.endsWith(": out of luck"), refusal);
        assertTrue(!Files.exists(folder.resolve("disks/p1.img")));
    }

    @Test
    void saysWhatIsWrongWithASource() {
        assertEquals(
                "Provided ZFS pool (or dataset) isn't empty",
                refusal("zfs", Map.of("source", "tank"), host()));
        Host without = new Host(Set.of(), Map.of("zfs list", "no", "vgs", "no"));
        assertEquals(
                "Invalid value for option \"source\": there is no ZFS pool \"tank\"",
                refusal("zfs", Map.of("source", "tank"), without));
        assertEquals(
                "The requested volume group \"vg0\" does not exist",
                refusal("lvm", Map.of("source", "vg0"), without));
        assertEquals(
                "Invalid combination of \"source\" and \"lvm.vg_name\" properties",
                refusal("lvm", Map.of("source", "vg0", "lvm.vg_name", "vg1"), host()));
        assertEquals(
                "A volume group already exists called \"p1\"", refusal("lvm", Map.of(), host()));
        assertEquals(
                "Invalid value for option \"size\": at least 256MiB",
                refusal("zfs", Map.of("size", "1MiB"), without));
        assertEquals(
                "Invalid value for option \"source\": \"/dev/no-such\" is no device",
                refusal("zfs", Map.of("source", "/dev/no-such"), without));
    }

    @ParameterizedTest
    @CsvSource({
        "dir, size, 1GiB, Invalid option \"size\"",
        "zfs, lvm.vg_name, x, Invalid option \"lvm.vg_name\"",
        "dir, zzz, 1, Invalid option \"zzz\"",
        "zfs, size, much, Invalid value for option \"size\": Invalid value: much",
        "lvm, lvm.use_thinpool, maybe, Invalid value for option \"lvm.use_thinpool\": \"maybe\" is not a boolean",
        "lvm, volume.block.filesystem, btrfs, 'Invalid value for option \"volume.block.filesystem\": \"btrfs\" is not one of ext4, xfs'",
        "zfs, volume.zfs.blocksize, 3KiB, Invalid value for option \"volume.zfs.blocksize\": \"3KiB\" is not a power of two between 512B and 16MiB",
        "lvm, volume.lvm.stripes, two, Invalid value for option \"volume.lvm.stripes\": \"two\" is not an integer"
    })
    void refusesKeys(String driver, String key, String value, String why) {
        DomainException e =
                assertThrows(
                        DomainException.class, () -> PoolKeys.check(driver, Map.of(key, value)));
        assertEquals(why, e.getMessage());
    }

    @Test
    void takesKeys() {
        PoolKeys.check(
                "lvm",
                Map.of(
                        "size",
                        "1GiB",
                        "lvm.vg_name",
                        "x",
                        "volume.size",
                        "",
                        "user.x",
                        "y",
                        "rsync.bwlimit",
                        "10MB"));
        PoolKeys.check("zfs", Map.of("zfs.clone_copy", "false", "zfs.export", "yes"));
    }
}
