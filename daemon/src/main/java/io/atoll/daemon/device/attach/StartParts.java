package io.atoll.daemon.device.attach;

import io.atoll.runtime.spec.DeviceNode;
import io.atoll.runtime.spec.LimitsSpec;
import io.atoll.runtime.spec.MountSpec;
import io.atoll.runtime.spec.NicSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What the devices add to the container of a start. Filled by one thread, device after device.
public final class StartParts {
    private final List<MountSpec> mounts = new ArrayList<>();
    private final List<DeviceNode> nodes = new ArrayList<>();
    private final List<NicSpec> nics = new ArrayList<>();
    private final List<DiskThrottle> throttles = new ArrayList<>();
    private final Map<String, String> environment = new TreeMap<>();
    private boolean isRootReadOnly;

    void add(MountSpec mount) {
        mounts.add(mount);
    }

    void add(DeviceNode node) {
        nodes.add(node);
    }

    void add(NicSpec nic) {
        nics.add(nic);
    }

    void add(DiskThrottle throttle) {
        throttles.add(throttle);
    }

    void addEnvironment(Map<String, String> variables) {
        environment.putAll(variables);
    }

    void makeRootReadOnly() {
        isRootReadOnly = true;
    }

    public List<MountSpec> mounts() {
        return List.copyOf(mounts);
    }

    public List<DeviceNode> nodes() {
        return List.copyOf(nodes);
    }

    public List<NicSpec> nics() {
        return List.copyOf(nics);
    }

    public List<LimitsSpec.Throttle> throttles() {
        return DiskThrottle.merge(throttles);
    }

    /// Variables that devices want the instance's programs to have.
    public Map<String, String> environment() {
        return Map.copyOf(environment);
    }

    public boolean isRootReadOnly() {
        return isRootReadOnly;
    }
}
