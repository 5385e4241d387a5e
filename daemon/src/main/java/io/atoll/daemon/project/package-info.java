@NullMarked
package io.atoll.daemon.project;

import org.jspecify.annotations.NullMarked;
