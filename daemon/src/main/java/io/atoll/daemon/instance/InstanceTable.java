package io.atoll.daemon.instance;

import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.daemon.instance.config.Expansion;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.Store;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/// The records of instances and their snapshots.
final class InstanceTable {
    private final Store store;
    private final Ports.Profiles profiles;

    InstanceTable(Store store, Ports.Profiles profiles) {
        this.store = store;
        this.profiles = profiles;
    }

    Store store() {
        return store;
    }

    /// @throws NotFoundException in LXD's words
    InstanceRecord get(ProjectName project, String name) {
        return find(RecordKey.of(project, name))
                .orElseThrow(() -> new NotFoundException("Instance not found"));
    }

    Optional<InstanceRecord> find(RecordKey key) {
        return store.find(InstanceRecord.KIND, key).map(stored -> stored.value());
    }

    List<InstanceRecord> list(ProjectName project) {
        return store.list(InstanceRecord.KIND, project).stream()
                .map(stored -> stored.value())
                .toList();
    }

    List<InstanceRecord> list() {
        return store.list(InstanceRecord.KIND).stream().map(stored -> stored.value()).toList();
    }

    /// Changes a record by a function of its latest value.
    ///
    /// @return the new value
    InstanceRecord update(RecordKey key, UnaryOperator<InstanceRecord> change) {
        return store.update(InstanceRecord.KIND, key, change)
                .orElseThrow(() -> new NotFoundException("Instance not found"));
    }

    /// The finished snapshots of one instance, oldest first.
    List<SnapshotRecord> snapshots(InstanceRecord instance) {
        return snapshotsAndBegun(instance).stream()
                .filter(s -> s.pending().kind() != Pending.Kind.CREATE)
                .toList();
    }

    /// The same with those that are being made.
    List<SnapshotRecord> snapshotsAndBegun(InstanceRecord instance) {
        String prefix = instance.name() + "/";
        return store.list(SnapshotRecord.KIND, instance.project()).stream()
                .filter(stored -> stored.name().startsWith(prefix))
                .map(stored -> stored.value())
                .sorted(java.util.Comparator.comparing(SnapshotRecord::createdAt))
                .toList();
    }

    /// @throws NotFoundException in LXD's words
    SnapshotRecord snapshot(InstanceRecord instance, String name) {
        return store.find(
                        SnapshotRecord.KIND,
                        SnapshotRecord.key(instance.project(), instance.name(), name))
                .map(stored -> stored.value())
                .orElseThrow(() ->
                        new NotFoundException(
                                "Failed to fetch snapshot \""
                                        + name
                                        + "\" of instance \""
                                        + instance.name()
                                        + "\" in project \""
                                        + instance.project()
                                        + "\": InstanceSnapshot not found"));
    }

    /// @throws NotFoundException if there is no such profile
    void checkProfile(ProjectName project, String name) {
        profiles.get(project, name);
    }

    /// The instance with its profiles applied.
    ///
    /// @throws NotFoundException if a profile is missing
    Expansion expand(InstanceRecord instance) {
        return expand(instance, name -> profiles.get(instance.project(), name));
    }

    /// The instance with profiles applied that are looked up elsewhere.
    static Expansion expand(InstanceRecord instance, Function<String, Expansion.Source> profiles) {
        List<Expansion.Source> sources = new ArrayList<>();
        for (String profile : instance.profiles()) {
            sources.add(profiles.apply(profile));
        }
        sources.add(new Expansion.Source(instance.config(), instance.devices()));
        return Expansion.of(sources);
    }
}
