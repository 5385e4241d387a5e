package io.atoll.lxctools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.runtime.lxc.LxcConfig;
import io.atoll.runtime.lxc.LxcIncludes;
import io.atoll.runtime.lxc.LxcSeccomp;
import io.atoll.runtime.spec.SeccompSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The configuration that the templates of system containers include.
class CommonConfTest {
    private static final List<String> VIEWS =
            List.of(
                    "proc/cpuinfo",
                    "proc/diskstats",
                    "proc/loadavg",
                    "proc/meminfo",
                    "proc/slabinfo",
                    "proc/stat",
                    "proc/swaps",
                    "proc/uptime",
                    "proc/pressure/cpu",
                    "proc/pressure/io",
                    "proc/pressure/memory",
                    "sys/devices/system/cpu");

    @Test
    void putsTheFilesOfLxcfsOverTheHostsWhereItRuns() throws IOException {
        LxcConfig config = read("debian.common.conf");
        List<String> entries =
                config.all("lxc.mount.entry").stream().filter(e -> e.contains("/lxcfs/")).toList();
        assertEquals(
                VIEWS.stream()
                        .map(v -> "/var/lib/lxcfs/" + v + " " + v + " none bind,optional 0 0")
                        .toList(),
                entries);
        // The file systems that they lie over come first.
        assertTrue(config.find("lxc.mount.auto").orElse("").contains("proc"));
    }

    /// Root of a privileged container could open any file of the host's by its handle.
    @Test
    void privilegedContainersOpenNothingByHandle() throws IOException {
        Path profile = Path.of("src/main/dist/lxc/config/common.seccomp").toAbsolutePath();
        LxcConfig config = read("debian.common.conf");
        assertEquals(Optional.of(profile.toString()), config.find("lxc.seccomp.profile"));
        SeccompSpec spec = LxcSeccomp.parse(Files.readString(profile), profile.toString());
        assertEquals(
                Set.of(
                        "open_by_handle_at",
                        "kexec_load",
                        "kexec_file_load",
                        "init_module",
                        "finit_module",
                        "delete_module"),
                spec.rules().stream().map(SeccompSpec.Rule::syscall).collect(Collectors.toSet()));
        // Where ids are mapped the kernel refuses all of it by itself.
        String userns = "src/main/dist/lxc/config/debian.userns.conf";
        config.append("lxc.include = " + Path.of(userns).toAbsolutePath(), "", LxcIncludes.files());
        assertEquals(Optional.empty(), config.find("lxc.seccomp.profile"));
    }

    private static LxcConfig read(String name) throws IOException {
        Path file = Path.of("src/main/dist/lxc/config").resolve(name).toAbsolutePath();
        return LxcConfig.parse(Files.readString(file), file.toString(), LxcIncludes.files());
    }

    /// What templates bind of the host may not be written to.
    @Test
    void cve_2013_6441_whatTemplatesBindIsReadOnly() throws IOException {
        int seen = 0;
        try (Stream<Path> templates = Files.list(Path.of("src/main/dist/lxc/templates"))) {
            for (Path template : templates.toList()) {
                for (String line : Files.readAllLines(template)) {
                    if (line.contains("lxc.mount.entry = /")) {
                        assertTrue(line.contains(" ro,bind "), template + ": " + line);
                        seen++;
                    }
                }
            }
        }
        assertTrue(seen > 0);
    }
}
