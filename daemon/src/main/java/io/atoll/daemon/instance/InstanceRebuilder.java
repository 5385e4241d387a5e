package io.atoll.daemon.instance;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.ProjectName;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.instance.config.ConfigKey;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.TemplateTriggers;
import io.atoll.daemon.instance.config.Volatile;
import io.atoll.daemon.store.RecordKey;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeName;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Makes the files of an instance anew from an image, or empty. What it is configured to be stays.
final class InstanceRebuilder {
    private final InstanceTable table;
    private final InstanceLocks locks;
    private final InstanceRunner runner;
    private final InstanceVolumes volumes;
    private final Ports ports;
    private final Events events;

    InstanceRebuilder(
            InstanceTable table,
            InstanceLocks locks,
            InstanceRunner runner,
            InstanceVolumes volumes,
            Ports ports,
            Events events) {
        this.table = table;
        this.locks = locks;
        this.runner = runner;
        this.volumes = volumes;
        this.ports = ports;
        this.events = events;
    }

    /// @param image empty for an empty root
    /// @throws InvalidConfigException if it runs or has snapshots
    void rebuild(RecordKey key, Optional<SourceImage> image) {
        ProjectName project = new ProjectName(key.project());
        try (InstanceLocks.Held _ = locks.holdAlone(key, "rebuild")) {
            InstanceRecord instance = table.get(project, key.name());
            if (runner.isRunning(key)) {
                throw new InvalidConfigException("Instance must be stopped to be rebuilt");
            }
            if (!table.snapshots(instance).isEmpty()) {
                throw new InvalidConfigException("Cannot rebuild an instance with snapshots");
            }
            volumes.replace(
                    instance,
                    (pool, volume) -> fill(pool, volume, project, image),
                    List.of(),
                    now -> now.withConfig(config -> rebuilt(config, image)));
        }
        events.publishLifecycle(
                Lifecycle.of("instance-rebuilt", InstanceView.url(project, key.name()), project));
    }

    private void fill(
            StorageDriver pool,
            VolumeName volume,
            ProjectName project,
            Optional<SourceImage> image) {
        if (image.isEmpty()) {
            pool.createEmpty(volume);
            return;
        }
        ports.images().importInto(pool, project, image.get());
        pool.createFromImage(volume, image.get().fingerprint());
    }

    /// Whatever came from the old image goes; the instance is a new one to cloud-init.
    private static Map<String, String> rebuilt(
            Map<String, String> config, Optional<SourceImage> image) {
        Map<String, String> out = new TreeMap<>(config);
        out.keySet().removeIf(k -> k.startsWith("image."));
        out.remove(ConfigKeys.BASE_IMAGE.name());
        image.ifPresent(made -> {
            made.properties().forEach((name, value) -> out.put("image." + name, value));
            out.put(ConfigKeys.BASE_IMAGE.name(), made.fingerprint().value());
        });
        Map<String, String> fresh = Volatile.ofNewInstance(TemplateTriggers.Origin.CREATE);
        for (ConfigKey<?> key :
                List.of(
                        ConfigKeys.APPLY_TEMPLATE,
                        ConfigKeys.CLOUD_INIT_ID,
                        ConfigKeys.LAST_STATE_IDMAP)) {
            out.put(key.name(), fresh.get(key.name()));
        }
        return out;
    }
}
