package io.atoll.image;

import java.util.List;
import java.util.Map;

/// How one file inside an instance is made from a template of its image.
///
/// @param when the events at which it is written: `create`, `copy`, `rename`, `start`
/// @param createOnly leave the file alone if it exists
/// @param template the name of the file in the image's `templates/`
/// @param properties handed to the template as `properties`
public record ImageTemplate(
        List<String> when, boolean createOnly, String template, Map<String, String> properties) {
    public ImageTemplate {
        when = List.copyOf(when);
        properties = Map.copyOf(properties);
    }
}
