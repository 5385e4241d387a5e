package io.atoll.daemon.trust;

import io.atoll.api.tls.CertificateFingerprint;
import io.atoll.api.tls.Pem;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.store.RecordKind;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/// A certificate on the server's list, under its fingerprint.
///
/// @param pem the certificate in text form
/// @param restricted whether it is good for `projects` only
public record TrustedCertificate(
        String fingerprint,
        Type type,
        String name,
        boolean restricted,
        List<String> projects,
        String pem) {
    static final RecordKind<TrustedCertificate> KIND =
            RecordKind.of("certificate", TrustedCertificate::json, TrustedCertificate::read);

    /// What a certificate is good for.
    public enum Type {
        CLIENT("client"),
        METRICS("metrics");

        private final String text;

        Type(String text) {
            this.text = text;
        }

        public String text() {
            return text;
        }

        /// @throws InvalidConfigException naming the types there are
        static Type parse(String text) {
            for (Type type : values()) {
                if (type.text.equals(text)) {
                    return type;
                }
            }
            throw new InvalidConfigException(
                    "Unknown certificate type \"" + text + "\"; there are client and metrics");
        }
    }

    public TrustedCertificate {
        projects = List.copyOf(projects);
    }

    /// The record of a certificate in text form.
    static TrustedCertificate of(
            Type type, String name, boolean restricted, List<String> projects, String pem) {
        String fingerprint = CertificateFingerprint.of(Pem.certificate(pem));
        return new TrustedCertificate(fingerprint, type, name, restricted, projects, pem);
    }

    Set<ProjectName> projectNames() {
        return projects.stream().map(ProjectName::new).collect(Collectors.toSet());
    }

    /// As the API shows it.
    Json.Obj json() {
        return Json.object()
                .put("name", name)
                .put("type", type.text)
                .put("restricted", restricted)
                .put("projects", projects)
                .put("certificate", pem)
                .put("fingerprint", fingerprint);
    }

    private static TrustedCertificate read(Json json) {
        return new TrustedCertificate(
                json.get("fingerprint").asString(),
                Type.parse(json.get("type").asString()),
                json.get("name").asString(),
                json.get("restricted").asBoolean(),
                json.get("projects").asList().stream().map(Json::asString).toList(),
                json.get("certificate").asString());
    }
}
