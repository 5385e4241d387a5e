/// AppArmor profiles of containers: their text, and how a start loads them.
@NullMarked
package io.atoll.runtime.apparmor;

import org.jspecify.annotations.NullMarked;
