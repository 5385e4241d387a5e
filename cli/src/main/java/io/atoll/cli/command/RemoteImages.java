package io.atoll.cli.command;

import io.atoll.api.tls.Pem;
import io.atoll.base.Architecture;
import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.cli.Remote;
import io.atoll.cli.Version;
import io.atoll.client.AtollClient;
import io.atoll.client.Operation;
import io.atoll.client.Target;
import io.atoll.image.oci.OciRegistry;
import io.atoll.image.remote.HttpFetcher;
import io.atoll.image.remote.HttpProxies;
import io.atoll.image.remote.RemoteImage;
import io.atoll.image.remote.SimpleStreams;
import io.atoll.image.remote.StreamsImages;
import java.util.List;
import java.util.Optional;

/// Images of servers other than the one that works with them.
final class RemoteImages {
    private RemoteImages() {}

    /// Whether a remote has images and nothing else.
    static boolean isStreams(Context context, Ref ref) {
        Remote remote = context.servers().remote(ref.remote());
        return !remote.isLocal() && remote.effectiveProtocol().equals("simplestreams");
    }

    static HttpFetcher http(Context context) {
        return new HttpFetcher(
                context.invocation().program() + "/" + Version.TEXT,
                Optional.empty(),
                HttpProxies.of(context.invocation().env()));
    }

    static SimpleStreams streams(Context context, Ref ref) {
        return new SimpleStreams(
                http(context), context.servers().remote(ref.remote()).address(), Optional.empty());
    }

    /// All images of a server, as its API shows them.
    static List<Json> list(Context context, Ref server) {
        if (!isStreams(context, server)) {
            return context.client(server).images().list();
        }
        return streams(context, server).list().stream().map(RemoteImages::json).toList();
    }

    /// One image of a simplestreams server.
    static RemoteImage find(Context context, Ref ref) {
        if (context.args().flag("vm")) {
            throw new CliException("Virtual machine images of such servers are not supported");
        }
        return StreamsImages.find(
                streams(context, ref).list(), withoutSlash(ref.name()), Architecture.host());
    }

    /// Old scripts write `remote:/alias`.
    static String withoutSlash(String name) {
        return name.startsWith("/") ? name.substring(1) : name;
    }

    /// As the API would show it.
    static Json json(RemoteImage image) {
        Json.Arr aliases = Json.array();
        for (String alias : image.aliases()) {
            aliases.items().add(Json.object().put("name", alias).put("description", ""));
        }
        String built = built(image.properties().getOrDefault("serial", ""));
        return Json.object()
                .put("auto_update", false)
                .put("properties", Json.strings(image.properties()))
                .put("public", true)
                .put("expires_at", image.expiresAt().map(Object::toString).orElse(""))
                .put("profiles", Json.array())
                .put("aliases", aliases)
                .put("architecture", image.architecture())
                .put("cached", false)
                .put("filename", "")
                .put("fingerprint", image.fingerprint().value())
                .put("size", image.size())
                .put("type", "container")
                .put("created_at", built)
                .put("last_used_at", "")
                .put("uploaded_at", built);
    }

    /// The day that a serial begins with.
    private static String built(String serial) {
        return serial.matches("\\d{8}.*")
                ? serial.substring(0, 4)
                        + "-"
                        + serial.substring(4, 6)
                        + "-"
                        + serial.substring(6, 8)
                        + "T00:00:00Z"
                : "";
    }

    /// Says to another server where to get an image: by address, for a local one cannot be reached.
    ///
    /// @throws CliException if the image is on a server that cannot be reached over the network
    static Json.Obj pullSource(Context context, Ref image) {
        Remote remote = context.servers().remote(image.remote());
        String name = withoutSlash(image.name());
        Json.Obj source = Json.object().put("type", "image").put("mode", "pull");
        if (remote.effectiveProtocol().equals("oci")) {
            return registrySource(source, remote, name);
        }
        if (isStreams(context, image)) {
            return source.put("server", remote.address())
                    .put("protocol", remote.effectiveProtocol())
                    .put("alias", name);
        }
        AtollClient client = context.client(image);
        Json found = client.images().get(LaunchCommand.fingerprint(context, client, name)).value();
        source.put("server", address(client, remote))
                .put("protocol", "lxd")
                .put("certificate", certificate(context, client, remote))
                .put("fingerprint", found.get("fingerprint").asString())
                .put("project", client.project());
        if (!found.get("public").asBoolean()) {
            source.put("secret", secret(client, found.get("fingerprint").asString()));
        }
        return source;
    }

    /// Names as container tools take them: a first part with a dot or a port is a host, all others
    /// are those of Docker's registry.
    private static Json.Obj registrySource(Json.Obj source, Remote remote, String name) {
        String address = remote.address();
        String image = name;
        if (address.isEmpty()) {
            String first = name.substring(0, Math.max(0, name.indexOf('/')));
            boolean isHost = first.matches(".*[.:].*|localhost");
            address = OciRegistry.addressOf(isHost ? first : "docker.io");
            image = isHost ? name.substring(first.length() + 1) : name;
        }
        boolean isShort =
                address.equals(OciRegistry.addressOf("docker.io")) && !image.contains("/");
        return source.put("server", address)
                .put("protocol", "oci")
                .put("alias", isShort ? "library/" + image : image);
    }

    /// Says to another server where to send an image, once the target has given out a secret.
    ///
    /// @throws CliException if the target cannot be reached over the network
    static Json.Obj pushTarget(Context context, Ref to, AtollClient target, String secret) {
        Remote remote = context.servers().remote(to.remote());
        return Json.object()
                .put("target", address(target, remote))
                .put("certificate", certificate(context, target, remote))
                .put("secret", secret)
                .put("project", target.project());
    }

    private static String address(AtollClient client, Remote remote) {
        if (!remote.isLocal()) {
            return remote.address();
        }
        for (Json address : client.server().value().get("environment").get("addresses").asList()) {
            return "https://" + address.asString();
        }
        throw new CliException(
                "the server of \"" + remote.name() + "\" does not listen on the network",
                "copy with --mode=relay, or: config set core.https_address");
    }

    private static String certificate(Context context, AtollClient client, Remote remote) {
        if (remote.isLocal()) {
            return client.server().value().get("environment").get("certificate").asString();
        }
        return context.servers()
                .config()
                .access()
                .accepted(remote.name())
                .map(Pem::render)
                .orElse("");
    }

    private static String secret(AtollClient client, String fingerprint) {
        String target = client.scope(Target.of("images", fingerprint, "secret")).toString();
        Operation token =
                client.handle(client.rest().call("POST", target, Json.object(), "")).started();
        return token.metadata().get("secret").asString();
    }
}
