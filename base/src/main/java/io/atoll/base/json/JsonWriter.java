package io.atoll.base.json;

import java.util.List;
import java.util.Map;

/// Renders a tree as text. Not thread-safe; one use.
final class JsonWriter {
    private static final char[] HEX = "0123456789abcdef".toCharArray();

    private final boolean pretty;
    private final StringBuilder out = new StringBuilder();

    JsonWriter(boolean pretty) {
        this.pretty = pretty;
    }

    String render(Json value) {
        write(value, 0);
        return out.toString();
    }

    private void write(Json value, int depth) {
        if (value instanceof Json.Str s) {
            writeString(s.value());
        } else if (value instanceof Json.Num n) {
            out.append(n.text());
        } else if (value instanceof Json.Bool b) {
            out.append(b.value());
        } else if (value instanceof Json.Arr arr) {
            writeArray(arr.items(), depth);
        } else if (value instanceof Json.Obj obj) {
            writeObject(obj.members(), depth);
        } else {
            out.append("null");
        }
    }

    private void writeArray(List<Json> items, int depth) {
        out.append('[');
        boolean first = true;
        for (Json item : items) {
            separate(first, depth + 1);
            first = false;
            write(item, depth + 1);
        }
        close(first, depth, ']');
    }

    private void writeObject(Map<String, Json> members, int depth) {
        out.append('{');
        boolean first = true;
        for (Map.Entry<String, Json> e : members.entrySet()) {
            separate(first, depth + 1);
            first = false;
            writeString(e.getKey());
            out.append(pretty ? ": " : ":");
            write(e.getValue(), depth + 1);
        }
        close(first, depth, '}');
    }

    private void separate(boolean first, int depth) {
        if (!first) {
            out.append(',');
        }
        indent(depth);
    }

    private void close(boolean empty, int depth, char bracket) {
        if (!empty) {
            indent(depth);
        }
        out.append(bracket);
    }

    private void indent(int depth) {
        if (pretty) {
            out.append('\n').repeat("\t", depth);
        }
    }

    private void writeString(String value) {
        out.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> writeChar(c);
            }
        }
        out.append('"');
    }

    /// U+2028 and U+2029 are escaped as well: valid in JSON, not in JavaScript before 2019.
    private void writeChar(char c) {
        if (c < ' ' || c == 0x7f || c == 0x2028 || c == 0x2029 || Character.isSurrogate(c)) {
            out.append("\\u");
            for (int shift = 12; shift >= 0; shift -= 4) {
                out.append(HEX[c >> shift & 15]);
            }
        } else {
            out.append(c);
        }
    }
}
