package io.atoll.daemon.instance;

import io.atoll.base.InstanceName;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.ProjectName;
import io.atoll.base.UnsupportedException;
import io.atoll.base.json.Json;
import io.atoll.daemon.image.RemoteSource;
import io.atoll.daemon.instance.config.InstanceTypes;
import io.atoll.daemon.migration.RemoteOperation;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// A request to make an instance, read and checked as far as it can be without looking anywhere.
///
/// @param name empty if one is to be made up
/// @param profiles empty to take those of the image or the default one
/// @param config with the keys of `instance_type` beneath
/// @param isStateful whether a copy gets the saved processes of its source
public record CreateRequest(
        ProjectName project,
        Optional<InstanceName> name,
        Source source,
        Map<String, String> config,
        Map<String, Map<String, String>> devices,
        Optional<List<String>> profiles,
        boolean isEphemeral,
        boolean isStateful,
        String description,
        String architecture) {
    /// Where the files come from.
    sealed interface Source {
        /// An image of this server.
        record FromImage(ImageQuery query) implements Source {}

        /// An image of another server.
        record FromServer(RemoteSource source) implements Source {}

        /// Nowhere: the root is empty.
        record Empty() implements Source {}

        /// Another instance, or a snapshot if `snapshot` is not empty.
        ///
        /// @param isInstanceOnly whether the snapshots stay behind
        /// @param isRefresh whether an existing target is brought up to date
        record Copy(
                ProjectName project,
                String instance,
                String snapshot,
                boolean isInstanceOnly,
                boolean isRefresh)
                implements Source {}

        /// An instance of another server.
        ///
        /// @param source what to connect to; empty to wait for it
        /// @param isLive with the memory of its processes
        /// @param isRefresh whether an existing target is brought up to date
        record Migration(
                Optional<RemoteOperation> source,
                boolean isLive,
                boolean isInstanceOnly,
                boolean isRefresh)
                implements Source {}
    }

    static CreateRequest parse(ProjectName project, Json body) {
        String type = body.get("type").asString();
        if (type.equals("virtual-machine")) {
            throw new UnsupportedException("Virtual machines are not supported by this server");
        }
        if (!type.isEmpty() && !type.equals("container")) {
            throw new InvalidConfigException("Invalid instance type \"" + type + "\"");
        }
        String name = body.get("name").asString();
        Map<String, String> config = new TreeMap<>();
        String size = body.get("instance_type").asString();
        if (!size.isEmpty()) {
            config.putAll(InstanceTypes.parse(size));
        }
        config.putAll(body.get("config").asStringMap());
        return new CreateRequest(
                project,
                name.isEmpty() ? Optional.empty() : Optional.of(new InstanceName(name)),
                parseSource(project, body.get("source")),
                config,
                InstanceRecord.devices(body.get("devices")),
                body.get("profiles").isNull()
                        ? Optional.empty()
                        : Optional.of(body.get("profiles").asStrings()),
                body.get("ephemeral").asBoolean(),
                body.get("stateful").asBoolean(),
                body.get("description").asString(),
                body.get("architecture").asString());
    }

    static Source parseSource(ProjectName project, Json source) {
        String type = source.get("type").asString();
        return switch (type) {
            case "image" ->
                    RemoteSource.parse(source)
                            .<Source>map(Source.FromServer::new)
                            .orElseGet(() -> new Source.FromImage(ImageQuery.parse(source)));
            case "none" -> new Source.Empty();
            case "copy" -> copy(project, source);
            case "migration" -> migration(source);
            default -> throw new InvalidConfigException("Unknown source type " + type);
        };
    }

    private static Source migration(Json source) {
        String mode = source.get("mode").asString();
        boolean isPush = mode.equals("push");
        if (!isPush && !mode.isEmpty() && !mode.equals("pull")) {
            throw new UnsupportedException("Mode \"" + mode + "\" not implemented");
        }
        Optional<RemoteOperation> other =
                isPush ? Optional.empty() : Optional.of(RemoteOperation.parse(source));
        return new Source.Migration(
                other,
                isPush
                        ? source.get("live").asBoolean()
                        : other.filter(RemoteOperation::isLive).isPresent(),
                source.get("instance_only").asBoolean() || source.get("container_only").asBoolean(),
                source.get("refresh").asBoolean());
    }

    private static Source copy(ProjectName project, Json source) {
        String from = source.get("source").asString();
        if (from.isEmpty()) {
            throw new InvalidConfigException("Must specify a source instance");
        }
        String other = source.get("project").asString();
        int slash = from.indexOf('/');
        return new Source.Copy(
                other.isEmpty() ? project : new ProjectName(other),
                slash < 0 ? from : from.substring(0, slash),
                slash < 0 ? "" : from.substring(slash + 1),
                source.get("instance_only").asBoolean() || source.get("container_only").asBoolean(),
                source.get("refresh").asBoolean());
    }
}
