package io.atoll.daemon.network;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.base.json.Json;
import io.atoll.daemon.LocalDaemon;
import io.atoll.daemon.http.TestClient;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What projects with and without `features.networks` see of networks, lists and zones, in LXD's
/// words.
final class ProjectNetworksTest {
    private LocalDaemon daemon;

    @BeforeEach
    void start() throws Exception {
        daemon = LocalDaemon.open("atoll-projectnets-");
        ok("POST", "/1.0/projects", "{'name':'own','config':{'features.networks':'true'}}");
        ok("POST", "/1.0/projects", "{'name':'shared'}");
    }

    @AfterEach
    void stop() throws Exception {
        daemon.close();
    }

    private Json ok(String method, String path, String body) throws IOException {
        return daemon.ok(method, path, body);
    }

    private String refused(int status, String method, String path, String body) throws IOException {
        TestClient.Answer answer = daemon.send(method, path, body);
        assertEquals(status, answer.status(), answer.text());
        return answer.json().get("error").asString();
    }

    private List<String> list(String path) throws IOException {
        return daemon.client().get(path).metadata().asStrings();
    }

    @Test
    void networksAreTheDefaultProjects() throws Exception {
        assertEquals(List.of(), list("/1.0/networks?project=own"));
        assertEquals(list("/1.0/networks"), list("/1.0/networks?project=shared"));
        assertEquals(200, daemon.client().get("/1.0/networks/lo?project=shared").status());
        assertEquals(200, daemon.client().get("/1.0/networks/lo/state?project=own").status());
        assertEquals("Network not found", refused(404, "GET", "/1.0/networks/lo?project=own", ""));
    }

    @Test
    void noNetworkIsFoundInAProjectOfItsOwn() throws Exception {
        for (String request :
                List.of(
                        "GET /leases",
                        "GET /forwards",
                        "POST /forwards",
                        "GET /forwards/10.0.0.1",
                        "DELETE /forwards/10.0.0.1",
                        "GET /peers",
                        "PUT ",
                        "PATCH ",
                        "POST ",
                        "DELETE ")) {
            String method = request.substring(0, request.indexOf(' '));
            String path = "/1.0/networks/nosuch" + request.substring(request.indexOf(' ') + 1);
            for (String project : List.of("default", "shared", "own")) {
                assertEquals(
                        "Failed loading network: Network not found",
                        refused(
                                404,
                                method,
                                path + "?project=" + project,
                                "{'name':'x','listen_address':'::1'}"),
                        request);
            }
        }
    }

    @Test
    void aProjectThatIsNotThereHasNothing() throws Exception {
        for (String kind : List.of("networks", "network-acls", "network-zones")) {
            String path = "/1.0/" + kind + "?project=nosuch";
            String none = "Failed to load project \"nosuch\": Project not found";
            assertEquals(none, refused(404, "GET", path, ""));
            assertEquals(none, refused(404, "POST", path, "{'name':'x1'}"));
        }
    }

    @Test
    void refusesNetworksOfOtherProjects() throws Exception {
        for (String type : List.of("bridge", "macvlan", "physical", "sriov")) {
            assertEquals(
                    "Network type does not support non-default projects",
                    refused(
                            400,
                            "POST",
                            "/1.0/networks?project=own",
                            "{'name':'pnet0','type':'" + type + "','config':{'parent':'lo'}}"));
        }
    }

    @Test
    void listsOfOneNameAreThereInEachProject() throws Exception {
        ok("POST", "/1.0/network-acls?project=own", "{'name':'a1','description':'own'}");
        assertEquals(List.of(), list("/1.0/network-acls"));
        assertEquals(
                "Network ACL not found",
                refused(404, "GET", "/1.0/network-acls/a1?project=shared", ""));
        ok("POST", "/1.0/network-acls?project=shared", "{'name':'a1','description':'all'}");
        assertEquals(
                "all",
                daemon.client()
                        .get("/1.0/network-acls/a1")
                        .metadata()
                        .get("description")
                        .asString());
        assertEquals(
                "The network ACL already exists",
                refused(400, "POST", "/1.0/network-acls?project=own", "{'name':'a1'}"));
        assertEquals(
                List.of("/1.0/profiles/default?project=own", "/1.0/network-acls/a1?project=own"),
                usedBy("own"));
        assertEquals(List.of("/1.0/profiles/default", "/1.0/network-acls/a1"), usedBy("default"));
    }

    private List<String> usedBy(String project) throws IOException {
        return daemon.client()
                .get("/1.0/projects/" + project)
                .metadata()
                .get("used_by")
                .asStrings();
    }

    @Test
    void listsNameThoseOfTheirProjectOnly() throws Exception {
        ok("POST", "/1.0/network-acls", "{'name':'other'}");
        String mentions = "{'name':'a2','ingress':[{'action':'allow','source':'other'}]}";
        assertEquals(
                "Network ACL \"other\" does not exist",
                refused(400, "POST", "/1.0/network-acls?project=own", mentions));
        ok("POST", "/1.0/network-acls?project=own", "{'name':'other'}");
        ok("POST", "/1.0/network-acls?project=own", mentions);
        assertEquals(
                "Cannot delete an ACL that is in use",
                refused(400, "DELETE", "/1.0/network-acls/other?project=own", ""));
        ok("DELETE", "/1.0/network-acls/other", "");
        ok("POST", "/1.0/network-acls/a2?project=own", "{'name':'a3'}");
        ok("PATCH", "/1.0/network-acls/a3?project=own", "{'description':'new'}");
        assertEquals(
                List.of("/1.0/network-acls/a3", "/1.0/network-acls/other"),
                list("/1.0/network-acls?project=own"));
    }

    @Test
    void aZonesNameIsTakenForAllProjects() throws Exception {
        ok("POST", "/1.0/network-zones?project=own", "{'name':'z.example'}");
        assertEquals(
                "The network zone already exists",
                refused(400, "POST", "/1.0/network-zones", "{'name':'z.example'}"));
        assertEquals(List.of(), list("/1.0/network-zones"));
        assertEquals(
                "Network zone not found", refused(404, "GET", "/1.0/network-zones/z.example", ""));
        ok("POST", "/1.0/network-zones/z.example/records?project=own", "{'name':'www'}");
        assertEquals(
                "Network zone not found",
                refused(404, "GET", "/1.0/network-zones/z.example/records", ""));
        assertEquals(
                List.of("/1.0/network-zones/z.example/records/www"),
                list("/1.0/network-zones/z.example/records?project=own"));
    }

    @Test
    void aRestrictedProjectHasTheZonesThatItsRulesName() throws Exception {
        ok(
                "POST",
                "/1.0/projects",
                "{'name':'r1','config':{'features.networks':'true','restricted':'true',"
                        + "'restricted.networks.zones':'example, other.net'}}");
        for (String name : List.of("example.org", "notexample", "net")) {
            assertEquals(
                    "Project isn't allowed to use this DNS zone",
                    refused(
                            403,
                            "POST",
                            "/1.0/network-zones?project=r1",
                            "{'name':'" + name + "'}"));
        }
        ok("POST", "/1.0/network-zones?project=r1", "{'name':'z3.example'}");
        ok("POST", "/1.0/network-zones?project=r1", "{'name':'other.net'}");
    }

    @Test
    void listsAndZonesComeAndGoWithTheirProject() throws Exception {
        ok("POST", "/1.0/network-acls?project=own", "{'name':'a1'}");
        ok("POST", "/1.0/network-zones?project=own", "{'name':'z.example'}");
        assertEquals(
                "Features can only be changed on empty projects: \"features.networks\" would become"
                        + " false",
                refused(
                        400,
                        "PATCH",
                        "/1.0/projects/own",
                        "{'config':{'features.networks':'false'}}"));
        ok("POST", "/1.0/projects/own", "{'name':'next'}");
        assertEquals(List.of("/1.0/network-acls/a1"), list("/1.0/network-acls?project=next"));
        assertEquals(
                List.of("/1.0/network-zones/z.example"), list("/1.0/network-zones?project=next"));
        ok("DELETE", "/1.0/projects/next", "");
        ok("POST", "/1.0/projects", "{'name':'next','config':{'features.networks':'true'}}");
        assertEquals(List.of(), list("/1.0/network-acls?project=next"));
        ok("POST", "/1.0/network-zones", "{'name':'z.example'}");
    }

    @Test
    void profilesNameNetworksThatTheirProjectSees() throws Exception {
        String body = "{'name':'p1','devices':{'eth0':{'type':'nic','network':'nosuch'}}}";
        String failed =
                "Device validation failed for \"eth0\": Failed loading device \"eth0\": Failed to"
                        + " load network \"nosuch\" for project \"%s\": Network not found";
        assertEquals(failed.formatted("default"), refused(400, "POST", "/1.0/profiles", body));
        assertEquals(
                failed.formatted("own"), refused(400, "POST", "/1.0/profiles?project=own", body));
        assertEquals(
                failed.formatted("default"), refused(404, "PATCH", "/1.0/profiles/default", body));
    }
}
