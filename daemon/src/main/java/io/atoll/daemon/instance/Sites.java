package io.atoll.daemon.instance;

import io.atoll.base.Idmap;
import io.atoll.daemon.device.attach.Site;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.IdmapJson;
import java.util.TreeMap;

/// Makes what devices know of an instance out of its record.
final class Sites {
    private Sites() {}

    /// Of an instance as it runs, or ran last.
    static Site of(InstanceRecord instance) {
        String ids = instance.config(ConfigKeys.IDMAP_CURRENT.name());
        Idmap idmap =
                IdmapJson.parse(
                        ids.isEmpty() ? instance.config(ConfigKeys.IDMAP_NEXT.name()) : ids);
        return new Site(
                instance.hostWideName(),
                instance.project(),
                instance.name(),
                idmap,
                new TreeMap<>(instance.config()));
    }
}
