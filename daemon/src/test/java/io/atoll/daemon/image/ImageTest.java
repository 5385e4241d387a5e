package io.atoll.daemon.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.Fingerprint;
import io.atoll.base.InvalidConfigException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ImageTest {
    private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

    private static Image usedAt(Instant when) {
        return new Image(
                new Fingerprint("0".repeat(64)),
                "busybox.tar.xz",
                1,
                "x86_64",
                false,
                ".tar.xz",
                false,
                false,
                Instant.EPOCH,
                Instant.EPOCH,
                Instant.EPOCH,
                when,
                Map.of(),
                List.of(),
                false,
                Optional.empty());
    }

    @Test
    void useIsNotRecordedAgainWithinSeconds() {
        assertTrue(usedAt(NOON).isUsed(NOON.plusSeconds(9)));
        assertFalse(usedAt(NOON).isUsed(NOON.plusSeconds(10)));
        assertFalse(usedAt(Instant.EPOCH).isUsed(NOON), "never before");
    }

    @Test
    void headersOfUploads() {
        assertEquals(Map.of("os", "a b", "x", ""), ImageUploads.form("os=a%20b&x=&y"));
        assertEquals(Optional.of(List.of("a/b")), ImageUploads.profiles("profile=a%2fb&x=y"));
        assertThrows(InvalidConfigException.class, () -> ImageUploads.form("os=%zz"));
        assertThrows(InvalidConfigException.class, () -> ImageUploads.profiles("profile=%"));
    }

    @Test
    void useInTheFutureIsOfAClockThatWasSetBack() {
        assertFalse(usedAt(NOON.plusSeconds(3600)).isUsed(NOON));
    }
}
