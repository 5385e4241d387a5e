package io.atoll.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.base.json.Json;
import io.atoll.daemon.http.TestClient;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Changes that would leave something else without what it needs: refused, and nothing is changed.
@Tag("privileged")
final class RefusalsIT {
    private LocalDaemon daemon;

    @BeforeEach
    void start() throws Exception {
        daemon = LocalDaemon.open("atoll-drefuse-");
        daemon.prepareInstances("dir");
    }

    @AfterEach
    void stop() throws Exception {
        daemon.close();
    }

    private void refused(String words, String method, String path, String body) throws IOException {
        TestClient.Answer answer = daemon.send(method, path, body);
        assertEquals(400, answer.status(), answer.text());
        assertEquals(words, answer.json().get("error").asString());
    }

    private Json get(String path) throws IOException {
        return daemon.client().get(path).metadata();
    }

    @Test
    void aProfileKeepsTheRootDiskThatInstancesLieOn() throws Exception {
        String profile = "/1.0/profiles/default";
        String words = "At least one instance relies on this profile's root disk device";
        Json unused = daemon.ok("POST", "/1.0/storage-pools", "{'name':'q','driver':'dir'}");
        unused =
                daemon.ok(
                        "POST",
                        "/1.0/instances",
                        "{'name':'c1','source':{'type':'image','alias':'busybox'}}");
        Json before = get(profile).get("devices");
        refused(words, "PUT", profile, "{'devices':{}}");
        refused(words, "PATCH", profile, "{'devices':{'root':{'pool':'q'}}}");
        refused(
                words,
                "PUT",
                profile,
                "{'devices':{'root':{'type':'disk','path':'/srv','source':'/srv'}}}");
        assertEquals(before, get(profile).get("devices"));
        unused =
                daemon.ok(
                        "PATCH",
                        profile,
                        "{'devices':{'root':{'size':'100MiB','type':'disk','path':'/','pool':'p'}}}");
        // With a root disk of its own the instance does not care.
        unused =
                daemon.ok(
                        "PATCH",
                        "/1.0/instances/c1",
                        "{'devices':{'root':{'type':'disk','path':'/','pool':'p'}}}");
        unused = daemon.ok("PUT", profile, "{'devices':{}}");
        unused = daemon.ok("PUT", "/1.0/instances/c1/state", "{'action':'start'}");
        assertEquals(0, daemon.exec("c1", "true"));
    }

    @Test
    void aProfileHasOneRootDisk() throws Exception {
        String two =
                "'devices':{'a':{'type':'disk','path':'/','pool':'p'},"
                        + "'b':{'type':'disk','path':'/','pool':'p'}}";
        String words =
                "Device validation failed for \"b\": More than one disk device uses the same path \"/\"";
        refused(words, "POST", "/1.0/profiles", "{'name':'twice'," + two + "}");
        assertEquals(404, daemon.client().get("/1.0/profiles/twice").status());
        Json unused = daemon.ok("POST", "/1.0/profiles", "{'name':'once'}");
        refused(words, "PUT", "/1.0/profiles/once", "{" + two + "}");
        assertEquals(Json.object(), get("/1.0/profiles/once").get("devices"));
    }

    @Test
    void anImageNamesProfilesThatAreThere() throws Exception {
        String image = "/1.0/images/" + get("/1.0/images/aliases/busybox").get("target").asString();
        refused("Profile 'nosuch' doesn't exist", "PATCH", image, "{'profiles':['nosuch']}");
        refused(
                "Profile 'nosuch' doesn't exist",
                "PUT",
                image,
                "{'profiles':['default','nosuch']}");
        assertEquals(List.of("default"), get(image).get("profiles").asStrings());
        Json unused = daemon.ok("PATCH", image, "{'profiles':[]}");
        assertEquals(List.of(), get(image).get("profiles").asStrings());
    }

    @Test
    void theDefaultProjectHasAllFeatures() throws Exception {
        refused(
                "You can't change the features of the default project",
                "PATCH",
                "/1.0/projects/default",
                "{'config':{'features.images':'false'}}");
        assertEquals(
                "true",
                get("/1.0/projects/default").get("config").get("features.images").asString());
    }

    @Test
    void warningsAreFiltered() throws Exception {
        Json all = get("/1.0/warnings?recursion=1");
        for (Json warning : all.asList()) {
            String uuid = warning.get("uuid").asString();
            assertEquals(
                    List.of("/1.0/warnings/" + uuid),
                    get("/1.0/warnings?filter=uuid%20eq%20" + uuid).asStrings());
        }
        assertEquals(List.of(), get("/1.0/warnings?filter=uuid%20eq%20none").asStrings());
        TestClient.Answer wrong = daemon.client().get("/1.0/warnings?filter=x");
        assertEquals(
                "Invalid filter: clause has no operator", wrong.json().get("error").asString());
    }
}
