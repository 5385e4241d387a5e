package io.atoll.daemon.ui;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The path of a file below the directory of pages: names with a slash between, none of which is
/// empty, `.` or `..`.
record UiPath(String text) {
    /// What every page of the application is made by.
    static final UiPath INDEX = new UiPath("index.html");

    /// Reads a path as it was sent. Each name is decoded for itself, once: an encoded slash would
    /// be part of a name, which no file's name has.
    ///
    /// @param raw percent-encoded, without the leading slash; an ending slash is left out
    /// @return nothing if no file can have such a path
    static Optional<UiPath> parse(String raw) {
        if (raw.isEmpty()) {
            return Optional.of(INDEX);
        }
        String bare = raw.endsWith("/") ? raw.substring(0, raw.length() - 1) : raw;
        List<String> names = new ArrayList<>();
        for (String part : bare.split("/", -1)) {
            Optional<String> name = decode(part).filter(UiPath::isName);
            if (name.isEmpty()) {
                return Optional.empty();
            }
            names.add(name.get());
        }
        return Optional.of(new UiPath(String.join("/", names)));
    }

    private static boolean isName(String text) {
        return !text.isEmpty()
                && !text.equals(".")
                && !text.equals("..")
                && text.indexOf('/') < 0
                && text.indexOf('\0') < 0;
    }

    /// Nothing if a percent is not followed by two digits, or the bytes are no UTF-8.
    private static Optional<String> decode(String part) {
        byte[] sent = part.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(sent.length);
        for (int i = 0; i < sent.length; i++) {
            if (sent[i] != '%') {
                bytes.put(sent[i]);
                continue;
            }
            int high = i + 2 < sent.length ? Character.digit(sent[i + 1], 16) : -1;
            int low = high < 0 ? -1 : Character.digit(sent[i + 2], 16);
            if (low < 0) {
                return Optional.empty();
            }
            bytes.put((byte) (high << 4 | low));
            i += 2;
        }
        try {
            return Optional.of(StandardCharsets.UTF_8.newDecoder().decode(bytes.flip()).toString());
        } catch (CharacterCodingException _) {
            return Optional.empty();
        }
    }

    /// What browsers take the file for, by its name.
    String mediaType() {
        String name = text.substring(text.lastIndexOf('/') + 1);
        return MediaTypes.of(name.substring(name.lastIndexOf('.') + 1));
    }

    @Override
    public String toString() {
        return text;
    }
}
