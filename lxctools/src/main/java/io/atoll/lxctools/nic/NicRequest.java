package io.atoll.lxctools.nic;

import io.atoll.base.InvalidConfigException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;

/// What a plain user asks for: the words of lxc-user-nic(1) that matter. Pure.
///
/// @param lxcPath and `container` only tell interfaces of one user apart
/// @param nic its name inside
record NicRequest(
        Verb verb, String lxcPath, String container, String type, String bridge, String nic) {
    /// Most bytes of a packet.
    static final int BYTES_MAX = 8192;

    private static final int WORDS = 6;
    private static final int KEY_DIGITS = 16;
    private static final Pattern NAME = Pattern.compile("[^\\s/:\\p{Cntrl}]{1,15}");

    /// What is to be done.
    enum Verb {
        CREATE,
        DELETE
    }

    /// @throws InvalidConfigException if a word cannot be what it stands for
    NicRequest {
        checkName("bridge", bridge);
        checkName("interface", nic);
        checkName("type of interface", type);
    }

    private static void checkName(String what, String name) {
        if (!NAME.matcher(name).matches() || name.equals(".") || name.equals("..")) {
            throw new InvalidConfigException(
                    "not a name of a " + what + ", which has 1 to 15 characters: " + name);
        }
    }

    /// From a packet: words that each end with a NUL.
    ///
    /// @throws InvalidConfigException if it is anything else
    static NicRequest decode(byte[] packet) {
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(packet)).toString();
        } catch (CharacterCodingException e) {
            throw new InvalidConfigException("a request that is not UTF-8", e);
        }
        List<String> words = List.of(text.split("\0", -1));
        if (words.size() != WORDS + 1 || !words.getLast().isEmpty()) {
            throw new InvalidConfigException("a request of " + (words.size() - 1) + " words");
        }
        Verb verb =
                switch (words.getFirst()) {
                    case "create" -> Verb.CREATE;
                    case "delete" -> Verb.DELETE;
                    default -> throw new InvalidConfigException("a request of another kind");
                };
        return new NicRequest(
                verb, words.get(1), words.get(2), words.get(3), words.get(4), words.get(5));
    }

    /// Stands for the interface among those of all users: nobody can make another's.
    String key(long uid) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (String word : List.of(Long.toString(uid), lxcPath, container, nic)) {
                digest.update((word + "\0").getBytes(StandardCharsets.UTF_8));
            }
            return HexFormat.of().formatHex(digest.digest()).substring(0, KEY_DIGITS);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
