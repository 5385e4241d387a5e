package io.atoll.base;

/// The fingerprint of an image or certificate: a SHA-256 as 64 lower-case hex digits.
public record Fingerprint(String value) {
    /// @throws InvalidConfigException if it is anything else
    public Fingerprint {
        boolean hex = value.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
        if (value.length() != 64 || !hex) {
            throw new InvalidConfigException(
                    "Invalid fingerprint \"" + value + "\": not 64 hex digits");
        }
    }

    /// The 12 digits shown in lists.
    public String abbreviated() {
        return value.substring(0, 12);
    }

    @Override
    public String toString() {
        return value;
    }
}
