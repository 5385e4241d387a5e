package io.atoll.base.json;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Strict recursive reader of RFC 8259 with a bound on depth; the caller bounds the length.
final class JsonReader {
    /// Deeper nesting is refused: it is an attack on the stack, not data.
    static final int DEPTH_MAX = 200;

    private final String text;
    private int pos;

    JsonReader(String text) {
        this.text = text;
    }

    Json readDocument() {
        Json value = readValue(0);
        skipSpace();
        if (pos < text.length()) {
            throw fault("unexpected text after the value");
        }
        return value;
    }

    private Json readValue(int depth) {
        if (depth > DEPTH_MAX) {
            throw fault("nested deeper than " + DEPTH_MAX);
        }
        skipSpace();
        char c = peek();
        if (c == '{') {
            return readObject(depth);
        }
        if (c == '[') {
            return readArray(depth);
        }
        if (c == '"') {
            return new Json.Str(readString());
        }
        if (c == 't') {
            return readWord("true", Json.Bool.TRUE);
        }
        if (c == 'f') {
            return readWord("false", Json.Bool.FALSE);
        }
        if (c == 'n') {
            return readWord("null", Json.Null.NULL);
        }
        return readNumber();
    }

    private Json readObject(int depth) {
        Map<String, Json> members = new LinkedHashMap<>();
        pos++;
        skipSpace();
        if (peek() == '}') {
            pos++;
            return new Json.Obj(members);
        }
        while (true) {
            skipSpace();
            if (peek() != '"') {
                throw fault("expected a member name");
            }
            String name = readString();
            skipSpace();
            expect(':');
            members.put(name, readValue(depth + 1));
            skipSpace();
            if (peek() == ',') {
                pos++;
            } else {
                expect('}');
                return new Json.Obj(members);
            }
        }
    }

    private Json readArray(int depth) {
        List<Json> items = new ArrayList<>();
        pos++;
        skipSpace();
        if (peek() == ']') {
            pos++;
            return new Json.Arr(items);
        }
        while (true) {
            items.add(readValue(depth + 1));
            skipSpace();
            if (peek() == ',') {
                pos++;
            } else {
                expect(']');
                return new Json.Arr(items);
            }
        }
    }

    private Json readWord(String word, Json value) {
        if (!text.startsWith(word, pos)) {
            throw fault("unexpected word");
        }
        pos += word.length();
        return value;
    }

    private Json readNumber() {
        int start = pos;
        if (peek() == '-') {
            pos++;
        }
        int first = pos;
        digits();
        if (pos - first > 1 && text.charAt(first) == '0') {
            throw fault("number with a leading zero");
        }
        if (pos < text.length() && text.charAt(pos) == '.') {
            pos++;
            digits();
        }
        if (pos < text.length() && (text.charAt(pos) == 'e' || text.charAt(pos) == 'E')) {
            pos++;
            if (pos < text.length() && (text.charAt(pos) == '+' || text.charAt(pos) == '-')) {
                pos++;
            }
            digits();
        }
        return new Json.Num(text.substring(start, pos));
    }

    private void digits() {
        int start = pos;
        while (pos < text.length() && text.charAt(pos) >= '0' && text.charAt(pos) <= '9') {
            pos++;
        }
        if (pos == start) {
            throw fault("unexpected character");
        }
    }

    private String readString() {
        pos++;
        int start = pos;
        int end = pos;
        while (end < text.length()
                && text.charAt(end) != '"'
                && text.charAt(end) != '\\'
                && text.charAt(end) >= ' ') {
            end++;
        }
        if (end < text.length() && text.charAt(end) == '"') {
            pos = end + 1;
            return text.substring(start, end);
        }
        return readEscapedString();
    }

    private String readEscapedString() {
        StringBuilder out = new StringBuilder();
        while (true) {
            char c = peek();
            pos++;
            if (c == '"') {
                return out.toString();
            }
            if (c < ' ') {
                throw fault("control character in a string");
            }
            out.append(c == '\\' ? readEscape() : c);
        }
    }

    private char readEscape() {
        char c = peek();
        pos++;
        int plain = "\"\\/bfnrt".indexOf(c);
        if (plain >= 0) {
            return "\"\\/\b\f\n\r\t".charAt(plain);
        }
        if (c != 'u' || pos + 4 > text.length()) {
            throw fault("unknown escape");
        }
        int code = 0;
        for (int i = 0; i < 4; i++) {
            int digit = Character.digit(text.charAt(pos++), 16);
            if (digit < 0) {
                throw fault("unknown escape");
            }
            code = code * 16 + digit;
        }
        return (char) code;
    }

    private void skipSpace() {
        while (pos < text.length()) {
            char c = text.charAt(pos);
            if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
                return;
            }
            pos++;
        }
    }

    private char peek() {
        if (pos >= text.length()) {
            throw fault("unexpected end of JSON input");
        }
        return text.charAt(pos);
    }

    private void expect(char c) {
        if (peek() != c) {
            throw fault("expected '" + c + "'");
        }
        pos++;
    }

    private JsonException fault(String why) {
        return new JsonException("invalid JSON at offset " + pos + ": " + why);
    }
}
