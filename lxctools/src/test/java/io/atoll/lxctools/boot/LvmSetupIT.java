package io.atoll.lxctools.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `lxd-setup-lvm-storage` with commands that only write down what they are told: row X3-09.
@Tag("privileged")
class LvmSetupIT {
    private static final Path SCRIPT =
            Path.of("src/main/dist/libexec/lxd-setup-lvm-storage").toAbsolutePath();

    @TempDir private Path directory;

    @BeforeEach
    void fakes() throws IOException {
        Files.createDirectory(directory.resolve("bin"));
        Files.writeString(directory.resolve("control"), "");
        for (String name : List.of("pvcreate", "vgcreate", "vgremove", "lvcreate", "lvs")) {
            fake(name, "");
        }
        fake(
                "losetup",
                "case $1 in --find) echo /dev/loop99 ;; --noheadings) echo /dev/loop99 ;; esac");
    }

    private void fake(String name, String then) throws IOException {
        Path file = directory.resolve("bin").resolve(name);
        Files.writeString(
                file, "#!/bin/sh\necho " + name + " \"$@\" >>" + told() + "\n" + then + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private Path told() {
        return directory.resolve("told");
    }

    private Path image() {
        return directory.resolve("lxd.img");
    }

    private String run(String... args) {
        List<String> argv =
                new ArrayList<>(
                        List.of(
                                "env",
                                "PATH=" + directory.resolve("bin") + ":/usr/bin:/bin",
                                "LXD_LVM_FILE=" + image(),
                                "LXD_LVM_CONTROL=" + directory.resolve("control"),
                                "sh",
                                SCRIPT.toString()));
        argv.addAll(List.of(args));
        return Commands.run(Command.of(argv)).text();
    }

    private String refusal(String... args) {
        return assertThrows(CommandFailed.class, () -> run(args)).getMessage();
    }

    @Test
    void x3_09_makesAGroupWithAThinPoolInAFile() throws IOException {
        assertTrue(run("-s", "20M").contains("--thinpool LXDPool"));
        assertEquals(
                List.of(
                        "losetup --find --show " + image(),
                        "pvcreate --yes /dev/loop99",
                        "vgcreate LXDStorage /dev/loop99",
                        "lvcreate --yes --type thin-pool --extents 95%FREE --name LXDPool LXDStorage"),
                Files.readAllLines(told()));
        assertEquals(20L << 20, Files.size(image()));
        assertTrue(refusal().contains("is there already"));
        Files.delete(told());
        run("--destroy");
        assertEquals(
                List.of(
                        "lvs --noheadings --options lv_name LXDStorage",
                        "vgremove --yes LXDStorage",
                        "losetup --noheadings --output NAME --associated " + image(),
                        "losetup --detach /dev/loop99"),
                Files.readAllLines(told()));
        assertFalse(Files.exists(image()));
    }

    @Test
    void x3_09_whatFailsLeavesNothing() throws IOException {
        fake("vgcreate", "exit 5");
        assertTrue(refusal().contains("cannot make the volume group LXDStorage"));
        assertTrue(Files.readString(told()).contains("losetup --detach /dev/loop99"));
        assertFalse(Files.exists(image()));
        fake("lvs", "echo '  LXDPool'; echo '  c1'");
        Files.writeString(image(), "");
        assertTrue(refusal("--destroy").contains("still has volumes: c1"));
        assertTrue(Files.exists(image()));
    }

    @Test
    void x3_09_saysWhatTheHostLacks() throws IOException {
        assertTrue(refusal("-s", "much").contains("not a size: much"));
        Files.delete(directory.resolve("control"));
        assertTrue(refusal().contains("this kernel has no device-mapper"));
        for (String name : List.of("pvcreate", "vgcreate", "vgremove", "lvcreate", "lvs")) {
            Files.delete(directory.resolve("bin").resolve(name));
        }
        if (Commands.find("pvcreate").isEmpty()) {
            assertTrue(refusal().contains("please install \"lvm2\""));
        }
    }
}
