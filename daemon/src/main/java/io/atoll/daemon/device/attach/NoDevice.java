package io.atoll.daemon.device.attach;

import io.atoll.base.Undo;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.runtime.Container;

/// Nothing, where a profile brings something.
record NoDevice(DeviceConfig.None config) implements Device {
    @Override
    public void attach(Site site, Container container, Undo undo) {}

    @Override
    public void detach(Site site, Container container) {}
}
