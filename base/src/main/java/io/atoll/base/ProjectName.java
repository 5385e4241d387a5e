package io.atoll.base;

/// The name of a project; LXD's rules and words.
public record ProjectName(String value) {
    /// The project that always exists.
    public static final ProjectName DEFAULT = new ProjectName("default");

    /// @throws InvalidConfigException with LXD's words
    public ProjectName {
        if (value.isEmpty()) {
            throw new InvalidConfigException("No name provided");
        }
        reject(value, "/", "slashes");
        reject(value, " ", "spaces");
        reject(value, "_", "underscores");
        reject(value, "'", "quotes");
        reject(value, "\"", "quotes");
        if (value.equals("*")) {
            throw new InvalidConfigException("Reserved project name");
        }
        if (value.equals(".") || value.equals("..")) {
            throw new InvalidConfigException("Invalid project name \"" + value + "\"");
        }
    }

    private static void reject(String value, String part, String word) {
        if (value.contains(part)) {
            throw new InvalidConfigException("Project names may not contain " + word);
        }
    }

    /// How an instance or volume of this project is called in directories and cgroups: the bare
    /// name in `default`, `PROJECT_NAME` elsewhere.
    public String prefix(String name) {
        return equals(DEFAULT) ? name : value + "_" + name;
    }

    @Override
    public String toString() {
        return value;
    }
}
