package io.atoll.daemon.project;

import java.util.Map;

/// One thing in a project, as far as the project's limits and restrictions speak about it.
public sealed interface ProjectMember {
    /// What it is called in messages.
    String label();

    String name();

    /// Takes configuration and devices of an instance: with its profiles applied.
    record Instance(
            String name, Map<String, String> config, Map<String, Map<String, String>> devices)
            implements ProjectMember {
        @Override
        public String label() {
            return "container";
        }
    }

    /// A profile that an instance of the project could take.
    record Profile(
            String name, Map<String, String> config, Map<String, Map<String, String>> devices)
            implements ProjectMember {
        @Override
        public String label() {
            return "profile";
        }
    }

    /// A custom volume.
    ///
    /// @param name with the pool before it, `POOL/VOLUME`
    /// @param size as configured, empty if it is not bounded
    record Volume(String name, String size) implements ProjectMember {
        @Override
        public String label() {
            return "volume";
        }
    }

    /// A network.
    record Network(String name) implements ProjectMember {
        @Override
        public String label() {
            return "network";
        }
    }

    /// True for the same thing in another state.
    default boolean isSame(ProjectMember other) {
        return getClass().equals(other.getClass()) && name().equals(other.name());
    }
}
