package io.atoll.daemon.store;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.ProjectName;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/// All durable records of the daemon, by kind, project and name.
///
/// Reads come from memory and never block; a record read after its commit returned is the committed
/// one. Changes are batches that happen together or not at all, each change conditional on the
/// version that was read, so nobody holds a lock while it works: read, work, commit, and if the
/// commit finds a record changed, read again. A commit that returned survives the death of the
/// process at any moment.
///
/// Values are immutable records and may be shared between threads.
public interface Store extends AutoCloseable {
    /// How often [#attempt] runs its body before it gives up.
    int ATTEMPTS_MAX = 100;

    <T> Optional<Stored<T>> find(RecordKind<T> kind, RecordKey key);

    /// The records of all projects, ordered by project and name.
    <T> List<Stored<T>> list(RecordKind<T> kind);

    /// The records of one project, ordered by name.
    <T> List<Stored<T>> list(RecordKind<T> kind, ProjectName project);

    /// Does all of the batch or nothing; blocks until it is durable.
    ///
    /// @throws AlreadyExistsException if a record to create exists
    /// @throws StaleRecordException if a record to replace or delete is not as it was read
    void commit(Batch batch);

    /// Tells every later change of a kind, in order, after its commit, on the store's own thread:
    /// be quick. The new value is empty when the record was deleted.
    <T> AutoCloseable watch(RecordKind<T> kind, Consumer<RecordChange<T>> watcher);

    /// Creates one record.
    ///
    /// @throws AlreadyExistsException if it exists
    default <T> void create(RecordKind<T> kind, RecordKey key, T value) {
        commit(new Batch().create(kind, key, value));
    }

    /// Runs a read-decide-commit body again when another change came first.
    ///
    /// @throws StaleRecordException if that happened [#ATTEMPTS_MAX] times
    default <R> R attempt(Supplier<R> body) {
        for (int attempt = 1; ; attempt++) {
            try {
                return body.get();
            } catch (StaleRecordException e) {
                if (attempt == ATTEMPTS_MAX) {
                    throw e;
                }
            }
        }
    }

    /// Changes one record by a function of its latest value; runs it again when another change came
    /// first.
    ///
    /// @return the new value, or empty if there is no such record
    default <T> Optional<T> update(RecordKind<T> kind, RecordKey key, UnaryOperator<T> change) {
        return attempt(() -> {
            Optional<Stored<T>> read = find(kind, key);
            if (read.isEmpty()) {
                return Optional.empty();
            }
            T next = change.apply(read.get().value());
            if (!next.equals(read.get().value())) {
                commit(new Batch().replace(kind, read.get(), next));
            }
            return Optional.of(next);
        });
    }

    /// Deletes one record whatever its version.
    ///
    /// @return false if it did not exist
    default <T> boolean delete(RecordKind<T> kind, RecordKey key) {
        return attempt(() -> {
            Optional<Stored<T>> read = find(kind, key);
            read.ifPresent(r -> commit(new Batch().delete(kind, r)));
            return read.isPresent();
        });
    }

    @Override
    void close();
}
