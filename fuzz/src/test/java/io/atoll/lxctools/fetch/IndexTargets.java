package io.atoll.lxctools.fetch;

import io.atoll.image.remote.StreamsList;
import java.net.URI;

/// Lists of images, as `lxc-create -t download` reads them.
public final class IndexTargets {
    private static final URI BASE = URI.create("https://example.org/");

    private IndexTargets() {}

    public static void lines(String text) {
        if (text.startsWith("{")) {
            ImageIndex.ofStreams(StreamsList.parse(BASE, text)).forEach(IndexTargets::check);
        } else {
            ImageIndex.parseLines(BASE, text).forEach(IndexTargets::check);
        }
    }

    private static void check(ServerImage image) {
        boolean isBelow =
                image.metadata().uri().normalize().toString().startsWith(BASE.toString())
                        && image.rootfs().uri().normalize().toString().startsWith(BASE.toString());
        if (!isBelow) {
            throw new AssertionError("leads elsewhere: " + image);
        }
    }
}
