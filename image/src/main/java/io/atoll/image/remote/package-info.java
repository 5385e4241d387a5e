/// Images of other servers: what they offer and how it is fetched; and how to be such a server.
@NullMarked
package io.atoll.image.remote;

import org.jspecify.annotations.NullMarked;
