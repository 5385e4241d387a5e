package io.atoll.runtime.spec;

import io.atoll.base.InvalidConfigException;
import java.util.Locale;

/// A resource limit of init, inherited by all; setrlimit(2).
///
/// @param soft [#INFINITY] or a number
/// @param hard not below `soft`
public record Rlimit(Resource resource, long soft, long hard) {
    /// No limit, `unlimited` in text.
    public static final long INFINITY = -1;

    /// With the kernel's numbers; asm-generic/resource.h.
    public enum Resource {
        CPU(0),
        FSIZE(1),
        DATA(2),
        STACK(3),
        CORE(4),
        RSS(5),
        NPROC(6),
        NOFILE(7),
        MEMLOCK(8),
        AS(9),
        LOCKS(10),
        SIGPENDING(11),
        MSGQUEUE(12),
        NICE(13),
        RTPRIO(14),
        RTTIME(15);

        private final int number;

        Resource(int number) {
            this.number = number;
        }

        /// `RLIMIT_*`.
        public int number() {
            return number;
        }

        /// From the name in `lxc.prlimit.NAME`.
        public static Resource parse(String text) {
            try {
                return valueOf(text.toUpperCase(Locale.ROOT));
            } catch (IllegalArgumentException e) {
                throw new InvalidConfigException("no such resource limit: " + text, e);
            }
        }
    }

    public Rlimit {
        if (soft < INFINITY
                || hard < INFINITY
                || hard != INFINITY && (soft == INFINITY || soft > hard)) {
            throw new InvalidConfigException("soft limit is above the hard limit: " + resource);
        }
    }
}
