/// A speaker of BGP-4 that tells routers which addresses lead to this host. It announces and never
/// learns: what others announce is read and dropped.
@NullMarked
package io.atoll.network.bgp;

import org.jspecify.annotations.NullMarked;
