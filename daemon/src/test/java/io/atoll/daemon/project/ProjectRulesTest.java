package io.atoll.daemon.project;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.ForbiddenException;
import io.atoll.base.InvalidConfigException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a project's limits and restrictions refuse and let pass, without a daemon.
final class ProjectRulesTest {
    private static final Map<String, Map<String, String>> NO_DEVICES = Map.of();
    private static final Map<String, Map<String, String>> ROOT =
            Map.of("root", Map.of("type", "disk", "path", "/", "pool", "default"));

    private static Project project(Map<String, String> config) {
        return new Project("p", "", config);
    }

    private static ProjectMember instance(String name, Map<String, String> config) {
        return new ProjectMember.Instance(name, config, NO_DEVICES);
    }

    private static void restrict(Map<String, String> rules, ProjectMember member) {
        Map<String, String> config = new java.util.TreeMap<>(rules);
        config.put("restricted", "true");
        new Restrictions(project(config)).check(member);
    }

    private static void limit(Map<String, String> limits, ProjectMember... members) {
        new ProjectLimits(project(limits)).check(List.of(members));
    }

    @ParameterizedTest
    @CsvSource({
        "limits.instances, abc",
        "limits.instances, -1",
        "limits.memory, 1QB",
        "restricted, maybe",
        "restricted.devices.nic, never",
        "restricted.containers.privilege, block",
        "restricted.devices.disk.paths, relative/path",
        "restricted.idmap.uid, 9-1",
        "restricted.networks.subnets, 10.0.0.0/8",
        "restricted.networks.subnets, :10.0.0.0/8",
        "images.default_architecture, amd64",
        "images.compression_algorithm, nosuch",
        "backups.compression_algorithm, nosuch",
        "backups.compression_algorithm, gzip -10",
        "images.auto_update_interval, x",
        "images.remote_cache_expiry, 1d",
        "images.auto_update_cached, maybe",
        "restricted.nosuch, block",
        "nosuch, 1"
    })
    void refusesWrongRules(String key, String value) {
        assertThrows(InvalidConfigException.class, () -> ProjectConfig.check(Map.of(key, value)));
    }

    @ParameterizedTest
    @CsvSource({"images.compression_algorithm, xz -6", "backups.compression_algorithm, gzip -9"})
    void takesRules(String key, String value) {
        assertDoesNotThrow(() -> ProjectConfig.check(Map.of(key, value)));
    }

    @ParameterizedTest
    @CsvSource({
        "security.nesting, true",
        "security.privileged, true",
        "raw.lxc, lxc.uts.name=x",
        "raw.idmap, both 1000 1000",
        "linux.kernel_modules, overlay",
        "security.syscalls.intercept.mknod, true",
        "security.syscalls.intercept.mount, true"
    })
    void restrictedProjectsRefuseByDefault(String key, String value) {
        ProjectMember member = instance("c", Map.of(key, value));
        assertThrows(ForbiddenException.class, () -> restrict(Map.of(), member));
        assertDoesNotThrow(() -> new Restrictions(project(Map.of())).check(member));
    }

    @ParameterizedTest
    @CsvSource({
        "security.nesting, true, restricted.containers.nesting, allow",
        "security.privileged, true, restricted.containers.privilege, allow",
        "raw.lxc, lxc.uts.name=x, restricted.containers.lowlevel, allow",
        "raw.idmap, uid 1000 1000, restricted.idmap.uid, '5,900-1100'",
        "security.syscalls.intercept.mknod, true, restricted.containers.interception, allow",
        "security.syscalls.intercept.mount, true, restricted.containers.interception, full",
        "security.nesting, false, restricted.containers.nesting, block",
        "user.any, thing, restricted.containers.lowlevel, block"
    })
    void restrictionsCanBeLifted(String key, String value, String rule, String allowed) {
        assertDoesNotThrow(
                () -> restrict(Map.of(rule, allowed), instance("c", Map.of(key, value))));
    }

    @ParameterizedTest
    @CsvSource({
        "raw.idmap, uid 1200 1000, restricted.idmap.uid, 900-1100",
        "raw.idmap, both 1000 1000, restricted.idmap.uid, 900-1100",
        "security.syscalls.intercept.mount, true, restricted.containers.interception, allow",
        "security.privileged, true, restricted.containers.privilege, isolated",
        "security.idmap.isolated, false, restricted.containers.privilege, isolated"
    })
    void halfLiftedRestrictionsStillHold(String key, String value, String rule, String allowed) {
        assertThrows(
                ForbiddenException.class,
                () -> restrict(Map.of(rule, allowed), instance("c", Map.of(key, value))));
    }

    @ParameterizedTest
    @CsvSource({
        "'type=proxy', '', false",
        "'type=proxy', 'restricted.devices.proxy=allow', true",
        "'type=unix-char', '', false",
        "'type=gpu', '', false",
        "'type=none', '', true",
        "'type=disk path=/', '', true",
        "'type=disk path=/x source=/etc', '', false",
        "'type=disk path=/x source=v pool=default', '', true",
        "'type=disk path=/x source=v pool=default', 'restricted.devices.disk=block', false",
        "'type=disk path=/x source=/etc', 'restricted.devices.disk=allow', true",
        "'type=disk path=/x source=/srv/a/../../etc', "
                + "'restricted.devices.disk=allow restricted.devices.disk.paths=/srv', false",
        "'type=disk path=/x source=/srvx', "
                + "'restricted.devices.disk=allow restricted.devices.disk.paths=/srv', false",
        "'type=disk path=/x source=/srv/a shift=false', "
                + "'restricted.devices.disk=allow restricted.devices.disk.paths=/opt,/srv', true",
        "'type=disk path=/x source=/srv/a', "
                + "'restricted.devices.disk=allow restricted.devices.disk.paths=/opt,/srv', false",
        "'type=disk path=/x source=/srv/a shift=true', "
                + "'restricted.devices.disk=allow restricted.devices.disk.paths=/opt,/srv', false",
        "'type=nic network=n', '', true",
        "'type=nic network=n nictype=bridged', '', true",
        "'type=nic network=n nictype=routed', '', false",
        "'type=nic network=n ipv4.routes=10.0.0.0/8', '', false",
        "'type=nic network=n ipv6.routes.external=fd00::/64', '', false",
        "'type=nic network=n host_name=eth0', '', false",
        "'type=nic network=n host_name=eth0', 'restricted.devices.nic=allow', true",
        "'type=nic nictype=bridged parent=br0', '', false",
        "'type=nic nictype=bridged parent=br0', 'restricted.devices.nic=allow', true",
        "'type=nic network=n', 'restricted.networks.access=m', false",
        "'type=nic network=n', 'restricted.networks.access=m,n', true"
    })
    void devices(String device, String rules, boolean isAllowed) {
        ProjectMember member = new ProjectMember.Instance("c", Map.of(), Map.of("d", map(device)));
        if (isAllowed) {
            assertDoesNotThrow(() -> restrict(map(rules), member));
        } else {
            assertThrows(ForbiddenException.class, () -> restrict(map(rules), member));
        }
    }

    private static Map<String, String> map(String text) {
        Map<String, String> out = new java.util.TreeMap<>();
        for (String word : text.isEmpty() ? new String[0] : text.split(" ")) {
            out.put(word.substring(0, word.indexOf('=')), word.substring(word.indexOf('=') + 1));
        }
        return out;
    }

    @Test
    void profilesAreRestrictedToo() {
        ProjectMember profile =
                new ProjectMember.Profile("x", Map.of("security.nesting", "true"), NO_DEVICES);
        String why =
                assertThrows(ForbiddenException.class, () -> restrict(Map.of(), profile))
                        .getMessage();
        assertTrue(why.contains("profile \"x\" of project \"p\""), why);
    }

    @Test
    void countsInstances() {
        Map<String, String> two = Map.of("limits.instances", "2");
        ProjectMember a = instance("a", Map.of());
        ProjectMember b = instance("b", Map.of());
        assertDoesNotThrow(() -> limit(two, a, b));
        assertThrows(ForbiddenException.class, () -> limit(two, a, b, instance("c", Map.of())));
    }

    @Test
    void addsUpWhatIsConfigured() {
        Map<String, String> limits = Map.of("limits.memory", "1GiB", "limits.cpu", "3");
        ProjectMember a = instance("a", Map.of("limits.memory", "512MiB", "limits.cpu", "2"));
        ProjectMember b = instance("b", Map.of("limits.memory", "512MiB", "limits.cpu", "1"));
        ProjectMember more = instance("b", Map.of("limits.memory", "513MiB", "limits.cpu", "1"));
        assertDoesNotThrow(() -> limit(limits, a, b));
        assertThrows(ForbiddenException.class, () -> limit(limits, a, more));
    }

    @ParameterizedTest
    @CsvSource({"limits.memory, ''", "limits.memory, 50%", "limits.cpu, 0-3", "limits.cpu, ''"})
    void whatCannotBeCountedIsRefused(String key, String value) {
        ProjectMember member = instance("a", value.isEmpty() ? Map.of() : Map.of(key, value));
        assertThrows(ForbiddenException.class, () -> limit(Map.of(key, "100"), member));
    }

    @Test
    void disksOfInstancesAndVolumesCountTogether() {
        Map<String, String> limits = Map.of("limits.disk", "2GiB");
        ProjectMember instance =
                new ProjectMember.Instance(
                        "a",
                        Map.of(),
                        Map.of("r", Map.of("type", "disk", "path", "/", "size", "1GiB")));
        assertDoesNotThrow(
                () -> limit(limits, instance, new ProjectMember.Volume("default/v", "1GiB")));
        assertThrows(
                ForbiddenException.class,
                () -> limit(limits, instance, new ProjectMember.Volume("default/v", "1025MiB")));
        assertThrows(
                ForbiddenException.class,
                () -> limit(limits, new ProjectMember.Volume("default/v", "")));
        assertThrows(
                ForbiddenException.class,
                () -> limit(limits, new ProjectMember.Instance("b", Map.of(), ROOT)));
    }

    @Test
    void usageIsToldWhereThereIsNoLimit() {
        ProjectLimits limits = new ProjectLimits(project(Map.of("limits.processes", "500")));
        List<ProjectMember> members =
                List.of(instance("a", Map.of("limits.processes", "20", "limits.memory", "50%")));
        assertEquals(500, limits.limit(ProjectKey.LIMIT_PROCESSES));
        assertEquals(20, limits.usage(ProjectKey.LIMIT_PROCESSES, members));
        assertEquals(-1, limits.limit(ProjectKey.LIMIT_MEMORY));
        assertEquals(0, limits.usage(ProjectKey.LIMIT_MEMORY, members));
        assertEquals(1, limits.usage(ProjectKey.LIMIT_CONTAINERS, members));
    }
}
