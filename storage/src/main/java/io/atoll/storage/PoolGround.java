package io.atoll.storage;

import java.util.Map;

/// What a pool lies on: a directory, a file with a file system in it, a device.
interface PoolGround {
    /// Makes it ready for a new pool.
    ///
    /// @return the keys to record, with what was not given filled in
    /// @throws io.atoll.base.InvalidConfigException if a key's value cannot be used
    Map<String, String> create();

    /// Lets it appear at the pool's path. Does nothing if it does.
    void mount();

    /// Takes [#mount] back.
    ///
    /// @return false if there was nothing to take back
    boolean unmount();

    /// Removes what [#create] made. It is not mounted any more.
    void delete();
}
