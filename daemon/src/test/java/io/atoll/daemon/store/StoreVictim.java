package io.atoll.daemon.store;

import io.atoll.base.ProjectName;
import java.nio.file.Path;

/// A process that creates records until it is killed, and prints the name of each after its commit
/// returned.
public final class StoreVictim {
    private StoreVictim() {}

    public static void main(String[] args) {
        try (Store store = SqliteStore.open(Path.of(args[0]))) {
            for (int i = 0; i < 1_000_000; i++) {
                String name = "n" + i;
                store.create(SqliteStoreTest.NOTE, RecordKey.of(ProjectName.DEFAULT, name), name);
                System.out.println(name);
            }
        }
    }
}
