package io.atoll.image;

import io.pebbletemplates.pebble.error.LoaderException;
import io.pebbletemplates.pebble.loader.Loader;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import org.jspecify.annotations.Nullable;

/// Gives the engine the files that a template includes, translated.
final class DjangoLoader implements Loader<String> {
    /// Includes in one rendering; a file that includes itself ends here.
    private static final int INCLUDES_MAX = 100;

    private final TemplateIncludes includes;
    private final DjangoSyntax syntax;
    private int included;

    DjangoLoader(TemplateIncludes includes, DjangoSyntax syntax) {
        this.includes = includes;
        this.syntax = syntax;
    }

    @Override
    public Reader getReader(String name) {
        if (++included > INCLUDES_MAX) {
            throw new LoaderException(null, "more than " + INCLUDES_MAX + " includes");
        }
        try {
            return new StringReader(syntax.translate(includes.read(name)));
        } catch (IOException e) {
            throw new LoaderException(e, "cannot include \"" + name + "\": " + e.getMessage());
        }
    }

    @Override
    public void setCharset(String charset) {}

    @Override
    public void setPrefix(String prefix) {}

    @Override
    public void setSuffix(String suffix) {}

    @Override
    public String resolveRelativePath(String relativePath, @Nullable String anchorPath) {
        return relativePath;
    }

    @Override
    public String createCacheKey(String name) {
        return name;
    }

    @Override
    public boolean resourceExists(String name) {
        return true;
    }
}
