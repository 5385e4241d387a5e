package io.atoll.base.json;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A JSON value (RFC 8259). Trees are immutable except for objects and arrays under construction by
/// their owner.
///
/// Lookups never return Java's null: a missing member is [Null#NULL], as is a member whose value is
/// `null`, because that is how the API's clients and LXD's server treat it.
public sealed interface Json {
    /// The value `null`.
    record Null() implements Json {
        public static final Null NULL = new Null();
    }

    /// `true` or `false`.
    record Bool(boolean value) implements Json {
        public static final Bool TRUE = new Bool(true);
        public static final Bool FALSE = new Bool(false);
    }

    /// A number, kept as written so that 64-bit integers survive.
    record Num(String text) implements Json {}

    /// A string.
    record Str(String value) implements Json {}

    /// An array.
    record Arr(List<Json> items) implements Json {}

    /// An object; members in the order they were read or put.
    record Obj(Map<String, Json> members) implements Json {
        /// Adds or replaces a member and returns this object.
        public Obj put(String name, Json value) {
            members.put(name, value);
            return this;
        }

        /// Adds a string member; Java's null becomes JSON's.
        public Obj put(String name, @Nullable String value) {
            return put(name, value == null ? Null.NULL : new Str(value));
        }

        public Obj put(String name, long value) {
            return put(name, new Num(Long.toString(value)));
        }

        public Obj put(String name, boolean value) {
            return put(name, value ? Bool.TRUE : Bool.FALSE);
        }

        /// Adds an array of strings.
        public Obj put(String name, Collection<String> values) {
            return put(name, strings(values));
        }

        /// Adds an object of strings, in the map's order.
        public Obj put(String name, Map<String, String> values) {
            return put(name, strings(values));
        }
    }

    /// A new empty object.
    static Obj object() {
        return new Obj(new LinkedHashMap<>());
    }

    /// A new empty array.
    static Arr array() {
        return new Arr(new ArrayList<>());
    }

    static Arr array(Collection<? extends Json> items) {
        return new Arr(new ArrayList<>(items));
    }

    static Json string(String value) {
        return new Str(value);
    }

    static Json number(long value) {
        return new Num(Long.toString(value));
    }

    static Json bool(boolean value) {
        return value ? Bool.TRUE : Bool.FALSE;
    }

    static Arr strings(Collection<String> values) {
        Arr arr = array();
        for (String value : values) {
            arr.items().add(new Str(value));
        }
        return arr;
    }

    static Obj strings(Map<String, String> values) {
        Obj obj = object();
        for (Map.Entry<String, String> e : values.entrySet()) {
            obj.put(e.getKey(), e.getValue());
        }
        return obj;
    }

    /// Reads one JSON text.
    ///
    /// @throws JsonException if it is malformed, nested deeper than [JsonReader#DEPTH_MAX] or
    ///   followed by anything
    static Json parse(String text) {
        return new JsonReader(text).readDocument();
    }

    /// The member `name` of an object; [Null#NULL] if it is missing or this is no object.
    default Json get(String name) {
        if (this instanceof Obj obj) {
            Json value = obj.members().get(name);
            return value == null ? Null.NULL : value;
        }
        return Null.NULL;
    }

    default boolean isNull() {
        return this instanceof Null;
    }

    /// The string's value, empty for `null`.
    ///
    /// @throws JsonException if this is neither string nor null
    default String asString() {
        if (this instanceof Str s) {
            return s.value();
        }
        if (isNull()) {
            return "";
        }
        throw new JsonException("expected a string, got " + kind());
    }

    /// The string's value; empty Optional for `null`.
    default Optional<String> asOptionalString() {
        return isNull() ? Optional.empty() : Optional.of(asString());
    }

    /// The integer's value, 0 for `null`.
    ///
    /// @throws JsonException if this is no integer of 64 bits
    default long asLong() {
        if (this instanceof Num n) {
            try {
                return Long.parseLong(n.text());
            } catch (NumberFormatException e) {
                throw new JsonException("expected an integer of 64 bits, got " + n.text(), e);
            }
        }
        if (isNull()) {
            return 0;
        }
        throw new JsonException("expected a number, got " + kind());
    }

    /// The integer's value, 0 for `null`.
    ///
    /// @throws JsonException if this is no integer of 32 bits
    default int asInt() {
        long value = asLong();
        if (value != (int) value) {
            throw new JsonException("expected an integer of 32 bits, got " + value);
        }
        return (int) value;
    }

    /// The number's value, 0 for `null`.
    default double asDouble() {
        if (this instanceof Num n) {
            return Double.parseDouble(n.text());
        }
        return asLong();
    }

    /// The boolean, false for `null`.
    ///
    /// @throws JsonException if this is neither boolean nor null
    default boolean asBoolean() {
        if (this instanceof Bool b) {
            return b.value();
        }
        if (isNull()) {
            return false;
        }
        throw new JsonException("expected a boolean, got " + kind());
    }

    /// The array's items, empty for `null`.
    ///
    /// @throws JsonException if this is neither array nor null
    default List<Json> asList() {
        if (this instanceof Arr arr) {
            return arr.items();
        }
        if (isNull()) {
            return List.of();
        }
        throw new JsonException("expected an array, got " + kind());
    }

    /// The object's members in order, empty for `null`.
    ///
    /// @throws JsonException if this is neither object nor null
    default Map<String, Json> asMap() {
        if (this instanceof Obj obj) {
            return obj.members();
        }
        if (isNull()) {
            return Map.of();
        }
        throw new JsonException("expected an object, got " + kind());
    }

    /// The array's items as strings.
    default List<String> asStrings() {
        List<String> out = new ArrayList<>();
        for (Json item : asList()) {
            out.add(item.asString());
        }
        return out;
    }

    /// The object's members as strings, in order.
    ///
    /// @throws JsonException if a member is none; it says which
    default Map<String, String> asStringMap() {
        Map<String, String> out = new LinkedHashMap<>();
        for (Map.Entry<String, Json> e : asMap().entrySet()) {
            out.put(e.getKey(), e.getValue().asStringOf(e.getKey()));
        }
        return out;
    }

    /// As [#asString()].
    ///
    /// @param name the member that this is, for the message
    default String asStringOf(String name) {
        if (this instanceof Str || isNull()) {
            return asString();
        }
        throw new JsonException("expected a string for \"" + name + "\", got " + kind());
    }

    /// The word for this kind of value in messages. An if-chain, not a pattern switch: a switch
    /// spins a class at its first use, which costs a cold command milliseconds.
    private String kind() {
        if (this instanceof Bool) {
            return "a boolean";
        }
        if (this instanceof Num) {
            return "a number";
        }
        if (this instanceof Str) {
            return "a string";
        }
        if (this instanceof Arr) {
            return "an array";
        }
        return this instanceof Obj ? "an object" : "null";
    }

    /// Compact JSON text.
    default String render() {
        return new JsonWriter(false).render(this);
    }

    /// JSON text indented by one tab, as Go's tools print it.
    default String renderPretty() {
        return new JsonWriter(true).render(this);
    }
}
