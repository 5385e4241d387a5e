package io.atoll.image.remote;

import io.atoll.base.UnavailableException;
import java.net.URI;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/// The list of images that servers had before there were streams: `meta/1.0/index-user` and
/// `index-system`, lines `distribution;release;architecture;variant;build;directory` without sums.
/// What it names is signed file by file. Pure.
public final class LineIndex {
    /// Where the list for containers of plain users is, below a server's address.
    public static final String USER = "meta/1.0/index-user";

    /// Where the list for containers of the host's root is.
    public static final String SYSTEM = "meta/1.0/index-system";

    /// Images of one list; more is a mistake or an attack.
    private static final int IMAGES_MAX = 50_000;

    private static final int WORDS = 6;

    private LineIndex() {}

    /// One image.
    ///
    /// @param build when it was made, such as `20260101_07:42`
    /// @param directory of its files, below the server's address
    public record Line(
            String distribution,
            String release,
            String architecture,
            String variant,
            String build,
            String directory) {
        /// One of its files.
        ///
        /// @param base the server's address, with a slash at its end
        /// @throws UnavailableException if it would not be below that
        public RemoteFile file(URI base, String name) {
            String relative = directory.startsWith("/") ? directory.substring(1) : directory;
            String path = relative.endsWith("/") ? relative + name : relative + "/" + name;
            boolean isBelow =
                    !path.startsWith("/")
                            && !path.contains("..")
                            && path.matches("[A-Za-z0-9._:/+~-]+");
            if (!isBelow || path.contains("://")) {
                throw new UnavailableException("the server's index leads elsewhere: " + directory);
            }
            return new RemoteFile(URI.create(base + path), Optional.empty(), OptionalLong.empty());
        }

        private String render() {
            return String.join(";", distribution, release, architecture, variant, build, directory);
        }
    }

    /// @throws UnavailableException if it is no such list
    public static List<Line> parse(String text) {
        List<Line> out = new ArrayList<>();
        for (String line : text.lines().toList()) {
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            String[] words = line.strip().split(";");
            if (words.length != WORDS) {
                throw new UnavailableException(
                        "the server's index has a line that is none: " + line);
            }
            out.add(new Line(words[0], words[1], words[2], words[3], words[4], words[5]));
            if (out.size() > IMAGES_MAX) {
                throw new UnavailableException("the server's index has too many images");
            }
        }
        return out;
    }

    /// As servers send it, in the order of the names.
    static String render(List<Line> lines) {
        return lines.stream()
                .sorted(Comparator.comparing(Line::render))
                .map(line -> line.render() + "\n")
                .collect(Collectors.joining());
    }
}
