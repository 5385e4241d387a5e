package io.atoll.daemon.store;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;

/// Looks into the file of a [SqliteStore] from the side, for finding errors. The connection can
/// only read, whatever the statement says, and sees what is committed: the table of records, and
/// views of it with the names and columns of LXD's tables.
public final class ReadOnlyQuery {
    /// How many rows one query gives.
    static final int ROWS_MAX = 10_000;

    private static final int SECONDS_MAX = 10;
    private static final Pattern READS =
            Pattern.compile("\\s*(?is:(SELECT|WITH|VALUES|EXPLAIN)\\b.*)");

    /// Statements that make LXD's tables of the records, for one connection. Read when somebody
    /// asks, not when the daemon starts.
    private static final class Views {
        static final List<String> ALL = views();

        private Views() {}
    }

    /// What a query found.
    public record Result(List<String> columns, Json.Arr rows) {}

    private final SQLiteDataSource source;

    /// @param file the database
    public ReadOnlyQuery(Path file) {
        SQLiteConfig config = new SQLiteConfig();
        config.setReadOnly(true);
        source = new SQLiteDataSource(config);
        source.setUrl("jdbc:sqlite:" + file);
    }

    /// Runs one statement that reads.
    ///
    /// @throws InvalidConfigException if it is none, is wrong, or takes too long
    public Result run(String query) {
        if (!READS.matcher(query).matches()) {
            throw new InvalidConfigException("Only statements that read are run, such as SELECT");
        }
        try (Connection connection = connection();
                PreparedStatement statement = connection.prepareStatement(query)) {
            statement.setMaxRows(ROWS_MAX);
            statement.setQueryTimeout(SECONDS_MAX);
            try (ResultSet rows = statement.executeQuery()) {
                return read(rows);
            }
        } catch (SQLException e) {
            throw new InvalidConfigException("Query failed: " + e.getMessage(), e);
        }
    }

    private static List<String> views() {
        try (InputStream in = ReadOnlyQuery.class.getResourceAsStream("lxd-tables.sql")) {
            if (in == null) {
                throw new IllegalStateException("lxd-tables.sql is missing");
            }
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return Stream.of(text.split(";\n")).filter(part -> !part.isBlank()).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Connection connection() throws SQLException {
        Connection connection = source.getConnection();
        try (Statement statement = connection.createStatement()) {
            for (String view : Views.ALL) {
                statement.execute(view);
            }
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
        return connection;
    }

    private static Result read(ResultSet rows) throws SQLException {
        ResultSetMetaData head = rows.getMetaData();
        List<String> columns = new ArrayList<>();
        for (int i = 1; i <= head.getColumnCount(); i++) {
            columns.add(head.getColumnLabel(i));
        }
        Json.Arr out = Json.array();
        while (rows.next()) {
            Json.Arr row = Json.array();
            for (int i = 1; i <= columns.size(); i++) {
                row.items().add(cell(rows.getObject(i)));
            }
            out.items().add(row);
        }
        return new Result(columns, out);
    }

    private static Json cell(@Nullable Object value) {
        return switch (value) {
            case null -> Json.Null.NULL;
            case Integer number -> Json.number(number);
            case Long number -> Json.number(number);
            default -> Json.string(value.toString());
        };
    }

    /// The statements that make the tables.
    public String schema() {
        StringBuilder out = new StringBuilder();
        for (Json row : run("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").rows().items()) {
            out.append(row.asList().getFirst().asString().strip()).append(";\n");
        }
        Views.ALL.forEach(view -> out.append(view.strip()).append(";\n"));
        return out.toString();
    }

    /// [#schema()] and the statements that fill the tables.
    public String dump() {
        StringBuilder out = new StringBuilder(schema());
        String rows =
                "SELECT 'INSERT INTO records VALUES(' || quote(kind) || ',' || quote(project) || ','"
                        + " || quote(name) || ',' || version || ',' || quote(document) || ');'"
                        + " FROM records";
        for (Json row : run(rows).rows().items()) {
            out.append(row.asList().getFirst().asString()).append('\n');
        }
        return out.toString();
    }
}
