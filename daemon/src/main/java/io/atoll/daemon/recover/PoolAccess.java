package io.atoll.daemon.recover;

import io.atoll.base.json.Json;
import io.atoll.storage.StorageDriver;
import java.util.function.Function;

/// The pools, recorded or not.
public interface PoolAccess {
    /// Lets something look into a pool. One without a record is taken as it is described, and is
    /// let go of afterwards.
    ///
    /// @param pool as in a request that makes one
    /// @throws io.atoll.base.DomainException if there is no such pool, or it cannot be used
    <T> T look(Json pool, Function<StorageDriver, T> visitor);

    /// The pool with a record, which is made where it is missing; nothing in the pool is touched.
    StorageDriver adopt(Json pool);
}
