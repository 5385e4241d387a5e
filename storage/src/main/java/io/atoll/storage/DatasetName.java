package io.atoll.storage;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/// A volume, or a snapshot of one, among those of a volume manager.
///
/// @param folder as in the pool's directory, `containers`, or `making` for what is not complete
/// @param name of the volume, as users call it
/// @param snapshot of this name; empty for the volume itself
/// @param isBlock a disk, where others are file systems
record DatasetName(String folder, String name, String snapshot, boolean isBlock) {
    /// Ends the names of disks, as LXD has it.
    private static final String BLOCK = ".block";

    static final String MAKING = "making";

    static DatasetName of(VolumeRef ref) {
        return new DatasetName(
                ref.volume().type().folder(), ref.volume().name(), ref.snapshot(), false);
    }

    static DatasetName making(String name) {
        return new DatasetName(MAKING, name, "", false);
    }

    boolean isSnapshot() {
        return !snapshot.isEmpty();
    }

    DatasetName current() {
        return new DatasetName(folder, name, "", isBlock);
    }

    DatasetName at(String other) {
        return new DatasetName(folder, name, other, isBlock);
    }

    /// The disk of this name.
    DatasetName block() {
        return new DatasetName(folder, name, snapshot, true);
    }

    /// The end of its name in the volume manager.
    String ending() {
        return isBlock ? BLOCK : "";
    }

    static boolean isBlock(String stored) {
        return stored.endsWith(BLOCK);
    }

    static String withoutEnding(String stored) {
        return isBlock(stored) ? stored.substring(0, stored.length() - BLOCK.length()) : stored;
    }

    /// Writes a name with the letters that volume managers take: what is neither a letter of ASCII
    /// nor a digit nor one of `also` becomes its bytes, each as `mark` and two digits.
    static String encode(String name, char mark, String also) {
        StringBuilder out = new StringBuilder();
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            boolean isPlain =
                    c >= 'a' && c <= 'z'
                            || c >= 'A' && c <= 'Z'
                            || c >= '0' && c <= '9'
                            || also.indexOf(c) >= 0;
            out.append(isPlain ? String.valueOf(c) : String.format("%c%02x", mark, b & 0xff));
        }
        // Only disks end like disks.
        return isBlock(out.toString())
                ? withoutEnding(out.toString()) + mark + "2e" + BLOCK.substring(1)
                : out.toString();
    }

    /// Takes [#encode] back. A mark that no two digits follow stands for itself.
    static String decode(String text, char mark) {
        ByteBuffer out = ByteBuffer.allocate(text.length() * 4);
        for (int i = 0; i < text.length(); i++) {
            boolean isMark = text.charAt(i) == mark && i + 2 < text.length();
            if (isMark && text.substring(i + 1, i + 3).matches("[0-9a-f]{2}")) {
                out.put((byte) Integer.parseInt(text, i + 1, i + 3, 16));
                i += 2;
            } else {
                out.put(String.valueOf(text.charAt(i)).getBytes(StandardCharsets.UTF_8));
            }
        }
        return StandardCharsets.UTF_8.decode(out.flip()).toString();
    }
}
