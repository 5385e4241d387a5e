/// The ways in which LXC keeps root file systems, one class each, behind [Backend].
@NullMarked
package io.atoll.lxctools.storage;

import org.jspecify.annotations.NullMarked;
