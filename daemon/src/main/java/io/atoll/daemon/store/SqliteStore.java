package io.atoll.daemon.store;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.DomainException;
import io.atoll.base.InternalException;
import io.atoll.base.ProjectName;
import io.atoll.base.UnavailableException;
import io.atoll.base.json.Json;
import io.atoll.daemon.store.Batch.Change;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteDataSource;

/// The store in one SQLite file in WAL mode: one table of JSON documents, all of it cached in
/// memory.
///
/// One platform thread writes; it takes all batches that wait and commits them in one transaction,
/// so many requests share one flush to the disk. A batch is checked against the memory image plus
/// what the same transaction wrote before it.
public final class SqliteStore implements Store {
    private static final Logger LOG = System.getLogger(SqliteStore.class.getName());

    /// How many batches one transaction takes.
    static final int GROUP_MAX = 256;

    private static final String SCHEMA =
            """
            CREATE TABLE IF NOT EXISTS records (
                kind TEXT NOT NULL,
                project TEXT NOT NULL,
                name TEXT NOT NULL,
                version INTEGER NOT NULL,
                document TEXT NOT NULL,
                PRIMARY KEY (kind, project, name)
            ) WITHOUT ROWID
            """;
    private static final String UPSERT =
            "INSERT INTO records(kind, project, name, version, document) VALUES(?,?,?,?,?)"
                    + " ON CONFLICT DO UPDATE SET version=excluded.version, document=excluded.document";
    private static final String DELETE =
            "DELETE FROM records WHERE kind=? AND project=? AND name=?";

    /// A cached row. `value` is null until the row's kind was first asked for.
    private record Row(long version, String document, @Nullable Object value) {}

    /// A batch that waits for the writer. `failure` makes the exception in the thread that waits,
    /// for its stack.
    private static final class Pending {
        private final List<Change> changes;
        private final List<String> documents;
        private final CountDownLatch done = new CountDownLatch(1);
        private volatile @Nullable Supplier<RuntimeException> failure;

        private Pending(List<Change> changes, List<String> documents) {
            this.changes = changes;
            this.documents = documents;
        }

        private void fail(Supplier<RuntimeException> why) {
            failure = why;
            done.countDown();
        }
    }

    private record Slot(String kind, RecordKey key) {}

    private final Connection connection;
    private final Path file;
    private final PreparedStatement upsert;
    private final PreparedStatement remove;
    private final Map<String, NavigableMap<RecordKey, Row>> cache = new ConcurrentHashMap<>();
    private final Map<String, List<Consumer<RecordChange<Object>>>> watchers =
            new ConcurrentHashMap<>();
    private final BlockingQueue<Pending> queue = new LinkedBlockingQueue<>();
    private final Pending stop = new Pending(List.of(), List.of());
    private final Thread writer;

    /// Only the writer changes it.
    private long lastVersion;

    private SqliteStore(Connection connection, Path file) throws SQLException {
        this.connection = connection;
        this.file = file;
        this.lastVersion = load();
        this.upsert = connection.prepareStatement(UPSERT);
        this.remove = connection.prepareStatement(DELETE);
        this.writer =
                Thread.ofPlatform().name("store-writer").daemon().start(this::writeUntilStopped);
    }

    /// Opens or creates the database file.
    ///
    /// @throws UnavailableException if it cannot be opened or written
    public static SqliteStore open(Path file) {
        try {
            Path folder = file.toAbsolutePath().getParent();
            if (folder != null) {
                Files.createDirectories(folder);
            }
            // Not by DriverManager, whose search for drivers takes part of the time that a daemon
            // has to start.
            SQLiteDataSource source = new SQLiteDataSource();
            source.setUrl("jdbc:sqlite:" + file);
            Connection connection = source.getConnection();
            try (Statement statement = connection.createStatement()) {
                statement.execute("PRAGMA journal_mode=WAL");
                statement.execute("PRAGMA synchronous=FULL");
                statement.execute(SCHEMA);
            }
            return new SqliteStore(connection, file);
        } catch (SQLException | IOException e) {
            throw new UnavailableException(
                    "Cannot open the database " + file + ": " + e.getMessage(), e);
        }
    }

    private long load() throws SQLException {
        long last = 0;
        try (Statement statement = connection.createStatement();
                ResultSet rows =
                        statement.executeQuery(
                                "SELECT kind, project, name, version, document FROM records")) {
            while (rows.next()) {
                RecordKey key = new RecordKey(rows.getString(2), rows.getString(3));
                long version = rows.getLong(4);
                last = Math.max(last, version);
                table(rows.getString(1)).put(key, new Row(version, rows.getString(5), null));
            }
        }
        return last;
    }

    private NavigableMap<RecordKey, Row> table(String kind) {
        return cache.computeIfAbsent(kind, _ -> new ConcurrentSkipListMap<>());
    }

    @Override
    public <T> Optional<Stored<T>> find(RecordKind<T> kind, RecordKey key) {
        Row row = table(kind.name()).get(key);
        return row == null ? Optional.empty() : Optional.of(stored(kind, key, row));
    }

    @Override
    public <T> List<Stored<T>> list(RecordKind<T> kind) {
        return all(kind, table(kind.name()));
    }

    @Override
    public <T> List<Stored<T>> list(RecordKind<T> kind, ProjectName project) {
        // "\0" sorts before every other character, and no project name contains it.
        RecordKey from = new RecordKey(project.value(), "");
        RecordKey to = new RecordKey(project.value() + "\0", "");
        return all(kind, table(kind.name()).subMap(from, to));
    }

    private <T> List<Stored<T>> all(RecordKind<T> kind, SortedMap<RecordKey, Row> rows) {
        List<Stored<T>> out = new ArrayList<>();
        rows.forEach((key, row) -> out.add(stored(kind, key, row)));
        return out;
    }

    /// The kind's codec made every value of its table, so the cast holds.
    @SuppressWarnings("unchecked")
    private <T> Stored<T> stored(RecordKind<T> kind, RecordKey key, Row row) {
        Object value = row.value();
        if (value == null) {
            value = decode(kind, key, row);
            table(kind.name()).replace(key, row, new Row(row.version(), row.document(), value));
        }
        return new Stored<>(key, row.version(), (T) value);
    }

    /// Somebody or something else has changed it: to go on as if it were not there could cost what
    /// it stands for.
    private static <T> T decode(RecordKind<T> kind, RecordKey key, Row row) {
        try {
            return kind.codec().decode(Json.parse(row.document()));
        } catch (RuntimeException e) {
            throw new InternalException(
                    "The record "
                            + kind.name()
                            + " \""
                            + key.name()
                            + "\""
                            + (key.project().isEmpty() ? "" : " of project " + key.project())
                            + " in the database is damaged: "
                            + e.getMessage(),
                    e);
        }
    }

    @Override
    public void commit(Batch batch) {
        List<Change> changes = List.copyOf(batch.changes());
        Pending pending =
                new Pending(changes, changes.stream().map(c -> c.document().render()).toList());
        if (!writer.isAlive()) {
            throw new UnavailableException("The database is closed");
        }
        queue.add(pending);
        boolean interrupted = false;
        while (true) {
            try {
                pending.done.await();
                break;
            } catch (InterruptedException e) {
                // The batch is with the writer: whether it happened must be known before anyone
                // goes on.
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        Supplier<RuntimeException> failure = pending.failure;
        if (failure != null) {
            throw failure.get();
        }
    }

    @Override
    @SuppressWarnings("unchecked")
    public <T> AutoCloseable watch(RecordKind<T> kind, Consumer<RecordChange<T>> watcher) {
        Consumer<RecordChange<Object>> untyped =
                change -> watcher.accept((RecordChange<T>) (RecordChange<?>) change);
        List<Consumer<RecordChange<Object>>> list =
                watchers.computeIfAbsent(kind.name(), _ -> new CopyOnWriteArrayList<>());
        list.add(untyped);
        return () -> list.remove(untyped);
    }

    private void writeUntilStopped() {
        List<Pending> group = new ArrayList<>();
        boolean isStopped = false;
        while (!isStopped) {
            try {
                group.add(queue.take());
                queue.drainTo(group, GROUP_MAX - 1);
            } catch (InterruptedException e) {
                // Nobody interrupts this thread; closing goes through the queue.
                continue;
            }
            isStopped = group.remove(stop);
            writeGroup(group);
            group.clear();
        }
        List<Pending> late = new ArrayList<>();
        queue.drainTo(late);
        for (Pending pending : late) {
            pending.fail(() -> new UnavailableException("The database is closed"));
        }
    }

    /// Commits the batches together; if the database refuses, each on its own, so that one cannot
    /// spoil the others.
    ///
    /// A refused batch is answered only after the commit: its owner reads again at once and must
    /// then see what it lost to.
    private void writeGroup(List<Pending> group) {
        Map<Slot, Optional<Row>> written = new HashMap<>();
        List<Pending> accepted = new ArrayList<>();
        Map<Pending, Supplier<RuntimeException>> refused = new LinkedHashMap<>();
        try {
            // Spelled out: the driver's own bookkeeping is off after a failure that made SQLite
            // roll back by itself.
            execute("BEGIN IMMEDIATE");
            for (Pending pending : group) {
                Map<Slot, Optional<Row>> fresh = new LinkedHashMap<>();
                Optional<Supplier<RuntimeException>> objection = plan(pending, written, fresh);
                if (objection.isPresent()) {
                    refused.put(pending, objection.get());
                } else {
                    write(fresh);
                    written.putAll(fresh);
                    accepted.add(pending);
                }
            }
            execute(accepted.isEmpty() ? "ROLLBACK" : "COMMIT");
        } catch (SQLException e) {
            rollback(e);
            if (group.size() > 1) {
                group.forEach(p -> writeGroup(List.of(p)));
            } else {
                group.getFirst().fail(() -> cannotWrite(e));
            }
            return;
        }
        publish(accepted, refused, written);
    }

    private DomainException cannotWrite(SQLException e) {
        String why = String.valueOf(e.getMessage());
        if (why.contains("SQLITE_FULL")) {
            return new UnavailableException(
                    "Cannot write the database: the file system of "
                            + file
                            + " is full; delete images, backups or other files there, or make it"
                            + " larger",
                    e);
        }
        return new InternalException("Cannot write the database: " + why, e);
    }

    /// Not what the document says: there are secrets in some.
    private static String trace(Slot slot, Optional<Row> row) {
        String what =
                row.map(r -> "write version=" + r.version() + " length=" + r.document().length())
                        .orElse("delete");
        return "database "
                + what
                + " kind="
                + slot.kind()
                + " of="
                + slot.key().project()
                + " name="
                + slot.key().name();
    }

    private void execute(String sql) throws SQLException {
        LOG.log(Level.TRACE, () -> "database " + sql);
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /// After some failures, a full disk among them, SQLite has rolled back already, and says so.
    private void rollback(SQLException because) {
        try {
            execute("ROLLBACK");
        } catch (SQLException e) {
            because.addSuppressed(e);
        }
    }

    /// Fills `fresh` with the rows the batch makes (empty for deleted ones), or says what it
    /// objects to.
    private Optional<Supplier<RuntimeException>> plan(
            Pending pending, Map<Slot, Optional<Row>> written, Map<Slot, Optional<Row>> fresh) {
        for (int i = 0; i < pending.changes.size(); i++) {
            Change change = pending.changes.get(i);
            Slot slot = new Slot(change.kind().name(), change.key());
            Optional<Row> now = fresh.containsKey(slot) ? fresh.get(slot) : written.get(slot);
            Row row = now == null ? table(slot.kind()).get(slot.key()) : now.orElse(null);
            if ((row == null ? 0 : row.version()) != change.expected()) {
                return Optional.of(() -> objection(slot, change));
            }
            Row next = new Row(++lastVersion, pending.documents.get(i), change.value());
            fresh.put(slot, change.isDelete() ? Optional.empty() : Optional.of(next));
        }
        return Optional.empty();
    }

    private static RuntimeException objection(Slot slot, Change change) {
        if (change.expected() == 0) {
            return new AlreadyExistsException(
                    "The " + slot.kind() + " \"" + slot.key().name() + "\" already exists");
        }
        return new StaleRecordException(slot.kind(), slot.key());
    }

    private void write(Map<Slot, Optional<Row>> rows) throws SQLException {
        for (Map.Entry<Slot, Optional<Row>> entry : rows.entrySet()) {
            LOG.log(Level.TRACE, () -> trace(entry.getKey(), entry.getValue()));
            PreparedStatement statement = entry.getValue().isPresent() ? upsert : remove;
            bind(statement, entry.getKey());
            if (entry.getValue().isPresent()) {
                statement.setLong(4, entry.getValue().get().version());
                statement.setString(5, entry.getValue().get().document());
            }
            statement.executeUpdate();
        }
    }

    private static void bind(PreparedStatement statement, Slot slot) throws SQLException {
        statement.setString(1, slot.kind());
        statement.setString(2, slot.key().project());
        statement.setString(3, slot.key().name());
    }

    /// Shows the committed rows to readers, lets the committers go, then tells the watchers. Losers
    /// go first: they try again before the winner's next batch, so that nobody starves.
    private void publish(
            List<Pending> accepted,
            Map<Pending, Supplier<RuntimeException>> refused,
            Map<Slot, Optional<Row>> written) {
        Map<Slot, Optional<Object>> before = new HashMap<>();
        for (Pending pending : accepted) {
            for (Change change : pending.changes) {
                Slot slot = new Slot(change.kind().name(), change.key());
                before.computeIfAbsent(slot, _ -> current(change, slot));
            }
        }
        written.forEach((slot, row) -> {
            if (row.isPresent()) {
                table(slot.kind()).put(slot.key(), row.get());
            } else {
                table(slot.kind()).remove(slot.key());
            }
        });
        refused.forEach(Pending::fail);
        accepted.forEach(p -> p.done.countDown());
        for (Pending pending : accepted) {
            for (Change change : pending.changes) {
                Slot slot = new Slot(change.kind().name(), change.key());
                Optional<Object> after =
                        change.isDelete() ? Optional.empty() : Optional.of(change.value());
                Optional<Object> old =
                        Optional.ofNullable(before.put(slot, after)).orElse(Optional.empty());
                tell(slot, new RecordChange<>(slot.key(), old, after));
            }
        }
    }

    private Optional<Object> current(Change change, Slot slot) {
        Row row = table(slot.kind()).get(slot.key());
        return row == null ? Optional.empty() : Optional.of(decoded(change, row));
    }

    private static Object decoded(Change change, Row row) {
        Object value = row.value();
        return value == null ? change.kind().codec().decode(Json.parse(row.document())) : value;
    }

    private void tell(Slot slot, RecordChange<Object> change) {
        for (Consumer<RecordChange<Object>> watcher :
                watchers.getOrDefault(slot.kind(), List.of())) {
            try {
                watcher.accept(change);
            } catch (RuntimeException e) {
                System.getLogger(SqliteStore.class.getName())
                        .log(
                                System.Logger.Level.ERROR,
                                "store watcher failed kind=" + slot.kind(),
                                e);
            }
        }
    }

    /// Writes what waits, then closes the file.
    @Override
    public void close() {
        queue.add(stop);
        try {
            writer.join();
            upsert.close();
            remove.close();
            connection.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (SQLException e) {
            throw new InternalException("Cannot close the database: " + e.getMessage(), e);
        }
    }
}
