/// Instances: their records, their life cycle and the endpoints below `/1.0/instances`.
@NullMarked
package io.atoll.daemon.instance;

import org.jspecify.annotations.NullMarked;
