/// Copies between servers in LXD's migration protocol: the messages on the control websocket, the
/// files on the other one, and the room in which rsync works.
@NullMarked
package io.atoll.daemon.migration;

import org.jspecify.annotations.NullMarked;
