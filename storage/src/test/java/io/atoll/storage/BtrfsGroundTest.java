package io.atoll.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.atoll.base.InvalidConfigException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BtrfsGroundTest {
    @TempDir Path folder;

    private BtrfsGround ground(String source) {
        PoolSpec pool = new PoolSpec("p", folder.resolve("pools/p"), Map.of("source", source));
        return new BtrfsGround(pool, folder);
    }

    @Test
    void saysWhatIsMissing() {
        String uuid = "0f4b6e2a-7f0e-4c39-8a56-0cf4f1a5b7de";
        assertEquals(
                "No device has the btrfs " + uuid,
                assertThrows(InvalidConfigException.class, ground(uuid)::mount).getMessage());
        assertEquals(
                "Source \"/dev/no-such-disk\" is neither a directory nor a device",
                assertThrows(InvalidConfigException.class, ground("/dev/no-such-disk")::mount)
                        .getMessage());
        assertEquals(
                "Source path \"sdb\" is not absolute",
                assertThrows(InvalidConfigException.class, ground("sdb")::mount).getMessage());
    }
}
