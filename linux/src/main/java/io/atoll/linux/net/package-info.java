/// Networking by netlink: links, addresses, routes, counters, and packet filter rules. No command
/// is started for any of it.
@NullMarked
package io.atoll.linux.net;

import org.jspecify.annotations.NullMarked;
