package io.atoll.plan;

/// The first three descriptors of the program that a plan runs.
public sealed interface Stdio {
    /// The slave of a pseudo terminal for all three, made the controlling terminal of a new
    /// session.
    record Terminal(Slot slave) implements Stdio {}

    /// A descriptor each; [Slot#NONE] is `/dev/null`.
    record Descriptors(Slot in, Slot out, Slot err) implements Stdio {}

    /// `/dev/null` three times.
    static Stdio none() {
        return new Descriptors(Slot.NONE, Slot.NONE, Slot.NONE);
    }
}
