package io.atoll.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.atoll.base.DomainException;
import io.atoll.runtime.apparmor.AppArmor;
import io.atoll.runtime.apparmor.ProfileText;
import io.atoll.runtime.spec.ContainerSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a start and an end do with a profile, told by a parser and a kernel of the test's own: this
/// needs no AppArmor.
@Tag("privileged")
class ProfileIT {
    @TempDir Path dir;

    private ContainerSpec confined(BusyboxHost host, String parserBody) throws IOException {
        Path parser = dir.resolve("parser");
        Files.writeString(parser, "#!/bin/sh\n" + parserBody + "\n");
        Files.setPosixFilePermissions(parser, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.createDirectories(dir.resolve("policy/policy/namespaces"));
        Files.writeString(dir.resolve("policy/.remove"), "");
        AppArmor own = new AppArmor(Optional.of(dir.resolve("policy")), Optional.of(parser));
        ContainerSpec spec = host.spec("prof");
        ProfileText text = new ProfileText("p-prof", false, true, Optional.of("p-prof"), List.of());
        return spec.withSecurity(
                spec.security().withProfile(Optional.of(own.profile(text, dir.resolve("aa")))));
    }

    @Test
    void isLoadedBeforeAndRemovedAfterItsContainer() throws IOException {
        assumeFalse(
                Files.isDirectory(Path.of("/sys/kernel/security/apparmor")),
                "the kernel has AppArmor and would look for the profile");
        try (BusyboxHost host = new BusyboxHost()) {
            ContainerSpec spec =
                    confined(host, "echo \"$@\" >" + dir + "/said; cat \"$5\" >" + dir + "/text");
            Container container = host.containers().start(spec);
            assertEquals(
                    "--replace --write-cache --cache-loc "
                            + dir
                            + "/aa/cache "
                            + dir
                            + "/aa/profiles/p-prof\n",
                    Files.readString(dir.resolve("said")));
            assertTrue(Files.readString(dir.resolve("text")).contains("profile \"p-prof\""));
            assertTrue(Files.isDirectory(dir.resolve("policy/policy/namespaces/p-prof")));
            assertEquals("", Files.readString(dir.resolve("policy/.remove")));
            container.kill();
            assertEquals("p-prof", Files.readString(dir.resolve("policy/.remove")));
            assertFalse(Files.exists(dir.resolve("policy/policy/namespaces/p-prof")));
        }
    }

    @Test
    void aProfileThatCannotBeLoadedIsNoStart() throws IOException {
        try (BusyboxHost host = new BusyboxHost()) {
            ContainerSpec spec = confined(host, "echo 'syntax error in line 3' >&2; exit 1");
            DomainException failure =
                    assertThrows(DomainException.class, () -> host.containers().start(spec));
            assertTrue(
                    failure.getMessage().contains("syntax error in line 3"), failure.getMessage());
            assertFalse(Files.exists(dir.resolve("policy/policy/namespaces/p-prof")));
            assertTrue(host.containers().find(spec.id()).isEmpty());
        }
    }
}
