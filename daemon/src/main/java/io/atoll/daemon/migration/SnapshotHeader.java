package io.atoll.daemon.migration;

import io.atoll.base.Architecture;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// What the source says of one snapshot, of an instance or a custom volume.
///
/// @param architecture LXD's number, as [#number] has it
/// @param createdAt the epoch if unknown; whole seconds
/// @param expiresAt empty for never
/// @param diskBytes how large its disk is, which servers of this kind say; else 0
public record SnapshotHeader(
        String name,
        Map<String, String> config,
        List<String> profiles,
        boolean isEphemeral,
        Map<String, Map<String, String>> devices,
        int architecture,
        Instant createdAt,
        Optional<Instant> expiresAt,
        long diskBytes) {
    /// Far from the numbers that LXD has given out or may give out soon.
    private static final int OWN_FIELD = 2000;

    /// In the order of LXD's numbers, from 1.
    private static final List<Architecture> ARCHITECTURES =
            List.of(
                    Architecture.I686,
                    Architecture.X86_64,
                    Architecture.ARMV7L,
                    Architecture.AARCH64,
                    Architecture.PPC,
                    Architecture.PPC64,
                    Architecture.PPC64LE,
                    Architecture.S390X,
                    Architecture.MIPS,
                    Architecture.MIPS64,
                    Architecture.RISCV32,
                    Architecture.RISCV64);

    public SnapshotHeader {
        config = new TreeMap<>(config);
        profiles = List.copyOf(profiles);
        devices = new TreeMap<>(devices);
        createdAt = Instant.ofEpochSecond(createdAt.getEpochSecond());
    }

    /// LXD's number of an architecture; 0 if it has none.
    public static int number(String architecture) {
        return Architecture.find(architecture).map(ARCHITECTURES::indexOf).orElse(-1) + 1;
    }

    /// As the kernel calls it; empty if it is not known.
    public Optional<String> architectureName() {
        return architecture > 0 && architecture <= ARCHITECTURES.size()
                ? Optional.of(ARCHITECTURES.get(architecture - 1).kernelName())
                : Optional.empty();
    }

    /// A snapshot of which only the name is known, as old servers send it.
    static SnapshotHeader named(String name) {
        return new SnapshotHeader(
                name, Map.of(), List.of(), false, Map.of(), 0, Instant.EPOCH, Optional.empty(), 0);
    }

    /// Whether both are the same snapshot, as far as servers can tell.
    public boolean isSame(String otherName, Instant otherTime) {
        return name.equals(otherName) && createdAt.getEpochSecond() == otherTime.getEpochSecond();
    }

    ProtoWriter encode() {
        ProtoWriter out = new ProtoWriter().text(1, name);
        config.forEach((key, value) -> out.message(2, pair(key, value)));
        profiles.forEach(profile -> out.text(3, profile));
        out.flag(4, isEphemeral);
        devices.forEach((device, keys) -> {
            ProtoWriter message = new ProtoWriter().text(1, device);
            keys.forEach((key, value) -> message.message(2, pair(key, value)));
            out.message(5, message);
        });
        ProtoWriter all =
                out.number(6, architecture)
                        .flag(7, false)
                        .number(8, createdAt.getEpochSecond())
                        .number(9, 0)
                        .number(10, expiresAt.map(Instant::getEpochSecond).orElse(0L));
        return diskBytes > 0 ? all.number(OWN_FIELD, diskBytes) : all;
    }

    private static ProtoWriter pair(String key, String value) {
        return new ProtoWriter().text(1, key).text(2, value);
    }

    static SnapshotHeader decode(ProtoMessage message) {
        Map<String, Map<String, String>> devices = new TreeMap<>();
        for (ProtoMessage device : message.messages(5)) {
            devices.put(device.text(1).orElse(""), pairs(device));
        }
        long expiry = message.number(10).orElse(0);
        return new SnapshotHeader(
                message.text(1).orElse(""),
                pairs(message),
                message.texts(3),
                message.flag(4),
                devices,
                (int) message.number(6).orElse(0),
                time(message.number(8).orElse(0)),
                // Go's zero time is before the epoch.
                expiry <= 0 ? Optional.empty() : Optional.of(time(expiry)),
                Math.max(0, message.number(OWN_FIELD).orElse(0)));
    }

    private static Map<String, String> pairs(ProtoMessage message) {
        Map<String, String> out = new TreeMap<>();
        for (ProtoMessage pair : message.messages(2)) {
            out.put(pair.text(1).orElse(""), pair.text(2).orElse(""));
        }
        return out;
    }

    private static Instant time(long seconds) {
        if (seconds < Instant.MIN.getEpochSecond() || seconds > Instant.MAX.getEpochSecond()) {
            throw new MalformedMessageException("a time out of range");
        }
        return Instant.ofEpochSecond(seconds);
    }
}
