package io.atoll.base;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NamesTest {
    @ParameterizedTest
    @ValueSource(strings = {"", "-a", "a-", "1a", "a_b", "a/b", "a.b", "ä", "a b"})
    void rejectsBadInstanceNames(String name) {
        assertThrows(InvalidConfigException.class, () -> new InstanceName(name));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a/b", "a b", "a_b", "it's", "*", ".", ".."})
    void rejectsBadProjectNames(String name) {
        assertThrows(InvalidConfigException.class, () -> new ProjectName(name));
    }

    @ParameterizedTest
    @CsvSource({
        "1,1",
        "2kB,2000",
        "3KiB,3072",
        "1GiB,1073741824",
        "5 bytes,5",
        "7B,7",
        "1EB,1000000000000000000"
    })
    void parsesSizes(String text, long bytes) {
        assertEquals(bytes, ByteSize.parse(text).bytes());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "abc", "1kb", "-1", "1.5GB", "9EiB", "99999999999999999999"})
    void rejectsBadSizes(String text) {
        assertThrows(InvalidConfigException.class, () -> ByteSize.parse(text));
    }
}
