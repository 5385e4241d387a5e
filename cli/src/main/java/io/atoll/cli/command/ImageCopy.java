package io.atoll.cli.command;

import io.atoll.base.DomainException;
import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.client.AtollClient;
import io.atoll.client.HttpReply;
import io.atoll.client.HttpRequest;
import io.atoll.client.Operation;
import io.atoll.client.OperationHandle;
import io.atoll.client.Target;
import java.io.IOException;
import java.util.List;

/// `image copy`: pulled by the target, pushed by the source, or carried by us where the two cannot
/// reach each other.
final class ImageCopy {
    private ImageCopy() {}

    static int run(Context context) throws IOException {
        Ref from = source(context);
        Ref to = context.refAt(1);
        if (!to.name().isEmpty()) {
            throw new CliException(
                    "Can't provide a name for the target image", "name it with --alias");
        }
        String project = context.args().value("target-project");
        AtollClient target =
                project.isEmpty()
                        ? context.client(to)
                        : context.servers().client(to.remote(), project);
        String mode = context.args().value("mode");
        if (!List.of("", "pull", "push", "relay").contains(mode)) {
            throw new CliException("Invalid transfer mode \"" + mode + "\"");
        }
        boolean isSame = from.remote().equals(to.remote());
        if (isSame && project.isEmpty()) {
            throw new CliException(
                    "The source and the target are the same server", "use --target-project");
        }
        // Servers of images only give; the target fetches from them whatever the mode.
        boolean isPulled =
                isSame || context.servers().remote(from.remote()).hasImagesOnly() || mode.isEmpty();
        Json.Arr aliases = aliases(context, from);
        if (!isPulled && mode.equals("push")) {
            push(context, from, to, target, aliases);
        } else if (!isPulled && mode.equals("relay")) {
            carry(context, from, target, aliases);
        } else {
            Json.Obj body =
                    Json.object()
                            .put("source", isSame ? here(context, from) : pull(context, from))
                            .put("aliases", aliases)
                            .put("auto_update", context.args().flag("auto-update"))
                            .put("public", context.args().flag("public"));
            context.await(target.images().create(body), "Copying the image");
        }
        RecordCommands.say(context, "Image copied successfully!");
        return 0;
    }

    /// The image to copy; with `--vm` by its fingerprint, as its alias may stand for a container's
    /// image too.
    private static Ref source(Context context) {
        Ref from = context.refAt(0);
        if (from.name().isEmpty()) {
            throw new CliException("Image identifier missing");
        }
        if (!context.args().flag("vm")) {
            return from;
        }
        Json image =
                RemoteImages.isStreams(context, from)
                        ? RemoteImages.json(RemoteImages.find(context, from))
                        : image(context, from);
        return new Ref(from.remote(), image.get("fingerprint").asString());
    }

    private static Json pull(Context context, Ref from) {
        return RemoteImages.pullSource(context, from);
    }

    private static Json.Obj here(Context context, Ref from) {
        AtollClient client = context.client(from);
        return Json.object()
                .put("type", "image")
                .put("mode", "pull")
                .put("fingerprint", LaunchCommand.fingerprint(context, client, from.name()))
                .put("project", client.project().isEmpty() ? "default" : client.project());
    }

    private static Json.Arr aliases(Context context, Ref from) {
        Json.Arr out = Json.array();
        if (context.args().flag("copy-aliases")) {
            Json image =
                    RemoteImages.isStreams(context, from)
                            ? RemoteImages.json(RemoteImages.find(context, from))
                            : image(context, from);
            for (Json alias : image.get("aliases").asList()) {
                out.items().add(alias);
            }
        }
        for (String alias : context.args().values("alias")) {
            out.items().add(Json.object().put("name", alias));
        }
        return out;
    }

    private static Json image(Context context, Ref from) {
        AtollClient client = context.client(from);
        String name = RemoteImages.withoutSlash(from.name());
        return client.images().get(LaunchCommand.fingerprint(context, client, name)).value();
    }

    /// By the source, with a secret that the target gives out for it.
    private static void push(
            Context context, Ref from, Ref to, AtollClient target, Json.Arr aliases) {
        AtollClient source = context.client(from);
        Json image = image(context, from);
        String fingerprint = image.get("fingerprint").asString();
        OperationHandle token =
                target.images()
                        .create(
                                Json.object()
                                        .put(
                                                "source",
                                                Json.object()
                                                        .put("type", "image")
                                                        .put("mode", "push")
                                                        .put("fingerprint", fingerprint))
                                        .put("aliases", aliases)
                                        .put("properties", image.get("properties"))
                                        .put("expires_at", image.get("expires_at"))
                                        .put("public", context.args().flag("public")));
        String secret = token.started().metadata().get("secret").asString();
        try {
            Json.Obj body = RemoteImages.pushTarget(context, to, target, secret);
            String path = source.scope(Target.of("images", fingerprint, "export")).toString();
            Operation _ =
                    context.await(
                            source.handle(source.rest().call("POST", path, body, "")),
                            "Copying the image");
        } catch (DomainException | CliException e) {
            giveBack(token);
            throw e;
        }
    }

    private static void giveBack(OperationHandle token) {
        try {
            token.cancel();
        } catch (DomainException _) {
            // It was used before the copy failed.
        }
    }

    /// Through this program, from one connection into the other.
    private static void carry(Context context, Ref from, AtollClient target, Json.Arr aliases)
            throws IOException {
        AtollClient source = context.client(from);
        Json image = image(context, from);
        String fingerprint = image.get("fingerprint").asString();
        String path = source.scope(Target.of("images", fingerprint, "export")).toString();
        try (HttpReply reply = source.rest().raw(new HttpRequest("GET", path))) {
            long length = reply.header("content-length").map(Long::parseLong).orElse(-1L);
            if (length < 0) {
                throw new CliException("the source does not say how large the image is");
            }
            HttpRequest upload =
                    new HttpRequest("POST", target.scope(Target.of("images")).toString())
                            .header(
                                    "Content-Type",
                                    reply.header("content-type").orElse("application/octet-stream"))
                            .header("X-LXD-fingerprint", fingerprint)
                            .header("X-LXD-filename", image.get("filename").asString())
                            .header(
                                    "X-LXD-public",
                                    context.args().flag("public") ? "true" : "false")
                            .body(ImageTransfer.counted(context, reply.body(), length), length);
            Operation _ =
                    context.await(target.handle(target.rest().call(upload)), "Copying the image");
        }
        for (Json alias : aliases.items()) {
            ImageCommands.moveAliases(
                    context, target, List.of(alias.get("name").asString()), fingerprint);
        }
    }
}
