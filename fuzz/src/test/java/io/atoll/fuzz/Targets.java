package io.atoll.fuzz;

import io.atoll.base.DomainException;
import io.atoll.daemon.devlxd.GuestTargets;
import io.atoll.daemon.dns.ZoneTargets;
import io.atoll.daemon.image.UploadTargets;
import io.atoll.daemon.instance.InstanceTargets;
import io.atoll.daemon.instance.exec.ExecTargets;
import io.atoll.daemon.instance.files.SftpTargets;
import io.atoll.daemon.migration.MigrationTargets;
import io.atoll.daemon.network.NetworkTargets;
import io.atoll.daemon.storage.VolumeTargets;
import io.atoll.image.ArchiveTargets;
import io.atoll.lxctools.fetch.IndexTargets;
import io.atoll.lxctools.nic.NicTargets;
import io.atoll.network.bgp.BgpTargets;
import io.atoll.runtime.lxc.LxcTargets;
import io.atoll.warm.WarmTargets;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// All targets by name. Each has inputs that are right in `fuzz/corpus/NAME`.
public final class Targets {
    private static final Map<String, Target> ALL =
            new TreeMap<>(
                    Map.ofEntries(
                            Map.entry("archive", ArchiveTargets::archive),
                            Map.entry("backup", ArchiveTargets::backup),
                            Map.entry("bgp", BgpTargets::session),
                            Map.entry("compression", ArchiveTargets::compression),
                            Map.entry("config", Target.ofTexts(BodyTargets::config)),
                            Map.entry("devices", Target.ofTexts(BodyTargets::devices)),
                            Map.entry("dns", ZoneTargets::answers),
                            Map.entry("exec", Target.ofTexts(ExecTargets::body)),
                            Map.entry("filter", Target.ofTexts(BodyTargets::filter)),
                            Map.entry("guest-request", GuestTargets::request),
                            Map.entry("image-list", Target.ofTexts(BodyTargets::products)),
                            Map.entry("index-lines", Target.ofTexts(IndexTargets::lines)),
                            Map.entry("instance", Target.ofTexts(InstanceTargets::bodies)),
                            Map.entry("instance-index", Target.ofTexts(InstanceTargets::index)),
                            Map.entry("json", Target.ofTexts(BodyTargets::json)),
                            Map.entry("lxc-config", Target.ofTexts(LxcTargets::config)),
                            Map.entry("lxc-mounts", Target.ofTexts(LxcTargets::mounts)),
                            Map.entry("lxc-seccomp", Target.ofTexts(LxcTargets::seccomp)),
                            Map.entry("metadata", Target.ofTexts(BodyTargets::metadata)),
                            Map.entry("migration", MigrationTargets::messages),
                            Map.entry("multipart", BodyTargets::multipart),
                            Map.entry("network", Target.ofTexts(NetworkTargets::bodies)),
                            Map.entry("nic-request", NicTargets::request),
                            Map.entry("oci-layer", ArchiveTargets::layer),
                            Map.entry("plan", BodyTargets::plan),
                            Map.entry("sftp", SftpTargets::session),
                            Map.entry("tar", ArchiveTargets::tar),
                            Map.entry("template", Target.ofTexts(BodyTargets::template)),
                            Map.entry("upload-headers", Target.ofTexts(UploadTargets::headers)),
                            Map.entry("volume-index", Target.ofTexts(VolumeTargets::index)),
                            Map.entry("warm-request", WarmTargets::request),
                            Map.entry("yaml", Target.ofTexts(BodyTargets::yaml))));

    private Targets() {}

    /// @throws IllegalArgumentException naming those that there are
    static Target find(String name) {
        Target target = ALL.get(name);
        if (target == null) {
            throw new IllegalArgumentException("no target \"" + name + "\" in " + ALL.keySet());
        }
        return target;
    }

    static Set<String> names() {
        return ALL.keySet();
    }

    /// Gives an input to a target; what is refused as it should be ends quietly.
    static void run(Target target, byte[] input) {
        try {
            target.take(input);
        } catch (DomainException | IOException _) {
            // Refused.
        }
    }
}
