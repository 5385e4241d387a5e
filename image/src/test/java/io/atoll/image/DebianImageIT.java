package io.atoll.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.Architecture;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Takes a minute and the host's mirror, hence only on request: `-Datoll.test.mirror=true`.
@Tag("privileged")
class DebianImageIT {
    @Test
    void buildsABootableDebian() throws Exception {
        Assumptions.assumeTrue(
                Boolean.getBoolean("atoll.test.mirror"), "atoll.test.mirror is not set");
        List<String> steps = new ArrayList<>();
        Path cache = Path.of(System.getProperty("java.io.tmpdir"), "atoll-test-images");
        ImageFile image =
                new ImageBuilder(cache, steps::add).build("debian/12", Architecture.host(), false);
        assertEquals("bookworm", image.readMetadata().properties().get("release"));
        String files =
                Commands.run(
                                Command.of(
                                                "unsquashfs",
                                                "-ll",
                                                image.squashfs().orElseThrow().toString())
                                        .outputMax(1 << 24))
                        .text();
        for (String wanted :
                List.of(
                        "sbin/init",
                        "etc/systemd/network/eth0.network",
                        "multi-user.target.wants/systemd-networkd.service",
                        "systemd-resolved.service",
                        "systemd-networkd.service.d/no-udev.conf")) {
            assertTrue(files.contains(wanted), wanted);
        }
        assertTrue(!steps.isEmpty());
        assertEquals(
                image.fingerprint(),
                new ImageBuilder(cache, BuildProgress.NONE)
                        .build("debian/bookworm", Architecture.host(), false)
                        .fingerprint());
    }
}
