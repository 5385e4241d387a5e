package io.atoll.daemon.device.attach;

import io.atoll.daemon.device.DeviceConfig;
import io.atoll.daemon.device.NicConfig;
import io.atoll.daemon.instance.config.Volatile;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Names inside of interfaces whose devices do not say one: the first free `ethN`, kept from then
/// on.
final class NicNames {
    private NicNames() {}

    /// Chooses the names that are missing and notes them in `memory`.
    static void choose(Map<String, String> memory, Collection<? extends DeviceConfig> devices) {
        Set<String> taken = new HashSet<>();
        for (DeviceConfig device : devices) {
            if (device instanceof NicConfig nic) {
                nic.guestName().or(() -> known(memory, nic)).ifPresent(taken::add);
            }
        }
        for (DeviceConfig device : devices) {
            if (device instanceof NicConfig nic
                    && nic.guestName().isEmpty()
                    && known(memory, nic).isEmpty()) {
                String name = free(taken);
                taken.add(name);
                memory.put(Volatile.guestName(nic.name()), name);
            }
        }
    }

    private static Optional<String> known(Map<String, String> memory, NicConfig nic) {
        return Optional.ofNullable(memory.get(Volatile.guestName(nic.name())))
                .filter(name -> !name.isEmpty());
    }

    private static String free(Set<String> taken) {
        for (int i = 0; ; i++) {
            if (!taken.contains("eth" + i)) {
                return "eth" + i;
            }
        }
    }
}
