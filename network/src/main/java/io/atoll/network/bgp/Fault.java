package io.atoll.network.bgp;

/// Why a session ends, in the numbers of a NOTIFICATION; RFC 4271, section 6, and RFC 4486.
final class Fault extends RuntimeException {
    private static final long serialVersionUID = 1L;

    static final int HEADER = 1;
    static final int OPEN = 2;
    static final int HOLD_TIMER = 4;
    static final int STATE = 5;
    static final int CEASE = 6;

    private final int code;
    private final int subcode;
    private final byte[] data;

    Fault(int code, int subcode, String why, byte... data) {
        super(why);
        this.code = code;
        this.subcode = subcode;
        this.data = data;
    }

    static Fault shutdown() {
        return new Fault(CEASE, 2, "we are shut down");
    }

    static Fault removed() {
        return new Fault(CEASE, 3, "the peer is not configured any more");
    }

    static Fault changed() {
        return new Fault(CEASE, 6, "the configuration has changed");
    }

    static Fault collision() {
        return new Fault(CEASE, 7, "there is another connection");
    }

    /// The NOTIFICATION that says so.
    byte[] encode() {
        return MessageWriter.notification(code, subcode, data);
    }
}
