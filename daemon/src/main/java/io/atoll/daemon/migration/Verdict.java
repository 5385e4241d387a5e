package io.atoll.daemon.migration;

/// How the other side ended: the target when it has everything, either one when it gives up.
///
/// @param message why it failed; may be empty
record Verdict(boolean isSuccess, String message) {
    static Verdict success() {
        return new Verdict(true, "");
    }

    static Verdict failure(String why) {
        return new Verdict(false, why);
    }

    byte[] encode() {
        ProtoWriter out = new ProtoWriter().flag(1, isSuccess);
        return message.isEmpty() ? out.bytes() : out.text(2, message).bytes();
    }

    static Verdict decode(byte[] bytes) {
        ProtoMessage message = ProtoMessage.parse(bytes);
        return new Verdict(message.flag(1), message.text(2).orElse(""));
    }
}
