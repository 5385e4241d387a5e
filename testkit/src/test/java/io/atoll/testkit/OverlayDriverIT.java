package io.atoll.testkit;

import io.atoll.storage.PoolSpec;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.StorageDrivers;

class OverlayDriverIT extends StorageDriverContract {
    @Override
    protected StorageDriver driver(PoolSpec spec) {
        return StorageDrivers.open("overlay", spec);
    }
}
