package io.atoll.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.Architecture;
import io.atoll.base.DomainException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.UnavailableException;
import io.atoll.base.json.Json;
import io.atoll.image.ImageFile;
import io.atoll.image.OciLayers;
import io.atoll.image.oci.OciImage;
import io.atoll.image.oci.OciName;
import io.atoll.image.oci.OciRegistry;
import io.atoll.image.remote.HttpProxies;
import io.atoll.image.remote.TransferProgress;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OciImageTest {
    private static final String ARCHITECTURE =
            Architecture.host().kernelName().equals("aarch64") ? "arm64" : "amd64";

    @TempDir Path folder;
    private TestRegistry registry;
    private int files;

    @BeforeEach
    void serve() throws IOException {
        registry = new TestRegistry();
    }

    @AfterEach
    void stop() {
        registry.close();
    }

    private Path tree(String name) throws IOException {
        return Files.createDirectories(folder.resolve(name));
    }

    private Path write(Path tree, String name, String text) throws IOException {
        Path file = tree.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    private OciRegistry client() {
        return new OciRegistry("http://" + registry.host(), "test", HttpProxies.of(Map.of()));
    }

    private ImageFile download(String name) throws IOException {
        OciRegistry client = client();
        Path metadata = folder.resolve("metadata" + files++);
        Path rootfs = folder.resolve("rootfs" + files++);
        new OciImage(client, client.find(OciName.parse(name), Architecture.host()))
                .download(
                        metadata,
                        rootfs,
                        Architecture.host(),
                        () -> Files.createFile(folder.resolve("part" + files++)),
                        TransferProgress.NONE);
        return ImageFile.split(metadata, rootfs);
    }

    private static List<String> list(Path archive) {
        return Commands.run(Command.of("tar", "-tf", archive.toString())).text().lines().toList();
    }

    private static String content(Path archive, String name) {
        return Commands.run(Command.of("tar", "-xOf", archive.toString(), name)).text();
    }

    private void publish(Json run, Path... trees) {
        List<Json> layers = new ArrayList<>();
        for (Path tree : trees) {
            layers.add(registry.layer(tree));
        }
        registry.publish("team/app", "1", ARCHITECTURE, run, layers);
    }

    private static Json command(String... words) {
        return Json.object().put("Cmd", List.of(words));
    }

    @Test
    void laysLayersOnTopOfEachOther() throws IOException {
        Path lower = tree("lower");
        write(lower, "bin/app", "lower");
        write(lower, "etc/kept", "kept");
        write(lower, "etc/deleted", "x");
        write(lower, "opaque/old", "x");
        write(lower, "dir/below", "x");
        write(lower, "linked/one", "first");
        Files.createLink(lower.resolve("linked/two"), lower.resolve("linked/one"));
        Path upper = tree("upper");
        write(upper, "bin/app", "upper");
        write(upper, "etc/.wh.deleted", "");
        write(upper, "opaque/.wh..wh..opq", "");
        write(upper, "opaque/new", "new");
        write(upper, "dir", "a file now");
        write(upper, "linked/one", "second");
        publish(command("app"), lower, upper);
        Path rootfs = download("team/app:1").rootfs().orElseThrow();
        List<String> names = list(rootfs);
        assertEquals("upper", content(rootfs, "bin/app"));
        assertEquals("kept", content(rootfs, "etc/kept"));
        assertEquals("a file now", content(rootfs, "dir"));
        assertEquals("first", content(rootfs, "linked/two"));
        assertEquals("second", content(rootfs, "linked/one"));
        assertTrue(names.contains("opaque/new") && !names.contains("opaque/old"), names::toString);
        assertTrue(!names.contains("etc/deleted") && !names.contains("dir/below"), names::toString);
        assertTrue(names.contains("proc/") && names.contains("dev/"), names::toString);
        assertTrue(names.stream().noneMatch(n -> n.contains(".wh.")), names::toString);
        assertEquals(names.size(), names.stream().distinct().count(), names::toString);
    }

    @Test
    void tellsWhatToRun() throws IOException {
        Path tree = tree("root");
        write(tree, "opt/bin/app", "");
        write(tree, "etc/passwd", "root:x:0:0::/:/bin/sh\nweb:x:33:34::/:/bin/false\n");
        write(tree, "etc/group", "staff:x:50:\n");
        Json run =
                Json.object()
                        .put("Entrypoint", List.of("app", "--fast"))
                        .put("Cmd", List.of("a b"))
                        .put("Env", List.of("PATH=/opt/bin", "A=1=2"))
                        .put("WorkingDir", "/srv")
                        .put("User", "web:staff");
        publish(run, tree);
        Map<String, String> properties = download("team/app:1").readMetadata().properties();
        assertEquals("[\"/opt/bin/app\",\"--fast\",\"a b\"]", properties.get("oci.entrypoint"));
        assertEquals("[\"PATH=/opt/bin\",\"A=1=2\"]", properties.get("oci.env"));
        assertEquals("/srv", properties.get("oci.cwd"));
        assertEquals("33", properties.get("oci.uid"));
        assertEquals("50", properties.get("oci.gid"));
        publish(command("no-such-program"), tree);
        assertThrows(InvalidConfigException.class, () -> download("team/app:1"));
        publish(Json.object(), tree);
        assertThrows(InvalidConfigException.class, () -> download("team/app:1"));
        publish(command("app").put("User", "nobody-here"), tree);
        assertThrows(InvalidConfigException.class, () -> download("team/app:1"));
    }

    private static Json.Obj command(String word) {
        return Json.object().put("Cmd", List.of(word)).put("Env", List.of("PATH=/opt/bin:/bin"));
    }

    @Test
    void takesNothingDamaged() throws IOException {
        Path tree = tree("root");
        write(tree, "bin/app", "x".repeat(1000));
        Json layer = registry.layer(tree);
        registry.publish("team/app", "1", ARCHITECTURE, command("app"), List.of(layer));
        registry.damage(layer);
        UnavailableException e =
                assertThrows(UnavailableException.class, () -> download("team/app:1"));
        assertTrue(e.getMessage().contains("127.0.0.1"), e.getMessage());
        try (var left = Files.list(folder)) {
            assertTrue(left.noneMatch(f -> f.getFileName().toString().startsWith("part")));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://exa mple.org", "%zz", "http://[::1", "http://example.org/"})
    void doesNotFollowToBadPlaces(String location) {
        registry.leadTo(location);
        UnavailableException e =
                assertThrows(UnavailableException.class, () -> download("team/app:1"));
        assertTrue(e.getMessage().contains("127.0.0.1"), e.getMessage());
    }

    @Test
    void saysWhatIsNotThere() throws IOException {
        Path tree = tree("root");
        write(tree, "bin/app", "");
        registry.publish("team/app", "1", "s390x", command("app"), List.of(registry.layer(tree)));
        assertThrows(NotFoundException.class, () -> download("team/app:1"));
        NotFoundException e = assertThrows(NotFoundException.class, () -> download("team/none:2"));
        assertEquals("The registry at 127.0.0.1 has no image \"team/none:2\"", e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "UPPER",
                "../../x",
                "a//b",
                "a:",
                "a@sha256:12",
                "a:b:c",
                "a b",
                "/a",
                "a?x=1",
                "a:..%2f.."
            })
    void refusesNames(String name) {
        assertThrows(InvalidConfigException.class, () -> OciName.parse(name));
    }

    /// Looking for its end would take time that grows with the square of its length.
    @Test
    void refusesEndlessNamesBeforeTheyAreRead() {
        String name = "a@" + ":".repeat(1_000_000);
        InvalidConfigException e =
                assertThrows(InvalidConfigException.class, () -> OciName.parse(name));
        assertTrue(e.getMessage().length() < 500);
    }

    @Test
    void readsNames() {
        assertEquals(new OciName("library/debian", "12"), OciName.parse("library/debian:12"));
        assertEquals(new OciName("a", "latest"), OciName.parse("a"));
        String digest = "sha256:" + "ab".repeat(32);
        assertEquals(new OciName("a/b", digest), OciName.parse("a/b:tag@" + digest));
        assertEquals("https://ghcr.io", OciRegistry.addressOf("ghcr.io"));
        assertEquals("http://localhost:5000", OciRegistry.addressOf("localhost:5000"));
        assertThrows(
                InvalidConfigException.class,
                () -> new OciRegistry("http://example.org", "t", HttpProxies.of(Map.of())));
    }

    @Test
    void refusesLayersThatClimb() throws IOException {
        Path layer = folder.resolve("hostile.tar");
        Files.writeString(folder.resolve("x"), "x");
        Commands.Result _ =
                Commands.run(
                        Command.of(
                                "tar",
                                "-C",
                                folder.toString(),
                                "--transform=s,^x,../../x,",
                                "-cPf",
                                layer.toString(),
                                "x"));
        assertThrows(DomainException.class, () -> OciLayers.of(List.of(layer)));
    }
}
