package io.atoll.lxctools.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.lxctools.boot.StartOrder.Entry;
import io.atoll.runtime.lxc.LxcConfig;
import io.atoll.runtime.lxc.LxcIncludes;
import java.util.List;
import org.junit.jupiter.api.Test;

class StartOrderTest {
    private static Entry entry(String name, String text) {
        return Entry.of(name, LxcConfig.parse(text, name, LxcIncludes.none()));
    }

    /// The example of the articles about LXC 1.0.
    private static final Entry P1 = entry("p1", "lxc.start.auto = 1\nlxc.group = Ubuntu\n");

    private static final Entry P2 =
            entry("p2", "lxc.start.auto = 1\nlxc.start.delay = 5\nlxc.start.order = 100\n");

    private static final Entry MANUAL = entry("p3", "lxc.group = Ubuntu\n");

    private static final List<Entry> ALL = List.of(P1, P2, MANUAL);

    private static List<String> names(List<Entry> entries) {
        return entries.stream().map(Entry::name).toList();
    }

    @Test
    void withoutGroupsOnlyThoseWithoutGroupStart() {
        StartOrder order = new StartOrder(false);
        assertEquals(
                List.of("p2"),
                names(order.toStart(ALL, StartOrder.groups(List.of()), false, false)));
        assertEquals(5, P2.delaySeconds());
    }

    @Test
    void allIgnoresGroupsAndHigherOrderIsLaterUnlessAskedOtherwise() {
        assertEquals(
                List.of("p1", "p2"),
                names(new StartOrder(false).toStart(ALL, List.of(), true, false)));
        assertEquals(
                List.of("p2", "p1"),
                names(new StartOrder(true).toStart(ALL, List.of(), true, false)));
    }

    @Test
    void stoppingIsTheOtherWayRound() {
        assertEquals(
                List.of("p2", "p1"),
                names(new StartOrder(false).toStop(ALL, List.of(), true, false)));
    }

    @Test
    void groupsAreMatchedInFullAndTakenInTheirOrder() {
        StartOrder order = new StartOrder(false);
        assertEquals(
                List.of("p1"),
                names(order.toStart(ALL, StartOrder.groups(List.of("Ubuntu")), false, false)));
        assertEquals(
                List.of(),
                names(order.toStart(ALL, StartOrder.groups(List.of("Ubu")), false, false)));
        assertEquals(
                List.of("p1", "p2"),
                names(order.toStart(ALL, StartOrder.groups(List.of("Ubuntu,")), false, false)));
        assertEquals(
                List.of("p2", "p1"),
                names(order.toStart(ALL, StartOrder.groups(List.of(",Ubuntu")), false, false)));
        assertEquals(
                List.of("p1", "p3"),
                names(order.toStart(ALL, StartOrder.groups(List.of("Ubuntu")), false, true)));
    }

    @Test
    void groupsMayBeSeparatedByCommasBlanksAndLines() {
        assertEquals(
                List.of("a", "b", "c", "d"),
                entry("x", "lxc.group = a,b c\nlxc.group = d\n").groups());
    }

    @Test
    void bootGroupsEndWithThoseThatHaveNone() {
        assertEquals(List.of("onboot", ""), StartOrder.groups(List.of("onboot,")));
    }
}
