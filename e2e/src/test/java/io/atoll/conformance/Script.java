package io.atoll.conformance;

import io.atoll.testkit.Program;
import io.atoll.testkit.Program.Output;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Runs lines as people have them in their scripts, with one client in front of one server.
///
/// @param shell runs `-c LINE` with the client's folder first on its path
/// @param folder where the lines run
/// @param fill what is put for words such as `BRIDGE`
record Script(Program shell, Path folder, Map<String, String> fill, Normal normal) {
    /// What a client shows of its progress, and takes back with a carriage return.
    private static final Pattern PROGRESS =
            Pattern.compile(
                    ".*\\d+% \\(.*|(Exporting|Importing|Transferring|Publishing|Retrieving|Unpack|Pushing"
                            + "|Pulling|Backing up|Remapping).*|\\s*");

    /// What helps a reader and changes from version to version.
    private static final Pattern USAGE = Pattern.compile("(?s)(Description:|Usage:).*");

    Answer run(Exchange line) {
        String text = line.words().getFirst();
        for (Map.Entry<String, String> entry : fill.entrySet()) {
            text = text.replace(entry.getKey(), entry.getValue());
        }
        Output output = shell.run("cd " + folder + " && exec 2>err && " + text);
        Output errors = Program.of("cat", folder.resolve("err").toString()).run().ok();
        Answer answer = new Answer(new TreeMap<>());
        answer.leaves().put("exit", Integer.toString(output.exit()));
        put(answer, "out", output.out());
        put(answer, "err", errors.out());
        return answer;
    }

    private void put(Answer answer, String stream, String text) {
        List<String> lines =
                USAGE.matcher(text).replaceFirst("USAGE").lines().flatMap(Script::shown).toList();
        for (int i = 0; i < lines.size(); i++) {
            String line = normal.text(lines.get(i)).replaceAll(" +", " ").replaceAll("-{2,}", "--");
            answer.leaves().put(String.format("%s %03d", stream, i + 1), line.stripTrailing());
        }
    }

    /// What stays of a line on a terminal. Hints are ours alone.
    private static Stream<String> shown(String line) {
        return Stream.of(line.split("\r"))
                .filter(part -> !PROGRESS.matcher(part).matches())
                .filter(part -> !part.startsWith("Hint: ") && !part.startsWith("Try `"));
    }
}
