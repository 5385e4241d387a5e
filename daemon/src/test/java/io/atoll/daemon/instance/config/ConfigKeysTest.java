package io.atoll.daemon.instance.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigKeysTest {
    /// A good and a bad value for each type that refuses anything, so that a row with the wrong
    /// type is noticed.
    private static final Map<ValueType<?>, List<String>> SAMPLES =
            Map.ofEntries(
                    Map.entry(ValueType.BOOL, List.of("Yes", "perhaps")),
                    Map.entry(ValueType.INT64, List.of("-12", "1.5")),
                    Map.entry(ValueType.UINT32, List.of("4294967295", "-1")),
                    Map.entry(ValueType.PRIORITY, List.of("10", "11")),
                    Map.entry(ValueType.SIZE, List.of("12MiB", "12 parsecs")),
                    Map.entry(ValueType.MEMORY, List.of("50%", "abc")),
                    Map.entry(ValueType.CPUS, List.of("0-1,3", "3-1")),
                    Map.entry(ValueType.CPU_ALLOWANCE, List.of("25ms/100ms", "half")),
                    Map.entry(ValueType.EXPIRY, List.of("1M 2H 3d 4w 5m 6y", "1d 2d")),
                    Map.entry(ValueType.SCHEDULE, List.of("@hourly, 0 6 * * *", "* *")),
                    Map.entry(
                            ValueType.UUID_TEXT,
                            List.of("0e93510c-3a16-469c-972d-e18d75f1445f", "0e93510c")),
                    Map.entry(
                            ValueType.RAW_IDMAP,
                            List.of("both 1000 1000\nuid 5-9 15-19", "uid 1-3 1-2")),
                    Map.entry(ValueType.KERNEL_LIMIT, List.of("1000:unlimited", "1:2:3")));

    @Test
    void everyRowTakesGoodAndRefusesBadValues() {
        Set<String> names = new HashSet<>();
        for (ConfigKey<?> row : ConfigKeys.all()) {
            assertTrue(names.add(row.name()), "twice in the table: " + row.name());
            assertFalse(row.doc().isBlank(), row.name());
            String name = row.isPrefix() ? row.name() + "x" : row.name();
            assertSame(row, ConfigKeys.find(name).orElseThrow(), name);
            List<String> samples = SAMPLES.get(row.type());
            if (samples == null) {
                continue;
            }
            row.type().parse(samples.get(0));
            assertThrows(
                    InvalidConfigException.class,
                    () -> row.type().parse(samples.get(1)),
                    row.name());
        }
        assertTrue(names.size() > 80, "rows: " + names.size());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "snapshots.schedule | 60 * * * * | Error parsing schedule: bad field \"60\": not in 0-59",
                "snapshots.schedule | 0 24 * * * | Error parsing schedule: bad field \"24\": not in 0-23",
                "snapshots.schedule | 0 0 0 * * | Error parsing schedule: bad field \"0\": not in 1-31",
                "snapshots.schedule | @daily, 0 0 * 13 * | Error parsing schedule: bad field \"13\": not in 1-12",
                "limits.memory | 0 | Memory limit can't be 0",
                "limits.memory | 0GiB | Memory limit can't be 0",
                "limits.cpu | 0,0 | Cannot define CPU multiple times",
                "limits.cpu | 0-3,2 | Cannot define CPU multiple times"
            })
    void refusesWhatCouldNeverBe(String key, String value, String words) {
        InvalidConfigException refusal =
                assertThrows(
                        InvalidConfigException.class,
                        () -> ConfigKeys.checkContainer(Map.of(key, value)));
        assertEquals(words, refusal.getMessage());
    }

    @Test
    void everyRowIsPlacedWhereItSays() {
        for (ConfigKey<?> row : ConfigKeys.all()) {
            Map<String, String> config = Map.of(row.isPrefix() ? row.name() + "x" : row.name(), "");
            switch (row.place()) {
                case ANYWHERE -> {
                    ConfigKeys.checkContainer(config);
                    ConfigKeys.checkProfile(config);
                }
                case INSTANCES -> {
                    ConfigKeys.checkContainer(config);
                    assertThrows(
                            InvalidConfigException.class, () -> ConfigKeys.checkProfile(config));
                }
                case MACHINES -> {
                    ConfigKeys.checkProfile(config);
                    assertThrows(
                            InvalidConfigException.class, () -> ConfigKeys.checkContainer(config));
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "foo, x, Unknown configuration key: foo",
        "user., x, Unknown configuration key: user.",
        "volatile.foo, x, Unknown configuration key: volatile.foo",
        "volatile..hwaddr, x, Unknown configuration key: volatile..hwaddr",
        "raw.qemu, x, Unknown configuration key: raw.qemu",
        "limits.memory, abc, Invalid value: abc",
        "limits.memory.enforce, x, Invalid value \"x\" (not one of [hard soft])",
        "security.nesting, maybe, Invalid value for a boolean \"maybe\"",
        "boot.autostart.delay, x, Invalid value for an integer \"x\"",
        "limits.network.priority, 11, Invalid value for a limit \"11\". Must be between 0 and 10",
        "snapshots.expiry, soon, Invalid expiry expression",
    })
    void refusesInTheWordsOfLxd(String name, String value, String message) {
        Exception e =
                assertThrows(
                        InvalidConfigException.class,
                        () -> ConfigKeys.checkContainer(Map.of(name, value)));
        assertEquals(message, e.getMessage());
    }

    @Test
    void profilesTakeNoKeysOfInstances() {
        Exception e =
                assertThrows(
                        InvalidConfigException.class,
                        () ->
                                ConfigKeys.checkProfile(
                                        Map.of("volatile.eth0.hwaddr", "00:16:3e:00:00:00")));
        assertEquals("Volatile keys can only be set on instances", e.getMessage());
        e =
                assertThrows(
                        InvalidConfigException.class,
                        () -> ConfigKeys.checkProfile(Map.of("image.os", "x")));
        assertEquals("Image keys can only be set on instances", e.getMessage());
    }

    @Test
    void refusesKeysThatExcludeEachOther() {
        assertThrows(
                InvalidConfigException.class,
                () ->
                        ConfigKeys.checkContainer(
                                Map.of("raw.seccomp", "2", "security.syscalls.deny", "mount")));
        assertThrows(
                InvalidConfigException.class,
                () ->
                        ConfigKeys.checkContainer(
                                Map.of(
                                        "security.syscalls.allow",
                                        "read",
                                        "security.syscalls.deny",
                                        "mount")));
    }

    @Test
    void programsInPlaceOfFileSystemsHavePlainNames() {
        String key = "security.syscalls.intercept.mount.fuse";
        ConfigKeys.checkContainer(Map.of(key, "ext4=fuse2fs, xfs=/usr/bin/x-fuse"));
        for (String wrong :
                List.of(
                        "ext4",
                        "=fuse2fs",
                        "ext4=",
                        "ext4=a#b",
                        "ext4=a b",
                        "ext4=$(a)",
                        "e/x=a")) {
            assertThrows(
                    InvalidConfigException.class,
                    () -> ConfigKeys.checkContainer(Map.of(key, wrong)),
                    wrong);
        }
    }

    @Test
    void refusesWhatItWouldIgnore() {
        assertThrows(
                UnsupportedException.class,
                () -> ConfigKeys.checkContainer(Map.of("nvidia.runtime", "true")));
        assertThrows(
                InvalidConfigException.class,
                () -> ConfigKeys.checkContainer(Map.of("raw.lxc", "lxc.net.0.type=veth")));
        assertThrows(
                InvalidConfigException.class,
                () -> ConfigKeys.checkContainer(Map.of("raw.seccomp", "3\ndenylist")));
        assertThrows(
                UnsupportedException.class,
                () -> ConfigKeys.checkProfile(Map.of("nvidia.runtime", "true")));
        ConfigKeys.checkContainer(Map.of("nvidia.runtime", "false", "raw.lxc", ""));
    }

    @Test
    void refusesTextsThatNobodyCouldRead() {
        for (String text : new String[] {"x", "lxc.uts.name", "# good\nlxc.tty.max=1\nbad"}) {
            assertThrows(
                    InvalidConfigException.class,
                    () -> ConfigKeys.checkContainer(Map.of("raw.lxc", text)),
                    text);
        }
        ConfigKeys.checkContainer(Map.of("raw.lxc", "# a remark\n\n lxc.tty.max = 1 "));
        for (String text : new String[] {"x", "- a", "1", "a: [", "a: b: c"}) {
            assertThrows(
                    InvalidConfigException.class,
                    () -> ConfigKeys.checkContainer(Map.of("cloud-init.network-config", text)),
                    text);
        }
        ConfigKeys.checkContainer(
                Map.of(
                        "cloud-init.network-config",
                        "version: 2\nethernets: {eth0: {dhcp4: true}}"));
        ConfigKeys.checkContainer(Map.of("cloud-init.network-config", ""));
    }

    @Test
    void readsTypedValuesOnce() {
        InstanceConfig config =
                new InstanceConfig(
                        Map.of(
                                "limits.cpu",
                                "2",
                                "security.nesting",
                                "on",
                                "environment.A",
                                "b",
                                "limits.processes",
                                ""));
        assertEquals(new CpuLimit.Count(2), config.get(ConfigKeys.CPU).orElseThrow());
        assertTrue(config.is(ConfigKeys.NESTING));
        assertTrue(config.is(ConfigKeys.DEVLXD, true));
        assertEquals(Map.of("A", "b"), config.below(ConfigKeys.ENVIRONMENT));
        assertTrue(config.get(ConfigKeys.PROCESSES).isEmpty());
    }
}
