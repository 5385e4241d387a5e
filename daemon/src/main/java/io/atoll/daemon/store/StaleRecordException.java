package io.atoll.daemon.store;

/// A batch named a version that is no longer the record's: someone else was faster. Read again and
/// decide again.
public final class StaleRecordException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public StaleRecordException(String kind, RecordKey key) {
        super(kind + " \"" + key.name() + "\" was changed by another request at the same time");
    }
}
