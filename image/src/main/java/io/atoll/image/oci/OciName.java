package io.atoll.image.oci;

import io.atoll.base.InvalidConfigException;
import java.util.regex.Pattern;

/// An image in a registry: `library/debian:12`, `team/app@sha256:...`.
///
/// @param repository its path
/// @param reference a tag, or a digest with its algorithm
public record OciName(String repository, String reference) {
    private static final int LENGTH_MAX = 255;
    private static final Pattern REPOSITORY =
            Pattern.compile("[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*");
    private static final Pattern TAG = Pattern.compile("[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}");
    static final Pattern DIGEST = Pattern.compile("sha256:[0-9a-f]{64}");

    /// @throws InvalidConfigException if it is no name of an image
    public static OciName parse(String text) {
        if (text.length() > LENGTH_MAX) {
            throw wrong(text.substring(0, LENGTH_MAX) + "...");
        }
        int at = text.indexOf('@');
        int colon = text.lastIndexOf(':');
        String repository = text;
        String reference = "latest";
        if (at >= 0) {
            repository = text.substring(0, at).replaceAll(":[^/]*$", "");
            reference = text.substring(at + 1);
        } else if (colon > text.lastIndexOf('/')) {
            repository = text.substring(0, colon);
            reference = text.substring(colon + 1);
        }
        boolean isGood =
                REPOSITORY.matcher(repository).matches()
                        && (at >= 0 ? DIGEST : TAG).matcher(reference).matches();
        if (!isGood) {
            throw wrong(text);
        }
        return new OciName(repository, reference);
    }

    private static InvalidConfigException wrong(String text) {
        return new InvalidConfigException(
                "\"" + text + "\" is no name of an OCI image, as in \"library/debian:12\"");
    }
}
