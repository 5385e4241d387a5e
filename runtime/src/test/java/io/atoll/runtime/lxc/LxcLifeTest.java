package io.atoll.runtime.lxc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.linux.cgroup.CgroupFiles;
import io.atoll.runtime.Container;
import io.atoll.runtime.spec.DeviceRule;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LxcLifeTest {
    private static final LxcConfig FILTERED =
            LxcConfig.parse(
                    "lxc.cgroup2.devices.deny = a\nlxc.cgroup2.devices.allow = c 1:3 rwm\n",
                    "test",
                    LxcIncludes.none());

    private final List<List<DeviceRule>> updates = new ArrayList<>();

    /// A container of a host with version 2 only that keeps what it is told.
    private Container container(Path directory) {
        return (Container)
                Proxy.newProxyInstance(
                        Container.class.getClassLoader(),
                        new Class<?>[] {Container.class},
                        (_, method, arguments) ->
                                switch (method.getName()) {
                                    case "lifeDirectory" -> directory;
                                    // There in name; no file of version 1 is below it.
                                    case "cgroup" ->
                                            Optional.of(new CgroupFiles(directory.toString()));
                                    case "updateDevices" -> updates.add(rules(arguments[1]));
                                    default -> throw new AssertionError(method);
                                });
    }

    private static List<DeviceRule> rules(Object all) {
        return ((List<?>) all).stream().map(DeviceRule.class::cast).toList();
    }

    private String last() {
        StringBuilder text = new StringBuilder();
        updates.getLast().forEach(r -> text.append(r.isAllowed() ? '+' : '-').append(r.render()));
        return text.toString();
    }

    @Test
    void allRulesAreGivenEachTime(@TempDir Path directory) {
        new LxcLife(container(directory)).begin(FILTERED);
        new LxcLife(container(directory)).addRule(DeviceRule.parse(true, "c 10:229 rwm"));
        assertEquals("-a+c 1:3 rwm+c 10:229 rwm", last());
        new LxcLife(container(directory)).addRule(DeviceRule.parse(true, "b 7:0 rwm"));
        assertEquals("-a+c 1:3 rwm+c 10:229 rwm+b 7:0 rwm", last());
        new LxcLife(container(directory)).addRule(DeviceRule.parse(false, "c 10:229 rwm"));
        assertEquals("-a+c 1:3 rwm+b 7:0 rwm-c 10:229 rwm", last());
        new LxcLife(container(directory)).addRule(DeviceRule.parse(true, "c 10:229 rwm"));
        assertEquals("-a+c 1:3 rwm+b 7:0 rwm+c 10:229 rwm", last());
    }

    @Test
    void whereNothingIsFilteredNothingIsDone(@TempDir Path directory) {
        new LxcLife(container(directory)).begin(new LxcConfig());
        new LxcLife(container(directory)).addRule(DeviceRule.parse(true, "c 10:229 rwm"));
        new LxcLife(container(directory.resolve("gone"))).begin(FILTERED);
        assertTrue(updates.isEmpty());
    }
}
