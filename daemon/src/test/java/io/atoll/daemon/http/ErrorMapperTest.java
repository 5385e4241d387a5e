package io.atoll.daemon.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.BusyException;
import io.atoll.base.DomainException;
import io.atoll.base.ForbiddenException;
import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.PreconditionFailedException;
import io.atoll.base.UnauthenticatedException;
import io.atoll.base.UnavailableException;
import io.atoll.base.UnsupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ErrorMapperTest {
    private static final List<DomainException> ALL =
            List.of(
                    new InvalidConfigException("x"),
                    new BusyException("x"),
                    new UnauthenticatedException("x"),
                    new ForbiddenException("x"),
                    new NotFoundException("x"),
                    new AlreadyExistsException("x"),
                    new PreconditionFailedException("x"),
                    new InternalException("x"),
                    new UnsupportedException("x"),
                    new UnavailableException("x"));

    @Test
    void mapsEveryClassAsTheTableInTheDocsSays() throws Exception {
        String table =
                Files.readString(Path.of(System.getProperty("atoll.root"), "docs/errors.md"));
        assertEquals(ALL.size(), DomainException.class.getPermittedSubclasses().length);
        for (DomainException failure : ALL) {
            ErrorMapper.Mapped mapped = ErrorMapper.map(failure);
            assertEquals("x", mapped.message());
            String row = "| `" + mapped.kind() + "` | " + mapped.status() + " |";
            assertTrue(table.contains(row), row);
        }
    }
}
