package io.atoll.daemon.instance.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.CpuSet;
import io.atoll.base.InvalidConfigException;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ExpansionTest {
    @Test
    void laterSourcesWinAndDevicesAreReplacedWhole() {
        Expansion.Source a =
                new Expansion.Source(
                        Map.of("user.a", "1", "user.b", "1"),
                        Map.of("eth0", Map.of("type", "nic", "network", "n1", "mtu", "9000")));
        Expansion.Source b =
                new Expansion.Source(
                        Map.of("user.b", "2"),
                        Map.of("eth0", Map.of("type", "nic", "network", "n2")));
        Expansion.Source own = new Expansion.Source(Map.of("user.c", "3"), Map.of());
        Expansion all = Expansion.of(List.of(a, b, own));
        assertEquals(Map.of("user.a", "1", "user.b", "2", "user.c", "3"), all.config());
        assertEquals(Map.of("eth0", Map.of("type", "nic", "network", "n2")), all.devices());
    }

    @Test
    void instanceTypesBecomeLimits() {
        assertEquals(
                Map.of("limits.cpu", "2", "limits.memory", "4096MB"), InstanceTypes.parse("c2-m4"));
        assertEquals(
                Map.of("limits.cpu", "1", "limits.cpu.allowance", "50%", "limits.memory", "204MB"),
                InstanceTypes.parse("c0.5-m0.2"));
        assertEquals(Map.of("limits.memory", "1024MB"), InstanceTypes.parse("m1"));
        assertEquals(
                Map.of("limits.cpu", "1", "limits.memory", "1024MB"),
                InstanceTypes.parse("t2.micro"));
        assertEquals(InstanceTypes.parse("t2.micro"), InstanceTypes.parse("aws:t2.micro"));
        assertEquals(
                Map.of("limits.cpu", "1", "limits.cpu.allowance", "20%", "limits.memory", "614MB"),
                InstanceTypes.parse("gce:f1-micro"));
        assertThrows(InvalidConfigException.class, () -> InstanceTypes.parse("gce:t2.micro"));
        assertThrows(InvalidConfigException.class, () -> InstanceTypes.parse("t2.nosuch"));
        assertThrows(InvalidConfigException.class, () -> InstanceTypes.parse("#"));
        assertThrows(InvalidConfigException.class, () -> InstanceTypes.parse("huge"));
        assertThrows(InvalidConfigException.class, () -> InstanceTypes.parse(""));
    }

    @Test
    void everyGeneratedNameIsValid() {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 1000; i++) {
            assertTrue(NameGenerator.generate(random).value().matches("[a-z]+-[a-z]+"));
            assertTrue(Volatile.randomMac(random).value().startsWith("00:16:3e:"));
        }
    }

    @Test
    void templatesOfCreationComeBeforeThoseOfStart() {
        assertEquals(List.of("start"), TemplateTriggers.atStart(Map.of()));
        assertEquals(
                List.of("create", "start"),
                TemplateTriggers.atStart(Map.of("volatile.apply_template", "create")));
        assertEquals("rename", TemplateTriggers.afterRename(Map.of()));
        assertEquals(
                "copy", TemplateTriggers.afterRename(Map.of("volatile.apply_template", "copy")));
    }

    @Test
    void expiryCountsFromTheSnapshot() {
        OffsetDateTime from = OffsetDateTime.parse("2026-01-31T00:00:00Z");
        assertEquals(
                OffsetDateTime.parse("2026-02-28T01:00:00Z"), Expiry.parse("1m 1H").after(from));
        assertEquals(OffsetDateTime.parse("2026-01-31T00:01:00Z"), Expiry.parse("1M").after(from));
        assertTrue(Expiry.parse("").isNever());
    }

    @Test
    void cpusAreCountsOrSets() {
        assertEquals(new CpuLimit.Count(3), CpuLimit.parse("3"));
        assertEquals(new CpuLimit.Pinned(CpuSet.parse("0-2,7")), CpuLimit.parse("0-2,7"));
        assertEquals(new CpuLimit.Pinned(CpuSet.parse("2")), CpuLimit.parse("2-2"));
        assertThrows(InvalidConfigException.class, () -> CpuLimit.parse(""));
        assertThrows(InvalidConfigException.class, () -> CpuLimit.parse("0-99999"));
        assertThrows(InvalidConfigException.class, () -> CpuLimit.parse(","));
    }
}
