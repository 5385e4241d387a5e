package io.atoll.conformance;

import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import io.atoll.client.HttpConnection;
import io.atoll.client.HttpReply;
import io.atoll.client.HttpRequest;
import io.atoll.client.UnixConnector;
import io.atoll.testkit.Program;
import io.atoll.testkit.Program.Output;
import io.atoll.testkit.TestImages;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// One of the two servers: what it is asked and what it answers.
///
/// @param client the command line that drives it
/// @param own what is put where the exchanges say `BRIDGE`, `FORWARDTO` or `FINGERPRINT`
record Peer(Path socket, Program client, Map<String, String> own, Normal normal) {
    /// Replies that are files are compared by their head only.
    private static final int TEXT_MAX = 64 << 10;

    /// Members of operations that say how far they are.
    private static final Pattern PROGRESS = Pattern.compile(".*progress");

    private static final Pattern PERCENT = Pattern.compile("\\d+% \\(");

    /// What of an operation depends on how long one waits.
    private static final Pattern MEANWHILE =
            Pattern.compile("metadata\\.(status|status_code|err|metadata.*)");

    Answer ask(Exchange exchange) {
        return exchange.isCommand() ? run(exchange.words()) : send(exchange.words());
    }

    private String filled(String text) {
        String out = text;
        for (Map.Entry<String, String> entry : own.entrySet()) {
            out = out.replace(entry.getKey(), entry.getValue());
        }
        return out;
    }

    private Answer run(List<String> words) {
        Output output = client.run(words.stream().skip(1).map(this::filled).toArray(String[]::new));
        Answer answer = new Answer(new TreeMap<>());
        answer.leaves().put("exit", Integer.toString(output.exit()));
        if (output.exit() != 0) {
            answer.leaves().put("error", normal.text(output.err().strip()));
            return answer;
        }
        int number = 1;
        boolean hasProgress = PERCENT.matcher(output.out()).find();
        for (String line : output.out().lines().toList()) {
            if (hasProgress && (line.isBlank() || PERCENT.matcher(line).find())) {
                continue;
            }
            answer.leaves().put(String.format("line %03d", number++), tidy(line));
        }
        return answer;
    }

    /// Columns are as wide as what was taken out of them.
    private String tidy(String line) {
        return normal.text(line).replaceAll(" +", " ").replaceAll("-{2,}", "--").stripTrailing();
    }

    private Answer send(List<String> words) {
        Answer answer = new Answer(new TreeMap<>());
        try {
            Json reply =
                    request(
                            words.get(0),
                            words.get(1),
                            words.size() > 2 ? words.get(2) : "",
                            answer);
            if (reply.get("type").asString().equals("async")) {
                String url = reply.get("operation").asString() + "/wait?timeout=60";
                Json ended = request("GET", url, "", new Answer(new TreeMap<>())).get("metadata");
                answer.leaves().keySet().removeIf(k -> MEANWHILE.matcher(k).matches());
                answer.putAll("operation", withoutProgress(ended), normal);
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(String.join(" ", words), failure);
        } catch (JsonException _) {
            answer.leaves().put("body", "no JSON");
        }
        return answer;
    }

    private static Json withoutProgress(Json operation) {
        if (operation instanceof Json.Obj outer
                && outer.get("metadata") instanceof Json.Obj inner) {
            inner.members().keySet().removeIf(k -> PROGRESS.matcher(k).matches());
            if (inner.members().isEmpty()) {
                outer.put("metadata", Json.Null.NULL);
            }
        }
        return operation;
    }

    private Json request(String method, String path, String body, Answer answer)
            throws IOException {
        HttpRequest request = new HttpRequest(method, filled(path));
        if (!body.isEmpty()) {
            byte[] bytes = filled(body).getBytes(StandardCharsets.UTF_8);
            request.header("Content-Type", "application/json")
                    .body(new ByteArrayInputStream(bytes), bytes.length);
        }
        try (HttpConnection connection = new HttpConnection(new UnixConnector(socket).open());
                HttpReply reply = connection.send(request)) {
            answer.leaves().put("status", Integer.toString(reply.status()));
            boolean hasTag = reply.header("etag").isPresent();
            answer.leaves().put("header ETag", hasTag ? "present" : "absent");
            reply.header("location")
                    .ifPresent(l -> answer.leaves().put("header Location", normal.text(l)));
            String type = reply.header("content-type").orElse("none");
            answer.leaves().put("header Content-Type", type);
            String text = new String(reply.body().readNBytes(TEXT_MAX), StandardCharsets.UTF_8);
            if (!type.startsWith("application/json")) {
                return Json.object();
            }
            Json json = Json.parse(text);
            for (String member : List.of("type", "error_code", "error", "metadata")) {
                answer.putAll(member, json.get(member), normal);
            }
            return json;
        }
    }

    /// What each server has from the beginning: a pool, a bridge, a profile with both and an image.
    ///
    /// @param address the bridge's, with its prefix
    static void prepare(Program client, String bridge, String address) {
        client.run("storage", "create", "default", "dir").ok();
        client.run("network", "create", bridge, "ipv6.address=none", "ipv4.address=" + address)
                .ok();
        client.run("profile", "device", "add", "default", "root", "disk", "path=/", "pool=default")
                .ok();
        client.run(
                        "profile",
                        "device",
                        "add",
                        "default",
                        "eth0",
                        "nic",
                        "network=" + bridge,
                        "name=eth0")
                .ok();
        client.run("image", "import", TestImages.busybox().toString(), "--alias", "busybox").ok();
    }
}
