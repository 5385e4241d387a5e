import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;

/// Makes `dist/atoll` from what Maven built: jars, programs, drop-in names and AOT caches.
///
/// The folder is put together beside its final place and swapped in by rename, so that a daemon that
/// runs from the old one keeps its open files and nobody sees half of it.
///
/// `lib/PROGRAM.jvm` lists the JVM arguments of a program, one a line, `@home@` standing for the folder. The
/// launcher reads it, and the training below goes through the launcher too, so what a cache was made with
/// and what runs later cannot differ. A cache carries a hash of all that it was made from in its name:
/// JDK 25.0.3 does not notice a changed jar and would run stale code (JDK-8377932).

static final Path FINAL = Path.of("dist", "atoll").toAbsolutePath();
static final Path ROOT = Path.of("dist", "atoll.new").toAbsolutePath();
static final Path OLD = Path.of("dist", "atoll.old").toAbsolutePath();
static final Duration TRAINING_LIMIT = Duration.ofMinutes(5);

/// A program that runs on a JVM: its Maven module, main class, and JVM options besides class path and cache.
record Program(String name, String module, String mainClass, List<String> options) {}

/// Machine code in a cache is for the processor that it was made on, and 25.0.3 does not look: on another one the JVM ends
/// with SIGILL. The classes are most of what a cache saves.
static final List<String> ANY_PROCESSOR =
        List.of("-XX:+UnlockDiagnosticVMOptions", "-XX:-AOTAdapterCaching", "-XX:-AOTStubCaching");

/// What the JVM has to say about itself, as of a cache that it cannot use, must not get into what a command prints.
static final List<String> NOT_ON_STDOUT = List.of("-Xlog:disable", "-Xlog:all=warning:stderr");

static final Program DAEMON =
        new Program(
                "atolld",
                "daemon",
                "io.atoll.daemon.Main",
                List.of(
                        "-XX:+UseSerialGC",
                        "-XX:+UseCompactObjectHeaders",
                        "-XX:-UsePerfData",
                        // Looks sooner whether a method that the training compiled can be compiled.
                        "-XX:Tier0InvokeNotifyFreqLog=4",
                        // C2 only for what is hot for long: see docs/decisions/0042.
                        "-XX:Tier4InvocationThreshold=50000",
                        "-XX:Tier4MinInvocationThreshold=6000",
                        "-XX:Tier4CompileThreshold=150000",
                        "-XX:Tier4BackEdgeThreshold=400000",
                        // Small: see docs/decisions/0040.
                        "-Xms24m",
                        "-Xmn10m",
                        "-Xmx128m",
                        "-XX:MinHeapFreeRatio=10",
                        "-XX:MaxHeapFreeRatio=25",
                        "-XX:-ShrinkHeapInSteps",
                        "-XX:TrimNativeHeapInterval=5000",
                        "-XX:+ExitOnOutOfMemoryError",
                        // Jetty would start the platform's beans to find it out.
                        "-Dorg.eclipse.jetty.util.referencesPerCacheLine=16",
                        // No text of the daemon is for a locale, and Jetty asks at its start for all that there are.
                        "-Djava.locale.providers=SPI",
                        // The descriptor of a channel, to ask the kernel who is at its other end.
                        "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
                        "--enable-native-access=ALL-UNNAMED"));
static final Program CLI =
        new Program(
                "atoll",
                "cli",
                "io.atoll.cli.Main",
                List.of(
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:-UsePerfData",
                        "-Xmx64m",
                        "--enable-native-access=ALL-UNNAMED"));

static final Program LXC_TOOLS =
        new Program(
                "lxctools",
                "lxctools",
                "io.atoll.lxctools.Main",
                List.of(
                        "-XX:+UseSerialGC",
                        "-XX:+UseCompactObjectHeaders",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:-UsePerfData",
                        "-Xmx64m",
                        "--enable-native-access=ALL-UNNAMED",
                        "-Datoll.syscalls=@home@/libexec/libatoll-native.so"));

/// Runs the commands of both for one user, over and over. Without C2, and C1 takes a method that the training did not know
/// after some ten calls instead of some hundred: see docs/decisions/0110.
static final Program WARM =
        new Program(
                "warm",
                "warm",
                "io.atoll.warm.Main",
                List.of(
                        "-XX:+UseSerialGC",
                        "-XX:+UseCompactObjectHeaders",
                        "-XX:-UsePerfData",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:Tier0InvokeNotifyFreqLog=3",
                        "-XX:Tier3InvocationThreshold=16",
                        "-XX:Tier3MinInvocationThreshold=8",
                        "-XX:Tier3CompileThreshold=60",
                        "-XX:Tier3BackEdgeThreshold=2000",
                        "-Xms16m",
                        "-Xmn8m",
                        "-Xmx128m",
                        "-XX:MinHeapFreeRatio=10",
                        "-XX:MaxHeapFreeRatio=25",
                        "-XX:+ExitOnOutOfMemoryError",
                        "--enable-native-access=ALL-UNNAMED"));

/// Without a cache: it starts once, and the mapped file would only add to its memory.
static final Program LXCFS =
        new Program(
                "lxcfs",
                "lxcfs",
                "io.atoll.lxcfs.Main",
                List.of(
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:-UsePerfData",
                        "-XX:+UseCompactObjectHeaders",
                        "-Xss256k",
                        "-Xms4m",
                        "-Xmn2m",
                        "-Xmx32m",
                        "--enable-native-access=ALL-UNNAMED"));

void main() throws Exception {
    delete(ROOT);
    delete(OLD);
    for (String folder : List.of("bin", "dropin", "lib/aot", "libexec")) {
        Files.createDirectories(ROOT.resolve(folder));
    }
    copyProgram("shim/target/atoll-shim", "libexec/atoll-shim");
    copyProgram("shim/target/atoll-proxy", "libexec/atoll-proxy");
    copyProgram("shim/target/atoll-userns", "libexec/atoll-userns");
    copyProgram("shim/target/lxc-user-nic", "libexec/lxc-user-nic");
    copyProgram("launcher/target/atoll", "bin/atoll");
    copyProgram("launcher/target/libatoll-native.so", "libexec/libatoll-native.so");
    Files.createSymbolicLink(ROOT.resolve("bin/atolld"), Path.of("atoll"));
    Files.createSymbolicLink(ROOT.resolve("bin/atoll-lxcfs"), Path.of("atoll"));
    copyProgram("lxcfs/src/main/dist/lxc.mount.hook", "libexec/lxc.mount.hook");
    copyTree(Path.of("lxctools/src/main/dist/lxc"), ROOT.resolve("share/lxc"));
    copyTree(Path.of("lxctools/src/main/dist/libexec"), ROOT.resolve("libexec"));
    for (String name : List.of("lxc", "lxd", "lxd-images", "lxcfs")) {
        Files.createSymbolicLink(ROOT.resolve("dropin").resolve(name), Path.of("../bin/atoll"));
    }
    for (Program program : List.of(DAEMON, CLI, LXCFS, LXC_TOOLS, WARM)) {
        assemble(program);
    }
    train();
    linkTools();
    writeBuildId();
    // Swapped by rename: a daemon that runs from the old folder keeps its open files.
    if (Files.exists(FINAL, LinkOption.NOFOLLOW_LINKS)) {
        Files.move(FINAL, OLD, StandardCopyOption.ATOMIC_MOVE);
    }
    Files.move(ROOT, FINAL, StandardCopyOption.ATOMIC_MOVE);
    delete(OLD);
    IO.println("made dist/atoll");
}

/// A hash of everything that was made: commands go to a warm process of the same build only.
static void writeBuildId() throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    try (Stream<Path> tree = Files.walk(ROOT)) {
        for (Path file : tree.filter(Files::isRegularFile).sorted().toList()) {
            digest.update(ROOT.relativize(file).toString().getBytes(StandardCharsets.UTF_8));
            digest.update(Files.readAllBytes(file));
        }
    }
    Files.writeString(ROOT.resolve("lib/build-id"), HexFormat.of().formatHex(digest.digest(), 0, 16) + "\n");
}

/// A drop-in name for each LXC tool, as the program itself lists them.
static void linkTools() throws Exception {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    List<String> words = new ArrayList<>(List.of(java.toString()));
    for (String argument : arguments(LXC_TOOLS)) {
        words.add(argument.replace("@home@", ROOT.toString()));
    }
    words.add(words.size() - 1, "-Datoll.program=list");
    Process process = new ProcessBuilder(words).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String names = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
        throw new IOException("the LXC tools did not list themselves");
    }
    for (String name : names.strip().split("\\s+")) {
        Files.createSymbolicLink(ROOT.resolve("dropin").resolve(name), Path.of("../bin/atoll"));
    }
}

/// Copies the program's jars and writes its `.jvm` file. Jars are named with their version, so two programs that
/// share one share the file.
static void assemble(Program program) throws IOException {
    List<String> jars = new ArrayList<>();
    for (Path jar : classPath(program)) {
        Path target = ROOT.resolve("lib").resolve(jar.getFileName());
        copyJar(jar, target);
        jars.add("@home@/lib/" + jar.getFileName());
    }
    List<String> arguments = new ArrayList<>(ANY_PROCESSOR);
    arguments.addAll(NOT_ON_STDOUT);
    arguments.addAll(program.options());
    for (Path jar : classPath(program)) {
        if (jar.getFileName().toString().startsWith("sqlite-jdbc-")) {
            copySqlite(jar);
            arguments.add("-Dorg.sqlite.lib.path=@home@/libexec");
        }
    }
    arguments.add("-Datoll.shim=@home@/libexec/atoll-shim");
    arguments.addAll(List.of("-cp", String.join(":", jars)));
    arguments.add(program.mainClass());
    write(program, arguments);
}

/// Takes SQLite's machine code out of its jar. Otherwise every start would unpack it into `/tmp`, where a daemon that is
/// killed leaves it.
static void copySqlite(Path jar) throws IOException {
    String processor = System.getProperty("os.arch").equals("aarch64") ? "aarch64" : "x86_64";
    String name = "libsqlitejdbc.so";
    try (JarFile file = new JarFile(jar.toFile())) {
        JarEntry entry = file.getJarEntry("org/sqlite/native/Linux/" + processor + "/" + name);
        if (entry == null) {
            throw new IOException(jar + " holds no " + name + " for " + processor);
        }
        try (InputStream in = file.getInputStream(entry)) {
            Files.copy(in, ROOT.resolve("libexec").resolve(name), StandardCopyOption.REPLACE_EXISTING);
        }
    }
}

/// Copies a jar, without its seal and its signatures if it has any. The JVM does not start from an AOT cache that holds
/// classes of a sealed package ("sealing violation: can't seal package"), keeps none of a signed jar in a cache, and
/// would hash that jar's list of files at each start. Maven has checked what it fetched.
static void copyJar(Path from, Path to) throws IOException {
    try (JarFile jar = new JarFile(from.toFile(), false)) {
        Manifest manifest = jar.getManifest();
        boolean isSigned = jar.stream().anyMatch(entry -> SIGNATURE.matcher(entry.getName()).matches());
        boolean isSealed =
                manifest != null && manifest.getMainAttributes().remove(Attributes.Name.SEALED) != null;
        if (!isSigned && !isSealed) {
            Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
            return;
        }
        if (isSigned) {
            // A digest for each file.
            manifest.getEntries().clear();
        }
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(to), manifest)) {
            for (JarEntry entry : Collections.list(jar.entries())) {
                String name = entry.getName();
                if (!name.equals(JarFile.MANIFEST_NAME) && !SIGNATURE.matcher(name).matches()) {
                    out.putNextEntry(new JarEntry(name));
                    jar.getInputStream(entry).transferTo(out);
                }
            }
        }
    }
}

/// Files of a jar that sign it; see the JAR file specification.
static final Pattern SIGNATURE = Pattern.compile("META-INF/([^/]+[.](SF|RSA|DSA|EC)|SIG-[^/]*)", Pattern.CASE_INSENSITIVE);

/// The module's own jar first, then what it needs, in Maven's order.
static List<Path> classPath(Program program) throws IOException {
    Path target = Path.of(program.module(), "target");
    List<Path> jars = new ArrayList<>();
    try (Stream<Path> files = Files.list(target)) {
        files.filter(file -> file.getFileName().toString().matches(program.module() + "-[0-9.]+\\.jar"))
                .forEach(jars::add);
    }
    if (jars.size() != 1) {
        throw new IOException(target + " holds " + jars.size() + " jars of the module, not one");
    }
    for (String entry : Files.readString(target.resolve("classpath")).strip().split(":")) {
        Path jar = Path.of(entry);
        if (Files.isDirectory(jar)) {
            throw new IOException(jar + " is a directory; an AOT cache needs jars only");
        }
        jars.add(jar);
    }
    return jars;
}

static void write(Program program, List<String> arguments) throws IOException {
    Files.writeString(ROOT.resolve("lib").resolve(program.name() + ".jvm"), String.join("\n", arguments) + "\n");
}

static List<String> arguments(Program program) throws IOException {
    return new ArrayList<>(Files.readAllLines(ROOT.resolve("lib").resolve(program.name() + ".jvm")));
}

/// How often instances live through their lives in the training: enough that the JVM compiles what they make the
/// daemon do and keeps the profile.
static final int LIVES = 40;

/// Starts a daemon in a scratch folder and runs commands against it, both recording; then both programs' `.jvm` files
/// name the caches that came out. Where it can, the daemon has mount and network namespaces of its own: what it makes
/// for its instances is not seen and ends with it.
static void train() throws Exception {
    Path state = Files.createTempDirectory("atoll-training-");
    Path daemonCache = cache(DAEMON);
    Path cliCache = cache(CLI);
    Path warmCache = cache(WARM);
    Path toolsCache = cache(LXC_TOOLS);
    List<String> warmArguments = arguments(WARM);
    List<String> daemonArguments = arguments(DAEMON);
    List<String> cliArguments = arguments(CLI);
    List<String> toolsArguments = arguments(LXC_TOOLS);
    try {
        List<String> training = withMain(cliArguments, "io.atoll.cli.Training");
        prepare(state, recording(training, cliCache));
        write(CLI, cliArguments);
        write(DAEMON, recording(withoutC2(daemonArguments), daemonCache));
        Process daemon = start(state, "atolld", "--state-dir", state.toString());
        try {
            expect(state, "admin", "waitready", "--timeout=60");
            write(CLI, training);
            expect(state, "last", "once", "life=" + (canSeparate() ? LIVES : 1), "last");
            write(CLI, cliArguments);
            trainTools(state, toolsArguments, toolsCache);
            write(WARM, withoutC2(recording(warmArguments, warmCache)));
            trainWarm(state, warmCache);
        } finally {
            end(state, daemon);
        }
    } finally {
        delete(state);
    }
    write(DAEMON, using(daemonArguments, daemonCache));
    write(CLI, using(cliArguments, cliCache));
    write(WARM, using(warmArguments, warmCache));
    write(LXC_TOOLS, using(toolsArguments, toolsCache));
}

/// Leaves a pool, a network, an image and an instance in the folder: a daemon that starts does most for what it finds, and
/// the one that records is to start as those of users do.
///
/// @param recording of one JVM for all commands
static void prepare(Path state, List<String> recording) throws Exception {
    Process daemon = start(state, "atolld", "--state-dir", state.toString());
    try {
        expect(state, "admin", "waitready", "--timeout=60");
        writeClientConfig(state);
        write(CLI, recording);
        expect(state, "once", "life=1", "left");
    } finally {
        end(state, daemon);
    }
}

static void end(Path state, Process daemon) throws InterruptedException {
    daemon.destroy();
    if (!daemon.waitFor(TRAINING_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
        daemon.destroyForcibly();
    }
    endHelpers(state);
}

/// Runs the `lxc-*` commands in one JVM that records. How they end does not matter.
static void trainTools(Path state, List<String> arguments, Path cache) throws Exception {
    write(LXC_TOOLS, recording(withMain(arguments, "io.atoll.lxctools.Training"), cache));
    Path tool = state.resolve("lxc-training");
    Files.createSymbolicLink(tool, ROOT.resolve("bin/atoll"));
    Files.createDirectories(state.resolve("lxc-tools"));
    List<String> words = new ArrayList<>(canSeparate() ? SEPARATE : List.of());
    words.addAll(List.of(tool.toString(), state.resolve("lxc-tools").toString()));
    ProcessBuilder builder = new ProcessBuilder(words).redirectErrorStream(true);
    builder.redirectOutput(state.resolve("tools.log").toFile());
    builder.environment().putAll(Map.of(
            "ATOLL_WARM", "0", "ATOLL_JAVA", System.getProperty("java.home"),
            "ATOLL_RUN_DIR", state.resolve("run-tools").toString()));
    Process process = builder.start();
    end(process, "lxc-* commands", state.resolve("tools.log"));
    write(LXC_TOOLS, arguments);
}

/// As LXD's client writes it when it is first called: whoever has used that has one, and reading it takes a parser's
/// worth of classes.
static void writeClientConfig(Path state) throws IOException {
    Files.createDirectories(state.resolve("client"));
    Files.writeString(
            state.resolve("client").resolve("config.yml"),
            """
            default-remote: local
            remotes:
              images:
                addr: https://images.linuxcontainers.org
                protocol: simplestreams
                public: true
              local:
                addr: unix://
                public: false
            aliases: {}
            """);
}

/// How often the warm process does the usual commands in the training.
static final int ROUNDS = 15;

/// The commands of scripts, as one that has a container makes them. Their answers do not matter. All are in one set of
/// namespaces: a caller in another would get another process.
static final String WARM_SCRIPT =
        """
        cd / && lxc=$state/lxc && mkdir $lxc
        for name in create start info ls attach freeze unfreeze cgroup config wait stop destroy; do
            ln -s $root/bin/atoll $state/lxc-$name
        done
        atoll() { $root/bin/atoll "$@"; }
        tool() { name=$1; shift; $state/lxc-$name -P $lxc "$@"; }
        until [ -n "$(ls $ATOLL_WARM_DIR 2>/dev/null | grep -v '[.]')" ]; do
            atoll version
            tries=$((tries + 1)); [ $tries -lt 100 ] || exit 1
            sleep 0.2
        done
        for round in $(seq $rounds); do
            atoll list; atoll list --format=csv --columns=ns4; atoll list --format=json; atoll query /1.0
            atoll image list; atoll profile show default; atoll version; atoll info nobody
            tool create -n training -t busybox; sed -i /lxc.net/d $lxc/training/config
            tool start -n training
            for again in 1 2 3; do
                tool info -n training; tool ls --fancy; tool ls; tool attach -n training -- true
            done
            echo word | tool attach -n training -- cat
            tool info -n training -s -H; tool cgroup -n training memory.stat; tool wait -n training -s RUNNING -t 10
            tool freeze -n training; tool unfreeze -n training; tool stop -n training -k; tool destroy -n training
        done
        """;

/// Waits until they have ended, however; ends what hangs, and says so: the caches are then poorer.
static void end(Process training, String what, Path log) throws Exception {
    if (training.waitFor(TRAINING_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
        return;
    }
    training.descendants().forEach(ProcessHandle::destroyForcibly);
    training.destroyForcibly();
    List<String> lines = Files.readAllLines(log, StandardCharsets.ISO_8859_1);
    IO.println("training: the " + what + " hang after " + TRAINING_LIMIT.toMinutes() + " minutes; their last words:");
    lines.subList(Math.max(0, lines.size() - 10), lines.size()).forEach(IO::println);
}

/// Runs the commands with a warm process that records, and waits until that has ended and left its cache.
static void trainWarm(Path state, Path cache) throws Exception {
    Files.writeString(ROOT.resolve("lib/build-id"), "training\n");
    List<String> words = new ArrayList<>(canSeparate() ? SEPARATE : List.of());
    words.addAll(List.of("sh", "-c", WARM_SCRIPT));
    ProcessBuilder builder = new ProcessBuilder(words).redirectErrorStream(true);
    builder.redirectOutput(state.resolve("warm.log").toFile());
    builder.environment().putAll(Map.of(
            "state", state.toString(), "root", ROOT.toString(), "rounds", Integer.toString(ROUNDS), "tries", "0",
            "LXD_DIR", state.toString(), "LXD_CONF", state.resolve("client").toString(),
            "ATOLL_JAVA", System.getProperty("java.home"), "ATOLL_RUN_DIR", state.resolve("run-lxc").toString(),
            "ATOLL_WARM", "1"));
    builder.environment().put("ATOLL_WARM_DIR", state.resolve("warm").toString());
    end(builder.start(), "warm commands", state.resolve("warm.log"));
    // Without its name it ends as if nobody called any more.
    deleteSockets(state.resolve("warm"));
    long deadline = System.nanoTime() + TRAINING_LIMIT.toNanos();
    while (isRunning("-XX:AOTCacheOutput=" + cache) && System.nanoTime() < deadline) {
        Thread.sleep(100);
    }
}

static void deleteSockets(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
        return;
    }
    try (Stream<Path> files = Files.list(directory)) {
        for (Path file : files.filter(file -> !file.getFileName().toString().contains(".")).toList()) {
            Files.delete(file);
        }
    }
}

static boolean isRunning(String word) {
    return ProcessHandle.allProcesses().anyMatch(process -> title(process).contains(word));
}

/// The fork server outlives its daemon on purpose.
static void endHelpers(Path state) {
    ProcessHandle.allProcesses().filter(process -> title(process).contains(state.toString())).forEach(
            ProcessHandle::destroyForcibly);
}

static String title(ProcessHandle process) {
    try {
        return Files.readString(Path.of("/proc", Long.toString(process.pid()), "cmdline"), StandardCharsets.ISO_8859_1);
    } catch (IOException _) {
        return ""; // It has ended.
    }
}

static final List<String> SEPARATE = List.of("unshare", "--mount", "--net", "--");

/// True for root, unless it is root of a container that may not.
static boolean canSeparate() throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(SEPARATE);
    command.add("true");
    return new ProcessBuilder(command).redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor() == 0;
}

static List<String> withMain(List<String> arguments, String mainClass) {
    List<String> changed = new ArrayList<>(arguments);
    changed.set(changed.size() - 1, mainClass);
    return changed;
}

/// What the training compiles, the daemon compiles at once, in the same way: without C2, which would be busy for seconds beside
/// the first requests, and without counting for C2's sake, which costs a third of the speed. What works on megabytes is not
/// compiled in the training, so that C2 gets it as ever.
static List<String> withoutC2(List<String> arguments) {
    List<String> changed = new ArrayList<>(arguments);
    changed.removeIf(word -> word.startsWith("-XX:TieredStopAtLevel="));
    changed.addFirst("-XX:TieredStopAtLevel=1");
    for (String heavy : List.of("sun.security.provider", "com.sun.crypto.provider", "org.tukaani.xz")) {
        changed.addFirst("-XX:CompileCommand=exclude," + heavy + ".*::*");
    }
    changed.addFirst("-XX:CompileCommand=quiet");
    return changed;
}

static List<String> recording(List<String> arguments, Path cache) {
    List<String> changed = new ArrayList<>(arguments);
    changed.addFirst("-XX:AOTCacheOutput=" + cache);
    return changed;
}

static List<String> using(List<String> arguments, Path cache) {
    List<String> changed = new ArrayList<>(arguments);
    if (Files.exists(cache)) {
        changed.addFirst("-XX:AOTCache=@home@/lib/aot/" + cache.getFileName());
    } else {
        IO.println("no AOT cache came out for " + cache.getFileName() + ": the program will start slowly");
    }
    return changed;
}

/// Where the cache of a program goes; the name hashes its options, its jars and the JDK.
static Path cache(Program program) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    digest.update(System.getProperty("java.vm.version").getBytes(StandardCharsets.UTF_8));
    for (String argument : arguments(program)) {
        digest.update(argument.getBytes(StandardCharsets.UTF_8));
    }
    for (Path jar : classPath(program)) {
        digest.update(Files.readAllBytes(jar));
    }
    String hash = HexFormat.of().formatHex(digest.digest(), 0, 8);
    return ROOT.resolve("lib/aot").resolve(program.name() + "-" + hash + ".aot");
}

static void expect(Path state, String... command) throws Exception {
    int exit = run(state, List.of(command));
    if (exit != 0) {
        throw new IOException(
                "training: atoll " + String.join(" ", command) + " ended with " + exit + "; the daemon's log: "
                        + Files.readString(log(state)));
    }
}

static int run(Path state, List<String> command) throws Exception {
    List<String> words = new ArrayList<>(List.of("atoll"));
    words.addAll(command);
    Process process = start(state, words.toArray(String[]::new));
    if (!process.waitFor(TRAINING_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IOException("training: " + words + " hangs");
    }
    return process.exitValue();
}

static Path log(Path state) {
    return state.resolve("training.log");
}

static Process start(Path state, String... command) throws IOException, InterruptedException {
    List<String> words = new ArrayList<>(List.of(command));
    words.set(0, ROOT.resolve("bin").resolve(command[0]).toString());
    if (command[0].equals("atolld") && canSeparate()) {
        words.addAll(0, SEPARATE);
    }
    ProcessBuilder builder = new ProcessBuilder(words).redirectErrorStream(true);
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log(state).toFile()));
    builder.environment().put("LXD_DIR", state.toString());
    builder.environment().remove("LXD_SOCKET");
    builder.environment().put("ATOLL_JAVA", System.getProperty("java.home"));
    builder.environment().put("LXD_CONF", state.resolve("client").toString());
    builder.environment().put("ATOLL_WARM", "0");
    return builder.start();
}

static void copyProgram(String from, String to) throws IOException {
    Path source = Path.of(from);
    if (!Files.isRegularFile(source)) {
        throw new IOException(source + " was not built");
    }
    Files.copy(source, ROOT.resolve(to), StandardCopyOption.COPY_ATTRIBUTES);
}

/// Copies a folder's files with their modes.
static void copyTree(Path from, Path to) throws IOException {
    try (Stream<Path> tree = Files.walk(from)) {
        for (Path path : tree.filter(Files::isRegularFile).toList()) {
            Path target = to.resolve(from.relativize(path).toString());
            Files.createDirectories(target.getParent());
            Files.copy(path, target, StandardCopyOption.COPY_ATTRIBUTES, StandardCopyOption.REPLACE_EXISTING);
        }
    }
}

static void delete(Path folder) throws IOException {
    if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
        return;
    }
    try (Stream<Path> tree = Files.walk(folder)) {
        for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
            Files.delete(path);
        }
    }
}
