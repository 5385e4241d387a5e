/// Certificates, keys and fingerprints as LXD's servers and clients exchange and store them.
@NullMarked
package io.atoll.api.tls;

import org.jspecify.annotations.NullMarked;
