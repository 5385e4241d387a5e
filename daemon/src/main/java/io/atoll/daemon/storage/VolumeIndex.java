package io.atoll.daemon.storage;

import io.atoll.base.InvalidConfigException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/// What `backup/index.yaml` says of a custom volume, in LXD's layout.
///
/// @param snapshots oldest first
record VolumeIndex(CustomVolume volume, List<VolumeSnapshot> snapshots) {
    private static final String TYPE = "custom";

    String render(String driver) {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("volume", yaml(volume));
        config.put("volume_snapshots", snapshots.stream().map(VolumeIndex::yaml).toList());
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("name", volume.name());
        root.put("backend", driver);
        root.put("pool", volume.pool());
        root.put("snapshots", snapshots.stream().map(VolumeSnapshot::name).toList());
        root.put("optimized", false);
        root.put("optimized_header", false);
        root.put("type", TYPE);
        root.put("config", config);
        return new Dump(DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).build())
                .dumpToString(root);
    }

    private static Map<String, Object> yaml(CustomVolume volume) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("config", new TreeMap<>(volume.config()));
        out.put("description", volume.description());
        out.put("name", volume.name());
        out.put("type", TYPE);
        out.put("used_by", List.of());
        out.put("location", "none");
        out.put("content_type", "filesystem");
        out.put("created_at", volume.createdAt().toString());
        return out;
    }

    private static Map<String, Object> yaml(VolumeSnapshot snapshot) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("config", new TreeMap<>(snapshot.config()));
        out.put("description", snapshot.description());
        out.put("expires_at", snapshot.expiresAt().map(Instant::toString).orElse(""));
        out.put("name", snapshot.name());
        out.put("content_type", "filesystem");
        out.put("created_at", snapshot.createdAt().toString());
        return out;
    }

    /// @throws InvalidConfigException if it is not the index of a custom volume that can be used
    ///   here
    static VolumeIndex parse(String text) {
        Map<?, ?> root;
        try {
            Object read =
                    new Load(LoadSettings.builder().setMaxAliasesForCollections(20).build())
                            .loadFromString(text);
            root = read instanceof Map<?, ?> map ? map : Map.of();
        } catch (YamlEngineException e) {
            throw new InvalidConfigException("Backup index is no YAML: " + e.getMessage(), e);
        }
        if (!text(root, "type").equals(TYPE)) {
            throw new InvalidConfigException("Backup is not of a custom storage volume");
        }
        if (Boolean.TRUE.equals(root.get("optimized"))) {
            throw new InvalidConfigException(
                    "Backup is in the optimized format of driver \""
                            + text(root, "backend")
                            + "\"; export it without --optimized-storage");
        }
        Map<?, ?> config = map(root, "config");
        Map<?, ?> volume = map(config, "volume");
        if (text(volume, "content_type").equals("block")) {
            throw new InvalidConfigException(
                    "Block volumes are for virtual machines, which this server does not run");
        }
        Instant now = Instant.now();
        CustomVolume parsed =
                new CustomVolume(
                        text(root, "pool"),
                        text(root, "name"),
                        text(volume, "description"),
                        texts(volume.get("config")),
                        time(volume, "created_at").orElse(now),
                        "");
        Map<String, VolumeSnapshot> known = new LinkedHashMap<>();
        for (Object item : list(config.get("volume_snapshots"))) {
            if (item instanceof Map<?, ?> map) {
                VolumeSnapshot snapshot = snapshot(parsed, map, now);
                known.put(snapshot.name(), snapshot);
            }
        }
        List<VolumeSnapshot> snapshots = new ArrayList<>();
        for (Object name : list(root.get("snapshots"))) {
            String checked = SnapshotNames.check(String.valueOf(name));
            snapshots.add(
                    known.getOrDefault(checked, snapshot(parsed, Map.of("name", checked), now)));
        }
        return new VolumeIndex(parsed, snapshots);
    }

    private static VolumeSnapshot snapshot(CustomVolume volume, Map<?, ?> map, Instant now) {
        return new VolumeSnapshot(
                volume.pool(),
                volume.name(),
                SnapshotNames.check(text(map, "name")),
                text(map, "description"),
                texts(map.get("config")),
                time(map, "created_at").orElse(now),
                time(map, "expires_at"),
                "");
    }

    private static Map<?, ?> map(Map<?, ?> in, String key) {
        return in.get(key) instanceof Map<?, ?> map ? map : Map.of();
    }

    private static List<?> list(@Nullable Object value) {
        return value instanceof List<?> list ? list : List.of();
    }

    private static String text(Map<?, ?> in, String key) {
        Object value = in.get(key);
        return value == null ? "" : String.valueOf(value);
    }

    private static Map<String, String> texts(@Nullable Object value) {
        Map<String, String> out = new TreeMap<>();
        if (value instanceof Map<?, ?> map) {
            map.forEach((k, v) -> out.put(String.valueOf(k), v == null ? "" : String.valueOf(v)));
        }
        return out;
    }

    private static Optional<Instant> time(Map<?, ?> in, String key) {
        String value = text(in, key);
        if (value.isEmpty() || value.startsWith("0001-01-01")) {
            return Optional.empty();
        }
        try {
            return Optional.of(OffsetDateTime.parse(value).toInstant());
        } catch (DateTimeException e) {
            throw new InvalidConfigException("Invalid time \"" + value + "\" in backup", e);
        }
    }
}
