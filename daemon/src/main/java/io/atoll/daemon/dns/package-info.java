/// DNS zones for other name servers: their content, and the server that they fetch it from.
@NullMarked
package io.atoll.daemon.dns;

import org.jspecify.annotations.NullMarked;
