package io.atoll.lxctools.nic;

import java.util.Optional;

/// Whose an interface is, written on its host's end as its alias: there it lives exactly as long as
/// the interface, and nobody but root can change it. Pure.
///
/// @param who the line of lxc-usernet(5) that it counts towards
/// @param key of [NicRequest#key]
record NicLabel(String who, String bridge, String key) {
    private static final String MARK = "atoll-nic";
    private static final int WORDS = 4;

    String render() {
        return MARK + " " + who + " " + bridge + " " + key;
    }

    /// Empty if it is none of ours.
    static Optional<NicLabel> parse(String alias) {
        String[] words = alias.split(" ", -1);
        return words.length == WORDS && words[0].equals(MARK)
                ? Optional.of(new NicLabel(words[1], words[2], words[3]))
                : Optional.empty();
    }

    /// True if it counts towards that line. Whole words: a user `an` is not `ann`.
    boolean counts(Usernet.Line line) {
        return who.equals(line.who()) && bridge.equals(line.bridge());
    }
}
