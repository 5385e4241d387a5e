package io.atoll.image;

import io.pebbletemplates.pebble.extension.Extension;
import io.pebbletemplates.pebble.extension.ExtensionCustomizer;
import io.pebbletemplates.pebble.extension.Filter;
import io.pebbletemplates.pebble.extension.Function;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Takes from the engine's own extensions what an untrusted template could use to eat memory, and
/// its own filters, since Django's of the same name differ.
final class WithoutRange extends ExtensionCustomizer {
    private final boolean ours;

    WithoutRange(Extension extension) {
        super(extension);
        ours = extension instanceof DjangoExtension;
    }

    @Override
    public @Nullable Map<String, Function> getFunctions() {
        Map<String, Function> functions = super.getFunctions();
        if (functions == null || ours) {
            return functions;
        }
        Map<String, Function> kept = new HashMap<>(functions);
        kept.remove("range");
        return kept;
    }

    @Override
    public @Nullable Map<String, Filter> getFilters() {
        return ours ? super.getFilters() : Map.of();
    }
}
