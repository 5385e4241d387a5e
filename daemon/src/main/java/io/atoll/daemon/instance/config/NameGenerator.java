package io.atoll.daemon.instance.config;

import io.atoll.base.InstanceName;
import java.util.List;
import java.util.random.RandomGenerator;

/// Makes names for instances that were created without one: an adjective and an animal,
/// `calm-otter`.
public final class NameGenerator {
    private static final List<String> ADJECTIVES =
            List.of(
                    "amber", "bold", "brave", "brief", "bright", "calm", "clear", "clever", "coral",
                    "crisp", "deep", "eager", "early", "fair", "fast", "firm", "fond", "free",
                    "fresh", "gentle", "glad", "golden", "grand", "happy", "hardy", "honest",
                    "humble", "keen", "kind", "light", "lively", "loyal", "lucky", "mellow",
                    "merry", "mild", "neat", "nimble", "noble", "open", "patient", "plain",
                    "polite", "proud", "quick", "quiet", "ready", "rapid", "sandy", "sharp", "shy",
                    "silent", "smart", "smooth", "solid", "steady", "still", "sunny", "swift",
                    "tidy", "true", "vivid", "warm", "wise");
    private static final List<String> ANIMALS =
            List.of(
                    "albatross",
                    "ant",
                    "bat",
                    "bear",
                    "beaver",
                    "bee",
                    "booby",
                    "cat",
                    "clam",
                    "cod",
                    "coot",
                    "crab",
                    "crane",
                    "crow",
                    "cuttlefish",
                    "deer",
                    "dolphin",
                    "dove",
                    "duck",
                    "dugong",
                    "eagle",
                    "eel",
                    "egret",
                    "elk",
                    "falcon",
                    "finch",
                    "fox",
                    "frigatebird",
                    "frog",
                    "gannet",
                    "gecko",
                    "goat",
                    "goose",
                    "grouper",
                    "gull",
                    "hare",
                    "heron",
                    "hornbill",
                    "ibis",
                    "jay",
                    "kite",
                    "koala",
                    "lark",
                    "limpet",
                    "lobster",
                    "lynx",
                    "manta",
                    "marlin",
                    "mole",
                    "moth",
                    "mullet",
                    "newt",
                    "octopus",
                    "otter",
                    "owl",
                    "oyster",
                    "parrotfish",
                    "pelican",
                    "petrel",
                    "pigeon",
                    "plover",
                    "puffin",
                    "quail",
                    "rail",
                    "ray",
                    "robin",
                    "seal",
                    "shearwater",
                    "shrimp",
                    "skink",
                    "snail",
                    "sparrow",
                    "squid",
                    "starfish",
                    "stork",
                    "swan",
                    "tern",
                    "toad",
                    "tortoise",
                    "tuna",
                    "turtle",
                    "urchin",
                    "vole",
                    "wahoo",
                    "whale",
                    "wolf",
                    "wren",
                    "yak");

    private NameGenerator() {}

    /// A name; the caller tries again if it is taken.
    public static InstanceName generate(RandomGenerator random) {
        String adjective = ADJECTIVES.get(random.nextInt(ADJECTIVES.size()));
        return new InstanceName(adjective + "-" + ANIMALS.get(random.nextInt(ANIMALS.size())));
    }
}
