package io.atoll.image;

import java.io.IOException;

/// Reads the file that a template includes.
@FunctionalInterface
public interface TemplateIncludes {
    /// Refuses every include.
    TemplateIncludes NONE =
            name -> {
                throw new IOException("including files is not possible here");
            };

    /// @param name as the template gives it; must be resolved inside the instance's root and
    ///   nowhere else
    String read(String name) throws IOException;
}
