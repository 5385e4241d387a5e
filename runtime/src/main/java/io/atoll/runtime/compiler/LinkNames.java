package io.atoll.runtime.compiler;

import io.atoll.runtime.spec.MacAddress;
import java.util.random.RandomGenerator;

/// Names and addresses for the host's end of a pair that nobody else uses.
public interface LinkNames {
    /// A name that was never used on this host: the kernel takes a dead container's interfaces down
    /// up to a second after its end, and until then the old name is taken.
    String nextName();

    /// An address that starts with fe: a bridge takes the lowest of its ports' addresses as its
    /// own, and this is never the lowest.
    MacAddress nextMac();

    /// `veth` and eight random hexadecimal digits.
    static LinkNames random(RandomGenerator random) {
        return new LinkNames() {
            @Override
            public String nextName() {
                return String.format("veth%08x", random.nextInt());
            }

            @Override
            public MacAddress nextMac() {
                String digits = String.format("%010x", random.nextLong(1L << 40));
                return new MacAddress("fe:" + digits.replaceAll("(..)(?!$)", "$1:"));
            }
        };
    }
}
