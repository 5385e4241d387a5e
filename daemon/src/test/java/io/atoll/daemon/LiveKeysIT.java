package io.atoll.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.atoll.base.json.Json;
import io.atoll.daemon.http.TestClient;
import io.atoll.linux.BlockDevices;
import io.atoll.testkit.Await;
import io.atoll.testkit.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Sets every key that takes effect on a running instance, looks where the kernel or the instance
/// shows it, takes it back and looks again; and starts instances with those that take effect then.
@Tag("privileged")
final class LiveKeysIT {
    /// What no limit looks like: the kernel's largest number is rounded to all kinds of pages.
    private static final String NONE = "none";

    private static final Duration SOON = Duration.ofSeconds(20);

    private static final long NO_LIMIT = 1L << 60;

    /// One key and where it shows.
    ///
    /// @param also what has to be set beside it
    /// @param v1 the file of version 1, empty if it has none
    /// @param v2 of version 2
    /// @param set what the file says then
    /// @param unset what it says before and after
    private record Row(
            String key,
            String value,
            Map<String, String> also,
            String controller,
            String v1,
            String v2,
            String set,
            String unset) {}

    private static Row row(
            String key,
            String value,
            String controller,
            String v1,
            String v2,
            String set,
            String unset) {
        return new Row(key, value, Map.of(), controller, v1, v2, set, unset);
    }

    private static final List<Row> ROWS =
            List.of(
                    row(
                            "limits.memory",
                            "64MiB",
                            "memory",
                            "memory.limit_in_bytes",
                            "memory.max",
                            "67108864",
                            NONE),
                    new Row(
                            "limits.memory.enforce",
                            "soft",
                            Map.of("limits.memory", "64MiB"),
                            "memory",
                            "memory.soft_limit_in_bytes",
                            "memory.low",
                            "67108864",
                            "60395520"),
                    row(
                            "limits.memory.swap",
                            "false",
                            "memory",
                            "memory.swappiness",
                            "",
                            "0",
                            "60"),
                    row(
                            "limits.memory.swap.priority",
                            "1",
                            "memory",
                            "memory.swappiness",
                            "",
                            "69",
                            "60"),
                    row("limits.processes", "77", "pids", "pids.max", "pids.max", "77", "max"),
                    row("limits.cpu", "0-0", "cpuset", "cpuset.cpus", "cpuset.cpus", "0", ""),
                    row(
                            "limits.cpu.allowance",
                            "25ms/100ms",
                            "cpu",
                            "cpu.cfs_quota_us",
                            "",
                            "25000",
                            "-1"),
                    row("limits.cpu.allowance", "50%", "cpu", "cpu.shares", "", "512", "1024"),
                    row("limits.cpu.priority", "5", "cpu", "cpu.shares", "", "1019", "1024"),
                    row("limits.disk.priority", "3", "blkio", "blkio.weight", "", "300", "500"),
                    row(
                            "limits.hugepages.2MB",
                            "4MiB",
                            "hugetlb",
                            "hugetlb.2MB.limit_in_bytes",
                            "hugetlb.2MB.max",
                            "4194304",
                            NONE));

    private Path state;
    private LocalDaemon daemon;
    private TestClient client;

    @BeforeEach
    void start() throws Exception {
        daemon = LocalDaemon.open("atoll-dkeys-");
        state = daemon.state();
        client = daemon.client();
        daemon.prepareInstances("dir");
    }

    @AfterEach
    void stop() throws Exception {
        daemon.close();
    }

    private Json ok(String method, String path, String body) throws IOException {
        return daemon.ok(method, path, body);
    }

    private void run(Map<String, String> config) throws IOException {
        run("c1", config);
    }

    private void run(String name, Map<String, String> config) throws IOException {
        ok(
                "POST",
                "/1.0/instances",
                Json.object()
                        .put("name", name)
                        .put("source", Json.object().put("type", "image").put("alias", "busybox"))
                        .put("config", new TreeMap<>(config))
                        .render());
        state(name, "start");
    }

    private void state(String action) throws IOException {
        state("c1", action);
    }

    private void state(String name, String action) throws IOException {
        ok(
                "PUT",
                "/1.0/instances/" + name + "/state",
                "{'action':'" + action + "','timeout':30,'force':true}");
    }

    private void set(String key, String value) throws IOException {
        ok("PATCH", "/1.0/instances/c1", "{'config':{'" + key + "':'" + value + "'}}");
    }

    private long pid(String name) throws IOException {
        return client.get("/1.0/instances/" + name + "/state").metadata().get("pid").asLong();
    }

    private String proc(String file) throws IOException {
        return Files.readString(Path.of("/proc/" + pid("c1") + "/" + file));
    }

    /// The processors that the first process of an instance may run on, as the kernel says.
    private String processors(String name) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/" + pid(name) + "/status"))) {
            return lines.filter(line -> line.startsWith("Cpus_allowed_list:"))
                    .map(line -> line.substring(line.indexOf('\t') + 1))
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The exit status of a command inside.
    private long exec(String command) throws IOException {
        return daemon.exec("c1", command);
    }

    /// The instance's file of a controller; empty if the host has no such file.
    private Optional<Path> file(Row row) throws IOException {
        for (String line : proc("cgroup").lines().toList()) {
            String[] parts = line.split(":", 3);
            boolean isV2 = parts[1].isEmpty();
            boolean isIt = List.of(parts[1].split(",")).contains(row.controller);
            String name = isV2 ? row.v2 : row.v1;
            if ((isV2 || isIt) && !name.isEmpty()) {
                String top = isV2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/" + row.controller;
                Path file = Path.of(top + parts[2], name);
                if (Files.exists(file)) {
                    return Optional.of(file);
                }
            }
        }
        return Optional.empty();
    }

    private static String shown(Path file) throws IOException {
        String text = Files.readString(file).strip();
        if (file.endsWith("cpuset.cpus") && isAllCpus(text)) {
            return "";
        }
        boolean isNone = text.equals("max") || text.matches("\\d+") && isHuge(text);
        return isNone && !file.endsWith("pids.max") ? NONE : text;
    }

    /// On version 2 many kernels do not let a group that is in use go back to no list of its own.
    private static boolean isAllCpus(String list) throws IOException {
        Path all = Path.of("/sys/fs/cgroup/cpuset.cpus.effective");
        return Files.exists(all) && Files.readString(all).strip().equals(list);
    }

    private static boolean isHuge(String number) {
        return number.length() > 18 || Long.parseLong(number) > NO_LIMIT;
    }

    @Test
    void limitsFollowWhileItRuns() throws Exception {
        run(Map.of());
        for (Row row : ROWS) {
            Optional<Path> file = file(row);
            if (file.isEmpty()) {
                // The host has not got this; a warning says so.
                continue;
            }
            for (Map.Entry<String, String> beside : row.also.entrySet()) {
                set(beside.getKey(), beside.getValue());
            }
            String unset = row.unset.isEmpty() ? shown(file.get()) : row.unset;
            assertEquals(unset, shown(file.get()), row + " before");
            set(row.key, row.value);
            assertEquals(row.set, shown(file.get()), row.toString());
            set(row.key, "");
            assertEquals(unset, shown(file.get()), row + " afterwards");
            for (String beside : row.also.keySet()) {
                set(beside, "");
            }
        }
        // Another way to the same: the profile.
        ok("PATCH", "/1.0/profiles/default", "{'config':{'limits.processes':'88'}}");
        assertEquals("88", shown(file(ROWS.get(4)).orElseThrow()));
    }

    @Test
    void aLimitThatIsRefusedChangesNothing() throws Exception {
        run(Map.of("limits.processes", "99"));
        Path memory = file(ROWS.get(0)).orElseThrow();
        Path processes = file(ROWS.get(4)).orElseThrow();
        String before = Files.readString(memory);
        // What is written there is refused, as by a kernel that does not take it.
        Program.of("mount", "--bind", "/dev/full", processes.toString()).run().ok();
        try {
            TestClient.Answer answer =
                    client.send(
                            "PATCH",
                            "/1.0/instances/c1",
                            "{\"config\":{\"limits.memory\":\"64MiB\",\"limits.processes\":\"88\"}}");
            assertEquals(500, answer.status(), answer.text());
            assertTrue(answer.text().contains("Failed to apply limits to c1: "), answer.text());
        } finally {
            Program.of("umount", processes.toString()).run().ok();
        }
        Json config = client.get("/1.0/instances/c1").metadata().get("config");
        assertEquals("99", config.get("limits.processes").asString());
        assertTrue(config.get("limits.memory").isNull(), config.render());
        assertEquals(before, Files.readString(memory));
        set("limits.processes", "88");
        assertEquals("88", shown(processes));
    }

    @Test
    void theRestFollowsWhileItRuns() throws Exception {
        run(Map.of());
        assertEquals(1, exec("test \"$COLOUR\" = blue"));
        set("environment.COLOUR", "blue");
        assertEquals(0, exec("test \"$COLOUR\" = blue"));
        assertEquals(0, exec("test -S /dev/lxd/sock"));
        set("security.devlxd", "false");
        assertEquals(1, exec("test -e /dev/lxd/sock"));
        set("security.devlxd", "true");
        assertEquals(0, exec("test -S /dev/lxd/sock"));
        set("security.protection.delete", "true");
        state("stop");
        TestClient.Answer refused = client.send("DELETE", "/1.0/instances/c1", "");
        String wait = refused.json().get("operation").asString() + "/wait?timeout=60";
        assertEquals("Instance is protected", client.get(wait).metadata().get("err").asString());
        set("security.protection.delete", "");
        ok("DELETE", "/1.0/instances/c1", "");
    }

    @Test
    void othersHoldFromTheNextStart() throws Exception {
        run(
                Map.of(
                        "limits.kernel.nofile", "1000:2000",
                        "limits.kernel.core", "unlimited",
                        "linux.sysctl.net.ipv4.ip_forward", "1",
                        "security.nesting", "true",
                        "security.idmap.isolated", "true",
                        "security.idmap.size", "70000"));
        assertTrue(proc("limits").matches("(?s).*Max open files +1000 +2000 .*"), proc("limits"));
        assertTrue(proc("limits").matches("(?s).*Max core file size +unlimited .*"));
        assertEquals(0, exec("test $(cat /proc/sys/net/ipv4/ip_forward) = 1"));
        assertEquals(0, exec("test -d /dev/.lxc/proc"));
        assertTrue(proc("uid_map").strip().endsWith(" 70000"), proc("uid_map"));
        set("security.idmap.isolated", "false");
        set("security.idmap.size", "");
        set("security.privileged", "true");
        assertTrue(proc("uid_map").strip().endsWith(" 70000"), "not while it runs");
        state("stop");
        state("start");
        assertTrue(proc("uid_map").strip().matches("0 +0 +4294967295"), proc("uid_map"));
    }

    @Test
    void processorsAreSharedOutEvenly() throws Exception {
        Map<String, String> one = Map.of("limits.cpu", "1");
        assumeTrue(Runtime.getRuntime().availableProcessors() == 2, "not on two processors");
        for (String name : List.of("c1", "c2", "c3")) {
            run(name, one);
        }
        String first = processors("c1");
        assertTrue(first.matches("[01]"), first);
        assertNotEquals(first, processors("c2"));
        boolean isBesideFirst = processors("c3").equals(first);
        // The one that is alone goes: one of the two that are left has to move.
        state(isBesideFirst ? "c2" : "c1", "stop");
        String left = isBesideFirst ? "c1" : "c2";
        Await.until(
                "the processors to be shared",
                SOON,
                () -> !processors(left).equals(processors("c3")));
        // Who names a processor has it, and the other gives way.
        String wanted = processors("c3");
        ok(
                "PATCH",
                "/1.0/instances/" + left,
                "{'config':{'limits.cpu':'" + wanted + "-" + wanted + "'}}");
        assertEquals(wanted, processors(left));
        Await.until(
                "the other to give way", SOON, () -> !processors("c3").equals(processors(left)));
        ok("PATCH", "/1.0/instances/" + left, "{'config':{'limits.cpu':''}}");
        assertEquals("0-1", processors(left));
    }

    @Test
    void throughputOfTheDiskFollowsWhileItRuns() throws Exception {
        run(Map.of());
        Row row = row("", "", "blkio", "blkio.throttle.read_bps_device", "io.max", "", "");
        Optional<Path> file = file(row);
        boolean hasDevice = BlockDevices.below(state.toString()).isPresent();
        assumeTrue(file.isPresent() && hasDevice, "no controller, or no block device");
        disk("'limits.read':'10MB'");
        String shown = Files.readString(file.get());
        assertTrue(shown.matches("(?s)\\d+:\\d+ (rbps=)?10000000\\b.*"), shown);
        disk("'limits.max':'20iops'");
        assertFalse(Files.readString(file.get()).contains("10000000"), "no bytes any more");
        disk("");
        assertEquals("", Files.readString(file.get()));
    }

    private void disk(String limits) throws IOException {
        String comma = limits.isEmpty() ? "" : ",";
        ok(
                "PATCH",
                "/1.0/instances/c1",
                "{'devices':{'root':{'type':'disk','path':'/','pool':'p'" + comma + limits + "}}}");
    }

    @Test
    void idsOfTheHostCanBeLetThrough() throws Exception {
        run(Map.of("raw.idmap", "uid 1000 1000\ngid 2000-2001 1000-1001"));
        assertTrue(proc("uid_map").matches("(?s).*\\n *1000 +1000 +1\\n.*"), proc("uid_map"));
        assertTrue(proc("gid_map").matches("(?s).*\\n *1000 +2000 +2\\n.*"), proc("gid_map"));
        assertEquals(0, exec("touch /root/f && chown 1000:1001 /root/f"));
        assertEquals(0, exec("test $(stat -c %u:%g /root/f) = 1000:1001"));
    }

    @Test
    void snapshotsAreMadeAsTheirKeysSay() throws Exception {
        run(
                Map.of(
                        "snapshots.schedule", "@startup",
                        "snapshots.pattern", "auto%d",
                        "snapshots.expiry", "1H"));
        Instant soon = Instant.now().plus(Duration.ofMinutes(61));
        Json taken = snapshots().getFirst();
        assertEquals("auto0", taken.get("name").asString());
        assertFalse(taken.get("stateful").asBoolean());
        assertTrue(Instant.parse(taken.get("expires_at").asString()).isBefore(soon), "in an hour");
        set("snapshots.schedule", "@daily");
        set("snapshots.expiry", "");
        ok("POST", "/1.0/instances/c1/snapshots", "{}");
        state("restart");
        assertEquals(2, snapshots().size(), "nothing at a start any more");
        assertEquals("0001-01-01T00:00:00Z", snapshots().getLast().get("expires_at").asString());
    }

    private List<Json> snapshots() throws IOException {
        return client.get("/1.0/instances/c1/snapshots?recursion=1").metadata().asList();
    }

    @Test
    void theHostsStartStartsThoseThatWantIt() throws Exception {
        run(Map.of("boot.autostart", "true", "boot.host_shutdown_timeout", "1"));
        state("stop");
        reopen();
        Await.until("c1 to be started", SOON, this::isRunning);
        set("boot.autostart", "false");
        daemon.daemon().stopInstances();
        reopen();
        assertFalse(isRunning(), "it ran, but does not want to be started");
        set("boot.autostart", "");
        reopen();
        Await.until("c1 to run as it did before", SOON, this::isRunning);
    }

    private void reopen() throws IOException {
        daemon.shut();
        daemon.reopen();
        client = daemon.client();
    }

    private boolean isRunning() {
        try {
            return pid("c1") > 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
