package io.atoll.runtime.intercept;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The numbers of the calls in work, in a file for whoever comes after us, should we die before
/// they are answered. Numbers of answered ones may be in it too; they mean nothing any more.
final class Notes {
    private static final System.Logger LOG = System.getLogger(Notes.class.getName());

    private final Optional<Path> file;
    private final Set<Long> inWork = new LinkedHashSet<>();

    /// @param file empty where nobody comes after us
    Notes(Optional<Path> file) {
        this.file = file;
    }

    static List<Long> read(Path file) throws IOException {
        List<Long> out = new ArrayList<>();
        if (Files.exists(file)) {
            ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
            while (bytes.remaining() >= Long.BYTES) {
                out.add(bytes.getLong());
            }
        }
        return out;
    }

    synchronized void add(long id) {
        inWork.add(id);
        ByteBuffer bytes = ByteBuffer.allocate(inWork.size() * Long.BYTES);
        inWork.forEach(bytes::putLong);
        file.ifPresent(path -> {
            try {
                Files.write(path, bytes.array());
            } catch (IOException e) {
                LOG.log(Level.DEBUG, "call is not noted file=" + path, e);
            }
        });
    }

    synchronized void remove(long id) {
        inWork.remove(id);
    }

    void forget() {
        file.ifPresent(path -> {
            try {
                Files.deleteIfExists(path);
            } catch (IOException e) {
                LOG.log(Level.DEBUG, "note is left file=" + path, e);
            }
        });
    }
}
