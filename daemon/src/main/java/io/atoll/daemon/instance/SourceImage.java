package io.atoll.daemon.instance;

import io.atoll.base.Fingerprint;
import java.util.List;
import java.util.Map;

/// What an instance takes over from its image.
///
/// @param architecture the kernel's name, `x86_64`
/// @param profiles for instances that name none
public record SourceImage(
        Fingerprint fingerprint,
        String architecture,
        Map<String, String> properties,
        List<String> profiles) {
    public SourceImage {
        properties = Map.copyOf(properties);
        profiles = List.copyOf(profiles);
    }
}
