package io.atoll.daemon.device.attach;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import io.atoll.daemon.device.attach.CdiEdits.Moment;
import io.atoll.runtime.spec.DeviceNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Files of a vendor that was made up.
class CdiSpecsTest {
    private static final String DEVICE = "example.com/gpu=0";

    @TempDir private Path root;

    private CdiSpecs specs() {
        return new CdiSpecs(List.of(root.resolve("etc"), root.resolve("run")));
    }

    private Path file(String path, String text) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    /// A file with one device that has these edits.
    private void device(String edits) throws IOException {
        file(
                "etc/one.json",
                """
                {"cdiVersion": "0.6.0", "kind": "example.com/gpu",
                 "devices": [{"name": "0", "containerEdits": {%s}}]}
                """
                        .formatted(edits));
    }

    @Test
    void allThatBelongsToADeviceIsRead() throws IOException {
        file(
                "etc/vendor.yaml",
                """
                cdiVersion: 1.0.0
                kind: example.com/gpu
                containerEdits:
                  env: [VISIBLE=none, COMMON=a=b]
                  mounts:
                  - {hostPath: /etc/passwd, containerPath: /etc/gpu, options: [ro, nosuid, rbind, rslave]}
                  hooks:
                  - {hookName: createContainer, path: /usr/bin/tool, args: [tool, link], env: [A=1], timeout: 5}
                  - {hookName: poststop, path: /usr/bin/tool}
                devices:
                - name: 0
                  containerEdits:
                    env: [VISIBLE=0]
                    deviceNodes:
                    - {path: /dev/gpu0, hostPath: /dev/zero, permissions: rw, uid: 3, gid: 4, fileMode: 384}
                    - {path: /dev/gpuctl, type: c, major: 195, minor: 255}
                - name: all
                  containerEdits:
                    deviceNodes: [{path: /dev/null}, {path: /dev/zero}]
                """);
        CdiEdits edits = specs().find(DEVICE);
        assertEquals(Map.of("VISIBLE", "0", "COMMON", "a=b"), edits.environment());
        assertEquals(
                List.of(
                        new HostDevices.Node(
                                "/dev/gpu0", DeviceNode.Type.CHAR, 1, 5, 0600, 3, 4, "rw"),
                        new HostDevices.Node("/dev/gpuctl", DeviceNode.Type.CHAR, 195, 255, 0660)),
                edits.nodes());
        assertEquals(
                List.of(
                        new CdiEdits.Mount(
                                "/etc/passwd",
                                "/etc/gpu",
                                true,
                                true,
                                "rslave",
                                List.of("nosuid"))),
                edits.mounts());
        assertEquals(
                List.of(
                        new CdiEdits.Hook(
                                Moment.CREATED,
                                "/usr/bin/tool",
                                List.of("tool", "link"),
                                Map.of("A", "1"),
                                Duration.ofSeconds(5))),
                edits.hooks(Moment.CREATED));
        assertEquals(1, edits.hooks(Moment.STOPPED).size());
        assertEquals(2, specs().find("example.com/gpu=all").nodes().size());
    }

    @Test
    void laterFoldersWinAndOneFolderSaysItOnce() throws IOException {
        device("\"env\": [\"FROM=etc\"]");
        file(
                "run/two.yaml",
                "{cdiVersion: 0.6.0, kind: example.com/gpu, devices: [{name: '0', containerEdits:"
                        + " {env: [FROM=run]}}]}");
        assertEquals("run", specs().find(DEVICE).environment().get("FROM"));
        Files.copy(root.resolve("run/two.yaml"), root.resolve("run/three.yaml"));
        assertTrue(refusal(DEVICE).contains("Two CDI files"), refusal(DEVICE));
    }

    private String refusal(String device) {
        return assertThrows(InvalidConfigException.class, () -> specs().find(device), device)
                .getMessage();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    "env": "A=1"                                                | "env" is no list
                    "env": ["novalue"]                                          | NAME=VALUE
                    "deviceNodes": [{"path": "/etc/passwd"}]                    | is no device
                    "deviceNodes": [{"path": "dev/zero"}]                       | not an absolute path
                    "deviceNodes": [{"path": "/dev/../zero"}]                   | not an absolute path
                    "deviceNodes": [{"path": "/dev/nosuchdevice"}]              | not present: /dev/nosuchdevice
                    "deviceNodes": [{"path": "/dev/zero", "type": "b"}]         | no device of type b
                    "deviceNodes": [{"path": "/dev/zero", "type": "p"}]         | is b, c or u
                    "deviceNodes": [{"path": "/dev/zero", "permissions": "x"}]  | some of rwm
                    "deviceNodes": [{"path": "/dev/zero", "uid": "me"}]         | "uid" is no number
                    "deviceNodes": ["/dev/zero"]                                | names and values
                    "mounts": [{"hostPath": "/etc"}]                            | not an absolute path
                    "mounts": [{"hostPath": "/a", "containerPath": "/b", "type": "tmpfs"}] | type "tmpfs"
                    "hooks": [{"hookName": "sometime", "path": "/bin/true"}]    | unknown kind of hook
                    "hooks": [{"hookName": "startContainer", "path": "/bin/a"}] | not supported
                    "hooks": [{"hookName": "poststop", "path": "true"}]         | not an absolute path
                    "hooks": [{"hookName": "poststop", "path": "/a", "timeout": 0}] | 1 to 600 seconds
                    "intelRdt": {"closID": "x"}                                 | not supported
                    """)
    void wrongEditsAreRefusedWithTheFilesName(String edits, String why) throws IOException {
        device(edits);
        assertTrue(refusal(DEVICE).contains(why), refusal(DEVICE));
        boolean isOfTheHost = why.startsWith("not present");
        assertTrue(isOfTheHost || refusal(DEVICE).contains("one.json"), refusal(DEVICE));
    }

    @Test
    void wrongFilesAreRefused() throws IOException {
        device("\"env\": []");
        assertTrue(refusal("example.com/gpu=9").contains("No CDI file"));
        assertTrue(refusal("example.com/nic=0").contains("No CDI file"));
        file("run/c.yaml", "kind: [");
        assertTrue(refusal(DEVICE).contains("c.yaml"), refusal(DEVICE));
        file("run/c.yaml", "- a list");
        assertTrue(refusal(DEVICE).contains("names and values"), refusal(DEVICE));
        file("run/c.yaml", "{cdiVersion: 7.0, kind: example.com/gpu}");
        assertTrue(refusal(DEVICE).contains("\"cdiVersion\" 7.0"), refusal(DEVICE));
        file("run/c.yaml", "{cdiVersion: 0.6.0, kind: example.com/gpu, devices: {}}");
        assertTrue(refusal(DEVICE).contains("\"devices\" is no list"), refusal(DEVICE));
        file("run/c.yaml", "{kind: someone.else/gpu, devices: {}}");
        assertEquals(Map.of(), specs().find(DEVICE).environment());
    }

    @Test
    void hooksAreTakenFromFilesOfRootOnly() throws IOException {
        device("\"hooks\": [{\"hookName\": \"poststop\", \"path\": \"/bin/true\"}]");
        assertEquals(1, specs().find(DEVICE).hooks().size());
        Files.setPosixFilePermissions(
                root.resolve("etc/one.json"), PosixFilePermissions.fromString("rw-rw-r--"));
        assertTrue(refusal(DEVICE).contains("others than root"), refusal(DEVICE));
    }

    private static CdiEdits.Hook shell(String script) {
        return new CdiEdits.Hook(
                Moment.CREATED,
                "/bin/sh",
                List.of("sh", "-c", script),
                Map.of("WHERE", "here"),
                Duration.ofSeconds(5));
    }

    @Test
    void hooksAreToldOfTheContainer() throws IOException {
        CdiHooks hooks = new CdiHooks(root.resolve("bundle"), "default_c1");
        Path said = root.resolve("said");
        hooks.run(
                List.of(shell("cat > " + said + "; echo \"$WHERE\" > " + said + ".env")),
                Moment.CREATED,
                OptionalInt.of(77));
        Json state = Json.parse(Files.readString(said));
        assertEquals("default_c1", state.get("id").asString());
        assertEquals("created", state.get("status").asString());
        assertEquals(77, state.get("pid").asLong());
        Json config =
                Json.parse(
                        Files.readString(Path.of(state.get("bundle").asString(), "config.json")));
        assertEquals("/proc/77/root", config.get("root").get("path").asString());
        assertEquals("here\n", Files.readString(root.resolve("said.env")));
        hooks.noteMounts(List.of("/a", "/b"));
        assertEquals(List.of("/a", "/b"), hooks.mounts());
        hooks.forget();
        assertFalse(Files.exists(root.resolve("bundle")));
        assertEquals(List.of(), hooks.mounts());
    }

    @Test
    void aHookThatFailsEndsTheRow() {
        CdiHooks hooks = new CdiHooks(root.resolve("bundle"), "c1");
        Path late = root.resolve("late");
        String why =
                assertThrows(
                                InvalidConfigException.class,
                                () ->
                                        hooks.run(
                                                List.of(
                                                        shell("echo no luck >&2; exit 3"),
                                                        shell("touch " + late)),
                                                Moment.CREATED,
                                                OptionalInt.empty()))
                        .getMessage();
        assertTrue(why.contains("no luck"), why);
        assertFalse(Files.exists(late));
    }
}
