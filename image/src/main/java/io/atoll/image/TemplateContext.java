package io.atoll.image;

import java.util.Map;

/// What a template can see, under the names of LXD: `trigger`, `path`, `container` and `instance`,
/// `config` and `config_get`, `devices`, `properties`.
///
/// @param trigger the event: create, copy, rename or start
/// @param path the file being written
/// @param instance name, type, architecture, ephemeral, privileged; all as text
/// @param config the expanded configuration
/// @param devices the expanded devices
/// @param properties of the template in metadata.yaml
public record TemplateContext(
        String trigger,
        String path,
        Map<String, String> instance,
        Map<String, String> config,
        Map<String, Map<String, String>> devices,
        Map<String, String> properties) {
    public TemplateContext {
        instance = Map.copyOf(instance);
        config = Map.copyOf(config);
        devices = Map.copyOf(devices);
        properties = Map.copyOf(properties);
    }
}
