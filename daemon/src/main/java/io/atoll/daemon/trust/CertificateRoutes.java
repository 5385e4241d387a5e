package io.atoll.daemon.trust;

import io.atoll.api.ApiPath;
import io.atoll.api.tls.CertificateFingerprint;
import io.atoll.api.tls.Pem;
import io.atoll.base.AlreadyExistsException;
import io.atoll.base.ForbiddenException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.json.Json;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.http.Etag;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.instance.config.Expiry;
import io.atoll.daemon.operation.Operations;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;

/// `/1.0/certificates`: the list of trusted certificates, and the two ways in for strangers, the
/// trust password and one-time tokens.
public final class CertificateRoutes implements Routes {
    private static final String ONE = "/1.0/certificates/{fingerprint}";

    /// What the routes ask of the server's configuration.
    public interface Settings {
        /// The stored hash of `core.trust_password`; empty if none is set.
        String passwordHash();

        /// `core.remote_token_expiry`.
        Expiry tokenExpiry();

        /// `HOST:PORT` of every address the server listens on.
        List<String> addresses();

        /// Whether a project of this name exists.
        boolean hasProject(String name);
    }

    private final Store store;
    private final Trust trust;
    private final TrustTokens tokens;
    private final ServerIdentity server;
    private final Settings settings;
    private final Events events;
    private final FailedAttempts failures = new FailedAttempts(System::nanoTime);

    public CertificateRoutes(
            Store store,
            Trust trust,
            Operations operations,
            ServerIdentity server,
            Settings settings,
            Events events) {
        this.store = store;
        this.trust = trust;
        this.tokens = new TrustTokens(operations);
        this.server = server;
        this.settings = settings;
        this.events = events;
    }

    @Override
    public List<Route> routes() {
        return List.of(
                Route.get("/1.0/certificates").needs(Right.KNOWN).run(this::list),
                Route.post("/1.0/certificates").needs(Right.PUBLIC).run(this::post),
                Route.get(ONE).needs(Right.KNOWN).run(this::get),
                Route.put(ONE).needs(Right.KNOWN).run(r -> update(r, false)),
                Route.patch(ONE).needs(Right.KNOWN).run(r -> update(r, true)),
                Route.delete(ONE).needs(Right.KNOWN).run(this::delete));
    }

    private static String url(String fingerprint) {
        return ApiPath.of("certificates", fingerprint);
    }

    private static Etag etag(TrustedCertificate certificate) {
        return Etag.of(certificate.json());
    }

    /// Whether the caller may see the certificate: all of them, or its own.
    private static boolean isVisible(Request request, TrustedCertificate certificate) {
        return request.caller().may(Right.ADMIN)
                || request.caller().username().equals(certificate.fingerprint());
    }

    private Response list(Request request) {
        Json.Arr out = Json.array();
        for (Stored<TrustedCertificate> found : trust.list()) {
            TrustedCertificate certificate = found.value();
            if (isVisible(request, certificate)) {
                out.items()
                        .add(
                                request.recursion() > 0
                                        ? certificate.json()
                                        : Json.string(url(certificate.fingerprint())));
            }
        }
        return Response.sync(out);
    }

    private Stored<TrustedCertificate> named(Request request) {
        Stored<TrustedCertificate> found = trust.get(request.variable("fingerprint"));
        if (!isVisible(request, found.value())) {
            throw new NotFoundException("Certificate not found");
        }
        return found;
    }

    private Response get(Request request) {
        TrustedCertificate certificate = named(request).value();
        return Response.sync(certificate.json(), etag(certificate));
    }

    private Response post(Request request) throws IOException {
        Json body = request.json();
        if (request.caller().may(Right.ADMIN)) {
            return body.get("token").asBoolean() ? makeToken(body) : add(request, body);
        }
        if (request.caller().may(Right.KNOWN)) {
            throw new InvalidConfigException("Client is already trusted");
        }
        return admit(request, body);
    }

    private Response makeToken(Json body) {
        Json.Obj wanted =
                Json.object()
                        .put("name", body.get("name").asString())
                        .put("type", type(body).text())
                        .put("restricted", body.get("restricted").asBoolean())
                        .put("projects", newProjects(body))
                        .put("certificate", "")
                        .put("password", "")
                        .put("token", true);
        if (wanted.get("name").asString().isEmpty()) {
            throw new InvalidConfigException("A token needs the name its certificate will have");
        }
        if (settings.addresses().isEmpty()) {
            throw new InvalidConfigException(
                    "Can't issue token when server isn't listening on network");
        }
        return tokens.make(
                        wanted,
                        server.get().fingerprint(),
                        settings.addresses(),
                        settings.tokenExpiry())
                .response();
    }

    private Response add(Request request, Json body) {
        String given = body.get("certificate").asString();
        X509Certificate certificate = given.isEmpty() ? own(request) : Pem.certificate(given);
        return store(body, certificate, request);
    }

    /// Somebody on the network asks to be trusted.
    private Response admit(Request request, Json body) {
        X509Certificate certificate = own(request);
        if (!trust.isAcceptable(certificate)) {
            throw new ForbiddenException("not authorized");
        }
        String address = host(request.caller().address());
        failures.begin(address);
        String password = body.get("password").asString();
        Optional<Json> token = tokens.redeem(password);
        if (token.isPresent()) {
            failures.succeeded(address);
            return store(token.get(), certificate, request);
        }
        String hash = settings.passwordHash();
        if (hash.isEmpty() || password.isEmpty() || !TrustPassword.matches(password, hash)) {
            throw new ForbiddenException("not authorized");
        }
        failures.succeeded(address);
        // Who knows the password is as good as the administrator, but says only its own name.
        return store(Json.object().put("name", body.get("name").asString()), certificate, request);
    }

    private static X509Certificate own(Request request) {
        return request.certificate()
                .orElseThrow(() -> new InvalidConfigException("No client certificate provided"));
    }

    /// Without the port, which differs from try to try.
    private static String host(String address) {
        int colon = address.lastIndexOf(':');
        return colon < 0 ? address : address.substring(0, colon);
    }

    private Response store(Json wanted, X509Certificate certificate, Request request) {
        String fingerprint = CertificateFingerprint.of(certificate);
        String name = wanted.get("name").asString();
        TrustedCertificate fresh =
                new TrustedCertificate(
                        fingerprint,
                        type(wanted),
                        name.isEmpty() ? nameOf(certificate, request) : name,
                        wanted.get("restricted").asBoolean(),
                        newProjects(wanted),
                        Pem.render(certificate));
        if (trust.find(fingerprint).isPresent()) {
            throw new AlreadyExistsException("Certificate already in trust store");
        }
        store.create(TrustedCertificate.KIND, RecordKey.global(fingerprint), fresh);
        events.publishLifecycle(Lifecycle.server("certificate-created", url(fingerprint)));
        return Response.created(url(fingerprint));
    }

    /// The name in the certificate, else where it came from.
    private static String nameOf(X509Certificate certificate, Request request) {
        for (String part : certificate.getSubjectX500Principal().getName().split(",")) {
            if (part.startsWith("CN=") && part.length() > "CN=".length()) {
                return part.substring("CN=".length());
            }
        }
        return host(request.caller().address());
    }

    private static TrustedCertificate.Type type(Json body) {
        String text = body.get("type").asString();
        return TrustedCertificate.Type.parse(text.isEmpty() ? "client" : text);
    }

    /// Those of a new certificate: whoever names some means to restrict it.
    private List<String> newProjects(Json body) {
        List<String> names = projects(body);
        if (!names.isEmpty() && !body.get("restricted").asBoolean()) {
            throw new InvalidConfigException(
                    "Projects can be given to restricted certificates only");
        }
        return names;
    }

    private List<String> projects(Json body) {
        List<String> names = body.get("projects").asList().stream().map(Json::asString).toList();
        for (String name : names) {
            if (!settings.hasProject(name)) {
                throw new NotFoundException("Project \"" + name + "\" not found");
            }
        }
        return names;
    }

    /// An administrator changes anything; everybody else renews its own certificate and changes
    /// nothing with it (`certificate_self_renewal`).
    private Response update(Request request, boolean isPatch) throws IOException {
        Json body = request.json();
        Stored<TrustedCertificate> read = named(request);
        TrustedCertificate old = read.value();
        etag(old).check(request);
        if (!request.caller().may(Right.ADMIN) && !isRenewal(old, body)) {
            throw new ForbiddenException("not authorized");
        }
        TrustedCertificate next = changed(old, body, isPatch);
        Batch batch = new Batch();
        if (next.fingerprint().equals(old.fingerprint())) {
            batch.replace(TrustedCertificate.KIND, read, next);
        } else {
            batch.delete(TrustedCertificate.KIND, read)
                    .create(TrustedCertificate.KIND, RecordKey.global(next.fingerprint()), next);
        }
        store.commit(batch);
        events.publishLifecycle(Lifecycle.server("certificate-updated", url(next.fingerprint())));
        return Response.empty();
    }

    /// Whether the body changes the certificate at most.
    private static boolean isRenewal(TrustedCertificate old, Json body) {
        Json.Obj now = old.json();
        return body.asMap().entrySet().stream()
                .allMatch(member ->
                        member.getKey().equals("certificate")
                                || member.getValue().equals(now.get(member.getKey())));
    }

    private TrustedCertificate changed(TrustedCertificate old, Json body, boolean isPatch) {
        Json.Obj merged = isPatch ? old.json() : Json.object().put("certificate", old.pem());
        body.asMap().forEach(merged::put);
        String pem = merged.get("certificate").asString();
        return TrustedCertificate.of(
                type(merged),
                merged.get("name").asString(),
                merged.get("restricted").asBoolean(),
                projects(merged),
                Pem.render(Pem.certificate(pem.isEmpty() ? old.pem() : pem)));
    }

    private Response delete(Request request) {
        Stored<TrustedCertificate> found = named(request);
        store.commit(new Batch().delete(TrustedCertificate.KIND, found));
        events.publishLifecycle(
                Lifecycle.server("certificate-deleted", url(found.value().fingerprint())));
        return Response.empty();
    }
}
