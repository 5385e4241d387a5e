package io.atoll.cli.command;

import io.atoll.base.DomainException;
import io.atoll.cli.CliException;
import io.atoll.cli.Context;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/// Lets the user change text: in an editor on a terminal, else what is piped in replaces it.
final class Editor {
    private Editor() {}

    /// What becomes of the text.
    @FunctionalInterface
    interface Change {
        void apply(String text) throws IOException;
    }

    /// Edits until the change is accepted or the user gives up.
    static void edit(Context context, String original, Change change) throws IOException {
        if (!context.invocation().host().isTerminal(0)) {
            change.apply(
                    new String(context.invocation().in().readAllBytes(), StandardCharsets.UTF_8));
            return;
        }
        // Configuration may hold secrets: the file is the user's alone, and has a name editors
        // know.
        Path file =
                Files.createTempFile(
                        "atoll_",
                        ".yaml",
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rw-------")));
        try {
            Files.writeString(file, original);
            while (true) {
                open(context, file);
                String text = Files.readString(file);
                try {
                    change.apply(text);
                    return;
                } catch (DomainException | CliException e) {
                    context.output().note("Error: " + e.getMessage());
                    context.output()
                            .note(
                                    "Press enter to open the editor again or ctrl+c to abort the change");
                    if (context.invocation().in().read() < 0) {
                        throw e;
                    }
                }
            }
        } finally {
            Files.deleteIfExists(file);
        }
    }

    /// Opens the user's editor on a file and waits.
    static void open(Context context, Path file) throws IOException {
        String editor = context.invocation().env("VISUAL");
        editor = editor.isEmpty() ? context.invocation().env("EDITOR") : editor;
        List<String> argv = new ArrayList<>();
        for (String word : (editor.isEmpty() ? "vi" : editor).split(" ")) {
            if (!word.isEmpty()) {
                argv.add(word);
            }
        }
        argv.add(file.toString());
        int status = context.invocation().host().run(argv);
        if (status != 0) {
            throw new IOException("the editor " + argv.getFirst() + " ended with status " + status);
        }
    }
}
