package io.atoll.lxctools.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.atoll.base.InvalidConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StorageOptionsTest {
    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "1x", "1.5g", "0", "100k", "999999999999t", "1 gig"})
    void refusesWhatIsNoSize(String text) {
        assertThrows(InvalidConfigException.class, () -> StorageOptions.size(text));
    }

    @Test
    void countsInMebibytesUnlessAUnitSaysOtherwise() {
        assertEquals(500L << 20, StorageOptions.size("500"));
        assertEquals(2L << 30, StorageOptions.size("2G"));
        assertEquals(1L << 40, StorageOptions.size("1t"));
        assertEquals(2048L << 10, StorageOptions.size("2048k"));
        assertEquals(1L << 20, StorageOptions.size("1048576b"));
    }
}
