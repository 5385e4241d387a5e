package io.atoll.fuzz;

import io.atoll.api.MultipartReader;
import io.atoll.base.ByteSize;
import io.atoll.base.CpuSet;
import io.atoll.base.DomainException;
import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import io.atoll.cli.CliException;
import io.atoll.cli.text.Yaml;
import io.atoll.daemon.device.Devices;
import io.atoll.daemon.filter.Filter;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.Expiry;
import io.atoll.daemon.instance.config.IdmapJson;
import io.atoll.daemon.schedule.CronSchedule;
import io.atoll.image.ImageMetadata;
import io.atoll.image.TemplateRenderer;
import io.atoll.image.oci.OciName;
import io.atoll.image.remote.StreamsImages;
import io.atoll.image.remote.StreamsList;
import io.atoll.network.Leases;
import io.atoll.plan.InvalidPlanException;
import io.atoll.plan.Plan;
import io.atoll.plan.PlanDecoder;
import io.atoll.plan.PlanEncoder;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/// The parsers that can be called from anywhere.
final class BodyTargets {
    private static final URI BASE = URI.create("https://example.org/images/");
    private static final ZonedDateTime THEN = ZonedDateTime.parse("2025-01-02T03:04:05Z");

    private static final Json OBJECT =
            Json.parse(
                    "{\"name\": \"c1\", \"config\": {\"user.a\": \"b\"}, \"n\": 1, \"s\": true}");

    private BodyTargets() {}

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    /// What is read is written and read again as the same.
    static void json(String text) {
        Json value;
        try {
            value = Json.parse(text);
        } catch (JsonException _) {
            return;
        }
        require(Json.parse(value.render()).equals(value), "another value when it is read again");
    }

    /// Lines `KEY=VALUE`, each as a key of its own.
    static void config(String text) {
        Map<String, String> all = new TreeMap<>();
        for (String line : text.lines().toList()) {
            int equals = line.indexOf('=');
            if (equals > 0) {
                String key = line.substring(0, equals);
                String value = line.substring(equals + 1).replace("\\n", "\n");
                all.put(key, value);
                quietly(value, v -> ConfigKeys.checkContainer(Map.of(key, v)));
                quietly(value, v -> ConfigKeys.checkProfile(Map.of(key, v)));
                values(value);
            }
        }
        ConfigKeys.checkContainer(all);
    }

    private static void values(String value) {
        quietly(value, ByteSize::parse);
        quietly(value, CpuSet::parse);
        quietly(value, CronSchedule::parse);
        quietly(value, v -> Expiry.parse(v).after(THEN.toOffsetDateTime()));
        quietly(value, IdmapJson::parse);
        quietly(value, OciName::parse);
        quietly(value, Leases::parse);
    }

    private static void quietly(String value, Consumer<String> parser) {
        try {
            parser.accept(value);
        } catch (DomainException _) {
            // Refused.
        }
    }

    static void devices(String text) {
        Map<String, Map<String, String>> devices = new TreeMap<>();
        try {
            Json.parse(text).asMap().forEach((name, keys) -> devices.put(name, keys.asStringMap()));
        } catch (JsonException _) {
            return;
        }
        devices.forEach((name, keys) -> {
            try {
                require(Devices.parse(name, keys) != null, "no device");
            } catch (DomainException _) {
                // Refused.
            }
        });
        Devices.requireApart(Devices.parseAll(devices));
    }

    static void filter(String text) {
        boolean _ = Filter.parse(text).matches(OBJECT);
    }

    static void metadata(String text) {
        ImageMetadata read = ImageMetadata.parse(text);
        require(ImageMetadata.parse(read.render()).equals(read), "another when it is read again");
    }

    static void yaml(String text) {
        try {
            String _ = Yaml.render(Yaml.parse(text));
        } catch (CliException _) {
            // Refused.
        }
    }

    /// Lists of images name files of their own server only.
    static void products(String text) {
        for (var image : StreamsImages.of(StreamsList.parse(BASE, text))) {
            for (var part : image.files()) {
                require(
                        part.uri().toString().startsWith(BASE.toString()),
                        "leads elsewhere: " + part.uri());
            }
        }
    }

    static void template(String text) {
        String _ = TemplateRenderer.renderPattern(text, Map.of("creation_date", THEN, "n", 7));
    }

    /// The first line is the Content-Type. Nothing comes out that did not go in.
    static void multipart(byte[] input) throws IOException {
        int end = 0;
        while (end < input.length && input[end] != '\n') {
            end++;
        }
        String type = new String(input, 0, end, StandardCharsets.ISO_8859_1);
        byte[] body = Arrays.copyOfRange(input, Math.min(end + 1, input.length), input.length);
        MultipartReader parts = new MultipartReader(new ByteArrayInputStream(body), type);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        while (parts.next().isPresent()) {
            ByteArrayOutputStream part = new ByteArrayOutputStream();
            parts.copyTo(part);
            require(holds(body, part.toByteArray()), "a part that was not sent");
            all.writeBytes(part.toByteArray());
        }
        require(all.size() <= body.length, "more than was sent");
    }

    private static boolean holds(byte[] whole, byte[] part) {
        String text = new String(whole, StandardCharsets.ISO_8859_1);
        return text.contains(new String(part, StandardCharsets.ISO_8859_1));
    }

    /// A plan that can be read is written as the same bytes.
    static void plan(byte[] input) {
        Plan plan;
        try {
            plan = PlanDecoder.decode(input);
        } catch (InvalidPlanException _) {
            return;
        }
        byte[] again = PlanEncoder.encode(plan);
        require(PlanDecoder.decode(again).equals(plan), "another plan when it is read again");
    }
}
