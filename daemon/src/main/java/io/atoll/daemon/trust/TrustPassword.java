package io.atoll.daemon.trust;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import org.bouncycastle.crypto.generators.SCrypt;

/// The trust password as it is kept: salt and scrypt hash (RFC 7914) in hexadecimal digits. The
/// password itself is never stored.
public final class TrustPassword {
    private static final int SALT_BYTES = 32;
    private static final int HASH_BYTES = 64;

    /// RFC 7914's advice for interactive logins: 16 MB of memory and some 50 ms for each try.
    private static final int COST = 1 << 14;

    private static final int BLOCK_SIZE = 8;
    private static final int PARALLEL = 1;
    private static final SecureRandom RANDOM = new SecureRandom();

    private TrustPassword() {}

    /// What to store for a password.
    public static String hash(String password) {
        byte[] salt = new byte[SALT_BYTES];
        RANDOM.nextBytes(salt);
        HexFormat hex = HexFormat.of();
        return hex.formatHex(salt) + hex.formatHex(scrypt(password, salt));
    }

    /// Whether the password is the one that was stored. Takes the same time for every wrong one.
    static boolean matches(String password, String stored) {
        byte[] both = HexFormat.of().parseHex(stored);
        byte[] salt = Arrays.copyOf(both, SALT_BYTES);
        byte[] expected = Arrays.copyOfRange(both, SALT_BYTES, both.length);
        return MessageDigest.isEqual(expected, scrypt(password, salt));
    }

    private static byte[] scrypt(String password, byte[] salt) {
        return SCrypt.generate(
                password.getBytes(StandardCharsets.UTF_8),
                salt,
                COST,
                BLOCK_SIZE,
                PARALLEL,
                HASH_BYTES);
    }
}
