package io.atoll.daemon.instance.config;

import io.atoll.base.HostId;
import io.atoll.base.Idmap;
import io.atoll.base.IdmapEntry;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NsId;
import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import java.util.ArrayList;
import java.util.List;

/// The text form of id maps in `volatile.*idmap*` keys, as LXD writes it.
public final class IdmapJson {
    private IdmapJson() {}

    /// `[{"Isuid":true,"Isgid":false,"Hostid":100000,"Nsid":0,"Maprange":65536},…]`; `[]` for a
    /// privileged map.
    public static String render(Idmap idmap) {
        Json.Arr out = Json.array();
        for (IdmapEntry entry : idmap.entries()) {
            boolean isUid = entry.kind() == IdmapEntry.Kind.UID;
            out.items()
                    .add(
                            Json.object()
                                    .put("Isuid", isUid)
                                    .put("Isgid", !isUid)
                                    .put("Hostid", entry.hostId().value())
                                    .put("Nsid", entry.nsId().value())
                                    .put("Maprange", entry.count()));
        }
        return out.render();
    }

    /// Reads what [#render] wrote; an entry may be for users and groups at once. Empty text is a
    /// privileged map.
    ///
    /// @throws InvalidConfigException if it is no such text
    public static Idmap parse(String text) {
        try {
            return read(text);
        } catch (JsonException e) {
            throw new InvalidConfigException("Not an id map: " + e.getMessage(), e);
        }
    }

    private static Idmap read(String text) {
        List<IdmapEntry> entries = new ArrayList<>();
        for (Json item : text.isEmpty() ? List.<Json>of() : Json.parse(text).asList()) {
            for (IdmapEntry.Kind kind : IdmapEntry.Kind.values()) {
                if (item.get(kind == IdmapEntry.Kind.UID ? "Isuid" : "Isgid").asBoolean()) {
                    entries.add(
                            new IdmapEntry(
                                    kind,
                                    new NsId(item.get("Nsid").asLong()),
                                    new HostId(item.get("Hostid").asLong()),
                                    item.get("Maprange").asLong()));
                }
            }
        }
        return new Idmap(entries);
    }
}
