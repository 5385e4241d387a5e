package io.atoll.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/// A program in CRIU's place, which does not run on every kernel: it writes down what it is asked
/// for, makes images, and restores a process of its own. Until it is closed it is what `atoll.criu`
/// names.
///
/// @param directory of the program, and of what it notes
public record FakeCriu(Path directory) implements AutoCloseable {
    private static final String PROPERTY = "atoll.criu";

    private static final String TEXT =
            """
            #!/bin/sh
            here=$(dirname "$0")
            echo "$@" >> "$here/asked"
            all=" $* "
            of() { set -- $all; while [ $# -gt 1 ]; do [ "$1" = "$key" ] && echo "$2"; shift; done; }
            key=-D; images=$(of)
            key=-o; log=$(of)
            case $1 in
            check)
                [ ! -e "$here/old" ] && exit 0
                echo 'Error (criu/vdso.c:332): vdso: Unexpected rt vDSO area bounds' >&2
                exit 1;;
            dump | pre-dump)
                : > "$images/core-1.img"
                if [ -e "$here/fail" ] || [ -e "$here/fail-$1" ]; then
                    echo '(00.02) Error (criu/files.c:1): the disk is on fire' > "$log"
                    exit 1
                fi
                while [ -e "$here/hold" ]; do sleep 0.05; done
                : > "$images/inventory.img"
                : > "$log"
                cat "$here/stats" > "$images/stats-dump" 2> /dev/null
                case $1$all in
                pre-dump* | *--leave-running*) ;;
                *) key=-t; kill -9 "$(of)";;
                esac;;
            restore)
                key=--root; ls "$(of)" > "$here/root"
                while [ -e "$here/hold-restore" ]; do sleep 0.05; done
                sleep 100000 < /dev/null > /dev/null 2>&1 &
                if [ -e "$here/fail" ] || [ -e "$here/fail-restore" ] ||
                    rm "$here/fail-next-restore" 2> /dev/null; then
                    kill -9 $!
                    echo '(00.02) Error (criu/cr-restore.c:1): the disk is on fire' > "$log"
                    exit 1
                fi
                [ -t 0 ] && echo "back again" > /dev/stdin
                key=--pidfile
                if [ -e "$here/stranger" ]; then
                    kill -9 $!
                    echo 1 > "$(of)"
                else
                    echo $! > "$(of)"
                fi;;
            esac
            """;

    /// Makes it in a directory.
    public static FakeCriu in(Path directory) {
        try {
            Path program = Files.createDirectories(directory).resolve("criu");
            Files.writeString(program, TEXT);
            Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
            System.setProperty(PROPERTY, program.toString());
            return new FakeCriu(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// From now on it does something else: `old` is a kernel that it cannot work with; `fail`,
    /// `fail-dump`, `fail-pre-dump`, `fail-restore` and `fail-next-restore` make it fail;
    /// `stranger` names a process that it has not made; `hold` keeps a dump waiting, `hold-restore`
    /// a restore.
    public void wish(String what) throws IOException {
        Files.createFile(directory.resolve(what));
    }

    /// As before [#wish].
    public void unwish(String what) throws IOException {
        Files.delete(directory.resolve(what));
    }

    /// Its arguments, one line for each time it was called.
    public List<String> asked() throws IOException {
        Path file = directory.resolve("asked");
        return Files.exists(file) ? Files.readAllLines(file) : List.of();
    }

    /// What was in the root file system of the last restore.
    public List<String> root() throws IOException {
        return Files.readAllLines(directory.resolve("root"));
    }

    @Override
    public void close() {
        System.clearProperty(PROPERTY);
    }
}
