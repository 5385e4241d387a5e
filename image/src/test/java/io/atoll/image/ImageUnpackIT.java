package io.atoll.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Archives of the host's tar, unpacked by ours and compared by the host's tools.
@Tag("privileged")
class ImageUnpackIT {
    @TempDir Path directory;

    private String run(String... argv) {
        return Commands.run(Command.of(argv).outputMax(1 << 24)).text();
    }

    private Path metadata() throws IOException {
        Path meta = directory.resolve("meta.tar");
        try (TarWriter tar = new TarWriter(Files.newOutputStream(meta))) {
            tar.putFile(
                    "metadata.yaml",
                    "architecture: x86_64\ncreation_date: 1\n".getBytes(StandardCharsets.UTF_8));
        }
        return meta;
    }

    @Test
    void unpacksWhatTarPacked() throws IOException {
        Path tree = Files.createDirectory(directory.resolve("tree"));
        Files.createDirectories(tree.resolve("a/b"));
        Files.writeString(tree.resolve("a/file"), "content");
        Files.createLink(tree.resolve("a/b/hard"), tree.resolve("a/file"));
        Files.createSymbolicLink(tree.resolve("link"), Path.of("/etc/passwd"));
        Object unused = run("mkfifo", tree.resolve("fifo").toString());
        unused = run("truncate", "--size=5M", tree.resolve("sparse").toString());
        unused =
                run(
                        "sh",
                        "-c",
                        "echo tail | dd of="
                                + tree.resolve("sparse")
                                + " bs=1 seek=3000000 conv=notrunc 2>/dev/null");
        unused =
                run(
                        "chown",
                        "-h",
                        "1234:2345",
                        tree.resolve("link").toString(),
                        tree.resolve("a/file").toString());
        unused = run("chmod", "4755", tree.resolve("a/file").toString());
        unused = run("setcap", "cap_setuid,cap_net_raw=ep", tree.resolve("sparse").toString());
        unused = run("touch", "--date=2001-02-03T04:05:06", tree.resolve("a").toString());
        for (String format : new String[] {"gnu", "posix", "ustar"}) {
            Path tar = directory.resolve(format + ".tar");
            boolean posix = format.equals("posix");
            unused =
                    posix
                            ? run(
                                    "tar",
                                    "--format=posix",
                                    "--sparse",
                                    "--xattrs",
                                    "--xattrs-include=*",
                                    "-C",
                                    tree.toString(),
                                    "-cf",
                                    tar.toString(),
                                    ".")
                            : run(
                                    "tar",
                                    "--format=" + format,
                                    "-C",
                                    tree.toString(),
                                    "-cf",
                                    tar.toString(),
                                    format.equals("gnu") ? "--sparse" : "--check-links",
                                    ".");
            Path target = Files.createDirectory(directory.resolve("out-" + format));
            ImageFile.split(metadata(), tar).unpackRootfs(target);
            assertEquals(listing(tree), listing(target), format);
            unused =
                    run(
                            "diff",
                            "--recursive",
                            "--no-dereference",
                            "--exclude=fifo",
                            tree.toString(),
                            target.toString());
            assertTrue((long) Files.getAttribute(target.resolve("sparse"), "unix:size") == 5 << 20);
            if (posix) {
                assertEquals(
                        run("getcap", "-n", tree.resolve("sparse").toString()).split(" ")[1],
                        run("getcap", "-n", target.resolve("sparse").toString()).split(" ")[1]);
            }
        }
    }

    /// Type, mode, owners, links, time of every file.
    private String listing(Path tree) {
        return run(
                "sh",
                "-c",
                "cd " + tree + " && find . -printf '%P %y %m %U %G %n %Ts %l\\n' | LC_ALL=C sort");
    }

    @Test
    void makesNothingOutside() throws IOException {
        Path tar = directory.resolve("bad.tar");
        try (TarWriter out = new TarWriter(Files.newOutputStream(tar))) {
            out.put(
                    TarEntry.plain(TarEntry.Type.SYMLINK, "x", 0777, 0)
                            .renamed("x", directory.toString()));
            out.put(TarEntry.plain(TarEntry.Type.DIRECTORY, "x", 0755, 0));
            out.putFile("x/escaped", new byte[1]);
        }
        Path target = Files.createDirectory(directory.resolve("target"));
        ImageFile image = ImageFile.split(metadata(), tar);
        assertThrows(InvalidConfigException.class, () -> image.unpackRootfs(target));
        assertTrue(Files.notExists(directory.resolve("escaped")));
    }
}
