package io.atoll.network.bgp;

import java.util.Set;

/// A message of another speaker, as far as one who only announces looks at it.
sealed interface Message {
    /// The first one.
    ///
    /// @param asn from the capability of four octets where there is one
    /// @param routerId 32 bits, not 0
    /// @param families that it takes; IPv4 alone if it says nothing of families
    /// @param hasWideAsns whether paths have numbers of four octets; RFC 6793
    record Open(long asn, int holdSeconds, long routerId, Set<Family> families, boolean hasWideAsns)
            implements Message {
        public Open {
            families = Set.copyOf(families);
        }
    }

    /// I am still here.
    record Keepalive() implements Message {}

    /// Routes, which nobody here wants to know.
    record Update() implements Message {}

    /// Please say it all again; RFC 2918.
    record Refresh(int afi) implements Message {}

    /// The end, and why.
    record Notification(int code, int subcode) implements Message {}
}
