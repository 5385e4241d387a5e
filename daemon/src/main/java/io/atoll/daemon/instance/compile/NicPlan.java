package io.atoll.daemon.instance.compile;

import io.atoll.daemon.device.DeviceConfig;
import io.atoll.runtime.spec.MacAddress;

/// A network interface with everything decided: names on both sides and the hardware address.
///
/// @param guestName name inside
/// @param hostName name of the host's end
/// @param bridge interface of the host to attach to
public record NicPlan(
        DeviceConfig.BridgedNic device,
        String bridge,
        String guestName,
        String hostName,
        MacAddress mac) {}
