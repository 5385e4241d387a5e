package io.atoll.image;

import io.atoll.base.InvalidConfigException;
import io.pebbletemplates.pebble.PebbleEngine;
import io.pebbletemplates.pebble.error.PebbleException;
import java.io.IOException;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/// Renders the file templates of images, which are written in Django's language as LXD's engine
/// reads it. The template comes from whoever made the image and is not trusted: it sees texts and
/// maps only, calls no Java method, includes only what [TemplateIncludes] gives it, and its output
/// is bounded. Thread-safe.
public final class TemplateRenderer {
    /// The most characters that one template may produce.
    public static final int OUTPUT_MAX = 4 << 20;

    /// Names are no longer than 255 bytes.
    private static final int PATTERN_MAX = 1024;

    private static final String LOOP = "io.pebbletemplates.pebble.node.ForNode$";

    private TemplateRenderer() {}

    /// @throws InvalidConfigException if the template is wrong, naming its line
    public static String render(
            String template, TemplateContext context, TemplateIncludes includes) {
        return render(template, variables(context), context.config(), includes);
    }

    /// Renders a pattern such as that of `snapshots.pattern`: `{{
    /// creation_date|date:'2006-01-02_15-04-05' }}`.
    ///
    /// @param variables texts, numbers, and times as [java.time.ZonedDateTime] or
    ///   [java.time.Instant]
    /// @throws InvalidConfigException if it is too long or no template
    public static String renderPattern(String pattern, Map<String, Object> variables) {
        if (pattern.length() > PATTERN_MAX) {
            throw new InvalidConfigException(
                    "Invalid pattern: longer than " + PATTERN_MAX + " letters");
        }
        return render(pattern, variables, Map.of(), TemplateIncludes.NONE);
    }

    private static String render(
            String template,
            Map<String, Object> variables,
            Map<String, String> config,
            TemplateIncludes includes) {
        DjangoSyntax syntax = new DjangoSyntax();
        String translated = syntax.translate(template);
        BoundedWriter out = new BoundedWriter(OUTPUT_MAX);
        try {
            engine(syntax, config, includes)
                    .getLiteralTemplate(translated)
                    .evaluate(out, variables, Locale.ROOT);
        } catch (PebbleException
                | IOException
                | NumberFormatException
                | ClassCastException
                | StackOverflowError e) {
            // The engine leaves numbers that are too long to the JDK, and calls what is no name
            // (`"a" (1)`).
            throw new InvalidConfigException("Failed to render template: " + why(e), e);
        }
        return out.toString();
    }

    private static PebbleEngine engine(
            DjangoSyntax syntax, Map<String, String> config, TemplateIncludes includes) {
        return new PebbleEngine.Builder()
                .loader(new DjangoLoader(includes, syntax))
                .extension(new DjangoExtension(syntax, config))
                .registerExtensionCustomizer(WithoutRange::new)
                .allowOverrideCoreOperators(true)
                .autoEscaping(false)
                .newLineTrimming(false)
                .strictVariables(false)
                .cacheActive(false)
                .defaultLocale(Locale.ROOT)
                .maxRenderedSize(OUTPUT_MAX)
                // Nothing of Java: only maps and lists have members here, and the engine's own loop
                // counter.
                .methodAccessValidator(
                        (object, method) -> method.getDeclaringClass().getName().startsWith(LOOP))
                .build();
    }

    private static String why(Throwable e) {
        if (e instanceof StackOverflowError) {
            return "nested too deeply";
        }
        return e instanceof PebbleException p
                ? p.getPebbleMessage() + at(p)
                : String.valueOf(e.getMessage());
    }

    private static String at(PebbleException e) {
        return e.getLineNumber() == null ? "" : " (line " + e.getLineNumber() + ")";
    }

    private static Map<String, Object> variables(TemplateContext context) {
        Map<String, Object> variables = new HashMap<>();
        variables.put("trigger", context.trigger());
        variables.put("path", context.path());
        variables.put("container", context.instance());
        variables.put("instance", context.instance());
        variables.put("config", context.config());
        variables.put("devices", context.devices());
        variables.put("properties", context.properties());
        return variables;
    }
}
