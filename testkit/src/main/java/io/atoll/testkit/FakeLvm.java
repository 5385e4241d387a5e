package io.atoll.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// LVM with thin volumes and others.
public final class FakeLvm extends FakeHost {
    private static final String POOL = "LXDThinPool";
    private static final String BLOCK = ".block";
    private static final long EXTENT = 4L << 20;
    private static final int SECTOR = 512;
    private static final long GROUP_BYTES = 1L << 40;

    /// What each command takes, see its manual page; LVM refuses all else.
    private static final Map<String, Set<String>> OPTIONS =
            Map.of(
                    "pvcreate",
                    Set.of(),
                    "pvremove",
                    Set.of(),
                    "vgcreate",
                    Set.of(),
                    "vgremove",
                    Set.of("--force"),
                    "vgchange",
                    Set.of("--activate", "--ignoreactivationskip"),
                    "lvchange",
                    Set.of("--activate"),
                    "lvrename",
                    Set.of(),
                    "lvremove",
                    Set.of("--force"),
                    "lvresize",
                    Set.of("--force", "--size"),
                    "lvcreate",
                    Set.of(
                            "--yes",
                            "--wipesignatures",
                            "--name",
                            "--size",
                            "--extents",
                            "--virtualsize",
                            "--thinpool",
                            "--poolmetadatasize",
                            "--snapshot",
                            "--setactivationskip",
                            "--stripes",
                            "--stripesize"));

    /// What no name may have in it.
    private static final Pattern RESERVED =
            Pattern.compile(
                    "^(snapshot|pvmove)|_([ct](data|meta)|corig|cpool|cvol|iorig|imeta|[mr]image"
                            + "|mlog|pmspare|rmeta|vdata|vorigin|wcorig)");

    private final Map<String, Long> sizes = new TreeMap<>();

    /// The volumes of which thick snapshots are.
    private final Map<String, String> origins = new TreeMap<>();

    private final Set<String> resting = new HashSet<>();

    /// Of those in `sizes`, what is in no thin pool.
    private final Set<String> thick = new HashSet<>();

    private final Map<String, String> types = new TreeMap<>();

    private boolean hasGroup;
    private boolean hasLoop;

    /// @param backing where the volumes lie; made on first use
    public FakeLvm(Path backing) {
        super(backing);
    }

    private Path volume(String lv) {
        return backing().resolve(lv);
    }

    private static String last(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    @Override
    String answer(List<String> argv) {
        Set<String> options = OPTIONS.getOrDefault(argv.getFirst(), Set.of());
        for (String word : argv) {
            boolean isOption = word.startsWith("-") && OPTIONS.containsKey(argv.getFirst());
            if (isOption && !options.contains(word)) {
                throw refuse(argv, argv.getFirst() + ": unrecognized option '" + word + "'");
            }
        }
        return switch (argv.getFirst()) {
            case "lvm" ->
                    "  LVM version:     2.03.16(2) (2022-05-18)\n  Library version: 1.02.185\n";
            case "losetup" -> losetup(argv);
            case "pvcreate", "pvremove", "vgchange", "e2fsck", "xfs_growfs" -> "";
            case "resize2fs" -> resizeFiles(argv);
            case "mkfs.ext4", "mkfs.xfs" -> {
                String _ = types.put(last(argv.getLast()), argv.getFirst().substring(5));
                yield "";
            }
            case "blkid" -> types.getOrDefault(last(argv.getLast()), "ext4") + "\n";
            case "blkdiscard" -> zeros(argv);
            case "lvchange" -> {
                String lv = last(argv.getLast());
                demand(argv, lv);
                boolean _ =
                        after(argv, "--activate").equals("n")
                                ? resting.add(lv)
                                : resting.remove(lv);
                yield "";
            }
            case "vgcreate" -> {
                hasGroup = true;
                yield "";
            }
            case "vgs" -> {
                if (!hasGroup) {
                    throw refuse(argv, "Volume group \"" + argv.getLast() + "\" not found");
                }
                if (argv.contains("vg_extent_size")) {
                    yield "  " + EXTENT + "\n";
                }
                yield argv.contains("vg_size,vg_free")
                        ? "  " + GROUP_BYTES + "|" + (GROUP_BYTES - taken()) + "\n"
                        : "  " + argv.getLast() + "\n";
            }
            case "vgremove" -> {
                hasGroup = false;
                List.copyOf(sizes.keySet()).forEach(lv -> remove(volume(lv)));
                sizes.clear();
                thick.clear();
                yield "";
            }
            case "lvs" -> list();
            case "lvcreate" -> create(argv);
            case "lvrename" -> rename(argv);
            case "lvremove" -> {
                String lv = last(argv.getLast());
                demand(argv, lv);
                remove(volume(lv));
                Long _ = sizes.remove(lv);
                thick.remove(lv);
                String _ = origins.remove(lv);
                yield "";
            }
            case "lvresize" -> {
                String lv = last(argv.getLast());
                demand(argv, lv);
                long size = extents(bytes(after(argv, "--size")));
                demandResizable(argv, lv, size);
                Long _ = sizes.put(lv, size);
                if (lv.endsWith(BLOCK)) {
                    makeDisk(volume(lv), size);
                }
                yield "";
            }
            case "mount" -> {
                String lv = last(argv.get(argv.size() - 2));
                demand(argv, lv);
                bind(volume(lv), argv.getLast(), after(argv, "-o").contains("ro"));
                yield "";
            }
            default -> throw refuse(argv, "not known here");
        };
    }

    private void demandResizable(List<String> argv, String lv, long size) {
        if (size == sizes.getOrDefault(lv, 0L)) {
            throw refuse(argv, "New size matches existing size.");
        }
        if (!origins.containsValue(lv)) {
            return;
        }
        if (size < sizes.getOrDefault(lv, 0L)) {
            throw refuse(argv, "Snapshot origin volumes cannot be reduced in size yet.");
        }
        if (!resting.contains(lv)) {
            throw refuse(
                    argv,
                    "Snapshot origin volumes can be resized only while inactive: try lvchange -an.");
        }
    }

    private String zeros(List<String> argv) {
        if (argv.contains("--offset")) {
            Path disk = volume(last(argv.getLast()));
            long size = sizes.getOrDefault(last(argv.getLast()), 0L);
            makeDisk(disk, Long.parseLong(after(argv, "--offset")));
            makeDisk(disk, size);
        }
        return "";
    }

    /// To the size given, or to that of the volume.
    private String resizeFiles(List<String> argv) {
        if (argv.size() > 2) {
            long wanted = 1024 * Long.parseLong(argv.getLast().replace("K", ""));
            try (Stream<Path> files = Files.walk(volume(last(argv.get(1))))) {
                if (files.mapToLong(file -> file.toFile().length()).sum() > wanted) {
                    throw refuse(argv, "New size smaller than minimum");
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return "";
    }

    private boolean isThick(String lv) {
        return thick.contains(lv);
    }

    private long taken() {
        return thick.stream().mapToLong(lv -> sizes.getOrDefault(lv, 0L)).sum();
    }

    private String losetup(List<String> argv) {
        if (argv.contains("--find")) {
            hasLoop = true;
            return "/dev/loop77\n";
        }
        if (argv.contains("--detach")) {
            hasLoop = false;
            return "";
        }
        return hasLoop ? "/dev/loop77\n" : "";
    }

    private String list() {
        StringBuilder out = new StringBuilder();
        sizes.forEach((lv, size) ->
                out.append("  ")
                        .append(lv)
                        .append(lv.equals(POOL) || isThick(lv) ? "||" : "|" + POOL + "|")
                        .append(size)
                        .append(isThick(lv) ? "|\n" : "|12.50\n"));
        return out.toString();
    }

    /// LVM rounds up.
    private static long extents(long bytes) {
        return Math.ceilDiv(bytes, EXTENT) * EXTENT;
    }

    private void make(String lv, long bytes) {
        if (lv.endsWith(BLOCK)) {
            makeDisk(volume(lv), extents(bytes));
        } else {
            make(volume(lv));
        }
        Long _ = sizes.put(lv, extents(bytes));
    }

    @Override
    public Path device(String path) {
        String lv = last(path);
        demand(List.of("udev", path), lv);
        // A device keeps its size, whoever writes to it.
        makeDisk(volume(lv), sizes.getOrDefault(lv, 0L));
        return volume(lv);
    }

    private static long bytes(String text) {
        long bytes = Long.parseLong(text.replace("b", ""));
        if (bytes % SECTOR != 0) {
            throw refuse(List.of("lvm"), "Size is not a multiple of " + SECTOR);
        }
        return bytes;
    }

    private void demand(List<String> argv, String lv) {
        if (!sizes.containsKey(lv)) {
            throw refuse(argv, "Failed to find logical volume \"p1/" + lv + "\"");
        }
    }

    private String create(List<String> argv) {
        if (argv.contains("--extents")) {
            Long _ = sizes.put(last(after(argv, "--thinpool")), 1L << 30);
            return "";
        }
        String name = after(argv, "--name");
        if (!name.matches("[a-zA-Z0-9+_.][a-zA-Z0-9+_.-]*")) {
            throw refuse(argv, "Logical volume name \"" + name + "\" is invalid.");
        }
        if (RESERVED.matcher(name).find()) {
            throw refuse(argv, "Names including \"" + name + "\" are reserved.");
        }
        if (sizes.containsKey(name)) {
            throw refuse(argv, "Logical Volume \"" + name + "\" already exists");
        }
        if (argv.contains("--snapshot")) {
            String origin = last(argv.getLast());
            demand(argv, origin);
            copy(volume(origin), volume(name));
            long size = sizes.getOrDefault(origin, 0L);
            if (thick.contains(origin)) {
                demandSize(argv);
                thick.add(name);
                String _ = origins.put(name, origin);
            }
            Long _ = sizes.put(name, size);
        } else if (argv.contains("--virtualsize")) {
            make(name, bytes(after(argv, "--virtualsize")));
        } else {
            make(name, bytes(after(argv, "--size")));
            thick.add(name);
        }
        return "";
    }

    /// Only thin snapshots need no room of their own.
    private static void demandSize(List<String> argv) {
        if (!argv.contains("--size")) {
            throw refuse(argv, "Please specify either size or extents with snapshots.");
        }
    }

    private String rename(List<String> argv) {
        String from = argv.get(2);
        String to = argv.get(3);
        demand(argv, from);
        if (sizes.containsKey(to)) {
            throw refuse(argv, "Logical volume \"" + to + "\" already exists");
        }
        move(volume(from), volume(to));
        String _ = types.put(to, types.getOrDefault(from, "ext4"));
        Long _ = sizes.put(to, sizes.remove(from));
        if (thick.remove(from)) {
            thick.add(to);
        }
        origins.replaceAll((_, origin) -> origin.equals(from) ? to : origin);
        String origin = origins.remove(from);
        if (origin != null) {
            String _ = origins.put(to, origin);
        }
        return "";
    }
}
