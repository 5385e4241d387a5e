package io.atoll.base;

/// The name of an instance: 1 to 63 letters, digits and hyphens, a host name; LXD's rules and
/// words.
public record InstanceName(String value) {
    /// @throws InvalidConfigException with LXD's words
    public InstanceName {
        if (value.indexOf('/') >= 0) {
            throw new InvalidConfigException(
                    "Invalid instance name: The character \"/\" is reserved for snapshots");
        }
        String why = fault(value);
        if (!why.isEmpty()) {
            throw new InvalidConfigException("Invalid instance name: " + why);
        }
    }

    private static String fault(String value) {
        if (value.isEmpty() || value.length() > 63) {
            return "Name must be 1-63 characters long";
        }
        if (value.startsWith("-")) {
            return "Name must not start with \"-\" character";
        }
        if (Character.isDigit(value.charAt(0))) {
            return "Name must not start with a number";
        }
        if (value.endsWith("-")) {
            return "Name must not end with \"-\" character";
        }
        boolean plain =
                value.chars().allMatch(c -> c < 128 && (Character.isLetterOrDigit(c) || c == '-'));
        return plain ? "" : "Name can only contain alphanumeric and hyphen characters";
    }

    @Override
    public String toString() {
        return value;
    }
}
