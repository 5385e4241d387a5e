package io.atoll.runtime.apparmor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.UnsupportedException;
import io.atoll.runtime.spec.ProfileSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AppArmorTest {
    @TempDir Path dir;

    private AppArmor host() {
        return new AppArmor(Optional.of(dir.resolve("policy")), Optional.of(Path.of("/parser")));
    }

    private static ProfileText text(String... raw) {
        return new ProfileText("c1", false, false, Optional.of("ns1"), List.of(raw));
    }

    @Test
    void saysWhatIsMissing() {
        String kernel =
                assertThrows(
                                UnsupportedException.class,
                                () -> AppArmor.NONE.require("raw.apparmor"))
                        .getMessage();
        assertEquals(
                "raw.apparmor needs AppArmor, which this host's kernel does not offer", kernel);
        AppArmor noParser = new AppArmor(Optional.of(dir), Optional.empty());
        assertFalse(noParser.isUsable());
        String parser =
                assertThrows(UnsupportedException.class, () -> noParser.require("raw.apparmor"))
                        .getMessage();
        assertTrue(parser.contains("package apparmor"), parser);
    }

    @Test
    void saysWhereMountsCannotBeRuled() throws IOException {
        AppArmor.NONE.requireMountRules();
        String message =
                assertThrows(UnsupportedException.class, () -> host().requireMountRules())
                        .getMessage();
        assertTrue(message.contains("lxc.apparmor.allow_incomplete = 1"), message);
        Path mount = Files.createDirectories(dir.resolve("policy/features/mount"));
        Files.writeString(mount.resolve("mask"), "mount umount pivot_root\n");
        host().requireMountRules();
    }

    @Test
    void hasNamespacesWhereTheKernelStacks() throws IOException {
        assertFalse(host().hasNamespaces());
        Files.createDirectories(dir.resolve("policy/policy/namespaces"));
        Path domain = Files.createDirectories(dir.resolve("policy/features/domain"));
        Files.writeString(domain.resolve("stack"), "no\n");
        assertFalse(host().hasNamespaces());
        Files.writeString(domain.resolve("stack"), "yes\n");
        assertTrue(host().hasNamespaces());
    }

    @Test
    void theSameTextIsNotWrittenAgain() throws IOException {
        ProfileSpec profile = host().profile(text(), dir.resolve("a"));
        assertFalse(Files.exists(profile.file()));
        assertEquals("c1//&:ns1:", profile.label());
        AppArmor.write(profile);
        FileTime old = FileTime.fromMillis(1_000_000);
        Files.setLastModifiedTime(profile.file(), old);
        AppArmor.write(profile);
        assertEquals(old, Files.getLastModifiedTime(profile.file()));
        AppArmor.write(host().profile(text("deny /x w,"), dir.resolve("a")));
        assertTrue(Files.readString(profile.file()).contains("deny /x w,"));
    }

    @Test
    void forgetsAProfileWithWhatWasMadeOfIt() throws IOException {
        ProfileSpec profile = host().profile(text(), dir.resolve("a"));
        AppArmor.forget("c1", dir.resolve("a"));
        AppArmor.write(profile);
        Path made = Files.createDirectories(profile.cache().resolve("1234.0"));
        Files.writeString(made.resolve("c1"), "binary");
        Files.writeString(made.resolve("c2"), "binary");
        AppArmor.forget("c1", dir.resolve("a"));
        assertFalse(Files.exists(profile.file()));
        assertFalse(Files.exists(made.resolve("c1")));
        assertTrue(Files.exists(made.resolve("c2")));
    }
}
