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
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// A whole configuration of a daemon as one document. Existing things are changed key by key,
/// missing ones created; if anything fails, what was done before is undone.
final class Preseed {
    private static final Set<String> MEMBERS =
            Set.of("config", "storage_pools", "networks", "projects", "profiles", "cluster");

    private final Json document;

    private Preseed(Json document) {
        this.document = document;
    }

    /// @throws CliException for a member nobody knows: a typing error must not pass silently
    static Preseed parse(Json document) {
        for (String member : document.asMap().keySet()) {
            if (!MEMBERS.contains(member)) {
                throw new CliException(
                        "Failed to parse the preseed: unknown member \"" + member + "\"",
                        "members are config, storage_pools, networks, projects and profiles");
            }
        }
        if (!document.get("cluster").isNull()
                && document.get("cluster").get("enabled").asBoolean()) {
            throw new CliException("Failed to parse the preseed: clusters are not supported");
        }
        return new Preseed(document);
    }

    void apply(AtollClient client) {
        try (Undo undo = new Undo()) {
            applyServer(client, undo);
            applyAll(
                    "storage pool",
                    client.storagePools(),
                    document.get("storage_pools"),
                    undo,
                    "driver");
            applyAll("network", client.networks(), document.get("networks"), undo, "type");
            applyAll("project", client.projects(), document.get("projects"), undo);
            applyAll("profile", client.profiles(), document.get("profiles"), undo);
            undo.keep();
        }
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

    /// @param kind what each of them is, in words
    /// @param fixed members that are given at creation only
    private static void applyAll(
            String kind, Records records, Json wanted, Undo undo, String... fixed) {
        for (Json it : wanted.asList()) {
            String name = it.get("name").asString();
            if (name.isEmpty()) {
                throw new CliException("Failed to parse the preseed: an entry has no name");
            }
            String what = kind + " \"" + name + "\"";
            Optional<Entity> now = find(records, name);
            if (now.isPresent()) {
                requireOurs(what, now.get());
                attempt("update " + what, () -> change(records, name, now.get(), it, undo));
            } else {
                attempt("create " + what, () -> records.create(creation(it, fixed)).awaitSuccess());
                undo.add(() -> records.delete(name).awaitSuccess());
            }
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

    private static Json creation(Json it, String... fixed) {
        Json.Obj out =
                Json.object()
                        .put("name", it.get("name"))
                        .put("description", it.get("description").asString())
                        .put("config", Yaml.stringsOf(it.get("config")));
        if (!it.get("devices").isNull()) {
            out.put("devices", devices(it.get("devices")));
        }
        for (String member : fixed) {
            if (!it.get(member).isNull()) {
                out.put(member, it.get(member));
            }
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
                                        .put("project", "default"));
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
