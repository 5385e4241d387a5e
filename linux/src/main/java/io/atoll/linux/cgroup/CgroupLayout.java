package io.atoll.linux.cgroup;

import io.atoll.linux.MountInfo;
import io.atoll.linux.ProcFiles;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The control group hierarchies of a host, as this process sees them. Immutable; a host does not
/// change it while it runs.
///
/// @param hierarchies in the order of the mount table
public record CgroupLayout(List<CgroupHierarchy> hierarchies) {
    /// The leaf of a tree of version 2 that is delegated to a plain user, where the user's own
    /// processes go: a cgroup that passes controllers on may not hold any.
    public static final String COMMANDS = "lxc.commands";

    /// Which kind of host this is.
    public enum Kind {
        /// No control groups at all.
        NONE,
        /// Version 1 only.
        V1,
        /// Controllers on version 1 and the tree of version 2 beside it, as systemd's hybrid
        /// layout.
        HYBRID,
        /// Version 2 only.
        V2
    }

    public CgroupLayout {
        hierarchies = List.copyOf(hierarchies);
    }

    /// Of this host, from `/proc`. Read each time, but taken apart only when it has changed.
    public static CgroupLayout detect() {
        Texts texts =
                new Texts(
                        cgroupMounts(ProcFiles.read("/proc/self/mountinfo")),
                        ProcFiles.read("/proc/self/cgroup"));
        Detected last = detected;
        if (last != null && last.texts().equals(texts) && last.isCurrent()) {
            return last.layout();
        }
        Map<String, String> controllers = new HashMap<>();
        CgroupLayout layout =
                parse(
                        texts.mounts(),
                        texts.own(),
                        mount -> controllers.computeIfAbsent(mount, CgroupLayout::controllersOf));
        detected = new Detected(texts, controllers, layout);
        return layout;
    }

    private static String controllersOf(String mount) {
        return ProcFiles.readIfPresent(mount + "/cgroup.controllers").orElse("");
    }

    /// What the kernel says.
    private record Texts(String mounts, String own) {}

    /// What was made of it.
    ///
    /// @param controllers by mount point of version 2
    private record Detected(Texts texts, Map<String, String> controllers, CgroupLayout layout) {
        boolean isCurrent() {
            return controllers.entrySet().stream()
                    .allMatch(known -> controllersOf(known.getKey()).equals(known.getValue()));
        }
    }

    /// The last answer of [#detect].
    private static volatile @Nullable Detected detected;

    /// Of this host, with the cgroups of a process as the tops of their trees. On version 2 a
    /// cgroup with processes passes no controllers on but those that it passes on already, unless
    /// it is the root: with one that can be had for threads alone, as `cpu`, it would let no
    /// process into the cgroups below. "No Internal Process Constraint" and "Threads" in
    /// cgroup-v2.rst.
    public static CgroupLayout below(long pid) {
        return parse(
                        ProcFiles.read("/proc/self/mountinfo"),
                        ProcFiles.read("/proc/" + pid + "/cgroup"),
                        CgroupLayout::controllersOf)
                .below(cgroup ->
                        ProcFiles.readIfPresent(cgroup + "/cgroup.subtree_control").orElse(""));
    }

    /// The cgroups of the process, each seen as the top of its tree.
    ///
    /// @param passedOn from the directory of a version 2 cgroup to the text of its
    ///   `cgroup.subtree_control`
    CgroupLayout below(UnaryOperator<String> passedOn) {
        return new CgroupLayout(hierarchies.stream().map(h -> seenAsTop(h, passedOn)).toList());
    }

    private static CgroupHierarchy seenAsTop(CgroupHierarchy h, UnaryOperator<String> passedOn) {
        String directory = h.directory(h.ownPath());
        Set<String> controllers =
                h.version() == 1 || h.ownPath().equals("/")
                        ? h.controllers()
                        : words(passedOn.apply(directory), "\\s+");
        return new CgroupHierarchy(h.version(), directory, controllers, "/");
    }

    /// What of it this process may use: all, or, where it may not write at the top as a plain user,
    /// the cgroups it is in itself and that are delegated to it, each seen as the top of its tree.
    /// From the leaf [#COMMANDS] that is the cgroup above.
    public CgroupLayout usable(Predicate<String> isWritable) {
        if (hierarchies.stream().anyMatch(h -> isWritable.test(h.directory("/")))) {
            return this;
        }
        return new CgroupLayout(
                hierarchies.stream()
                        .map(h ->
                                new CgroupHierarchy(
                                        h.version(), top(h, isWritable), h.controllers(), "/"))
                        .filter(h -> isWritable.test(h.mountPoint()))
                        .toList());
    }

    private static String top(CgroupHierarchy hierarchy, Predicate<String> isWritable) {
        String own = hierarchy.directory(hierarchy.ownPath());
        if (hierarchy.version() == 2 && own.endsWith("/" + COMMANDS)) {
            String above = own.substring(0, own.length() - COMMANDS.length() - 1);
            return isWritable.test(above) ? above : own;
        }
        return own;
    }

    /// From recorded texts.
    ///
    /// @param mountinfo text of `/proc/self/mountinfo`
    /// @param own text of `/proc/self/cgroup`
    /// @param controllersOf from the mount point of a version 2 hierarchy to the text of its
    ///   `cgroup.controllers`
    public static CgroupLayout parse(
            String mountinfo, String own, UnaryOperator<String> controllersOf) {
        Map<Set<String>, String> ownPaths = ownPaths(own);
        List<CgroupHierarchy> found = new ArrayList<>();
        Set<Set<String>> seen = new LinkedHashSet<>();
        for (MountInfo mount : MountInfo.parse(cgroupMounts(mountinfo))) {
            if (mount.fsType().equals("cgroup2")) {
                String path = below(mount.root(), ownPaths.getOrDefault(Set.of(), "/"));
                // A second mount of the same tree is no second hierarchy.
                if (seen.add(Set.of())) {
                    Set<String> controllers = words(controllersOf.apply(mount.target()), "\\s+");
                    found.add(new CgroupHierarchy(2, mount.target(), controllers, path));
                }
            } else if (mount.fsType().equals("cgroup")) {
                Optional<Map.Entry<Set<String>, String>> match = match(mount, ownPaths);
                if (match.isPresent() && seen.add(match.get().getKey())) {
                    String path = below(mount.root(), match.get().getValue());
                    found.add(new CgroupHierarchy(1, mount.target(), match.get().getKey(), path));
                }
            }
        }
        return new CgroupLayout(found);
    }

    /// Most lines of a host with containers are of other kinds.
    private static String cgroupMounts(String mountinfo) {
        return mountinfo
                .lines()
                .filter(line -> line.contains(" - cgroup"))
                .collect(Collectors.joining("\n"));
    }

    /// The line of `/proc/self/cgroup` for a mount. The super options hold the controllers or the
    /// name among words such as `rw` and `xattr`; only the former are in that file.
    private static Optional<Map.Entry<Set<String>, String>> match(
            MountInfo mount, Map<Set<String>, String> ownPaths) {
        Set<String> options = Set.copyOf(mount.superOptions());
        return ownPaths.entrySet().stream()
                .filter(line -> !line.getKey().isEmpty() && options.containsAll(line.getKey()))
                .findFirst();
    }

    /// Lines are `hierarchy-id:controllers:path`; version 2 has id 0 and no controllers.
    private static Map<Set<String>, String> ownPaths(String own) {
        Map<Set<String>, String> paths = new HashMap<>();
        own.lines()
                .filter(line -> !line.isBlank())
                .forEach(line -> {
                    String[] parts = line.split(":", 3);
                    paths.put(words(parts[1], ","), parts[2]);
                });
        return paths;
    }

    private static Set<String> words(String text, String separator) {
        Set<String> words = new TreeSet<>(List.of(text.strip().split(separator)));
        words.remove("");
        return words;
    }

    /// The path below a mount that shows only the part `root` of the tree. Outside of it, which a
    /// process in an older cgroup namespace can be, it is the mount's top.
    private static String below(String root, String path) {
        if (root.equals("/")) {
            return path.startsWith("/..") ? "/" : path;
        }
        if (path.equals(root)) {
            return "/";
        }
        return path.startsWith(root + "/") ? path.substring(root.length()) : "/";
    }

    /// What kind of layout this is.
    public Kind kind() {
        boolean hasV1 = hierarchies.stream().anyMatch(h -> h.version() == 1);
        if (unified().isPresent()) {
            return hasV1 ? Kind.HYBRID : Kind.V2;
        }
        return hasV1 ? Kind.V1 : Kind.NONE;
    }

    /// The tree of version 2, if mounted.
    public Optional<CgroupHierarchy> unified() {
        return hierarchies.stream().filter(h -> h.version() == 2).findFirst();
    }

    /// The hierarchies of version 1, named ones too.
    public List<CgroupHierarchy> legacy() {
        return hierarchies.stream().filter(h -> h.version() == 1).toList();
    }

    /// The hierarchy that has a controller, as `memory`, or a name, as `name=systemd`. On version 2
    /// the freezer and device control belong to the tree itself: they are found there when no
    /// hierarchy of version 1 has them.
    public Optional<CgroupHierarchy> controller(String name) {
        Optional<CgroupHierarchy> listed =
                hierarchies.stream().filter(h -> h.controllers().contains(name)).findFirst();
        boolean isBuiltIn =
                name.equals("freezer") || name.equals("devices") || name.equals("cpuacct");
        return listed.isPresent() || !isBuiltIn || kind() != Kind.V2 ? listed : unified();
    }
}
