package io.atoll.daemon.instance;

import io.atoll.base.HostId;
import io.atoll.base.IdmapEntry;
import io.atoll.base.InternalException;
import io.atoll.base.NsId;
import io.atoll.base.json.Json;
import io.atoll.daemon.devlxd.Guest;
import io.atoll.daemon.devlxd.GuestSockets;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.Expansion;
import io.atoll.daemon.instance.config.Volatile;
import io.atoll.daemon.store.RecordKey;
import io.atoll.runtime.spec.GuestPath;
import io.atoll.runtime.spec.MountFlag;
import io.atoll.runtime.spec.MountSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// `/dev/lxd` of the instances that run. The directory is there in each; the socket in it only
/// where `security.devlxd` is not off, so that it comes and goes while the instance runs.
final class InstanceGuests implements AutoCloseable {
    private static final GuestPath INSIDE = new GuestPath("/dev/lxd");

    private final InstanceTable table;
    private final InstancePaths paths;
    private final Events events;
    private final Ports.Images images;
    private final GuestSockets sockets = new GuestSockets();

    InstanceGuests(InstanceTable table, InstancePaths paths, Events events, Ports.Images images) {
        this.images = images;
        this.table = table;
        this.paths = paths;
        this.events = events;
    }

    /// What a start mounts.
    static MountSpec mount(InstancePaths paths, InstanceRecord instance) {
        return new MountSpec.Bind(
                paths.devlxd(instance),
                INSIDE,
                Set.of(MountFlag.RO, MountFlag.NOSUID, MountFlag.NODEV, MountFlag.NOEXEC),
                false,
                false,
                false,
                Optional.empty(),
                MountSpec.Create.DIR,
                false);
    }

    /// Before an instance starts, or when a daemon finds it running.
    void open(InstanceRecord instance) {
        Path directory = paths.devlxd(instance);
        try {
            Path unused = Files.createDirectories(directory);
        } catch (IOException e) {
            throw new InternalException("cannot make " + directory + ": " + e.getMessage(), e);
        }
        if (isOn(table.expand(instance))) {
            sockets.open(directory, new View(instance.key()));
        }
    }

    /// After an instance has ended.
    void close(InstanceRecord instance) {
        Path directory = paths.devlxd(instance);
        sockets.close(directory);
        try {
            boolean unused = Files.deleteIfExists(directory);
        } catch (IOException e) {
            throw new InternalException("cannot remove " + directory + ": " + e.getMessage(), e);
        }
    }

    private static boolean isOn(Expansion expansion) {
        return expansion.typed().is(ConfigKeys.DEVLXD, true);
    }

    /// A running instance is configured in another way now.
    void changed(InstanceRecord instance, Expansion before, Expansion after) {
        Path directory = paths.devlxd(instance);
        if (isOn(after)) {
            sockets.open(directory, new View(instance.key()));
        } else {
            sockets.close(directory);
        }
        Set<String> keys = new TreeSet<>(before.config().keySet());
        keys.addAll(after.config().keySet());
        for (String key : keys) {
            String old = before.config().getOrDefault(key, "");
            String now = after.config().getOrDefault(key, "");
            boolean isShown = key.startsWith("user.") || key.startsWith("cloud-init.");
            if (isShown && !old.equals(now)) {
                sockets.publish(
                        directory,
                        "config",
                        Json.object().put("key", key).put("old_value", old).put("value", now));
            }
        }
        publishDevices(directory, before, after);
    }

    private void publishDevices(Path directory, Expansion before, Expansion after) {
        Set<String> names = new TreeSet<>(before.devices().keySet());
        names.addAll(after.devices().keySet());
        for (String name : names) {
            Map<String, String> old = before.devices().get(name);
            Map<String, String> now = after.devices().get(name);
            if (!Objects.equals(old, now)) {
                String action = old == null ? "added" : now == null ? "removed" : "updated";
                sockets.publish(
                        directory,
                        "device",
                        Json.object()
                                .put("action", action)
                                .put("name", name)
                                .put("config", Json.strings(now != null ? now : Map.of())));
            }
        }
    }

    @Override
    public void close() {
        sockets.close();
    }

    /// An instance as it is at the time of each question.
    private final class View implements Guest {
        private final RecordKey key;

        View(RecordKey key) {
            this.key = key;
        }

        private InstanceRecord instance() {
            return table.find(key)
                    .orElseThrow(() -> new IllegalStateException("gone: " + key.name()));
        }

        @Override
        public long rootUid() {
            return Instances.currentIds(instance())
                    .toHost(IdmapEntry.Kind.UID, new NsId(0))
                    .map(HostId::value)
                    .orElse(0L);
        }

        @Override
        public Map<String, String> config() {
            return table.expand(instance()).config();
        }

        @Override
        public Map<String, Map<String, String>> devices() {
            InstanceRecord instance = instance();
            Map<String, Map<String, String>> out = new TreeMap<>();
            table.expand(instance)
                    .devices()
                    .forEach((name, device) -> {
                        Map<String, String> keys = new TreeMap<>(device);
                        String mac = instance.config(Volatile.hwaddr(name));
                        if (device.getOrDefault("type", "").equals("nic") && !mac.isEmpty()) {
                            keys.putIfAbsent("hwaddr", mac);
                        }
                        out.put(name, keys);
                    });
            return out;
        }

        @Override
        public String metaData() {
            InstanceRecord instance = instance();
            return "#cloud-config\ninstance-id: "
                    + instance.config(ConfigKeys.CLOUD_INIT_ID.name())
                    + "\nlocal-hostname: "
                    + instance.name()
                    + "\n"
                    + config().getOrDefault("user.meta-data", "");
        }

        @Override
        public boolean mayFetchImages() {
            return table.expand(instance()).typed().is(ConfigKeys.DEVLXD_IMAGES);
        }

        @Override
        public Optional<Response> image(String fingerprint) {
            return images.offered(instance().project(), fingerprint);
        }

        @Override
        public String state() {
            boolean isReady = instance().config(ConfigKeys.LAST_STATE_READY.name()).equals("true");
            return isReady ? "Ready" : "Started";
        }

        @Override
        public void setReady(boolean isReady) {
            InstanceRecord instance =
                    table.update(
                            key,
                            now ->
                                    now.withConfig(config -> {
                                        config.put(
                                                ConfigKeys.LAST_STATE_READY.name(),
                                                Boolean.toString(isReady));
                                        return config;
                                    }));
            if (isReady) {
                events.publishLifecycle(
                        Lifecycle.of(
                                "instance-ready", Instances.url(instance), instance.project()));
            }
        }
    }
}
