/// What may be written into the configuration of an instance or profile and what it means: the
/// table of keys, the expansion of profiles, id maps and the sizes of instance types. Pure: nothing
/// here touches the host.
@NullMarked
package io.atoll.daemon.instance.config;

import org.jspecify.annotations.NullMarked;
