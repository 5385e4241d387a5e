package io.atoll.daemon.migration;

import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import io.atoll.storage.MigrationStreams;
import io.atoll.storage.VolumeStreams.Part;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// The list of streams that goes before them, and at a refresh comes back with those that are
/// wanted. LXD calls it a migration header.
///
/// ```json
/// {"subvolumes": [{"path": "/", "snapshot": "", "readonly": false, "uuid": "…", "stream": "…"}]}
/// ```
///
/// `stream` is ours, see [Part#streamUuid].
final class StreamList {
    /// Of one entry with a path of usual length there is room for [MigrationStreams#PARTS_MAX].
    static final int BYTES_MAX = 8 << 20;

    private StreamList() {}

    static void write(List<Part> parts, FrameStreams streams) throws IOException {
        List<Json> subvolumes = new ArrayList<>();
        for (Part part : parts) {
            subvolumes.add(part.describe().put("stream", part.streamUuid()));
        }
        Json list = Json.object().put("subvolumes", Json.array(subvolumes));
        try (OutputStream out = streams.output(_ -> {})) {
            out.write(list.render().getBytes(StandardCharsets.UTF_8));
        }
    }

    /// @throws MalformedMessageException if it is no list
    static List<Part> read(FrameStreams streams) throws IOException {
        byte[] bytes;
        try (InputStream in = streams.input()) {
            bytes = in.readNBytes(BYTES_MAX + 1);
        }
        return parse(bytes);
    }

    static List<Part> parse(byte[] bytes) {
        if (bytes.length > BYTES_MAX) {
            throw new MalformedMessageException(
                    "a list of streams of more than " + BYTES_MAX + " bytes");
        }
        try {
            List<Part> out = new ArrayList<>();
            for (Json item :
                    Json.parse(new String(bytes, StandardCharsets.UTF_8))
                            .get("subvolumes")
                            .asList()) {
                out.add(Part.parse(item).called(item.get("stream").asString()));
                if (out.size() > MigrationStreams.PARTS_MAX) {
                    throw new MalformedMessageException(
                            "more than " + MigrationStreams.PARTS_MAX + " streams");
                }
            }
            return out;
        } catch (JsonException e) {
            throw new MalformedMessageException("no list of streams: " + e.getMessage(), e);
        }
    }

    /// Those of some that the other side wants, by its list. What is the volume itself comes
    /// always.
    ///
    /// @throws MalformedMessageException if it wants others
    static List<Part> among(List<Part> offered, FrameStreams streams) throws IOException {
        return among(offered, read(streams));
    }

    static List<Part> among(List<Part> offered, List<Part> wanted) {
        Set<List<String>> places = new HashSet<>();
        wanted.forEach(part -> places.add(place(part)));
        List<Part> out = offered.stream().filter(part -> places.remove(place(part))).toList();
        if (!places.isEmpty()) {
            throw new MalformedMessageException("streams are wanted that there are not");
        }
        return out;
    }

    private static List<String> place(Part part) {
        return List.of(part.snapshot(), part.path());
    }
}
