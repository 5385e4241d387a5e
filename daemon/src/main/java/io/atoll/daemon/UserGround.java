package io.atoll.daemon;

import io.atoll.base.ProjectName;
import io.atoll.base.UnavailableException;
import io.atoll.daemon.network.Network;
import io.atoll.daemon.network.NetworkType;
import io.atoll.daemon.network.Networks;
import io.atoll.daemon.storage.Pool;
import io.atoll.daemon.storage.Pools;
import io.atoll.daemon.store.Stored;
import io.atoll.daemon.user.LocalUsers;
import java.util.Comparator;
import java.util.Map;

/// The daemon's pools and networks as what a new user's project stands on.
record UserGround(Pools pools, Networks networks) implements LocalUsers.Ground {
    private static final String USUAL_POOL = "default";

    @Override
    public String pool() {
        return pools.list().stream()
                .map(Stored<Pool>::name)
                .min(
                        Comparator.comparing((String name) -> !name.equals(USUAL_POOL))
                                .thenComparing(name -> name))
                .orElseThrow(() ->
                        new UnavailableException(
                                "The server has no storage pool yet: an administrator has to run"
                                        + " \"atoll admin init\" first"));
    }

    @Override
    public void makeNetwork(String name, String description) {
        if (networks.find(name).isEmpty()) {
            Network unused =
                    networks.create(
                            ProjectName.DEFAULT,
                            Network.of(name, NetworkType.BRIDGE, description, Map.of()));
        }
    }

    @Override
    public void deleteNetwork(String name) {
        networks.find(name).ifPresent(networks::delete);
    }
}
