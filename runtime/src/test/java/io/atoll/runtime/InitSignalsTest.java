package io.atoll.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/// Signals by the kind of init, from recorded `/proc/PID/status`.
class InitSignalsTest {
    private static final String SYSTEMD =
            "Name:\tsystemd\nSigBlk:\t7fe3c0fe28014a03\nSigIgn:\t1000\nSigCgt:\t000001030000000c\n";
    private static final String BUSYBOX =
            "Name:\tinit\nSigBlk:\t0000000000000000\nSigCgt:\t0000000000084a03\n";
    private static final String SYSVINIT =
            "Name:\tinit\nSigBlk:\t0000000000000000\nSigCgt:\t0000000157d96efd\n";
    private static final String YOUNG =
            "Name:\tsystemd\nSigBlk:\t0000000000000000\nSigCgt:\t0000000000000000\n";

    @Test
    void systemdTakesTheRealTimeSignal() {
        assertEquals(37, InitSignals.halt(SYSTEMD, "/usr/lib/systemd/systemd"));
        assertTrue(InitSignals.isExpected(SYSTEMD, 37));
    }

    @Test
    void busyboxTakesItsOwn() {
        assertEquals(12, InitSignals.halt(BUSYBOX, "/bin/busybox"));
        assertEquals(15, InitSignals.reboot("/bin/busybox"));
    }

    @Test
    void othersTakePowerFailure() {
        assertEquals(30, InitSignals.halt(SYSVINIT, "/sbin/init"));
        assertEquals(2, InitSignals.reboot("/sbin/init"));
    }

    @Test
    void anInitThatHasJustBegunWaitsForNothing() {
        assertFalse(
                InitSignals.isExpected(YOUNG, InitSignals.halt(YOUNG, "/usr/lib/systemd/systemd")));
    }
}
