import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/// Runs a selection of the tests and ends with one line: `N passed, N failed, N skipped`.
///
/// Exit code 0: nothing failed (and with `--strict`, nothing was skipped). Everything else that Maven
/// printed is in `target/tests.log`.

static final Path LOG = Path.of("target", "tests.log");
static final int FUZZ_SECONDS = 60;
static final int FUZZ_SECONDS_IN_ALL = 20;

/// How long a process that tries many parsers at once has, where all tests are run.
static final int FUZZ_SECONDS_MIXED = 10;

/// What such a process begins with, so that it tries the same each time; long runs try what none did.
static final int FUZZ_SEED_MIXED = 1;
static final int FUZZ_PROCESSES = 2;

/// An input that takes longer hangs; other things may keep the machine busy meanwhile.
static final int FUZZ_PATIENCE_SECONDS = 60;
static final int FUZZ_BYTES_MAX = 16 << 10;
static final Path FUZZ_CORPUS = Path.of("fuzz", "corpus");
static final Path FUZZ_CLASS_PATH = Path.of("fuzz", "target", "fuzz-classpath");

/// The libraries among what is watched while it runs: those that read what strangers send.
static final String FUZZ_WATCHED =
        "io.atoll.**:org.snakeyaml.**:org.apache.commons.compress.**:io.pebbletemplates.**:org.xbill.DNS.**";

/// Filters are regular expressions that users give, as LXD's are.
static final Map<String, String> FUZZ_WITHOUT =
        Map.of("filter", "com.code_intelligence.jazzer.sanitizers.RegexInjection");

/// What strangers on the network send; all targets at once.
static final int NETWORK_FUZZ_SECONDS_IN_ALL = 60;
static final Pattern SHOWN =
        Pattern.compile(".*(ERROR|WARN.*\\.java|Tests run:.*Time|Building .*\\[\\d|BUILD ).*");

/// A test that did not pass, and why.
record Finding(String name, String reason) {}

/// What the report files add up to.
static final class Tally {
    int passed;
    final List<Finding> failed = new ArrayList<>();
    final List<Finding> skipped = new ArrayList<>();

    void add(Tally other) {
        passed += other.passed;
        failed.addAll(other.failed);
        skipped.addAll(other.skipped);
    }
}

void main(String[] args) throws Exception {
    List<String> words = new ArrayList<>(List.of(args));
    String mode = words.removeFirst();
    boolean strict = words.remove("--strict");
    Files.createDirectories(LOG.getParent());
    Files.deleteIfExists(LOG);
    Tally tally = new Tally();
    switch (mode) {
        case "--unit" -> {
            tally.add(formatting());
            tally.add(maven(words, "test"));
        }
        case "--privileged" -> tally.add(maven(words, "test", "-Dgroups=privileged", "-Dtests.excluded=e2e"));
        case "--e2e" -> tally.add(endToEnd(words));
        case "--fuzz" -> tally.add(fuzz(words));
        case "--all" -> {
            tally.add(formatting());
            tally.add(maven(words, "package", "-Dtests.excluded=e2e",
                    "-Datoll.fuzz.seconds=" + NETWORK_FUZZ_SECONDS_IN_ALL));
            tally.add(make("shim", "check"));
            tally.add(fuzzForAMoment());
            if (tally.failed.stream().noneMatch(finding -> finding.name().equals("maven"))) {
                tally.add(endToEnd(List.of()));
            }
        }
        default -> throw new IllegalArgumentException(mode);
    }
    System.exit(report(tally, strict));
}

static int report(Tally tally, boolean strict) {
    tally.skipped.forEach(it -> IO.println("SKIPPED " + it.name() + ": " + it.reason()));
    tally.failed.forEach(it -> IO.println("FAILED  " + it.name() + ": " + it.reason()));
    IO.println(
            "%d passed, %d failed, %d skipped"
                    .formatted(tally.passed, tally.failed.size(), tally.skipped.size()));
    return !tally.failed.isEmpty() || strict && !tally.skipped.isEmpty() || tally.passed == 0 ? 1 : 0;
}

/// The end-to-end tests drive the programs of `dist/`, so it is made first.
static Tally endToEnd(List<String> words) throws Exception {
    List<String> arguments = new ArrayList<>(words);
    if (words.stream().noneMatch(word -> word.startsWith("-Dtest="))) {
        arguments.add("-Dtest=io.atoll.e2e.**,ScriptsTest");
    }
    Tally tally = new Tally();
    if (run(List.of("./mk", "dist"), Map.of()) != 0) {
        tally.failed.add(new Finding("mk dist", "see " + LOG));
        return tally;
    }
    tally.add(maven(arguments, "test", "--projects=e2e", "--also-make", "-Dgroups=e2e", "-Dtests.excluded=upstream"));
    return tally;
}

/// Counts as two tests: Java and C.
static Tally formatting() throws Exception {
    Tally tally = new Tally();
    if (run(List.of("mvn", "--batch-mode", "--no-transfer-progress", "-Dstyle.color=never", "spotless:check"),
            Map.of()) == 0) {
        tally.passed++;
    } else {
        tally.failed.add(new Finding("Java formatting", "run ./mk fmt; what differs is in " + LOG));
    }
    tally.add(make("shim", "fmt-check"));
    return tally;
}

/// The targets that are named, or all; a number is how many seconds each has.
static Tally fuzz(List<String> words) throws Exception {
    List<String> names = new ArrayList<>(words);
    boolean isBrief = names.remove("--brief");
    String number = names.stream().filter(word -> word.matches("[0-9]+")).findFirst().orElse("");
    names.remove(number);
    int seconds = number.isEmpty() ? FUZZ_SECONDS : Integer.parseInt(number);
    List<String> known = new ArrayList<>(List.of("shim"));
    known.addAll(names(FUZZ_CORPUS));
    if (!known.containsAll(names)) {
        throw new IllegalArgumentException("targets are " + known);
    }
    if (run(List.of("mvn", "--batch-mode", "--no-transfer-progress", "-Dstyle.color=never", "test-compile",
            "--projects=fuzz", "--also-make"), Map.of()) != 0) {
        Tally tally = new Tally();
        tally.failed.add(new Finding("maven", "see " + LOG));
        return tally;
    }
    if (isBrief) {
        return fuzzForAMoment();
    }
    List<Callable<Tally>> tasks = new ArrayList<>();
    for (String name : names.isEmpty() ? known : names) {
        tasks.add(() -> name.equals("shim") ? fuzzShim(seconds) : jazzer(name, List.of(name), seconds));
    }
    return atOnce(tasks);
}

/// All targets of the Java code in a few processes.
static Tally fuzzForAMoment() throws Exception {
    List<Callable<Tally>> tasks = new ArrayList<>(List.of(() -> fuzzShim(FUZZ_SECONDS_IN_ALL)));
    List<String> names = names(FUZZ_CORPUS);
    for (int i = 0; i < FUZZ_PROCESSES; i++) {
        int rest = i;
        List<String> some = IntStream.range(0, names.size())
                .filter(at -> at % FUZZ_PROCESSES == rest).mapToObj(names::get).toList();
        tasks.add(() -> jazzer("mixed-" + rest, some, FUZZ_SECONDS_MIXED));
    }
    return atOnce(tasks);
}

static Tally atOnce(List<Callable<Tally>> tasks) throws Exception {
    Tally tally = new Tally();
    try (ExecutorService threads = Executors.newFixedThreadPool(FUZZ_PROCESSES)) {
        for (Future<Tally> done : threads.invokeAll(tasks)) {
            tally.add(done.get());
        }
    }
    return tally;
}

static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
        return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
}

static Tally fuzzShim(int seconds) throws Exception {
    return make("shim", "fuzz", "FUZZ_SECONDS=" + seconds);
}

/// Jazzer on some targets in one process; counts as one test. What it finds stays in `target/fuzz/NAME`.
static Tally jazzer(String name, List<String> targets, int seconds) throws Exception {
    Tally tally = new Tally();
    if (!Files.exists(FUZZ_CLASS_PATH)) {
        tally.failed.add(new Finding("fuzz " + name, "it was not built, see " + LOG));
        return tally;
    }
    Path home = Path.of("target", "fuzz", name).toAbsolutePath();
    for (String folder : List.of("corpus", "found", "tmp", "seeds")) {
        Files.createDirectories(home.resolve(folder));
    }
    Path seeds = FUZZ_CORPUS.resolve(name).toAbsolutePath();
    if (targets.size() > 1) {
        seeds = home.resolve("seeds");
        mixSeeds(targets, seeds);
    }
    List<String> command = new ArrayList<>(List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx512m", "-Xss2m", "-XX:+UseSerialGC", "-XX:+EnableDynamicAgentLoading", "-Xshare:off",
            "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
            "-Djava.io.tmpdir=" + home.resolve("tmp"),
            "-cp", Path.of("fuzz", "target", "test-classes").toAbsolutePath() + ":"
                    + Files.readString(FUZZ_CLASS_PATH).strip(),
            "com.code_intelligence.jazzer.Jazzer",
            "--target_class=io.atoll.fuzz.FuzzEntry",
            "--target_args=" + String.join(" ", targets),
            "--instrumentation_includes=" + FUZZ_WATCHED,
            "--reproducer_path=" + home.resolve("found"),
            "-artifact_prefix=" + home.resolve("found") + "/",
            "-max_total_time=" + seconds,
            "-timeout=" + FUZZ_PATIENCE_SECONDS,
            "-max_len=" + FUZZ_BYTES_MAX,
            "-print_final_stats=1"));
    if (targets.size() > 1) {
        command.add("-seed=" + FUZZ_SEED_MIXED);
    }
    for (String target : targets) {
        if (FUZZ_WITHOUT.containsKey(target)) {
            command.add("--disabled_hooks=" + FUZZ_WITHOUT.get(target));
        }
    }
    if (targets.size() == 1) {
        command.add(home.resolve("corpus").toString());
    }
    command.add(seeds.toString());
    Path log = home.resolve("log");
    ProcessBuilder builder = new ProcessBuilder(command).directory(home.toFile()).redirectErrorStream(true)
            .redirectInput(Path.of("/dev/null").toFile()).redirectOutput(log.toFile());
    builder.environment().put("LC_ALL", "C.UTF-8"); // As the launcher does it for users.
    Process process = builder.start();
    int exit = process.waitFor();
    String text = Files.readString(log, StandardCharsets.ISO_8859_1);
    if (exit == 0) {
        IO.println("fuzz " + name + ": " + last(text, "DONE ").orElse("done"));
        tally.passed++;
    } else {
        tally.failed.add(new Finding("fuzz " + name,
                last(text, "== Java Exception: ").or(() -> last(text, "ERROR: libFuzzer")).orElse("exit code " + exit)
                        + last(text, "Test unit written to ").map(it -> "; " + it).orElse("") + "; see " + log));
    }
    return tally;
}

static Optional<String> last(String text, String part) {
    return text.lines().filter(line -> line.contains(part)).reduce((_, later) -> later)
            .map(line -> line.substring(line.indexOf(part)).strip());
}

/// The first byte of an input tells which of the targets gets the rest. What the last run added is left out.
static void mixSeeds(List<String> targets, Path folder) throws IOException {
    for (String old : names(folder)) {
        Files.delete(folder.resolve(old));
    }
    for (int i = 0; i < targets.size(); i++) {
        for (String file : names(FUZZ_CORPUS.resolve(targets.get(i)))) {
            byte[] seed = Files.readAllBytes(FUZZ_CORPUS.resolve(targets.get(i)).resolve(file));
            byte[] mixed = new byte[seed.length + 1];
            mixed[0] = (byte) i;
            System.arraycopy(seed, 0, mixed, 1, seed.length);
            Files.write(folder.resolve(targets.get(i) + "-" + file), mixed);
        }
    }
}

/// One target of a Makefile counts as one test.
static Tally make(String folder, String... targets) throws Exception {
    List<String> command = new ArrayList<>(List.of("make", "--silent", "--directory=" + folder));
    command.addAll(List.of(targets));
    Tally tally = new Tally();
    String name = folder + " " + targets[0];
    if (run(List.of("make", "--silent", "--dry-run", "--directory=" + folder, targets[0]), Map.of()) != 0) {
        tally.skipped.add(new Finding(name, "no such target"));
        return tally;
    }
    int exit = run(command, Map.of());
    if (exit == 0) {
        tally.passed++;
    } else {
        tally.failed.add(new Finding(name, "exit code " + exit + ", see " + LOG));
    }
    return tally;
}

static Tally maven(List<String> words, String... arguments) throws Exception {
    deleteReports();
    List<String> command = new ArrayList<>(List.of("mvn", "--batch-mode", "--no-transfer-progress", "-Dstyle.color=never"));
    command.addAll(List.of(arguments));
    // All modules are tested even when one fails; the report files tell which did.
    command.add("-Dmaven.test.failure.ignore=true");
    command.add("-Dsurefire.failIfNoSpecifiedTests=false");
    command.addAll(words);
    int exit = run(command, Map.of());
    Tally tally = readReports();
    if (exit != 0) {
        tally.failed.add(new Finding("maven", "exit code " + exit + ", see " + LOG));
    }
    return tally;
}

static int run(List<String> command, Map<String, String> environment) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    Process process = builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile())).start();
    boolean filtered = command.getFirst().equals("mvn");
    try (var lines = process.inputReader();
            BufferedWriter log = Files.newBufferedWriter(LOG, java.nio.file.StandardOpenOption.CREATE,
                    java.nio.file.StandardOpenOption.APPEND)) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            log.write(line);
            log.newLine();
            if (!filtered || SHOWN.matcher(line).matches()) {
                IO.println(line);
            }
        }
    }
    // A test that leaves a process behind could keep the pipe open, but not the exit code.
    process.waitFor(1, TimeUnit.MINUTES);
    return process.exitValue();
}

static List<Path> reports() throws IOException {
    List<Path> found = new ArrayList<>();
    try (Stream<Path> modules = Files.list(Path.of("."))) {
        for (Path module : modules.sorted().toList()) {
            Path folder = module.resolve("target").resolve("surefire-reports");
            if (Files.isDirectory(folder)) {
                try (Stream<Path> files = Files.list(folder)) {
                    files.filter(file -> file.getFileName().toString().matches("TEST-.*\\.xml"))
                            .sorted(Comparator.naturalOrder())
                            .forEach(found::add);
                }
            }
        }
    }
    return found;
}

static void deleteReports() throws IOException {
    for (Path report : reports()) {
        Files.delete(report);
    }
}

static Tally readReports() throws Exception {
    Tally tally = new Tally();
    for (Path report : reports()) {
        NodeList cases = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(report.toFile())
                .getElementsByTagName("testcase");
        for (int i = 0; i < cases.getLength(); i++) {
            count((Element) cases.item(i), tally);
        }
    }
    return tally;
}

static void count(Element testcase, Tally tally) {
    String type = testcase.getAttribute("classname");
    String name = type.substring(type.lastIndexOf('.') + 1) + "." + testcase.getAttribute("name");
    for (String kind : List.of("failure", "error")) {
        if (testcase.getElementsByTagName(kind).item(0) instanceof Element problem) {
            tally.failed.add(new Finding(name, firstLine(problem)));
            return;
        }
    }
    if (testcase.getElementsByTagName("skipped").item(0) instanceof Element skip) {
        tally.skipped.add(new Finding(name, firstLine(skip)));
        return;
    }
    tally.passed++;
}

static String firstLine(Element problem) {
    String message = problem.getAttribute("message");
    String text = message.isBlank() ? problem.getTextContent().strip() : message.strip();
    return text.lines().findFirst().orElse("no message");
}
