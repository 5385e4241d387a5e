package io.atoll.daemon.dns;

import io.atoll.base.InvalidConfigException;
import java.io.IOException;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/// One line of a zone, in the words of zone files; RFC 1035, section 5.
///
/// @param name below the zone, `@` for the zone itself
/// @param type such as `A` or `MX`
/// @param ttlSeconds how long others may keep it
public record ZoneEntry(String name, String type, long ttlSeconds, String value)
        implements Comparable<ZoneEntry> {
    /// How long others may keep what does not say.
    public static final long TTL_SECONDS = 300;

    private static final long TTL_MAX = Integer.MAX_VALUE;

    /// As it goes over the wire.
    ///
    /// @throws InvalidConfigException saying what is wrong with it
    Record compile(Name zone) {
        int number = Type.value(type);
        boolean isMeta = number < 1 || Type.isRR(number) == false || number == Type.SOA;
        if (isMeta) {
            throw new InvalidConfigException("Invalid DNS record type \"" + type + "\"");
        }
        if (ttlSeconds < 0 || ttlSeconds > TTL_MAX) {
            throw new InvalidConfigException("Invalid DNS record TTL " + ttlSeconds);
        }
        try {
            Name own = name.equals("@") ? zone : Name.fromString(name, zone);
            return Record.fromString(own, number, DClass.IN, ttlSeconds, value, zone);
        } catch (IOException e) {
            throw new InvalidConfigException(
                    "Invalid DNS record " + name + " " + type + " " + value + ": " + e.getMessage(),
                    e);
        }
    }

    /// Checks an entry of a zone.
    ///
    /// @throws InvalidConfigException saying what is wrong with it
    public void check(String zone) {
        Record unused = compile(name(zone));
    }

    /// The zone's name on the wire.
    ///
    /// @throws InvalidConfigException if it is none
    static Name name(String zone) {
        try {
            return Name.fromString(zone, Name.root);
        } catch (TextParseException e) {
            throw new InvalidConfigException("Invalid zone name \"" + zone + "\"", e);
        }
    }

    @Override
    public int compareTo(ZoneEntry other) {
        int byName = name.compareTo(other.name);
        int byType = byName != 0 ? byName : type.compareTo(other.type);
        int byValue = byType != 0 ? byType : value.compareTo(other.value);
        return byValue != 0 ? byValue : Long.compare(ttlSeconds, other.ttlSeconds);
    }
}
