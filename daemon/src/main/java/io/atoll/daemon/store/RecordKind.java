package io.atoll.daemon.store;

import io.atoll.base.json.Json;
import java.util.function.Function;

/// A kind of record: `profile`, `instance`, … One constant per kind, made once.
public record RecordKind<T>(String name, RecordCodec<T> codec) {
    /// A kind whose codec is two functions.
    public static <T> RecordKind<T> of(
            String name, Function<T, Json> encode, Function<Json, T> decode) {
        return new RecordKind<>(
                name,
                new RecordCodec<>() {
                    @Override
                    public Json encode(T value) {
                        return encode.apply(value);
                    }

                    @Override
                    public T decode(Json json) {
                        return decode.apply(json);
                    }
                });
    }
}
