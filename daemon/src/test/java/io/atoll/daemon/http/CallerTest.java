package io.atoll.daemon.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.base.ProjectName;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class CallerTest {
    private static final List<String> URLS =
            List.of(
                    "/1.0/instances/a",
                    "/1.0/instances/b?project=mine",
                    "/1.0/instances/c?project=other",
                    "/1.0/images/ffff");

    @Test
    void whoIsKeptToProjectsSeesNothingOfOthers() {
        assertEquals(URLS, Caller.local("root").visible(URLS));
        Caller kept = Caller.restricted("f", "1.2.3.4", Set.of(new ProjectName("mine")));
        assertEquals(List.of("/1.0/instances/b?project=mine"), kept.visible(URLS));
        Caller guest = Caller.restricted("f", "1.2.3.4", Set.of(ProjectName.DEFAULT));
        assertEquals(List.of("/1.0/instances/a", "/1.0/images/ffff"), guest.visible(URLS));
        assertEquals(List.of(), Caller.restricted("f", "", Set.of()).visible(URLS));
    }
}
