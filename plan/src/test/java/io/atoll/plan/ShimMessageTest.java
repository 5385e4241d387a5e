package io.atoll.plan;

import static org.junit.jupiter.api.Assertions.*;

import io.atoll.plan.ShimMessage.*;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ShimMessageTest {
    private static final List<ShimMessage> ALL =
            List.of(
                    new Hello(),
                    new Welcome(1, "abc"),
                    new Start(List.of(Slot.of(3), Slot.of(0)), Blob.of(SamplePlans.start())),
                    new Exec(List.of(), Blob.of(SamplePlans.exec())),
                    new Retire(),
                    new Adopt(List.of(Slot.of(0)), Blob.of(SamplePlans.start()), 77, 2),
                    new GetExit(77),
                    new Exit(256),
                    new Gate(77),
                    new Started(77, 2, 1),
                    new Failed(Section.CHILD, 3, "mount proc", "fsopen", 1, "no"),
                    new Gone(Reason.HALT, 0),
                    new Rebooting(),
                    new State(Phase.RUNNING, 77, 1, 5, "web"),
                    new Ok(),
                    new Refused(22, "bad"),
                    new Descriptor(1),
                    new GetState(),
                    new OpenGate(),
                    new Signal(15),
                    new Kill(),
                    new Watch(),
                    new Attach(0, true, false),
                    new Resize(0, 25, 80),
                    new GetLog(),
                    new ClearLog(),
                    new GetKept(Slot.of(9)),
                    new GetTerminal(ShimMessage.ANY_TERMINAL),
                    new GetPlan(),
                    new SetReboot(MonitorOptions.OnReboot.REPORT),
                    new Announce(ShimMessage.Pace.FROZEN),
                    new ForwardCalls(),
                    new Announced(ShimMessage.Pace.THAWED));

    @Test
    void decodesWhatItEncodes() {
        for (ShimMessage message : ALL) {
            assertEquals(
                    new Tagged(9, message), ShimMessage.decode(ShimMessage.encode(9, message)));
        }
    }

    @Test
    void refusesAPaceThatIsNone() {
        byte[] frame = ShimMessage.encode(0, new Announce(ShimMessage.Pace.THAWED));
        frame[8] = 4;
        assertThrows(InvalidPlanException.class, () -> ShimMessage.decode(frame));
    }

    @Test
    void samplesUseEveryMessage() {
        Set<Class<?>> sampled = ALL.stream().map(Object::getClass).collect(Collectors.toSet());
        assertEquals(
                new HashSet<>(Arrays.asList(ShimMessage.class.getPermittedSubclasses())), sampled);
    }

    @Test
    void refusesTruncatedFrames() {
        for (ShimMessage message : ALL) {
            byte[] frame = ShimMessage.encode(0, message);
            assertThrows(
                    InvalidPlanException.class,
                    () -> ShimMessage.decode(Arrays.copyOf(frame, frame.length - 1)));
        }
    }
}
