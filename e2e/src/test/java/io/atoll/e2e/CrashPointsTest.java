package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.base.json.Json;
import io.atoll.testkit.Await;
import io.atoll.testkit.Leaks;
import io.atoll.testkit.Program.Output;
import io.atoll.testkit.TestDaemon;
import io.atoll.testkit.TestImages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// The daemon dies at any moment of anything: afterwards every record has its volume and every
/// volume its record. A dozen deaths, fewer on a slow machine, or as many as `-Datoll.crashes=N`
/// says.
@Tag("privileged")
@Tag("e2e")
class CrashPointsTest {
    private static final String MARKER = "e2ec";
    private static final int DEATHS = Integer.getInteger("atoll.crashes", 12);

    /// When enough is enough, unless a number was asked for.
    private static final Duration ENOUGH =
            Integer.getInteger("atoll.crashes") == null
                    ? Duration.ofSeconds(20)
                    : Duration.ofDays(1);

    private static final long SEED = Long.getLong("atoll.seed", System.nanoTime());
    private static final int AT_ONCE = 3;
    private static final Duration SOON = Duration.ofSeconds(60);

    private final Random random = new Random(SEED);

    /// Beside `default`, which is of overlay: of dir, and of btrfs where the kernel has it.
    private final List<String> others = new ArrayList<>(List.of("other"));

    @RegisterExtension final Leaks leaks = Leaks.of("atoll-" + MARKER);

    private TestDaemon daemon;
    private Path backup;
    private Path volumeBackup;
    private int names;

    @BeforeEach
    void start() throws IOException {
        daemon = TestDaemon.launch("atoll-" + MARKER);
        lxc("storage", "create", "default", "overlay");
        lxc("storage", "create", "other", "dir");
        if (hasBtrfs()) {
            lxc("storage", "create", "fast", "btrfs", "size=1GiB");
            others.add("fast");
        }
        lxc("profile", "device", "add", "default", "root", "disk", "path=/", "pool=default");
        lxc("image", "import", TestImages.busybox().toString(), "--alias", "busybox");
        lxc("init", "busybox", "base");
        lxc("snapshot", "base", "s0");
        lxc("storage", "volume", "create", "default", "vbase");
        lxc("storage", "volume", "create", "default", "dbase", "--type=block", "size=4MiB");
        for (String pool : others) {
            for (String volume : List.of("vbase", "dbase")) {
                lxc("storage", "volume", "copy", "default/" + volume, pool + "/copy-" + volume);
            }
            lxc("copy", "base", "copy-" + pool, "--storage", pool);
        }
        Path site = daemon.state().resolve("site");
        lxc("publish", "base", "--alias", "site-image");
        atoll("image", "mirror", "local:site-image", site.toString());
        lxc("image", "delete", "site-image");
        backup = daemon.state().resolve("base.tar");
        volumeBackup = daemon.state().resolve("vbase.tar");
        lxc("export", "base", backup.toString(), "--compression=none");
        lxc("storage", "volume", "export", "default", "vbase", volumeBackup.toString());
    }

    @AfterEach
    void stop() {
        try (TestDaemon _ = daemon) {
            for (String instance : instances()) {
                lxc("delete", "--force", instance);
            }
            for (String pool : others) {
                for (String volume : recordedVolumes(pool).names()) {
                    lxc("storage", "volume", "delete", pool, volume);
                }
                lxc("storage", "delete", pool);
            }
        }
    }

    private Output lxc(String... command) {
        return daemon.lxc().run(command).ok();
    }

    private Output atoll(String... command) {
        return daemon.atoll().run(command).ok();
    }

    private String fresh(String beginning) {
        return beginning + names++;
    }

    private static boolean hasBtrfs() throws IOException {
        return Files.readString(Path.of("/proc/filesystems")).contains("\tbtrfs\n")
                && Files.isExecutable(Path.of("/usr/bin/btrfs"));
    }

    /// A command that changes something.
    private List<String> verb(String siteUrl) {
        String name = fresh("n");
        String known = pick(instances());
        String other = others.get(random.nextInt(others.size()));
        return switch (random.nextInt(23)) {
            case 0 -> List.of("init", "busybox", name);
            case 1 -> List.of("copy", "base", name);
            case 2 -> List.of("copy", "base/s0", name, "--storage", other);
            case 3 -> List.of("snapshot", "base", name);
            case 4 -> List.of("restore", "base", "s0");
            case 5 -> List.of("publish", "base/s0", "--alias", name);
            case 6 -> List.of("delete", known);
            case 7 -> volume("copy", "default/vbase", other + "/" + name);
            case 8 -> volume("snapshot", "default", "vbase", name);
            case 9 -> List.of("import", backup.toString(), name, "--storage", other);
            case 10 -> volume("import", other, volumeBackup.toString(), name);
            case 11 -> volume("copy", "default/vbase", other + "/copy-vbase", "--refresh");
            case 12 -> volume("copy", "default/dbase", other + "/copy-dbase", "--refresh");
            case 13 -> volume("snapshot", "default", "dbase", name);
            case 14 -> List.of("rename", known, name);
            case 15 -> List.of("copy", "base", known, "--refresh");
            case 16 -> List.of("move", known, known, "--storage", other);
            case 17 -> volume("rename", other, pick(recordedVolumes(other).names()), name);
            case 18 -> volume("restore", "default", "vbase", snapshotOf("vbase"));
            case 19 -> volume("delete", "default", "vbase/" + snapshotOf("vbase"));
            case 20 ->
                    volume(
                            "move",
                            other + "/" + pick(recordedVolumes(other).names()),
                            "default/" + name);
            case 21 -> List.of("snapshot", known, name);
            default ->
                    List.of(
                            "query",
                            "--request",
                            "POST",
                            "--data",
                            "{\"source\":{\"type\":\"image\",\"mode\":\"pull\",\"protocol\":\"simplestreams\",\"server\":\""
                                    + siteUrl
                                    + "\",\"alias\":\"site-image\"}}",
                            "/1.0/images");
        };
    }

    private static List<String> volume(String... words) {
        List<String> out = new ArrayList<>(List.of("storage", "volume"));
        out.addAll(List.of(words));
        return out;
    }

    private String snapshotOf(String volume) {
        return pick(recordedVolumes("default").snapshots("default_" + volume));
    }

    private String pick(Set<String> known) {
        List<String> free =
                known.stream().filter(n -> !n.equals("base") && !n.startsWith("copy-")).toList();
        return free.isEmpty() ? "none" : free.get(random.nextInt(free.size()));
    }

    @Test
    void recordsAndVolumesAgreeWhateverTheMoment() throws Exception {
        Process server =
                daemon.atoll()
                        .start(
                                "image",
                                "serve",
                                daemon.state().resolve("site").toString(),
                                "--address",
                                "127.0.0.1:0");
        try (var lines = server.inputReader()) {
            String url = lines.readLine().replaceAll(".* on ", "");
            long end = System.nanoTime() + ENOUGH.toNanos();
            for (int death = 0; death < DEATHS && System.nanoTime() < end; death++) {
                List<List<String>> verbs = new ArrayList<>();
                List<Process> clients = new ArrayList<>();
                for (int i = 0; i < AT_ONCE; i++) {
                    verbs.add(verb(url));
                }
                for (List<String> verb : verbs) {
                    clients.add(daemon.lxc().start(verb.toArray(String[]::new)));
                }
                LockSupport.parkNanos(random.nextLong(500_000_000L));
                daemon.kill();
                for (Process client : clients) {
                    client.destroyForcibly();
                    int _ = client.waitFor();
                }
                daemon.start();
                assertAgreement("seed " + SEED + ", death " + death + " during " + verbs);
            }
        } finally {
            server.destroy();
        }
        lxc("start", "base");
        Await.until("base to run", SOON, () -> lxc("exec", "base", "--", "true").exit() == 0);
        lxc("stop", "--force", "base");
    }

    private Json get(String path) {
        return Json.parse(lxc("query", path).out());
    }

    /// Volumes with the names of their snapshots.
    private record Found(Map<String, Set<String>> volumes) {
        Found() {
            this(new TreeMap<>());
        }

        /// Of volumes, without their project.
        Set<String> names() {
            Set<String> out = new TreeSet<>();
            volumes.keySet().forEach(name -> out.add(name.replace("default_", "")));
            return out;
        }

        Set<String> snapshots(String volume) {
            return volumes.computeIfAbsent(volume, _ -> new TreeSet<>());
        }
    }

    private Found recordedInstances() {
        Found out = new Found();
        for (Json instance : get("/1.0/instances?recursion=2").asList()) {
            Set<String> snapshots = out.snapshots(instance.get("name").asString());
            instance.get("snapshots")
                    .asList()
                    .forEach(s -> snapshots.add(s.get("name").asString()));
        }
        return out;
    }

    private Set<String> instances() {
        return recordedInstances().volumes().keySet();
    }

    private Found recordedVolumes(String pool) {
        Found out = new Found();
        String url = "/1.0/storage-pools/" + pool + "/volumes/custom?recursion=1";
        for (Json volume : get(url).asList()) {
            String[] names = volume.get("name").asString().split("/", 2);
            Set<String> snapshots = out.snapshots("default_" + names[0]);
            if (names.length > 1) {
                snapshots.add(names[1]);
            }
        }
        return out;
    }

    private Found kept(List<String> pools, String folder) {
        Found out = new Found();
        pools.forEach(pool -> find(pool, folder, out));
        return out;
    }

    private void find(String pool, String folder, Found out) {
        for (String volume : files("storage-pools/" + pool + "/" + folder)) {
            out.snapshots(volume)
                    .addAll(files("storage-pools/" + pool + "/" + folder + "-snapshots/" + volume));
        }
    }

    private Set<String> files(String folder) {
        Path path = daemon.state().resolve(folder);
        if (!Files.isDirectory(path)) {
            return Set.of();
        }
        try (var entries = Files.list(path)) {
            Set<String> out = new TreeSet<>();
            entries.forEach(e -> out.add(e.getFileName().toString()));
            return out;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void assertAgreement(String what) {
        List<String> pools = new ArrayList<>(others);
        pools.add("default");
        assertEquals(recordedInstances(), kept(pools, "containers"), what + ": instances");
        for (String pool : pools) {
            assertEquals(
                    recordedVolumes(pool),
                    kept(List.of(pool), "custom"),
                    what + ": volumes of " + pool);
            assertEquals(Set.of(), files("storage-pools/" + pool + "/.making"), what);
            // Snapshots whose volume is gone.
            for (String folder : List.of("containers", "custom")) {
                Set<String> strays = files("storage-pools/" + pool + "/" + folder + "-snapshots");
                strays.removeIf(s ->
                        files("storage-pools/" + pool + "/" + folder + "-snapshots/" + s)
                                .isEmpty());
                strays.removeAll(files("storage-pools/" + pool + "/" + folder));
                assertEquals(Set.of(), strays, what + ": snapshots without volume");
            }
        }
        Set<String> images = new TreeSet<>();
        for (Json image : get("/1.0/images?recursion=1").asList()) {
            images.add(image.get("fingerprint").asString());
        }
        Set<String> kept = new TreeSet<>();
        files("images").forEach(f -> kept.add(f.replaceAll("\\.rootfs$", "")));
        assertEquals(images, kept, what + ": images");
    }
}
