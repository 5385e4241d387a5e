package io.atoll.cli.command;

import io.atoll.base.DomainException;
import io.atoll.base.NotFoundException;
import io.atoll.base.Undo;
import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.text.Yaml;
import io.atoll.client.AtollClient;
import io.atoll.client.Entity;
import io.atoll.client.Records;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// A whole configuration of a daemon as one document. Existing things are changed key by key,
/// missing ones created; if anything fails, what was done before is undone.
final class Preseed {
    private static final String DEFAULT = "default";

    /// The lists of things, and what may be said of each thing. LXD 5.0.2 refuses volumes and the
    /// projects of profiles.
    private static final Map<String, Set<String>> LISTS =
            Map.of(
                    "storage_pools", Set.of("name", "driver", "description", "config"),
                    "networks", Set.of("name", "type", "project", "description", "config"),
                    "projects", Set.of("name", "description", "config"),
                    "profiles", Set.of("name", "project", "description", "config", "devices"),
                    "storage_volumes",
                            Set.of(
                                    "name",
                                    "pool",
                                    "project",
                                    "type",
                                    "content_type",
                                    "description",
                                    "config"));

    private final Json document;

    private Preseed(Json document) {
        this.document = document;
    }

    /// @throws CliException for a member nobody knows: a typing error must not pass silently
    static Preseed parse(Json document) {
        for (String member : document.asMap().keySet()) {
            if (LISTS.containsKey(member)) {
                document.get(member).asList().forEach(it -> checkEntry(member, it));
            } else if (!member.equals("config") && !member.equals("cluster")) {
                throw new CliException(
                        "Failed to parse the preseed: unknown member \"" + member + "\"",
                        "members are config, " + String.join(", ", new TreeSet<>(LISTS.keySet())));
            }
        }
        if (!document.get("cluster").isNull()
                && document.get("cluster").get("enabled").asBoolean()) {
            throw new CliException("Failed to parse the preseed: clusters are not supported");
        }
        return new Preseed(document);
    }

    private static void checkEntry(String list, Json it) {
        Set<String> known = LISTS.getOrDefault(list, Set.of());
        for (String member : it.asMap().keySet()) {
            if (!known.contains(member)) {
                throw new CliException(
                        "Failed to parse the preseed: unknown member \""
                                + member
                                + "\" of an entry of "
                                + list,
                        "its members are " + String.join(", ", new TreeSet<>(known)));
            }
        }
        if (it.get("name").asString().isEmpty()) {
            throw new CliException(
                    "Failed to parse the preseed: an entry of " + list + " has no name");
        }
        if (list.equals("storage_volumes") && it.get("pool").asString().isEmpty()) {
            throw new CliException(
                    "Failed to parse the preseed: storage volume \""
                            + it.get("name").asString()
                            + "\" has no pool");
        }
    }

    /// Networks of the default project come before the projects, whose profiles may name them;
    /// those of other projects, and what else is in one, after them.
    void apply(AtollClient client) {
        try (Undo undo = new Undo()) {
            applyServer(client, undo);
            for (Json it : list("storage_pools")) {
                apply("storage pool", client.storagePools(), it, undo, "driver");
            }
            for (Json it : list("networks")) {
                if (project(it).equals(DEFAULT)) {
                    applyNetwork(client, it, undo);
                }
            }
            for (Json it : list("projects")) {
                apply("project", client.projects(), it, undo, "");
            }
            for (Json it : list("networks")) {
                if (!project(it).equals(DEFAULT)) {
                    applyNetwork(client, it, undo);
                }
            }
            for (Json it : list("storage_volumes")) {
                String type =
                        it.get("type").asString().isEmpty() ? "custom" : it.get("type").asString();
                Records volumes = of(client, it).storageVolumes(it.get("pool").asString(), type);
                apply("storage volume", volumes, it, undo, "content_type");
            }
            for (Json it : list("profiles")) {
                apply("profile", of(client, it).profiles(), it, undo, "");
            }
            undo.keep();
        }
    }

    private List<Json> list(String member) {
        return document.get(member).asList();
    }

    private static String project(Json it) {
        String project = it.get("project").asString();
        return project.isEmpty() ? DEFAULT : project;
    }

    /// A client of the project that an entry names; without one, the default.
    private static AtollClient of(AtollClient client, Json it) {
        return new AtollClient(client.rest(), project(it));
    }

    private static void applyNetwork(AtollClient client, Json it, Undo undo) {
        apply("network", of(client, it).networks(), it, undo, "type");
    }

    private void applyServer(AtollClient client, Undo undo) {
        Json.Obj wanted = Yaml.stringsOf(document.get("config"));
        if (wanted.members().isEmpty()) {
            return;
        }
        Json before = client.server().value().get("config");
        attempt(
                "update server configuration",
                () -> client.rest().call("PATCH", "/1.0", Json.object().put("config", wanted), ""));
        Json.Obj old = Json.object();
        for (String key : wanted.members().keySet()) {
            old.put(key, before.get(key).isNull() ? Json.string("") : before.get(key));
        }
        undo.add(() -> client.rest().call("PATCH", "/1.0", Json.object().put("config", old), ""));
    }

    /// Of a long document, the part that could not be is named.
    private static void attempt(String what, Runnable work) {
        try {
            work.run();
        } catch (DomainException e) {
            throw new CliException("Failed to " + what + ": " + e.getMessage());
        }
    }

    /// @param kind what it is, in words
    /// @param fixed the member that is given at creation only; empty if there is none
    private static void apply(String kind, Records records, Json it, Undo undo, String fixed) {
        String name = it.get("name").asString();
        String of = project(it).equals(DEFAULT) ? "" : " in project \"" + project(it) + "\"";
        String what = kind + " \"" + name + "\"" + of;
        Optional<Entity> now = find(records, name);
        if (now.isPresent()) {
            requireOurs(what, now.get());
            requireSame(what, now.get().value().get(fixed), it.get(fixed));
            attempt("update " + what, () -> change(records, name, now.get(), it, undo));
        } else {
            attempt("create " + what, () -> records.create(creation(it, fixed)).awaitSuccess());
            undo.add(() -> records.delete(name).awaitSuccess());
        }
    }

    private static void requireSame(String what, Json now, Json wanted) {
        if (!wanted.asString().isEmpty() && !wanted.asString().equals(now.asString())) {
            throw new CliException(
                    what.substring(0, 1).toUpperCase(Locale.ROOT)
                            + what.substring(1)
                            + " is of type \""
                            + now.asString()
                            + "\" instead of \""
                            + wanted.asString()
                            + "\"");
        }
    }

    private static Optional<Entity> find(Records records, String name) {
        try {
            return Optional.of(records.get(name));
        } catch (NotFoundException _) {
            return Optional.empty();
        }
    }

    /// Interfaces of the host are listed with the networks, but nobody made them here.
    private static void requireOurs(String what, Entity now) {
        Json managed = now.value().get("managed");
        if (!managed.isNull() && !managed.asBoolean()) {
            throw new CliException(
                    "Failed to create " + what + ": the host has an interface of that name");
        }
    }

    private static Json creation(Json it, String fixed) {
        Json.Obj out =
                Json.object()
                        .put("name", it.get("name"))
                        .put("description", it.get("description").asString())
                        .put("config", Yaml.stringsOf(it.get("config")));
        if (!it.get("devices").isNull()) {
            out.put("devices", devices(it.get("devices")));
        }
        if (!it.get(fixed).isNull()) {
            out.put(fixed, it.get(fixed));
        }
        return out;
    }

    private static Json.Obj devices(Json given) {
        Json.Obj out = Json.object();
        for (Map.Entry<String, Json> device : given.asMap().entrySet()) {
            out.put(device.getKey(), Yaml.stringsOf(device.getValue()));
        }
        return out;
    }

    private static void change(Records records, String name, Entity now, Json wanted, Undo undo) {
        Json.Obj before = editable(now.value());
        Json.Obj after = editable(now.value());
        if (!wanted.get("description").isNull()) {
            after.put("description", wanted.get("description"));
        }
        merge(after, "config", Yaml.stringsOf(wanted.get("config")));
        if (!wanted.get("devices").isNull()) {
            merge(after, "devices", devices(wanted.get("devices")));
        }
        if (after.equals(before)) {
            return;
        }
        records.replace(name, after, now.etag()).awaitSuccess();
        undo.add(() -> records.replace(name, before, "").awaitSuccess());
    }

    private static Json.Obj editable(Json value) {
        Json.Obj out = Json.object().put("description", value.get("description").asString());
        for (String member : List.of("config", "devices")) {
            if (value.get(member) instanceof Json.Obj map) {
                Json.Obj copy = Json.object();
                copy.members().putAll(map.members());
                out.put(member, copy);
            }
        }
        return out;
    }

    private static void merge(Json.Obj target, String member, Json.Obj added) {
        Json.Obj merged =
                target.get(member) instanceof Json.Obj existing ? existing : Json.object();
        merged.members().putAll(added.members());
        target.put(member, merged);
    }

    /// The configuration of a daemon in the same form.
    static Json dump(AtollClient client) {
        Json.Obj out = Json.object().put("config", client.server().value().get("config"));
        Json.Arr networks = Json.array();
        for (Json it : client.networks().list()) {
            if (it.get("managed").asBoolean()) {
                networks.items()
                        .add(
                                pick(it, "config", "description", "name", "type")
                                        .put("project", DEFAULT));
            }
        }
        out.put("networks", networks);
        out.put(
                "storage_pools",
                picked(client.storagePools().list(), "config", "description", "name", "driver"));
        out.put(
                "profiles",
                picked(client.profiles().list(), "config", "description", "devices", "name"));
        return out.put(
                "projects", picked(client.projects().list(), "config", "description", "name"));
    }

    private static Json picked(List<Json> items, String... members) {
        Json.Arr out = Json.array();
        for (Json item : items) {
            out.items().add(pick(item, members));
        }
        return out;
    }

    private static Json.Obj pick(Json item, String... members) {
        Json.Obj out = Json.object();
        for (String member : members) {
            out.put(member, item.get(member));
        }
        return out;
    }
}
