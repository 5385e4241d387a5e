package io.atoll.daemon.device.attach;

import io.atoll.base.Undo;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.runtime.Container;
import java.util.Optional;

/// One device of an instance at work. Stateless: what has to be remembered between calls is in the
/// [Site], so that a daemon that was restarted goes on with the devices of another.
///
/// The life of a device, in an instance that starts with it: [#plan], which changes nothing, so
/// that a start can be explained; [#beforeStart]; the start itself; [#beforeInit], while the
/// container is complete except for its first program; later [#afterStop]. A device that comes
/// while the instance runs: [#attach]. From then on both are the same: [#change] or [#detach] while
/// it runs, and [#afterStop] when it has ended. [#forget] follows when the device leaves the
/// configuration.
///
/// What a method has done when it throws, the [Undo] it was given takes back. Methods block.
public sealed interface Device
        permits DiskDevice,
                FoundDevice,
                InfinibandDevice,
                NicDevice,
                NoDevice,
                ProxyDevice,
                RootDevice,
                TmpfsDevice,
                TpmDevice,
                UnixDevice {
    /// What it is configured to be.
    DeviceConfig config();

    /// Looks whether what the device refers to is there, when it is written down for an instance
    /// that does not run.
    ///
    /// @throws io.atoll.base.DomainException saying what is not
    default void requirePresent(Site site) {}

    /// Adds to a start. Changes nothing on the host.
    ///
    /// @throws io.atoll.base.InvalidConfigException if it cannot be had on this host
    default void plan(Site site, StartParts parts) {}

    /// Makes what has to be on the host before the container is made.
    default void beforeStart(Site site, Undo undo) {}

    /// Completes a container whose first program does not run yet.
    default void beforeInit(Site site, Container container, Undo undo) {}

    /// In the place of [#beforeInit] for a container whose processes were brought back, and what it
    /// had inside with them. They run.
    default void afterRestore(Site site, Container container, Undo undo) {}

    /// The first program runs now. A failure here does not end it.
    default void afterStart(Site site, Container container) {}

    /// Adds the device to a running instance.
    void attach(Site site, Container container, Undo undo);

    /// Whether [#change] can make this device be as the other is configured; else it is detached
    /// and the other attached.
    default boolean canBecome(DeviceConfig next) {
        return false;
    }

    /// Makes the device of a running instance be as `next` is configured.
    default void change(Site site, Container container, DeviceConfig next, Undo undo) {
        throw new IllegalStateException(config().name() + " cannot be changed");
    }

    /// Takes the device away from a running instance. What is gone already is fine.
    void detach(Site site, Container container);

    /// The daemon was restarted: takes up again what only its process held.
    default void resume(Site site, Container container) {}

    /// Something came to the host or went: follows, if that concerns this device.
    ///
    /// @return whether it did
    default boolean refresh(Site site, Container container) {
        return false;
    }

    /// Others took away rules of the packet filter: makes those of this device hold again.
    default void restore(Site site) {}

    /// Takes away what the device left on the host, after the last process is gone. Can be
    /// repeated.
    default void afterStop(Site site) {}

    /// The device is not part of the instance any more, which may be gone too. Can be repeated.
    default void forget(Site site) {}

    /// It does not come back: gives back what was lent to it besides.
    default void release(Site site) {}

    /// The throughput that it allows of a block device.
    default Optional<DiskThrottle> throttle(Site site) {
        return Optional.empty();
    }
}
