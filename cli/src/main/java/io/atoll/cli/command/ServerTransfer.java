package io.atoll.cli.command;

import io.atoll.base.DomainException;
import io.atoll.base.UnavailableException;
import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.Context;
import io.atoll.cli.Remote;
import io.atoll.client.AtollClient;
import io.atoll.client.Operation;
import io.atoll.client.OperationHandle;
import io.atoll.client.Target;
import io.atoll.client.WebSocket;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One copy from a server to another. Two operations talk to each other, one on each server, and
/// who connects to whom is the mode: the target to the source (`pull`), the source to the target
/// (`push`), or this client to both (`relay`).
final class ServerTransfer {
    private final Context context;
    private final String label;
    private @Nullable Operation sent;

    /// @param label what is going on, for the progress
    ServerTransfer(Context context, String label) {
        this.context = context;
        this.label = label;
    }

    /// One of the two servers.
    record Side(AtollClient client, Remote remote) {
        /// Where the other server may reach it.
        private List<String> addresses(String what) {
            if (!remote.isLocal()) {
                return List.of(remote.address());
            }
            List<String> out = new ArrayList<>();
            for (Json address :
                    client.server().value().get("environment").get("addresses").asList()) {
                out.add("https://" + address.asString());
            }
            if (out.isEmpty()) {
                throw new CliException(
                        "The " + what + " server isn't listening on the network",
                        "it does after: config set core.https_address [::]:8443");
            }
            return out;
        }

        private String certificate() {
            return client.server().value().get("environment").get("certificate").asString();
        }
    }

    /// Starts the operation of one side.
    interface Starter {
        /// @param more members for the request: for the source's, none or its `target`; for the
        ///   target's, those of its `source` that depend on the mode
        OperationHandle start(Json.Obj more);
    }

    /// The source's operation, once it has ended.
    Optional<Operation> sent() {
        return Optional.ofNullable(sent);
    }

    /// Runs it to the end.
    ///
    /// @return the target's operation
    /// @throws DomainException with the words of the side that failed
    Operation run(String mode, Side from, Starter source, Side to, Starter target) {
        return switch (mode) {
            case "pull" -> pull(from, source, target);
            case "push" -> push(source, to, target);
            case "relay" -> relay(from, source, to, target);
            default -> throw new CliException("Invalid transfer mode \"" + mode + "\"");
        };
    }

    private Operation pull(Side from, Starter source, Starter target) {
        List<String> addresses = from.addresses("source");
        String certificate = from.certificate();
        DomainException failure = new UnavailableException("The source server has no address");
        for (String address : addresses) {
            OperationHandle sending = source.start(Json.object());
            try {
                Operation done =
                        context.await(
                                target.start(
                                        peer(sending, address, certificate).put("mode", "pull")),
                                label);
                sent = sending.await(_ -> {});
                return done;
            } catch (DomainException e) {
                failure = e;
                giveUp(sending);
            }
        }
        throw failure;
    }

    private Operation push(Starter source, Side to, Starter target) {
        List<String> addresses = to.addresses("target");
        String certificate = to.certificate();
        DomainException failure = new UnavailableException("The target server has no address");
        for (String address : addresses) {
            OperationHandle receiving = target.start(Json.object().put("mode", "push"));
            try {
                sent =
                        context.await(
                                source.start(
                                        Json.object()
                                                .put(
                                                        "target",
                                                        peer(receiving, address, certificate))),
                                label);
                return context.await(receiving, label);
            } catch (DomainException e) {
                failure = e;
                giveUp(receiving);
            }
        }
        throw failure;
    }

    private static Json.Obj peer(OperationHandle handle, String address, String certificate) {
        return Json.object()
                .put("operation", address + handle.path())
                .put("certificate", certificate)
                .put("secrets", handle.started().metadata());
    }

    private Operation relay(Side from, Starter source, Side to, Starter target) {
        OperationHandle receiving = target.start(Json.object().put("mode", "push"));
        OperationHandle sending;
        try {
            sending = source.start(Json.object());
        } catch (DomainException e) {
            giveUp(receiving);
            throw e;
        }
        List<WebSocket> open = new ArrayList<>();
        try {
            for (Map.Entry<String, Json> socket : sending.started().metadata().asMap().entrySet()) {
                Json secret = receiving.started().metadata().get(socket.getKey());
                WebSocket a = connect(from.client(), sending, socket.getValue().asString());
                open.add(a);
                WebSocket b = connect(to.client(), receiving, secret.asString());
                open.add(b);
                pass(a, b);
                pass(b, a);
            }
            sent = context.await(sending, label);
            return context.await(receiving, label);
        } catch (DomainException e) {
            giveUp(sending);
            giveUp(receiving);
            throw e;
        } finally {
            open.forEach(WebSocket::close);
        }
    }

    private static WebSocket connect(AtollClient client, OperationHandle handle, String secret) {
        return client.rest()
                .websocket(
                        Target.raw(handle.path() + "/websocket")
                                .query("secret", secret)
                                .toString());
    }

    private static void pass(WebSocket from, WebSocket to) {
        Thread unused =
                Thread.ofVirtual()
                        .name("relay")
                        .start(() -> {
                            try {
                                copy(from, to);
                            } catch (IOException _) {
                                // The other end is gone, and so shall this one be.
                            }
                            to.sendClose();
                        });
    }

    private static void copy(WebSocket from, WebSocket to) throws IOException {
        while (true) {
            WebSocket.Message message = from.receive();
            switch (message.kind()) {
                case TEXT -> to.sendText(message.text());
                case BINARY -> to.sendBinary(message.payload(), 0, message.payload().length);
                case END -> {
                    return;
                }
            }
        }
    }

    /// The other side failed: this one would wait in vain. One that ended already is left alone.
    private static void giveUp(OperationHandle handle) {
        try {
            handle.cancel();
        } catch (DomainException _) {
            // What went wrong is told already.
        }
    }
}
