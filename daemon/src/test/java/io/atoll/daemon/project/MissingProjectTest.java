package io.atoll.daemon.project;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.daemon.LocalDaemon;
import io.atoll.daemon.http.TestClient;
import org.junit.jupiter.api.Test;

/// What a project that is not there answers, in LXD's words, which are not the same everywhere.
/// Volumes need a pool and so root: `ConformanceTest` has them.
final class MissingProjectTest {
    private static final String ANSWERS =
            """
            200 GET /1.0/instances :\s
            404 GET /1.0/instances/c1 : Instance not found
            404 POST /1.0/instances : Failed loading project: Project not found
            404 PUT /1.0/instances : Project not found
            404 POST /1.0/instances/c1/snapshots : Project not found
            404 GET /1.0/images : Check if project has images: fetch project: Project not found
            404 GET /1.0/images/abc : Check if project has images: fetch project: Project not found
            404 PUT /1.0/images/abc : Check if project has images: fetch project: Project not found
            404 DELETE /1.0/images/abc : Check if project has images: fetch project: Project not found
            404 GET /1.0/images/abc/export : Check if project has images: fetch project: Project not found
            404 POST /1.0/images : Fetch project database object: Project not found
            404 GET /1.0/images/aliases : Check if project has images: fetch project: Project not found
            404 GET /1.0/images/aliases/a : Check if project has images: fetch project: Project not found
            404 POST /1.0/images/aliases : Check if project has images: fetch project: Project not found
            404 DELETE /1.0/images/aliases/a : Check if project has images: fetch project: Project not found
            404 GET /1.0/profiles : Failed loading project "x": Project not found
            404 GET /1.0/profiles/default : Failed loading project "x": Project not found
            404 POST /1.0/profiles : Failed loading project "x": Project not found
            404 PUT /1.0/profiles/default : Failed loading project "x": Project not found
            404 POST /1.0/profiles/default : Failed loading project "x": Project not found
            404 DELETE /1.0/profiles/p : Failed loading project "x": Project not found
            200 GET /1.0/storage-pools :\s
            404 GET /1.0/networks : Failed to load project "x": Project not found
            404 GET /1.0/networks/lo : Failed to load project "x": Project not found
            404 GET /1.0/networks/lo/state : Failed to load project "x": Project not found
            404 GET /1.0/network-acls : Failed to load project "x": Project not found
            404 GET /1.0/network-zones : Failed to load project "x": Project not found
            200 GET /1.0/operations :\s
            200 GET /1.0/warnings :\s
            200 GET /1.0/certificates :\s
            200 GET /1.0/projects :\s
            """;

    private static final String BODY =
            "{'name':'a','target':'b','source':{'type':'none'},'state':{'action':'start'}}";

    @Test
    void answersAsLxdDoes() throws Exception {
        StringBuilder answers = new StringBuilder();
        try (LocalDaemon daemon = LocalDaemon.open("atoll-noproject-")) {
            for (String line : ANSWERS.lines().toList()) {
                String method = line.split(" ")[1];
                String path = line.split(" ")[2];
                boolean hasBody = method.equals("POST") || method.equals("PUT");
                TestClient.Answer answer =
                        daemon.send(method, path + "?project=x", hasBody ? BODY : "");
                String error = answer.json().get("error").asString();
                answers.append(answer.status() + " " + method + " " + path + " : " + error + "\n");
            }
        }
        assertEquals(ANSWERS, answers.toString());
    }
}
