package io.atoll.conformance;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;

/// One thing that is done to both servers: a request or a command.
///
/// @param words the request's method, path and body, or the command's words
/// @param reasons why answers may differ: a path within the answer, or the beginning of one, and
///   the reason
record Exchange(String section, List<String> words, List<Reason> reasons) {
    /// Words of a command; a space goes between single quotes.
    private static final Pattern WORD = Pattern.compile("('[^']*'|[^ '])+");

    /// Stands for the end of a line that goes on behind `> ` on the next.
    private static final String CONTINUED = "\u0000";

    /// @param path the beginning of the paths it speaks of; `*` for everything
    /// @param isRare it is needed in some runs only
    record Reason(String path, String text, boolean isRare) {
        boolean covers(String difference) {
            return path.equals("*") || difference.startsWith(path);
        }
    }

    /// True if a client runs it, false if it is sent as it stands.
    boolean isCommand() {
        return words.getFirst().equals("lxc");
    }

    /// The exchanges of the resource `exchanges.txt`, in order.
    static List<Exchange> read() {
        return parse(text("exchanges.txt"), Exchange::words);
    }

    /// The lines of the resource `scripts.txt`, in order; each is one word.
    static List<Exchange> readScripts() {
        return parse(text("scripts.txt").replace("\n> ", CONTINUED), List::of).stream()
                .map(line ->
                        new Exchange(
                                line.section(),
                                List.of(line.words().getFirst().replace(CONTINUED, "\n")),
                                line.reasons()))
                .toList();
    }

    private static String text(String name) {
        try (InputStream in = Exchange.class.getResourceAsStream("/conformance/" + name)) {
            if (in == null) {
                throw new AssertionError(name + " is missing");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException failure) {
            throw new AssertionError(failure);
        }
    }

    private static List<Exchange> parse(String text, Function<String, List<String>> words) {
        List<Exchange> all = new ArrayList<>();
        String section = "";
        for (String line : text.lines().toList()) {
            if (line.startsWith("## ")) {
                section = line.substring(3);
            } else if (line.startsWith("  ~")) {
                boolean isRare = line.startsWith("  ~? ");
                String[] parts = line.substring(line.indexOf(' ', 3) + 1).split(" : ", 2);
                all.getLast().reasons().add(new Reason(parts[0], parts[1], isRare));
            } else if (!line.isBlank() && !line.startsWith("#")) {
                all.add(new Exchange(section, words.apply(line), new ArrayList<>()));
            }
        }
        return all;
    }

    private static List<String> words(String line) {
        return line.startsWith("lxc ")
                ? WORD.matcher(line).results().map(m -> m.group().replace("'", "")).toList()
                : List.of(line.split(" ", 3));
    }
}
