package io.atoll.lxctools.boot;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.linux.Directories;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.Opens;
import io.atoll.linux.ProcFiles;
import io.atoll.linux.cgroup.CgroupFiles;
import io.atoll.linux.cgroup.CgroupHierarchy;
import io.atoll.linux.cgroup.CgroupLayout;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolSpec;
import io.atoll.lxctools.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/// `cgm`: cgroups by the words of CGManager, whose daemon is not needed: root gives a part of the
/// tree to a user, who makes and fills cgroups below it with the same words. What a user may not do
/// the kernel refuses.
public final class CgmTool implements Tool {
    private static final String EVERY = "all";
    private static final Set<String> GIVEN =
            Set.of("tasks", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control");
    private static final int DEPTH_MAX = 32;

    @Override
    public ToolSpec spec() {
        return ToolSpec.of(
                        "VERB [CONTROLLER [CGROUP [ARGUMENT...]]]",
                        """
                        Makes cgroups and gives them to users.

                        CONTROLLER is such as memory, or all. CGROUP is below the caller's own, or, with a leading
                        slash, below the top.

                          create CONTROLLER CGROUP              make it
                          chown CONTROLLER CGROUP UID GID       let a user make cgroups and move processes there
                          movepid CONTROLLER CGROUP PID         put a process into it
                          getvalue CONTROLLER CGROUP FILE       show a file, such as memory.limit_in_bytes
                          setvalue CONTROLLER CGROUP FILE VALUE write it
                          remove CONTROLLER CGROUP [1]          remove it, with 1 also what is below
                          listchildren CONTROLLER CGROUP        cgroups in it
                          listkeys CONTROLLER CGROUP            its files
                          gettasks CONTROLLER CGROUP            processes in it
                          getpidcgroup CONTROLLER PID           the cgroup of a process
                          listcontrollers                       what there is\
                        """)
                .named(ToolSpec.Name.NONE)
                .followedByCommand();
    }

    @Override
    public int run(Call call) throws IOException {
        List<String> words = call.words();
        String verb = word(words, 0, "a verb");
        CgroupLayout layout = layoutOf(call.invocation().host().pid());
        if (verb.equals("ping")) {
            return 0;
        }
        if (verb.equals("listcontrollers")) {
            Set<String> all = new TreeSet<>();
            layout.hierarchies().forEach(h -> all.addAll(h.controllers()));
            all.forEach(call::line);
            return 0;
        }
        List<CgroupHierarchy> trees = trees(layout, word(words, 1, "a controller"));
        if (verb.equals("getpidcgroup")) {
            long pid = pid(word(words, 2, "a process"));
            CgroupLayout its = layoutOf(pid);
            for (CgroupHierarchy tree : trees(its, words.get(1))) {
                call.line(tree.ownPath());
            }
            return 0;
        }
        String path = word(words, 2, "a cgroup");
        for (CgroupHierarchy tree : trees) {
            work(call, verb, tree, new CgroupFiles(directory(tree, path)));
        }
        return 0;
    }

    private static CgroupLayout layoutOf(long pid) {
        String proc = "/proc/" + pid;
        return CgroupLayout.parse(
                ProcFiles.read("/proc/self/mountinfo"),
                ProcFiles.readIfPresent(proc + "/cgroup")
                        .orElseThrow(() -> new NotFoundException("there is no process " + pid)),
                mount -> ProcFiles.readIfPresent(mount + "/cgroup.controllers").orElse(""));
    }

    private static List<CgroupHierarchy> trees(CgroupLayout layout, String controller) {
        if (controller.equals(EVERY)) {
            // A hybrid host's tree of version 2 controls next to nothing and has stricter rules.
            return layout.legacy().isEmpty() ? layout.hierarchies() : layout.legacy();
        }
        return List.of(
                layout.hierarchies().stream()
                        .filter(h ->
                                h.controllers().contains(controller)
                                        || h.controllers().contains("name=" + controller))
                        .findFirst()
                        .orElseThrow(() ->
                                new NotFoundException(
                                        "this host has no cgroup controller " + controller)));
    }

    private static String directory(CgroupHierarchy tree, String path) {
        List<String> parts = new ArrayList<>();
        String whole = path.startsWith("/") ? path : tree.ownPath() + "/" + path;
        for (String part : whole.split("/")) {
            if (part.equals("..") || part.length() > 255) {
                throw new InvalidConfigException("not a cgroup: " + path);
            }
            if (!part.isEmpty() && !part.equals(".")) {
                parts.add(part);
            }
        }
        if (parts.size() > DEPTH_MAX) {
            throw new InvalidConfigException("a cgroup deeper than " + DEPTH_MAX + ": " + path);
        }
        return tree.directory("/" + String.join("/", parts));
    }

    private static void work(Call call, String verb, CgroupHierarchy tree, CgroupFiles cgroup)
            throws IOException {
        List<String> words = call.words();
        if (!verb.equals("create") && !cgroup.exists()) {
            throw new NotFoundException("there is no cgroup " + cgroup.directory());
        }
        switch (verb) {
            case "create" -> create(tree, cgroup);
            case "chown" ->
                    chown(
                            cgroup,
                            id(word(words, 3, "a user id")),
                            id(word(words, 4, "a group id")));
            case "movepid" ->
                    cgroup.write("cgroup.procs", Long.toString(pid(word(words, 3, "a process"))));
            case "getvalue" ->
                    call.print(
                            cgroup.read(file(word(words, 3, "a file")))
                                    .orElseThrow(() ->
                                            new NotFoundException(
                                                    cgroup.directory()
                                                            + " has no file "
                                                            + words.get(3))));
            case "setvalue" ->
                    cgroup.write(file(word(words, 3, "a file")), word(words, 4, "a value"));
            case "remove" -> {
                if (words.size() > 3 && words.get(3).equals("1")) {
                    cgroup.delete();
                } else {
                    Files.delete(Path.of(cgroup.directory()));
                }
            }
            case "listchildren" ->
                    cgroup.children().stream()
                            .map(child -> name(child.directory()))
                            .sorted()
                            .forEach(call::line);
            case "listkeys" -> {
                try (Stream<Path> files = Files.list(Path.of(cgroup.directory()))) {
                    files.filter(Files::isRegularFile)
                            .map(file -> name(file.toString()))
                            .sorted()
                            .forEach(call::line);
                }
            }
            case "gettasks" ->
                    cgroup.processes().stream()
                            .sorted(Comparator.naturalOrder())
                            .forEach(pid -> call.line(Integer.toString(pid)));
            default -> throw new UsageException("there is no verb \"" + verb + "\"");
        }
    }

    private static String name(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    /// A new cgroup of cpuset takes no process before it has processors.
    private static void create(CgroupHierarchy tree, CgroupFiles cgroup) throws IOException {
        Path made = Files.createDirectories(Path.of(cgroup.directory()));
        if (tree.version() != 1 || !tree.controllers().contains("cpuset")) {
            return;
        }
        Path top = Path.of(tree.mountPoint());
        List<Path> way = new ArrayList<>();
        for (Path at = made; at != null && !at.equals(top); at = at.getParent()) {
            way.addFirst(at);
        }
        for (Path at : way) {
            for (String file : List.of("cpuset.cpus", "cpuset.mems")) {
                CgroupFiles files = new CgroupFiles(at.toString());
                Optional<Path> above = Optional.ofNullable(at.getParent());
                if (above.isPresent() && files.read(file).orElse("?").isBlank()) {
                    files.write(
                            file,
                            new CgroupFiles(above.get().toString()).read(file).orElse("").strip());
                }
            }
        }
    }

    /// The directory, and the files that say who is in it: not its limits.
    private static void chown(CgroupFiles cgroup, long uid, long gid) {
        try (Fd directory = Opens.open(cgroup.directory(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0)) {
            Directories.chown(directory, uid, gid);
            for (String name : GIVEN) {
                if (cgroup.read(name).isPresent()) {
                    Directories.chown(directory, name, uid, gid);
                }
            }
        }
    }

    private static String word(List<String> words, int index, String what) {
        if (words.size() <= index) {
            throw new UsageException("name " + what + "; --help shows all verbs");
        }
        return words.get(index);
    }

    private static String file(String name) {
        if (!name.matches("[a-z][A-Za-z0-9_.]{0,100}")) {
            throw new InvalidConfigException("not a file of a cgroup: " + name);
        }
        return name;
    }

    private static long id(String text) {
        if (!text.matches("[0-9]{1,10}")) {
            throw new InvalidConfigException("not an id: " + text);
        }
        return Long.parseLong(text);
    }

    private static long pid(String text) {
        if (!text.matches("[1-9][0-9]{0,9}")) {
            throw new InvalidConfigException("not a process: " + text);
        }
        return Long.parseLong(text);
    }
}
