package io.atoll.cli.command;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.BusyException;
import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandGroup;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Ref;
import io.atoll.cli.text.Format;
import io.atoll.cli.text.Yaml;
import io.atoll.client.AtollClient;
import io.atoll.client.Entity;
import io.atoll.client.Operation;
import io.atoll.client.Target;
import java.io.IOException;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// `image`: what instances are made of. Listing is in [ImageListCommand], files in [ImageTransfer].
final class ImageCommands {
    private static final List<String> EDITABLE =
            List.of("auto_update", "properties", "public", "expires_at", "profiles");

    private ImageCommands() {}

    static CommandGroup group() {
        return CommandGroup.of(
                "image",
                "Manage images",
                List.of(
                        "alias",
                        "build",
                        "copy",
                        "delete",
                        "edit",
                        "export",
                        "get-property",
                        "import",
                        "info",
                        "list",
                        "mirror",
                        "refresh",
                        "serve",
                        "set-property",
                        "show",
                        "unset-property"),
                ImageCommands::make);
    }

    private static Optional<CommandNode> make(String name) {
        String image = "[<remote>:]<image>";
        return switch (name) {
            case "alias" ->
                    Optional.of(
                            CommandGroup.of(
                                    "alias",
                                    "Manage image aliases",
                                    List.of("create", "delete", "list", "rename"),
                                    ImageCommands::alias));
            case "build" ->
                    Optional.of(
                            CommandSpec.of(
                                            "build",
                                            "[<remote>:]<image> [flags]",
                                            "Build an image on the server")
                                    .detail(
                                            "Images that can be built: debian/RELEASE (from the Debian mirror of the server) and busybox.")
                                    .example("PROGRAM image build debian/12")
                                    .args(1, 1)
                                    .values(
                                            '\0',
                                            "alias",
                                            "Alias of the new image (default: the name built)")
                                    .run(ImageCommands::build));
            case "copy", "cp" ->
                    Optional.of(
                            CommandSpec.of(
                                            "copy",
                                            image + " <remote>: [flags]",
                                            "Copy an image to a server")
                                    .alias("cp")
                                    .args(2, 2)
                                    .values('\0', "alias", "Alias of the copy")
                                    .flag("auto-update", "Keep the copy up to date")
                                    .flag("copy-aliases", "Copy the aliases as well")
                                    .value(
                                            '\0',
                                            "mode",
                                            "pull",
                                            "Transfer mode: pull, push or relay (default \"pull\")")
                                    .flag("public", "Make the copy public")
                                    .value("target-project", "Copy into another project")
                                    .flag("vm", "Only aliases of virtual machine images count")
                                    .run(ImageCopy::run));
            case "delete", "rm" ->
                    Optional.of(
                            CommandSpec.of(
                                            "delete",
                                            image + " [[<remote>:]<image>...] [flags]",
                                            "Delete images")
                                    .alias("rm")
                                    .args(1, CommandSpec.ANY)
                                    .run(ImageCommands::delete));
            case "edit" ->
                    Optional.of(
                            CommandSpec.of("edit", image + " [flags]", "Change an image as YAML")
                                    .args(1, 1)
                                    .run(ImageCommands::edit));
            case "export" ->
                    Optional.of(
                            CommandSpec.of(
                                            "export",
                                            image + " [<target>] [flags]",
                                            "Export an image into files")
                                    .args(1, 2)
                                    .flag("vm", "Only aliases of virtual machine images count")
                                    .run(ImageTransfer::export));
            case "get-property" ->
                    Optional.of(
                            CommandSpec.of(
                                            "get-property",
                                            image + " <key> [flags]",
                                            "Print a property")
                                    .args(2, 2)
                                    .run(ImageCommands::getProperty));
            case "import" ->
                    Optional.of(
                            CommandSpec.of(
                                            "import",
                                            "<tarball>|<directory>|<URL> [<rootfs tarball>] [<remote>:] [key=value...] [flags]",
                                            "Import an image")
                                    .args(1, CommandSpec.ANY)
                                    .values('\0', "alias", "Alias of the new image")
                                    .flag("public", "Make the image public")
                                    .run(ImageTransfer::importImage));
            case "info" ->
                    Optional.of(
                            CommandSpec.of("info", image + " [flags]", "Show an image")
                                    .args(1, 1)
                                    .flag("vm", "Only aliases of virtual machine images count")
                                    .run(ImageCommands::info));
            case "list", "ls" -> Optional.of(ImageListCommand.spec());
            case "refresh" ->
                    Optional.of(
                            CommandSpec.of(
                                            "refresh",
                                            image + " [[<remote>:]<image>...] [flags]",
                                            "Bring images up to date")
                                    .args(1, CommandSpec.ANY)
                                    .run(ImageCommands::refresh));
            case "mirror" -> Optional.of(ImageMirrorCommand.spec());
            case "serve" -> Optional.of(ImageServeCommand.spec());
            case "set-property" ->
                    Optional.of(
                            CommandSpec.of(
                                            "set-property",
                                            image + " <key> <value> [flags]",
                                            "Set a property")
                                    .args(3, 3)
                                    .run(context -> setProperty(context, context.args().at(2))));
            case "show" ->
                    Optional.of(
                            CommandSpec.of("show", image + " [flags]", "Show an image as YAML")
                                    .args(1, 1)
                                    .flag("vm", "Only aliases of virtual machine images count")
                                    .run(ImageCommands::show));
            case "unset-property" ->
                    Optional.of(
                            CommandSpec.of(
                                            "unset-property",
                                            image + " <key> [flags]",
                                            "Remove a property")
                                    .args(2, 2)
                                    .run(context -> setProperty(context, "")));
            default -> Optional.empty();
        };
    }

    private static Entity load(Context context, Ref ref) {
        AtollClient client = context.client(ref);
        if (ref.name().isEmpty()) {
            throw new CliException("Image identifier missing");
        }
        return client.images().get(LaunchCommand.fingerprint(context, client, ref.name()));
    }

    private static int build(Context context) {
        Ref ref = context.refAt(0);
        List<String> aliases = context.args().values("alias");
        Json.Arr wanted = Json.array();
        for (String alias : aliases.isEmpty() ? List.of(ref.name()) : aliases) {
            wanted.items().add(Json.object().put("name", alias));
        }
        Json.Obj body =
                Json.object()
                        .put("source", Json.object().put("type", "build").put("alias", ref.name()))
                        .put("aliases", wanted);
        Operation done =
                context.await(context.client(ref).images().create(body), "Building " + ref.name());
        context.output()
                .line(
                        "Image built with fingerprint: "
                                + done.metadata().get("fingerprint").asString());
        return 0;
    }

    private static int delete(Context context) {
        for (Ref ref : context.servers().refs(context.args().positional())) {
            if (ref.name().isEmpty()) {
                throw new CliException("Image identifier missing");
            }
            AtollClient client = context.client(ref);
            context.await(
                    client.images().delete(LaunchCommand.fingerprint(context, client, ref.name())));
        }
        return 0;
    }

    private static int refresh(Context context) {
        for (Ref ref : context.servers().refs(context.args().positional())) {
            AtollClient client = context.client(ref);
            String fingerprint = LaunchCommand.fingerprint(context, client, ref.name());
            String target = client.scope(Target.of("images", fingerprint, "refresh")).toString();
            Operation done =
                    context.await(
                            client.handle(client.rest().call("POST", target, Json.object(), "")),
                            "Refreshing the image");
            boolean changed = done.metadata().get("refreshed").asBoolean();
            RecordCommands.say(
                    context,
                    changed ? "Image refreshed successfully!" : "Image already up to date.");
        }
        return 0;
    }

    private static int show(Context context) {
        context.output()
                .print(Yaml.render(RecordCommands.pick(see(context, context.refAt(0)), EDITABLE)));
        return 0;
    }

    /// An image of any kind of server.
    private static Json see(Context context, Ref ref) {
        return RemoteImages.isStreams(context, ref)
                ? RemoteImages.json(RemoteImages.find(context, ref))
                : load(context, ref).value();
    }

    private static int edit(Context context) throws IOException {
        Ref ref = context.refAt(0);
        Entity now = load(context, ref);
        String text =
                RecordCommands.comment("image", EDITABLE)
                        + Yaml.render(RecordCommands.pick(now.value(), EDITABLE));
        Editor.edit(
                context,
                text,
                edited -> {
                    Json.Obj body = RecordCommands.pick(Yaml.parseMap(edited), EDITABLE);
                    if (!body.get("properties").isNull()) {
                        body.put("properties", Yaml.stringsOf(body.get("properties")));
                    }
                    context.await(
                            context.client(ref)
                                    .images()
                                    .replace(
                                            now.value().get("fingerprint").asString(),
                                            body,
                                            now.etag()));
                });
        return 0;
    }

    private static int getProperty(Context context) {
        Json properties = load(context, context.refAt(0)).value().get("properties");
        Json value = properties.get(context.args().at(1));
        if (value.isNull()) {
            throw new CliException("Property not found");
        }
        context.output().line(value.asString());
        return 0;
    }

    private static int setProperty(Context context, String value) {
        Ref ref = context.refAt(0);
        Entity now = load(context, ref);
        Json.Obj body = RecordCommands.pick(now.value(), EDITABLE);
        Json.Obj properties = RecordCommands.mapOf(body, "properties");
        String key = context.args().at(1);
        RecordCommands.applyTo(properties, Json.object().put(key, value));
        context.await(
                context.client(ref)
                        .images()
                        .replace(now.value().get("fingerprint").asString(), body, now.etag()));
        return 0;
    }

    private static int info(Context context) {
        Json it = see(context, context.refAt(0));
        ZoneId zone = Format.zone(context.invocation().env("TZ"));
        StringBuilder out = new StringBuilder();
        line(out, 0, "Fingerprint: " + it.get("fingerprint").asString());
        line(out, 0, "Size: " + ImageListCommand.size(it));
        line(out, 0, "Architecture: " + it.get("architecture").asString());
        line(out, 0, "Type: " + ImageListCommand.type(it));
        line(out, 0, "Public: " + yesNo(it.get("public")));
        line(out, 0, "Timestamps:");
        if (Format.isSet(it.get("created_at").asString())) {
            line(out, 1, "Created: " + Format.date(it.get("created_at").asString(), zone));
        }
        line(out, 1, "Uploaded: " + Format.date(it.get("uploaded_at").asString(), zone));
        line(out, 1, "Expires: " + orNever(it.get("expires_at").asString(), zone));
        line(out, 1, "Last used: " + orNever(it.get("last_used_at").asString(), zone));
        line(out, 0, "Properties:");
        for (Map.Entry<String, String> entry :
                new TreeMap<>(it.get("properties").asStringMap()).entrySet()) {
            line(out, 1, entry.getKey() + ": " + entry.getValue());
        }
        line(out, 0, "Aliases:");
        for (Json alias : it.get("aliases").asList()) {
            String description = alias.get("description").asString();
            line(
                    out,
                    1,
                    "- "
                            + alias.get("name").asString()
                            + (description.isEmpty() ? "" : " (" + description + ")"));
        }
        line(out, 0, "Cached: " + yesNo(it.get("cached")));
        line(
                out,
                0,
                "Auto update: " + (it.get("auto_update").asBoolean() ? "enabled" : "disabled"));
        Json source = it.get("update_source");
        if (!source.isNull()) {
            line(out, 0, "Source:");
            line(out, 1, "Server: " + source.get("server").asString());
            line(out, 1, "Protocol: " + source.get("protocol").asString());
            line(out, 1, "Alias: " + source.get("alias").asString());
        }
        List<String> profiles = it.get("profiles").asStrings();
        line(out, 0, profiles.isEmpty() ? "Profiles: " : "Profiles:");
        for (String profile : profiles) {
            line(out, 1, "- " + profile);
        }
        context.output().print(out.toString());
        return 0;
    }

    private static void line(StringBuilder out, int depth, String text) {
        out.repeat("    ", depth).append(text).append('\n');
    }

    private static String yesNo(Json truth) {
        return truth.asBoolean() ? "yes" : "no";
    }

    private static String orNever(String date, ZoneId zone) {
        return Format.isSet(date) ? Format.date(date, zone) : "never";
    }

    private static Optional<CommandNode> alias(String name) {
        String alias = "[<remote>:]<alias>";
        return switch (name) {
            case "create" ->
                    Optional.of(
                            CommandSpec.of(
                                            "create",
                                            alias + " <fingerprint> [flags]",
                                            "Give an image an alias")
                                    .args(2, 2)
                                    .run(ImageCommands::createAlias));
            case "delete", "rm" ->
                    Optional.of(
                            CommandSpec.of("delete", alias + " [flags]", "Delete an alias")
                                    .alias("rm")
                                    .args(1, 1)
                                    .run(context -> {
                                        Ref ref = context.refAt(0);
                                        context.await(
                                                context.client(ref)
                                                        .imageAliases()
                                                        .delete(ref.name()));
                                        return 0;
                                    }));
            case "list", "ls" ->
                    Optional.of(
                            CommandSpec.of(
                                            "list",
                                            "[<remote>:] [<filters>...] [flags]",
                                            "List aliases")
                                    .alias("ls")
                                    .args(0, CommandSpec.ANY)
                                    .format()
                                    .run(ImageListCommand::listAliases));
            case "rename", "mv" ->
                    Optional.of(
                            CommandSpec.of(
                                            "rename",
                                            alias + " <new-name> [flags]",
                                            "Rename an alias")
                                    .alias("mv")
                                    .args(2, 2)
                                    .run(context -> {
                                        Ref ref = context.refAt(0);
                                        context.await(
                                                context.client(ref)
                                                        .imageAliases()
                                                        .rename(ref.name(), context.args().at(1)));
                                        return 0;
                                    }));
            default -> Optional.empty();
        };
    }

    private static int createAlias(Context context) {
        Ref ref = context.refAt(0);
        addAlias(context, context.client(ref), ref.name(), context.args().at(1));
        return 0;
    }

    private static void addAlias(
            Context context, AtollClient client, String name, String fingerprint) {
        context.await(
                client.imageAliases()
                        .create(Json.object().put("name", name).put("target", fingerprint)));
    }

    /// Gives an image its aliases, taking them from other images where they are in use.
    static void moveAliases(
            Context context, AtollClient client, List<String> names, String fingerprint) {
        for (String name : names) {
            try {
                addAlias(context, client, name, fingerprint);
            } catch (AlreadyExistsException | BusyException _) {
                client.imageAliases()
                        .replace(name, Json.object().put("target", fingerprint), "")
                        .awaitSuccess();
            }
        }
    }
}
