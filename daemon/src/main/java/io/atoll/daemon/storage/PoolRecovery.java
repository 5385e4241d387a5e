package io.atoll.daemon.storage;

import io.atoll.api.Wire;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import io.atoll.daemon.recover.PoolAccess;
import io.atoll.storage.StorageDriver;
import java.util.Map;
import java.util.function.Function;

/// Pools for recovering: those with a record as they are, others by what a request says of them.
final class PoolRecovery implements PoolAccess {
    private final Pools pools;

    PoolRecovery(Pools pools) {
        this.pools = pools;
    }

    private boolean isRecorded(String name) {
        return pools.list().stream().anyMatch(p -> p.name().equals(name));
    }

    private static Pool parse(Json described) {
        String driver = described.get("driver").asString();
        if (driver.isEmpty()) {
            throw new InvalidConfigException("No driver provided");
        }
        Map<String, String> config = Wire.config(described.get("config"));
        return new Pool(
                described.get("name").asString(),
                driver,
                described.get("description").asString(),
                config);
    }

    @Override
    public <T> T look(Json described, Function<StorageDriver, T> visitor) {
        String name = described.get("name").asString();
        return isRecorded(name)
                ? visitor.apply(pools.driver(name))
                : pools.look(parse(described), visitor);
    }

    @Override
    public StorageDriver adopt(Json described) {
        String name = described.get("name").asString();
        if (!isRecorded(name)) {
            pools.adopt(parse(described));
        }
        return pools.driver(name);
    }
}
