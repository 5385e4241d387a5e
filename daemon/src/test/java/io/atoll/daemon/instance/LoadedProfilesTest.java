package io.atoll.daemon.instance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.Undo;
import io.atoll.daemon.instance.config.InstanceConfig;
import io.atoll.runtime.apparmor.AppArmor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// With a parser that only notes what it is given, and refuses lines with `bad`.
class LoadedProfilesTest {
    private static final String NAME = "atoll-c1";
    private static final Idmap IDS = Idmap.range(1_000_000, 65_536);
    private static final InstanceConfig PLAIN = new InstanceConfig(Map.of());

    @TempDir Path dir;

    private AppArmor host;
    private LoadedProfiles profiles;

    @BeforeEach
    void fakeHost() throws IOException {
        Path parser = dir.resolve("parser");
        Files.writeString(
                parser,
                "#!/bin/sh\nfor f; do :; done\ngrep -q bad \"$f\" && { echo no >&2; exit 1; }\n"
                        + "cat \"$f\" >"
                        + dir
                        + "/loaded\necho \"$1\" >>"
                        + dir
                        + "/times\n");
        Files.setPosixFilePermissions(parser, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path policy = Files.createDirectory(dir.resolve("policy"));
        Files.writeString(policy.resolve("profiles"), NAME + " (enforce)\nother (complain)\n");
        Path domain = Files.createDirectories(policy.resolve("features/domain"));
        Files.writeString(domain.resolve("stack"), "yes\n");
        Path unused = Files.createDirectories(policy.resolve("policy/namespaces"));
        host = new AppArmor(Optional.of(policy), Optional.of(parser));
        profiles = new LoadedProfiles(() -> host, dir.resolve("texts"));
    }

    private static InstanceConfig raw(String lines) {
        return new InstanceConfig(Map.of("raw.apparmor", lines));
    }

    private void change(InstanceConfig old, InstanceConfig next) {
        try (Undo undo = new Undo()) {
            profiles.change(NAME, IDS, old, next, undo);
            undo.keep();
        }
    }

    private String loaded() throws IOException {
        return Files.readString(dir.resolve("loaded"));
    }

    @Test
    void aNewTextIsPutInForce() throws IOException {
        change(PLAIN, raw("deny /secret r,"));
        assertTrue(loaded().contains("deny /secret r,"));
        assertEquals("--replace\n", Files.readString(dir.resolve("times")));
        change(raw("deny /secret r,"), PLAIN);
        assertFalse(loaded().contains("deny /secret r,"));
        change(PLAIN, new InstanceConfig(Map.of("security.nesting", "true")));
        assertEquals(3, Files.readAllLines(dir.resolve("times")).size());
    }

    @Test
    void whatTheParserRefusesChangesNothing() throws IOException {
        change(PLAIN, raw("deny /secret r,"));
        InvalidConfigException refused =
                assertThrows(
                        InvalidConfigException.class,
                        () -> change(raw("deny /secret r,"), raw("bad line")));
        assertTrue(refused.getMessage().contains("Cannot load"), refused.getMessage());
        assertTrue(loaded().contains("deny /secret r,"));
        assertFalse(Files.readString(dir.resolve("texts/profiles/" + NAME)).contains("bad"));
    }

    @Test
    void anUpdateThatFailsLaterTakesTheTextBack() throws IOException {
        change(PLAIN, raw("deny /secret r,"));
        try (Undo undo = new Undo()) {
            profiles.change(NAME, IDS, raw("deny /secret r,"), raw("deny /other r,"), undo);
            assertTrue(loaded().contains("/other"));
        }
        assertTrue(loaded().contains("/secret"));
    }

    @Test
    void nothingIsLoadedThatIsNotInUseOrIsTheSame() {
        change(raw("deny /x r,"), raw("deny /x r,\n\n"));
        profiles.change("atoll-c2", IDS, PLAIN, raw("deny /x r,"), new Undo());
        host = AppArmor.NONE;
        change(PLAIN, raw("deny /x r,"));
        assertFalse(Files.exists(dir.resolve("loaded")));
    }
}
