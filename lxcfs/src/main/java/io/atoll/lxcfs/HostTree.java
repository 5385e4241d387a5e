package io.atoll.lxcfs;

import io.atoll.lxcfs.fuse.FileSystem.Attributes;
import io.atoll.lxcfs.fuse.FileSystem.Entry;
import io.atoll.lxcfs.fuse.FuseException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/// A directory tree of the host, shown read-only. Nodes are numbered as they are first looked up
/// and never forgotten: the kernel's sysfs names below one directory are finite, and their number
/// is bounded here.
final class HostTree {
    /// Nodes at most; a lookup beyond that says that there is no such file.
    static final int NODES_MAX = 1 << 20;

    /// Larger sysfs files do not exist: each is one page, or a few for binary ones.
    private static final int FILE_BYTES_MAX = 64 << 10;

    private final Path top;
    private final long firstNode;
    private final AtomicLong nextNode;
    private final Map<Path, Long> nodeOfPath = new ConcurrentHashMap<>();
    private final Map<Long, Path> pathOfNode = new ConcurrentHashMap<>();

    HostTree(String top, long firstNode) {
        this.top = Path.of(top);
        this.firstNode = firstNode;
        this.nextNode = new AtomicLong(firstNode);
    }

    /// True for the numbers that this tree hands out; the top directory itself is not among them.
    boolean contains(long node) {
        return node >= firstNode;
    }

    Attributes lookupAtTop(String name) {
        return attributes(top.resolve(name));
    }

    Attributes lookup(long parent, String name) {
        return attributes(path(parent).resolve(name));
    }

    Attributes attributes(long node) {
        return attributes(path(node));
    }

    List<Entry> listTop() {
        return list(top);
    }

    List<Entry> list(long node) {
        return list(path(node));
    }

    String readLink(long node) {
        try {
            return Files.readSymbolicLink(path(node)).toString();
        } catch (IOException | UnsupportedOperationException _) {
            throw new FuseException(FuseException.ENOENT);
        }
    }

    byte[] read(long node) {
        try (var in = Files.newInputStream(path(node))) {
            return in.readNBytes(FILE_BYTES_MAX);
        } catch (IOException _) {
            throw new FuseException(FuseException.EIO);
        }
    }

    private List<Entry> list(Path directory) {
        List<Entry> out = new ArrayList<>();
        try (DirectoryStream<Path> paths = Files.newDirectoryStream(directory)) {
            for (Path path : paths) {
                out.add(new Entry(path.getFileName().toString(), attributes(path)));
            }
        } catch (IOException _) {
            throw new FuseException(FuseException.ENOENT);
        }
        return out;
    }

    private Attributes attributes(Path path) {
        try {
            BasicFileAttributes attributes =
                    Files.readAttributes(
                            path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            if (attributes.isDirectory()) {
                return new Attributes(node(path), Attributes.DIRECTORY | 0555, 0);
            }
            if (attributes.isSymbolicLink()) {
                return new Attributes(node(path), Attributes.SYMLINK | 0777, 0);
            }
            return new Attributes(node(path), Attributes.REGULAR | 0444, attributes.size());
        } catch (IOException _) {
            throw new FuseException(FuseException.ENOENT);
        }
    }

    private long node(Path path) {
        Long known = nodeOfPath.get(path);
        if (known != null) {
            return known;
        }
        if (nodeOfPath.size() >= NODES_MAX) {
            throw new FuseException(FuseException.ENOENT);
        }
        return nodeOfPath.computeIfAbsent(
                path,
                p -> {
                    long node = nextNode.getAndIncrement();
                    pathOfNode.put(node, p);
                    return node;
                });
    }

    private Path path(long node) {
        Path path = pathOfNode.get(node);
        if (path == null) {
            throw new FuseException(FuseException.ENOENT);
        }
        return path;
    }
}
