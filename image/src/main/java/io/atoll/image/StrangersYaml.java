package io.atoll.image;

import io.atoll.base.InvalidConfigException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.ConstructNode;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.common.Anchor;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.CollectionEndEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.resolver.JsonScalarResolver;
import org.snakeyaml.engine.v2.resolver.ScalarResolver;
import org.snakeyaml.engine.v2.schema.JsonSchema;

/// Reads YAML that anybody may have written. The library goes as deep as the text does, and lets a
/// collection hold itself: either would end a thread by its stack.
public final class StrangersYaml {
    private static final int DEPTH_MAX = 64;
    private static final int ALIASES_MAX = 20;

    /// Letters of a number. Reading one takes longer than in proportion.
    private static final int NUMBER_MAX = 64;

    private static final Pattern NUMBER = Pattern.compile("[-+0-9._eE]++");

    /// Letters of a whole text that nobody said anything about.
    private static final int LETTERS_MAX = 3 << 20;

    /// Words for nothing, beside the `null` of JSON.
    private static final Pattern NOTHING = Pattern.compile("~|Null|NULL");

    private static final ConstructNode AS_WRITTEN =
            node -> new WrittenNumber(((ScalarNode) node).getValue());

    private StrangersYaml() {}

    /// A number that is still known as it was written: a release 3.10 is not 3.1.
    public static final class WrittenNumber extends Number {
        private static final long serialVersionUID = 1;

        private final String text;

        WrittenNumber(String text) {
            this.text = text;
        }

        @Override
        public int intValue() {
            return (int) longValue();
        }

        @Override
        public long longValue() {
            try {
                return Long.parseLong(text);
            } catch (NumberFormatException _) {
                return (long) doubleValue(); // Has a fraction, or more digits than fit.
            }
        }

        @Override
        public float floatValue() {
            return (float) doubleValue();
        }

        @Override
        public double doubleValue() {
            return switch (text) {
                case ".inf" -> Double.POSITIVE_INFINITY;
                case "-.inf" -> Double.NEGATIVE_INFINITY;
                case ".nan" -> Double.NaN;
                default -> Double.parseDouble(text);
            };
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof WrittenNumber number && number.text.equals(text);
        }

        @Override
        public int hashCode() {
            return text.hashCode();
        }

        @Override
        public String toString() {
            return text;
        }
    }

    /// The scalars of JSON, and all words for null.
    private static final class PeoplesSchema extends JsonSchema {
        private final JsonScalarResolver resolver = new JsonScalarResolver();

        PeoplesSchema() {
            resolver.addImplicitResolver(Tag.NULL, NOTHING, "~N");
        }

        @Override
        public ScalarResolver getScalarResolver() {
            return resolver;
        }
    }

    /// What is wrong with a text that is no YAML, and where, in one line.
    public static String problem(YamlEngineException failure) {
        if (failure instanceof MarkedYamlEngineException marked
                && marked.getProblemMark().isPresent()) {
            var mark = marked.getProblemMark().get();
            return "line "
                    + (mark.getLine() + 1)
                    + ", column "
                    + (mark.getColumn() + 1)
                    + ": "
                    + marked.getProblem();
        }
        return String.valueOf(failure.getMessage()).lines().findFirst().orElse("invalid YAML");
    }

    /// As [#load(String, String, int)], of a text that may be as long as most are.
    public static @Nullable Object load(String label, String text) {
        return load(label, text, LETTERS_MAX);
    }

    /// Lists, maps, texts, [WrittenNumber]s and booleans; null for an empty document.
    ///
    /// @param label what it is, for messages
    /// @param lettersMax how long it may be
    /// @throws InvalidConfigException if it is nested too deep, or has an endless number
    /// @throws org.snakeyaml.engine.v2.exceptions.YamlEngineException if it is no YAML
    public static @Nullable Object load(String label, String text, int lettersMax) {
        LoadSettings settings =
                LoadSettings.builder()
                        .setLabel(label)
                        .setCodePointLimit(lettersMax)
                        .setMaxAliasesForCollections(ALIASES_MAX)
                        .setSchema(new PeoplesSchema())
                        .setTagConstructors(Map.of(Tag.INT, AS_WRITTEN, Tag.FLOAT, AS_WRITTEN))
                        .build();
        checkShape(label, new Parse(settings).parseString(text));
        return new Load(settings).loadFromString(text);
    }

    private static void checkShape(String label, Iterable<Event> events) {
        Deque<Optional<Anchor>> open = new ArrayDeque<>();
        for (Event event : events) {
            switch (event) {
                case CollectionStartEvent start -> open.push(start.getAnchor());
                case CollectionEndEvent _ -> open.pop();
                case AliasEvent alias -> {
                    if (open.contains(Optional.of(alias.getAlias()))) {
                        throw new InvalidConfigException(
                                "Could not parse " + label + ": it holds itself");
                    }
                }
                case ScalarEvent scalar
                        when scalar.isPlain()
                                && scalar.getValue().length() > NUMBER_MAX
                                && NUMBER.matcher(scalar.getValue()).matches() ->
                        throw new InvalidConfigException(
                                "Could not parse " + label + ": a number is too long");
                default -> {}
            }
            if (open.size() > DEPTH_MAX) {
                throw new InvalidConfigException(
                        "Could not parse "
                                + label
                                + ": nested deeper than "
                                + DEPTH_MAX
                                + " levels");
            }
        }
    }
}
