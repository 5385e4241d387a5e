@NullMarked
package io.atoll.daemon.profile;

import org.jspecify.annotations.NullMarked;
