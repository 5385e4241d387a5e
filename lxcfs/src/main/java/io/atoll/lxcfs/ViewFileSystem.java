package io.atoll.lxcfs;

import io.atoll.lxcfs.cgroup.HostFiles;
import io.atoll.lxcfs.fuse.FileSystem;
import io.atoll.lxcfs.fuse.FuseException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The tree that is mounted: `proc/…` with the views, and `sys/devices/system/cpu`, the host's tree
/// with its own `online`. The names are those of upstream's lxcfs, because hooks and configuration
/// files know them.
final class ViewFileSystem implements FileSystem {
    private static final String CPU_TREE = "sys/devices/system/cpu";
    private static final int DIRECTORY_MODE = Attributes.DIRECTORY | 0555;
    private static final int SIZE_MIN = 2048;
    private static final int FILE_MODE = Attributes.REGULAR | 0444;

    /// Names above the views, by path from the root without a leading slash.
    private final Map<String, Long> nodeOfPath = new LinkedHashMap<>();

    private final List<String> pathOfNode = new ArrayList<>();
    private final Map<String, View> viewOfPath = new LinkedHashMap<>();
    private final Map<String, Long> sizeOfPath = new LinkedHashMap<>();
    private final ViewRenderer renderer;
    private final HostTree host;

    ViewFileSystem(ViewRenderer renderer, HostFiles files) {
        this.renderer = renderer;
        addPath("");
        for (View view : View.values()) {
            for (int slash = view.path().indexOf('/');
                    slash > 0;
                    slash = view.path().indexOf('/', slash + 1)) {
                addPath(view.path().substring(0, slash));
            }
            addPath(view.path());
            viewOfPath.put(view.path(), view);
            sizeOfPath.put(view.path(), sizeFor(files.read(view.hostPath()).orElse("")));
        }
        host = new HostTree("/" + CPU_TREE, ROOT + pathOfNode.size());
    }

    /// What stat shows: a power of two that no content will exceed, as the files of sysfs have it.
    /// The kernel refuses sendfile from an empty file by saying "end of file", and busybox's cat
    /// then prints nothing.
    private static long sizeFor(String hostText) {
        return Long.highestOneBit(Math.max(SIZE_MIN, 2L * hostText.length() - 1)) * 2;
    }

    private void addPath(String path) {
        if (nodeOfPath.putIfAbsent(path, ROOT + pathOfNode.size()) == null) {
            pathOfNode.add(path);
        }
    }

    @Override
    public Attributes lookup(long parent, String name) {
        if (host.contains(parent)) {
            return host.lookup(parent, name);
        }
        String directory = pathOf(parent);
        Long own = nodeOfPath.get(directory.isEmpty() ? name : directory + "/" + name);
        if (own != null) {
            return attributes(own);
        }
        if (directory.equals(CPU_TREE)) {
            return host.lookupAtTop(name);
        }
        throw new FuseException(FuseException.ENOENT);
    }

    @Override
    public Attributes attributes(long node) {
        if (host.contains(node)) {
            return host.attributes(node);
        }
        Long size = sizeOfPath.get(pathOf(node));
        return size == null
                ? new Attributes(node, DIRECTORY_MODE, 0)
                : new Attributes(node, FILE_MODE, size);
    }

    @Override
    public List<Entry> list(long node) {
        if (host.contains(node)) {
            return host.list(node);
        }
        String directory = pathOf(node);
        Map<String, Entry> out = new LinkedHashMap<>();
        if (directory.equals(CPU_TREE)) {
            host.listTop().forEach(e -> out.put(e.name(), e));
        }
        for (Map.Entry<String, Long> e : nodeOfPath.entrySet()) {
            String path = e.getKey();
            int slash = path.lastIndexOf('/');
            String parent = slash < 0 ? "" : path.substring(0, slash);
            if (!path.isEmpty() && parent.equals(directory)) {
                out.put(
                        path.substring(slash + 1),
                        new Entry(path.substring(slash + 1), attributes(e.getValue())));
            }
        }
        return List.copyOf(out.values());
    }

    @Override
    public String readLink(long node) {
        return host.readLink(node);
    }

    @Override
    public byte[] open(long node, int readerPid) {
        if (host.contains(node)) {
            return host.read(node);
        }
        View view = viewOfPath.get(pathOf(node));
        if (view == null) {
            throw new FuseException(FuseException.ENOENT);
        }
        return renderer.render(view, readerPid).getBytes(StandardCharsets.UTF_8);
    }

    private String pathOf(long node) {
        if (node < ROOT || node >= ROOT + pathOfNode.size()) {
            throw new FuseException(FuseException.ENOENT);
        }
        return pathOfNode.get((int) (node - ROOT));
    }
}
