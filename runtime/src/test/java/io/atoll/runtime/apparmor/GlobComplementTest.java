package io.atoll.runtime.apparmor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GlobComplementTest {
    private static final List<String> ALLOWED =
            List.of("kernel/hostname", "kernel/sem", "kernel/sem_next_id", "net/**");

    /// As apparmor_parser(8) reads it.
    private static boolean matches(String glob, String path) {
        String regex =
                glob.replace(".", "\\.")
                        .replace("**", "\u0001")
                        .replaceAll("(?<!\\])\\*", "[^/]*")
                        .replaceAll("\\]\\*", "][^/]*")
                        .replace("\u0001", ".*")
                        .replace("{", "(?:")
                        .replace("}", ")");
        StringBuilder out = new StringBuilder();
        boolean isInClass = false;
        for (char c : regex.toCharArray()) {
            isInClass = c == '[' || (isInClass && c != ']');
            out.append(c == ',' && !isInClass ? '|' : c);
        }
        return Pattern.matches(out.toString(), path);
    }

    private static boolean isDenied(String path) {
        return GlobComplement.below("/{,**/}proc/sys/", ALLOWED).stream()
                .anyMatch(glob -> matches(glob, path));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/proc/sys/kernel/core_pattern",
                "/proc/sys/kernel/h",
                "/proc/sys/kernel/hostnam",
                "/proc/sys/kernel/hostnames",
                "/proc/sys/kernel/se",
                "/proc/sys/kernel/sem_",
                "/proc/sys/kernel/semaphore",
                "/proc/sys/kernel/random/uuid",
                "/proc/sys/vm/swappiness",
                "/proc/sys/n",
                "/proc/sys/ne",
                "/proc/sys/nets/x",
                "/proc/sys/fs/binfmt_misc/register",
                "/mnt/deep/proc/sys/kernel/core_pattern"
            })
    void whatIsNotListedIsDenied(String path) {
        assertTrue(isDenied(path));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/proc/sys/kernel/hostname",
                "/proc/sys/kernel/sem",
                "/proc/sys/kernel/sem_next_id",
                "/proc/sys/net/ipv4/ip_forward",
                "/proc/sys/net/core",
                "/mnt/proc/sys/kernel/sem",
                "/proc/1/status",
                "/etc/hostname"
            })
    void whatIsListedIsNot(String path) {
        assertFalse(isDenied(path));
    }

    @Test
    void directoriesByTheirEnd() {
        List<String> globs = GlobComplement.notEndingIn("proc/sys/");
        for (String other :
                List.of(
                        "/mnt/",
                        "/s/",
                        "/xsys/",
                        "/a/sys/",
                        "/a/xproc/sys/",
                        "/proc/",
                        "/c/sys/")) {
            assertTrue(globs.stream().anyMatch(g -> matches(g, other)), other);
        }
        for (String same : List.of("/proc/sys/", "/run/unit-root/proc/sys/")) {
            assertFalse(globs.stream().anyMatch(g -> matches(g, same)), same);
        }
    }

    @Test
    void filesByTheirName() {
        List<String> globs = GlobComplement.notEndingIn("kcore");
        assertTrue(globs.stream().anyMatch(g -> matches(g, "/x/score")));
        assertTrue(globs.stream().anyMatch(g -> matches(g, "/ore")));
        assertFalse(globs.stream().anyMatch(g -> matches(g, "/x/proc/kcore")));
    }

    @Test
    void namesByTheirLetters() {
        assertEquals(
                List.of("[^a/]*", "a", "a[^b/]*", "ab[^/]*"),
                GlobComplement.notAmong(Set.of("ab")));
    }
}
