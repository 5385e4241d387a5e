package io.atoll.plan;

import java.util.Arrays;
import java.util.HexFormat;

/// Bytes that nobody can change: a filter program, a netlink message.
public final class Blob {
    private final byte[] bytes;

    private Blob(byte[] bytes) {
        this.bytes = bytes;
    }

    /// A copy of the bytes.
    ///
    /// @throws InvalidPlanException if there are more than [PlanLimits#TEXT_BYTES_MAX]
    public static Blob of(byte... bytes) {
        return of(PlanLimits.TEXT_BYTES_MAX, bytes);
    }

    static Blob of(int max, byte[] bytes) {
        if (bytes.length > max) {
            throw new InvalidPlanException("blob is longer than " + max + " bytes");
        }
        return new Blob(bytes.clone());
    }

    /// The bytes of a plan, for [ShimMessage.Start] and [ShimMessage.Exec].
    public static Blob of(Plan plan) {
        return of(PlanLimits.PLAN_BYTES_MAX, PlanEncoder.encode(plan));
    }

    /// A copy of the bytes.
    public byte[] toArray() {
        return bytes.clone();
    }

    /// How many bytes there are.
    public int size() {
        return bytes.length;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Blob that && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return HexFormat.of().formatHex(bytes);
    }
}
