package io.atoll.daemon.store;

import io.atoll.base.json.Json;

/// Turns a record's value into JSON and back. `decode(encode(x))` equals `x`. Old documents must
/// stay readable: a member added later is optional when decoding.
public interface RecordCodec<T> {
    Json encode(T value);

    T decode(Json json);
}
