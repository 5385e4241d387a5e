package io.atoll.daemon.instance;

import io.atoll.base.DomainException;
import io.atoll.base.HostId;
import io.atoll.base.IdmapEntry;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NsId;
import io.atoll.base.Recent;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.Expansion;
import io.atoll.image.ImageMetadata;
import io.atoll.image.ImageTemplate;
import io.atoll.image.TemplateContext;
import io.atoll.image.TemplateIncludes;
import io.atoll.image.TemplateRenderer;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.FsIds;
import io.atoll.linux.GuestFiles;
import io.atoll.linux.Mounts;
import io.atoll.linux.Namespaces;
import io.atoll.linux.PlatformThreads;
import io.atoll.runtime.Container;
import io.atoll.runtime.spec.NamespaceKind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/// The templates that an instance brought along from its image, and writing the files they make.
final class InstanceTemplates {
    /// The longest template that is read, in bytes.
    private static final int TEMPLATE_MAX = 1 << 20;

    private static final int FILE_MODE = 0644;
    private static final int DIRECTORY_MODE = 0755;
    private static final List<Job> NONE = List.of();
    private static final NsId ROOT = new NsId(0);

    /// Instances of one image have the same text, and each start asks for it.
    private static final int PARSED_MAX = 16;

    private static final Recent<String, ImageMetadata> PARSED =
            new Recent<>(PARSED_MAX, ImageMetadata::parse);

    /// One file to write.
    ///
    /// @param ready its text, where no look into the container was needed for that
    private record Job(
            String path, String trigger, ImageTemplate template, Optional<byte[]> ready) {
        Job with(byte[] text) {
            return new Job(path, trigger, template, Optional.of(text));
        }
    }

    /// The files that a start writes.
    static final class Texts {
        static final Texts NONE = new Texts(List.of());

        private final List<Job> jobs;

        private Texts(List<Job> jobs) {
            this.jobs = jobs;
        }

        private List<Job> jobs() {
            return jobs;
        }
    }

    /// The metadata in a volume's directory; empty if the instance came from no image.
    static Optional<ImageMetadata> metadata(Path directory) throws IOException {
        Path file = directory.resolve("metadata.yaml");
        return Files.exists(file)
                ? Optional.of(PARSED.get(Files.readString(file)))
                : Optional.empty();
    }

    /// Writes the files of all templates that one of the triggers asks for, in the triggers' order,
    /// if the container itself will only read its root. It must not run.
    void beforeStart(Preparation.Prepared prepared, List<String> triggers) {
        List<Job> jobs = prepared.spec().rootfs().isReadonly() ? jobs(prepared, triggers) : NONE;
        if (!jobs.isEmpty()) {
            PlatformThreads.run(() -> {
                try (Fd root = prepared.pool().openRoot(prepared.volume().current())) {
                    write(prepared, jobs, new GuestFiles(root));
                }
            });
        }
    }

    /// Renders what [#beforeInit] writes, as far as nothing of the container is needed for it: that
    /// is being made meanwhile. What is wrong shows when it is written, if it is.
    Texts render(Preparation.Prepared prepared, List<String> triggers) {
        if (prepared.spec().rootfs().isReadonly()) {
            return Texts.NONE;
        }
        return new Texts(
                jobs(prepared, triggers).stream().map(job -> ready(prepared, job)).toList());
    }

    private static Job ready(Preparation.Prepared prepared, Job job) {
        AtomicBoolean isLooking = new AtomicBoolean();
        try {
            byte[] text =
                    text(
                            prepared,
                            job,
                            _ -> {
                                isLooking.set(true);
                                return "";
                            });
            return isLooking.get() ? job : job.with(text);
        } catch (IOException | DomainException _) {
            return job;
        }
    }

    /// As [#beforeStart] for any other root, in the container that waits for its first program: its
    /// root is mounted by then, and a mount only for this would cost more than all the rest of it.
    void beforeInit(Preparation.Prepared prepared, Texts texts, Container container) {
        List<Job> jobs = texts.jobs();
        if (jobs.isEmpty()) {
            return;
        }
        // Not into what devices have mounted: those files may be the host's, and an image must not
        // decide what becomes of them.
        try (Fd root = container.rootFd()) {
            writeAsRoot(prepared, jobs, GuestFiles.ofOneMount(root));
        } catch (ErrnoException e) {
            if (!e.is(Errno.EXDEV)) {
                throw e;
            }
            writeBelowMounts(prepared, jobs, container);
        }
    }

    /// Something is mounted on the way to one of the files: it goes below, as on a root that is not
    /// in use yet.
    private static void writeBelowMounts(
            Preparation.Prepared prepared, List<Job> jobs, Container container) {
        try (Fd mounts = container.namespaceFd(NamespaceKind.MNT);
                Fd root = Namespaces.inMounts(mounts, () -> Mounts.cloneTree("/", false))) {
            writeAsRoot(prepared, jobs, new GuestFiles(root));
        }
    }

    /// Where ids are mapped, nobody else may make a file.
    private static void writeAsRoot(
            Preparation.Prepared prepared, List<Job> jobs, GuestFiles files) {
        Optional<HostId> user = prepared.idmap().toHost(IdmapEntry.Kind.UID, ROOT);
        Optional<HostId> group = prepared.idmap().toHost(IdmapEntry.Kind.GID, ROOT);
        if (user.isEmpty() || group.isEmpty()) {
            PlatformThreads.run(() -> write(prepared, jobs, files));
            return;
        }
        boolean unused =
                FsIds.as(
                        user.get().value(),
                        group.get().value(),
                        () -> {
                            write(prepared, jobs, files);
                            return true;
                        });
    }

    private static List<Job> jobs(Preparation.Prepared prepared, List<String> triggers) {
        Path directory = directory(prepared);
        // Asked before the file is read: most starts have nothing to write.
        if (!Files.isDirectory(directory.resolve("templates"))) {
            return NONE;
        }
        try {
            return jobs(directory, triggers);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path directory(Preparation.Prepared prepared) {
        return prepared.pool().directory(prepared.volume().current());
    }

    private static List<Job> jobs(Path directory, List<String> triggers) throws IOException {
        List<Job> jobs = new ArrayList<>();
        Optional<ImageMetadata> metadata = metadata(directory);
        if (metadata.isEmpty()) {
            return jobs;
        }
        for (String trigger : triggers) {
            metadata.get()
                    .templates()
                    .forEach((path, template) -> {
                        if (template.when().contains(trigger)) {
                            jobs.add(new Job(path, trigger, template, Optional.empty()));
                        }
                    });
        }
        return jobs;
    }

    private static void write(Preparation.Prepared prepared, List<Job> jobs, GuestFiles files) {
        TemplateIncludes includes =
                name -> new String(files.read(name, TEMPLATE_MAX), StandardCharsets.UTF_8);
        for (Job job : jobs) {
            try {
                write(prepared, job, files, includes);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static void write(
            Preparation.Prepared prepared, Job job, GuestFiles files, TemplateIncludes includes)
            throws IOException {
        boolean exists = files.exists(job.path());
        if (exists && job.template().createOnly()) {
            return;
        }
        byte[] text = job.ready().isPresent() ? job.ready().get() : text(prepared, job, includes);
        if (!exists) {
            int slash = job.path().lastIndexOf('/');
            files.mkdirs(slash < 0 ? "/" : job.path().substring(0, slash), DIRECTORY_MODE, -1, -1);
        }
        files.write(job.path(), text, FILE_MODE);
    }

    private static byte[] text(Preparation.Prepared prepared, Job job, TemplateIncludes includes)
            throws IOException {
        String source = Files.readString(template(directory(prepared), job.template().template()));
        return TemplateRenderer.render(source, context(prepared, job), includes)
                .getBytes(StandardCharsets.UTF_8);
    }

    /// The file of a template; its name is part of the image, so it may be anything.
    ///
    /// @throws InvalidConfigException if it is not the name of a file in `templates`
    static Path template(Path directory, String name) {
        if (name.isEmpty()
                || name.contains("/")
                || name.equals("..")
                || name.equals(".")
                || name.indexOf('\0') >= 0) {
            throw new InvalidConfigException("Invalid template name \"" + name + "\"");
        }
        return directory.resolve("templates").resolve(name);
    }

    private static TemplateContext context(Preparation.Prepared prepared, Job job) {
        InstanceRecord instance = prepared.instance();
        Expansion expansion = prepared.expansion();
        return new TemplateContext(
                job.trigger(),
                job.path(),
                Map.of(
                        "name", instance.name(),
                        "type", "container",
                        "architecture", instance.architecture(),
                        "ephemeral", Boolean.toString(instance.isEphemeral()),
                        "privileged",
                                Boolean.toString(expansion.typed().is(ConfigKeys.PRIVILEGED))),
                expansion.config(),
                expansion.devices(),
                job.template().properties());
    }
}
