package io.atoll.linux;

import io.atoll.base.UnsupportedException;
import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.function.Supplier;

/// A C library of the host, loaded once and for good. Every function is called in the one shape of
/// [Syscalls], words in and a word out, which both supported machines pass in registers whatever
/// the C types are; so only for functions with at most seven integer or pointer parameters and no
/// structures by value.
final class SharedLibrary {
    private final String name;
    private final SymbolLookup symbols;

    private SharedLibrary(String name, SymbolLookup symbols) {
        this.name = name;
        this.symbols = symbols;
    }

    /// Loads by the name that the dynamic linker searches, as `libseccomp.so.2`.
    ///
    /// @param debianPackage what to install if it is missing, for the message
    /// @throws UnsupportedException if the host does not have it
    static SharedLibrary load(String name, String debianPackage) {
        try {
            return new SharedLibrary(name, SymbolLookup.libraryLookup(name, Arena.global()));
        } catch (IllegalArgumentException e) {
            throw new UnsupportedException(
                    "the library "
                            + name
                            + " is missing (package "
                            + debianPackage
                            + " on Debian and Ubuntu)",
                    e);
        }
    }

    /// A function, by its name in C.
    Function function(String function) {
        MemorySegment address =
                symbols.find(function)
                        .orElseThrow(() ->
                                new UnsupportedException(name + " has no function " + function));
        return new Function(
                Linker.nativeLinker()
                        .downcallHandle(address, Syscalls.Shape.WORDS, Syscalls.Shape.OPTIONS));
    }

    /// A function of the library.
    static final class Function {
        private final MethodHandle handle;

        private Function(MethodHandle handle) {
            this.handle = handle;
        }

        /// The returned word. A C `int` fills only its lower half: use [#callInt].
        long call(long a, long b, long c, long d, long e) {
            try {
                return (long) handle.invokeExact(Syscalls.captured(), a, b, c, d, e, 0L, 0L);
            } catch (Throwable t) {
                throw new AssertionError("library call", t);
            }
        }

        long call(long a) {
            return call(a, 0, 0, 0, 0);
        }

        long call(long a, long b) {
            return call(a, b, 0, 0, 0);
        }

        int callInt(long a, long b, long c, long d, long e) {
            return (int) call(a, b, c, d, e);
        }

        int callInt(long a, long b) {
            return (int) call(a, b, 0, 0, 0);
        }

        int callInt(long a, long b, long c) {
            return (int) call(a, b, c, 0, 0);
        }
    }

    /// The library out of a holder class that loads it when first used. What the loading threw
    /// comes out as it was, also at later uses, when the JVM only says that the class cannot be
    /// had.
    ///
    /// @throws UnsupportedException if the library or one of its functions is missing
    static SharedLibrary from(Supplier<SharedLibrary> holder, String name) {
        try {
            return holder.get();
        } catch (ExceptionInInitializerError e) {
            if (e.getCause() instanceof UnsupportedException missing) {
                throw missing;
            }
            throw e;
        } catch (NoClassDefFoundError e) {
            throw new UnsupportedException("the library " + name + " is missing or too old", e);
        }
    }

    /// True if [#from] would give it.
    static boolean isAvailable(Supplier<SharedLibrary> library) {
        try {
            return library.get() != null;
        } catch (UnsupportedException _) {
            return false;
        }
    }
}
