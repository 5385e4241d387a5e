package io.atoll.cli.command;

import io.atoll.cli.CliException;
import java.net.InetAddress;

/// An address or a network, as filters name it.
record Cidr(InetAddress address, int bits) {
    static Cidr parse(String text) {
        int slash = text.indexOf('/');
        InetAddress address = literal(slash < 0 ? text : text.substring(0, slash));
        int all = address.getAddress().length * 8;
        int bits = all;
        if (slash >= 0) {
            try {
                bits = Integer.parseInt(text.substring(slash + 1));
            } catch (NumberFormatException _) {
                bits = -1;
            }
        }
        if (bits < 0 || bits > all) {
            throw new CliException("malformed network \"" + text + "\"");
        }
        return new Cidr(address, bits);
    }

    private static InetAddress literal(String text) {
        try {
            // ofLiteral never asks a name server.
            return InetAddress.ofLiteral(text);
        } catch (IllegalArgumentException _) {
            throw new CliException("malformed address \"" + text + "\"");
        }
    }

    boolean contains(String other) {
        byte[] a = address.getAddress();
        byte[] b = literal(other).getAddress();
        if (a.length != b.length) {
            return false;
        }
        for (int i = 0; i < bits; i++) {
            int mask = 0x80 >> (i & 7);
            if ((a[i / 8] & mask) != (b[i / 8] & mask)) {
                return false;
            }
        }
        return true;
    }
}
