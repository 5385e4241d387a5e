/// Who on the network may do what: the server's own certificate, the certificates it trusts, and
/// the ways into that list.
@NullMarked
package io.atoll.daemon.trust;

import org.jspecify.annotations.NullMarked;
