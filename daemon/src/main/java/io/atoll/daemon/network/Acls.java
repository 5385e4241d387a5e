package io.atoll.daemon.network;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.daemon.instance.config.ValueType;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import io.atoll.linux.net.IpNetwork;
import io.atoll.network.AccessControl;
import io.atoll.network.AccessControl.Fallback;
import io.atoll.network.AccessControl.Policy;
import io.atoll.network.AccessRule;
import io.atoll.network.BridgeConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The records of access control lists, and what follows from them for a bridge.
///
/// A project with networks of its own has lists of its own too. Bridges are the default project's,
/// and so are the lists that they name.
final class Acls {
    private static final String LISTS = "security.acls";

    private final Store store;

    Acls(Store store) {
        this.store = store;
    }

    /// Those of the default project belong to no project in the store: so they were recorded when
    /// there were no others.
    static RecordKey key(ProjectName project, String name) {
        return project.equals(ProjectName.DEFAULT)
                ? RecordKey.global(name)
                : RecordKey.of(project, name);
    }

    private static ProjectName project(Stored<NetworkAcl> acl) {
        String project = acl.key().project();
        return project.isEmpty() ? ProjectName.DEFAULT : new ProjectName(project);
    }

    /// The lists of a project.
    List<NetworkAcl> all(ProjectName project) {
        return stored(project).stream().map(Stored::value).toList();
    }

    private List<Stored<NetworkAcl>> stored(ProjectName project) {
        return store.list(NetworkAcl.KIND).stream()
                .filter(acl -> project(acl).equals(project))
                .toList();
    }

    /// Adds the end of a project's lists to a batch.
    void remove(Batch batch, ProjectName project) {
        stored(project).forEach(acl -> batch.delete(NetworkAcl.KIND, acl));
    }

    /// Adds the move of a project's lists to a batch.
    void rename(Batch batch, ProjectName project, ProjectName fresh) {
        for (Stored<NetworkAcl> acl : stored(project)) {
            batch.create(NetworkAcl.KIND, key(fresh, acl.name()), acl.value());
            batch.delete(NetworkAcl.KIND, acl);
        }
    }

    Stored<NetworkAcl> get(ProjectName project, String name) {
        return store.find(NetworkAcl.KIND, key(project, name))
                .orElseThrow(() -> new NotFoundException("Network ACL not found"));
    }

    /// The names of networks that a list is about.
    List<String> users(ProjectName project, String acl) {
        return networks(project).stream()
                .filter(n -> lists(n).contains(acl))
                .map(Network::name)
                .toList();
    }

    private List<Network> networks(ProjectName project) {
        return project.equals(ProjectName.DEFAULT) ? networks() : List.of();
    }

    private List<Network> networks() {
        return store.list(Network.KIND).stream().map(Stored::value).toList();
    }

    private static List<String> lists(Network network) {
        String names = network.config().getOrDefault(LISTS, "");
        return names.isEmpty() ? List.of() : List.of(names.split("\\s*,\\s*"));
    }

    /// What a bridge filters; empty if nothing.
    ///
    /// @throws InvalidConfigException if a list that it names does not exist or is wrong
    Optional<Policy> policy(Network network) {
        return policy(network, all(ProjectName.DEFAULT));
    }

    /// The same as if other lists were recorded for the default project.
    Optional<Policy> policy(Network network, List<NetworkAcl> acls) {
        Fallback ingress = fallback(network, "ingress");
        Fallback egress = fallback(network, "egress");
        List<AccessRule> rules = new ArrayList<>();
        for (String name : lists(network)) {
            rules.addAll(named(name, acls).compile(word -> addresses(network, word, acls)));
        }
        return lists(network).isEmpty()
                ? Optional.empty()
                : Optional.of(new Policy(rules, ingress, egress));
    }

    /// Checks a list by itself, used or not.
    void check(NetworkAcl acl, List<NetworkAcl> acls) {
        for (String name : acl.mentioned()) {
            NetworkAcl known = named(name, acls);
        }
        List<AccessRule> unused = acl.compile(_ -> List.of());
    }

    private static NetworkAcl named(String name, List<NetworkAcl> acls) {
        return acls.stream()
                .filter(a -> a.name().equals(name))
                .findFirst()
                .orElseThrow(() ->
                        new InvalidConfigException("Network ACL \"" + name + "\" does not exist"));
    }

    private static Fallback fallback(Network network, String side) {
        String prefix = "security.acls.default." + side;
        String action = network.config().getOrDefault(prefix + ".action", "");
        String logged = network.config().getOrDefault(prefix + ".logged", "");
        return new Fallback(
                switch (action) {
                    case "", "reject" -> AccessRule.Action.REJECT;
                    case "drop" -> AccessRule.Action.DROP;
                    case "allow" -> AccessRule.Action.ALLOW;
                    default ->
                            throw new InvalidConfigException(
                                    "Invalid value for network \""
                                            + network.name()
                                            + "\" option \""
                                            + prefix
                                            + ".action\": must be one of: allow, drop, reject");
                },
                !logged.isEmpty() && ValueType.BOOL.parse(logged));
    }

    /// A list stands for the addresses of all bridges that it is about.
    private List<IpNetwork> addresses(Network network, String word, List<NetworkAcl> acls) {
        if (word.startsWith("@") || word.startsWith("#")) {
            return own(network);
        }
        String name = named(word, acls).name();
        List<IpNetwork> out = new ArrayList<>();
        for (Network other : networks()) {
            Network current = other.name().equals(network.name()) ? network : other;
            if (lists(current).contains(name)) {
                out.addAll(own(current));
            }
        }
        return out;
    }

    private static List<IpNetwork> own(Network network) {
        BridgeConfig config = BridgeConfig.parse(network.name(), network.config());
        List<IpNetwork> out = new ArrayList<>();
        config.ipv4().address().map(IpNetwork::network).ifPresent(out::add);
        config.ipv6().address().map(IpNetwork::network).ifPresent(out::add);
        return out;
    }

    void rename(Stored<NetworkAcl> read, String fresh) {
        requireUnused(read, "rename");
        RecordKey key = key(project(read), fresh);
        if (store.find(NetworkAcl.KIND, key).isPresent()) {
            throw new InvalidConfigException("An ACL by that name exists already");
        }
        store.commit(
                new Batch()
                        .create(NetworkAcl.KIND, key, read.value().named(fresh))
                        .delete(NetworkAcl.KIND, read));
    }

    void delete(Stored<NetworkAcl> read) {
        requireUnused(read, "delete");
        store.commit(new Batch().delete(NetworkAcl.KIND, read));
    }

    private void requireUnused(Stored<NetworkAcl> read, String verb) {
        String name = read.name();
        boolean isMentioned =
                all(project(read)).stream()
                        .anyMatch(a -> !a.name().equals(name) && a.mentioned().contains(name));
        if (isMentioned || !users(project(read), name).isEmpty()) {
            throw new InvalidConfigException("Cannot " + verb + " an ACL that is in use");
        }
    }

    /// Makes the policy of a bridge hold.
    void apply(Network network) {
        AccessControl.apply(network.name(), policy(network));
    }

    /// The bridges of which a change of another network or of a list may be felt.
    List<Network> filtered() {
        return networks().stream()
                .filter(n -> n.type() == NetworkType.BRIDGE && !lists(n).isEmpty())
                .toList();
    }
}
