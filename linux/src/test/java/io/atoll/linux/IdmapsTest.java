package io.atoll.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class IdmapsTest {
    @Test
    void readsRangesByNameAndNumber() {
        String text =
                "root:1000000:65536\nlxd:5:5\n0:2000000:70000\nroot:x:1\nroot:1:0\n\nroot:4294967290:100\n";
        assertEquals(
                List.of(new Idmaps.Range(1_000_000, 65_536), new Idmaps.Range(2_000_000, 70_000)),
                Idmaps.parse(text, "root", 0));
    }

    @Test
    void choosesTheLargestCommonRange() {
        var users =
                List.of(new Idmaps.Range(100_000, 65_536), new Idmaps.Range(1_000_000, 1_000_000));
        var groups = List.of(new Idmaps.Range(1_500_000, 1_000_000));
        assertEquals(
                Optional.of(new Idmaps.Range(1_500_000, 500_000)), Idmaps.choose(users, groups));
        assertEquals(Optional.of(Idmaps.DEFAULT), Idmaps.choose(List.of(), List.of()));
        assertEquals(Optional.empty(), Idmaps.choose(users, List.of()));
        assertEquals(
                Optional.empty(),
                Idmaps.choose(List.of(new Idmaps.Range(1, 10)), List.of(new Idmaps.Range(1, 10))));
    }

    @Test
    void findsTheNamesOfSwapFiles() {
        String swaps =
                """
                Filename				Type		Size		Used		Priority
                /dev/sda2                               partition	1000		0		-2
                /var/my\\040swap                         file		1000		0		-3
                """;
        assertEquals(Set.of("my swap"), Swaps.activeNames(swaps));
    }

    @Test
    void keepsAnyBytesOfANameThroughAString() {
        Random random = new Random(42);
        for (int i = 0; i < 2000; i++) {
            byte[] name = new byte[random.nextInt(20)];
            for (int j = 0; j < name.length; j++) {
                name[j] = (byte) (1 + random.nextInt(255));
            }
            assertArrayEquals(
                    name, KernelText.encode(KernelText.decode(name)), "seed 42, round " + i);
        }
        assertEquals("ä𝄞", KernelText.decode(KernelText.encode("ä𝄞")));
        assertThrows(IllegalArgumentException.class, () -> KernelText.encode("a\0b"));
        assertTrue(KernelText.decode(new byte[0]).isEmpty());
    }
}
