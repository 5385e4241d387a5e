package io.atoll.runtime.lxc;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.DomainException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/// Broken texts get an answer of the right kind, never another exception. The seed is in the
/// message.
class LxcFuzzTest {
    private static final int ROUNDS = 4_000;
    private static final String ALPHABET =
            "abcxyz01239 .,:;=/\\|\"'#[]{}()<>+-*%&$!\n\t\u00e4\u0000lxc.net.mount.idmap";

    private static final List<String> CONFIG =
            List.of(
                    "lxc.include = /x",
                    "lxc.net.0.type = veth",
                    "lxc.network.type = veth",
                    "lxc.network.ipv4 = 10.0.3.1/24 10.0.3.255",
                    "lxc.idmap = u 0 100000 65536",
                    "lxc.mount.entry = /srv srv none bind,create=dir 0 0",
                    "lxc.cgroup.memory.limit_in_bytes = 64M",
                    "lxc.prlimit.nofile = 10:20",
                    "lxc.environment = A=b",
                    "lxc.signal.halt = SIGRTMIN+3",
                    "lxc.rootfs.path = overlay:/a:/b",
                    "lxc.net =",
                    "lxc.time.offset.boot = 3 h");

    private static final List<String> FSTAB =
            List.of(
                    "/srv srv none bind,create=dir 0 0",
                    "tmpfs dev/shm tmpfs rw,nosuid,size=1m,mode=1777 0 0",
                    "proc proc proc nodev,noexec,nosuid,optional 0 0",
                    "/a\\040b c none rbind,rslave,create=file,relative,idmap=container");

    private static final List<String> SECCOMP =
            List.of(
                    "2\ndenylist\nreject_force_umount\n[all]\nkexec_load errno 1\n",
                    "2\nallowlist errno 38\n[x86_64]\nread\nwrite [0,1,SCMP_CMP_EQ]\n",
                    "1\nallowlist\n0\n1\n");

    private static String mutate(Random random, String text) {
        StringBuilder out = new StringBuilder(text);
        int changes = random.nextInt(6);
        for (int i = 0; i < changes; i++) {
            int at = random.nextInt(out.length() + 1);
            char c = ALPHABET.charAt(random.nextInt(ALPHABET.length()));
            switch (random.nextInt(3)) {
                case 0 -> out.insert(at, c);
                case 1 -> out.delete(Math.max(0, at - 1), at);
                default -> out.insert(at, out.substring(0, Math.min(out.length(), 5)));
            }
        }
        return out.toString();
    }

    private static void rounds(List<String> seeds, Consumer<String> parser) {
        int accepted = 0;
        for (int seed = 0; seed < ROUNDS; seed++) {
            Random random = new Random(seed);
            String text = mutate(random, seeds.get(random.nextInt(seeds.size())));
            try {
                parser.accept(text);
                accepted++;
            } catch (DomainException _) {
                // The answer that broken text is to get.
                continue;
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + ": " + text, e);
            }
        }
        assertTrue(accepted > ROUNDS / 20, "nearly all was refused: the seeds are wrong");
    }

    @Test
    void configurations() {
        LxcIncludes includes =
                (path, where) -> List.of(new LxcIncludes.Included(path, "lxc.uts.name = x"));
        rounds(
                CONFIG,
                text -> {
                    LxcConfig config = LxcConfig.parse(text, "fuzz", includes);
                    LxcConfig again = LxcConfig.parse(config.render(), "fuzz", includes);
                    assertTrue(config.settings().size() == again.settings().size());
                });
    }

    @Test
    void whatTheValuesMean() {
        rounds(
                CONFIG,
                text -> {
                    LxcConfig config = LxcConfig.parse(text, "fuzz", (path, where) -> List.of());
                    assertTrue(LxcCompiler.idmap(config) != null);
                    assertTrue(LxcLimits.rlimits(config) != null);
                    assertTrue(LxcLimits.bounding(config) != null);
                    assertTrue(LxcLimits.limits(config) != null);
                    config.find("lxc.rootfs.path").map(LxcRootfs::parse);
                });
    }

    @Test
    void mounts() {
        LxcMounts parser = new LxcMounts(Optional.of(Path.of("/root")));
        rounds(FSTAB, text -> assertTrue(parser.parseFile(text, "fuzz") != null));
    }

    @Test
    void seccompProfiles() {
        rounds(SECCOMP, text -> assertTrue(LxcSeccomp.parse(text, "fuzz") != null));
    }

    private static final List<String> IDMAPS =
            List.of(
                    "lxc.idmap = u 0 100000 65536\nlxc.idmap = g 0 100000 65536",
                    "lxc.id_map = u 0 100000 1000\nlxc.id_map = u 1000 1000 1",
                    "lxc.idmap = b 0 4294967295 1",
                    "lxc.idmap = u 4294967290 0 99");

    /// What is taken for a map keeps to the ids that there are.
    @Test
    void idmaps() {
        rounds(
                IDMAPS,
                text -> {
                    LxcConfig config = LxcConfig.parse(text, "fuzz", LxcIncludes.none());
                    LxcCompiler.idmap(config)
                            .entries()
                            .forEach(entry ->
                                    assertTrue(
                                            entry.count() > 0
                                                    && entry.hostId().value() >= 0
                                                    && entry.hostId().value() + entry.count()
                                                            <= 1L << 32,
                                            text));
                });
    }
}
