package io.atoll.daemon.instance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.daemon.device.DeviceConfig;
import io.atoll.daemon.device.Devices;
import io.atoll.daemon.instance.config.InstanceConfig;
import io.atoll.linux.FileStat;
import io.atoll.runtime.intercept.MountPolicy;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class GuestDisksTest {
    private static MountPolicy policy(Map<String, Map<String, String>> devices) {
        List<DeviceConfig> parsed = Devices.parseAll(devices);
        return GuestDisks.policy(
                new InstanceConfig(
                        Map.of(
                                "security.syscalls.intercept.mount.allowed",
                                "ext4, xfs",
                                "security.syscalls.intercept.mount.fuse",
                                "btrfs=fusebtrfs",
                                "security.syscalls.intercept.mount.shift",
                                "true")),
                parsed);
    }

    @Test
    void knowsDisksByTheirNumbers() {
        MountPolicy policy =
                policy(
                        Map.of(
                                "a",
                                Map.of(
                                        "type",
                                        "unix-block",
                                        "path",
                                        "/dev/a",
                                        "major",
                                        "8",
                                        "minor",
                                        "17")));
        assertEquals(
                new MountPolicy(
                        Set.of("ext4", "xfs"),
                        Set.of(FileStat.device(8, 17)),
                        true,
                        Map.of("btrfs", "fusebtrfs")),
                policy);
    }

    @Test
    void whatIsNoDiskIsNone() {
        assertEquals(
                Set.of(),
                policy(
                                Map.of(
                                        "a",
                                        Map.of("type", "unix-char", "path", "/dev/null"),
                                        "b",
                                        Map.of(
                                                "type",
                                                "unix-block",
                                                "source",
                                                "/dev/null",
                                                "path",
                                                "/dev/b",
                                                "required",
                                                "false"),
                                        "c",
                                        Map.of(
                                                "type",
                                                "unix-block",
                                                "source",
                                                "/dev/no-such-disk",
                                                "path",
                                                "/dev/c",
                                                "required",
                                                "false")))
                        .devices());
    }
}
