package io.atoll.daemon.instance;

import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.daemon.instance.config.Expansion;
import io.atoll.daemon.project.ProjectGate;
import io.atoll.daemon.project.ProjectMember;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/// The records of instances and their snapshots.
final class InstanceTable {
    private final Store store;
    private final Ports.Profiles profiles;
    private final ProjectGate gate;

    InstanceTable(Store store, Ports.Profiles profiles, ProjectGate gate) {
        this.store = store;
        this.gate = gate;
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

    /// Makes the record of a new instance.
    ///
    /// @throws io.atoll.base.AlreadyExistsException if there is one of that name
    /// @throws io.atoll.base.ForbiddenException if the project does not let it be so
    void create(InstanceRecord instance) {
        commit(instance, new Batch().create(InstanceRecord.KIND, instance.key(), instance));
    }

    /// Changes a record by a function of its latest value.
    ///
    /// @return the new value
    /// @throws io.atoll.base.ForbiddenException if the project does not let it be so
    InstanceRecord update(RecordKey key, UnaryOperator<InstanceRecord> change) {
        return store.attempt(() -> {
            Stored<InstanceRecord> read =
                    store.find(InstanceRecord.KIND, key)
                            .orElseThrow(() -> new NotFoundException("Instance not found"));
            InstanceRecord now = read.value();
            InstanceRecord next = change.apply(now);
            if (next.equals(now)) {
                return next;
            }
            Batch batch = new Batch().replace(InstanceRecord.KIND, read, next);
            if (isSameForProject(now, next)) {
                store.commit(batch);
            } else {
                commit(next, batch);
            }
            return next;
        });
    }

    /// Writes a batch after which the instance is in a project where it was not, or not like this.
    ///
    /// @throws io.atoll.base.ForbiddenException if the project does not let it be so
    void commit(InstanceRecord instance, Batch batch) {
        boolean unused =
                gate.admit(
                        instance.project(),
                        List.of(member(instance, expand(instance))),
                        () -> {
                            store.commit(batch);
                            return true;
                        });
    }

    /// Refuses an instance that its project would not let be so, before anything is made of it.
    void checkAdmission(InstanceRecord instance, Expansion expansion) {
        boolean unused =
                gate.admit(instance.project(), List.of(member(instance, expansion)), () -> true);
    }

    /// How limits and restrictions see an instance.
    static ProjectMember member(InstanceRecord instance, Expansion expansion) {
        return new ProjectMember.Instance(instance.name(), expansion.config(), expansion.devices());
    }

    /// What the daemon itself remembers of an instance is nothing that a project speaks about.
    private static boolean isSameForProject(InstanceRecord a, InstanceRecord b) {
        return a.project().equals(b.project())
                && a.devices().equals(b.devices())
                && a.profiles().equals(b.profiles())
                && asked(a).equals(asked(b));
    }

    private static Map<String, String> asked(InstanceRecord instance) {
        Map<String, String> out = new TreeMap<>(instance.config());
        out.keySet().removeIf(k -> k.startsWith("volatile."));
        return out;
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

    Optional<SnapshotRecord> findSnapshot(InstanceRecord instance, String name) {
        return store.find(
                        SnapshotRecord.KIND,
                        SnapshotRecord.key(instance.project(), instance.name(), name))
                .map(stored -> stored.value());
    }

    /// @throws NotFoundException in LXD's words
    SnapshotRecord snapshot(InstanceRecord instance, String name) {
        return findSnapshot(instance, name)
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

    /// @throws NotFoundException if there is no such project
    void checkProject(ProjectName name) {
        gate.checkExists(name);
    }

    /// As [#checkProject] in the words that LXD has where an instance is made.
    void checkProjectOfNew(ProjectName name) {
        try {
            gate.checkExists(name);
        } catch (NotFoundException e) {
            throw new NotFoundException("Failed loading project: " + e.getMessage(), e);
        }
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

    /// Whether the instance or one of its profiles says something about a key.
    boolean isSet(InstanceRecord instance, String key) {
        return instance.config().containsKey(key)
                || instance.profiles().stream()
                        .anyMatch(name ->
                                profiles.get(instance.project(), name).config().containsKey(key));
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
