/// Managed networks of the host: bridges with addresses, NAT, DHCP and DNS; what is allowed through
/// them; and the state of interfaces.
@NullMarked
package io.atoll.network;

import org.jspecify.annotations.NullMarked;
