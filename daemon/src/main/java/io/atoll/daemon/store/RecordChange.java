package io.atoll.daemon.store;

import java.util.Optional;

/// One committed change: what the record was before and is now.
public record RecordChange<T>(RecordKey key, Optional<T> before, Optional<T> after) {}
