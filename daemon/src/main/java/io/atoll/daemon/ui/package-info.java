/// Pages for browsers: the files of a web application that the administrator names.
@NullMarked
package io.atoll.daemon.ui;

import org.jspecify.annotations.NullMarked;
