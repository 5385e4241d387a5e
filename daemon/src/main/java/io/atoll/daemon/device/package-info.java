/// Devices of instances: typed configuration parsed from the API's string maps.
@NullMarked
package io.atoll.daemon.device;

import org.jspecify.annotations.NullMarked;
