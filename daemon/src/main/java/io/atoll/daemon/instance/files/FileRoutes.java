package io.atoll.daemon.instance.files;

import io.atoll.base.IdmapEntry;
import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.json.Json;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.instance.InstanceRecord;
import io.atoll.daemon.instance.Instances;
import io.atoll.linux.Directories;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import io.atoll.linux.FileStat;
import io.atoll.linux.GuestFiles;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// `/1.0/instances/NAME/files?path=`. Paths are the instance's: links in them lead to places
/// inside, never on the host.
public final class FileRoutes implements Routes {
    private static final int CHUNK = 64 << 10;
    private static final int LINK_MAX = 4096;
    private static final int FILE_MODE = 0644;
    private static final int DIRECTORY_MODE = 0750;

    private final Instances instances;

    public FileRoutes(Instances instances) {
        this.instances = instances;
    }

    @Override
    public List<Route> routes() {
        String path = "/{name}/files";
        return Stream.of(
                        Instances.both(path, p -> Route.get(p).needs(Right.OPERATE).run(this::get)),
                        Instances.both(
                                path, p -> Route.head(p).needs(Right.OPERATE).run(this::head)),
                        Instances.both(
                                path, p -> Route.post(p).needs(Right.OPERATE).run(this::post)),
                        Instances.both(
                                path, p -> Route.delete(p).needs(Right.OPERATE).run(this::delete)))
                .flatMap(List::stream)
                .toList();
    }

    private static String path(Request request) {
        String path = request.query("path").orElse("");
        if (path.isEmpty()) {
            throw new InvalidConfigException("Missing path argument");
        }
        return path.startsWith("/") ? path : "/" + path;
    }

    /// Does something with the files of the request's instance and puts failures in the client's
    /// words.
    private <T> T with(Request request, String verb, Work<T> work) {
        String path = path(request);
        InstanceRecord instance = instances.of(request);
        RootAccess root = RootAccess.open(instances, instance);
        boolean isKept = false;
        try {
            T result = root.call(() -> work.run(root, path));
            isKept = result instanceof Kept;
            return result;
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT, Errno.ENOTDIR)) {
                throw new NotFoundException("Not Found", e);
            }
            throw new InternalException(
                    "sftp: \""
                            + verb
                            + " "
                            + path
                            + ": "
                            + Errno.text(e.errno())
                            + "\" (SSH_FX_FAILURE)",
                    e);
        } finally {
            if (!isKept) {
                root.close();
            }
        }
    }

    @FunctionalInterface
    private interface Work<T> {
        T run(RootAccess root, String path) throws IOException;
    }

    /// An open file that is sent after the handler returned; takes the root's place, which it then
    /// closes.
    record Kept(Fd file, RootAccess root, long size, Map<String, String> headers) {
        Response response(Request request, String path) {
            Response out =
                    Response.stream(
                            "application/octet-stream",
                            size,
                            sink -> {
                                try (root;
                                        file) {
                                    copy(file, size, sink);
                                }
                            });
            for (Map.Entry<String, String> header : headers.entrySet()) {
                out = out.header(header.getKey(), header.getValue());
            }
            return out.header("Content-Disposition", "inline;filename=" + baseName(path));
        }
    }

    private static void copy(Fd file, long size, OutputStream sink) throws IOException {
        byte[] chunk = new byte[CHUNK];
        long left = size;
        while (left > 0) {
            int count = FdIo.read(file, chunk, 0, (int) Math.min(chunk.length, left));
            if (count == 0) {
                throw new IOException("the file became shorter while it was read");
            }
            sink.write(chunk, 0, count);
            left -= count;
        }
    }

    private static String baseName(String path) {
        String bare = path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
        return bare.substring(bare.lastIndexOf('/') + 1).replaceAll("[^\\x20-\\x7e]|[\";]", "_");
    }

    private Response get(Request request) {
        InstanceRecord instance = instances.of(request);
        Object found = with(request, "open", FileRoutes::read);
        String path = path(request);
        instances.tell("instance-file-retrieved", instance, "path", path);
        return found instanceof Kept kept ? kept.response(request, path) : (Response) found;
    }

    static Object read(RootAccess root, String path) {
        GuestFiles files = root.files();
        FileStat stat = files.lstat(path);
        Map<String, String> headers = FileHeaders.describe(stat, root);
        return switch (stat.type()) {
            case DIRECTORY -> withHeaders(Response.sync(names(files, path)), headers);
            case SYMLINK -> {
                byte[] target =
                        absolute(path, files.readlink(path)).getBytes(StandardCharsets.UTF_8);
                yield withHeaders(Response.raw("application/octet-stream", target), headers)
                        .header("Content-Disposition", "inline;filename=" + baseName(path));
            }
            case FILE -> {
                Fd file = files.open(path, Fcntl.O_RDONLY | Fcntl.O_NONBLOCK, 0);
                yield new Kept(file, root, FileStat.of(file).sizeBytes(), headers);
            }
            case FIFO, CHAR_DEVICE, BLOCK_DEVICE, SOCKET ->
                    throw new InternalException("Not a file, directory or link: " + path);
        };
    }

    private static Response withHeaders(Response response, Map<String, String> headers) {
        Response out = response;
        for (Map.Entry<String, String> header : headers.entrySet()) {
            out = out.header(header.getKey(), header.getValue());
        }
        return out;
    }

    private static Json names(GuestFiles files, String path) {
        return Json.strings(files.list(path).stream().map(entry -> entry.name()).toList());
    }

    /// A link's target as seen from the root.
    static String absolute(String link, String target) {
        String whole =
                target.startsWith("/")
                        ? target
                        : link.substring(0, link.lastIndexOf('/') + 1) + target;
        ArrayDeque<String> parts = new ArrayDeque<>();
        for (String part : whole.split("/")) {
            if (part.equals("..")) {
                parts.pollLast();
            } else if (!part.isEmpty() && !part.equals(".")) {
                parts.addLast(part);
            }
        }
        return "/" + String.join("/", parts);
    }

    private Response head(Request request) {
        Map<String, String> headers =
                with(
                        request,
                        "stat",
                        (root, path) ->
                                new LinkedHashMap<>(
                                        FileHeaders.describe(root.files().lstat(path), root)));
        return withHeaders(Response.sync(Json.object()), headers);
    }

    private Response post(Request request) throws IOException {
        FileHeaders wanted = FileHeaders.parse(request);
        InstanceRecord instance = instances.of(request);
        InputStream body = request.stream();
        with(
                request,
                "open",
                (root, path) -> {
                    switch (wanted.type()) {
                        case FILE -> writeFile(root, path, wanted, body);
                        case DIRECTORY -> makeDirectory(root, path, wanted);
                        case SYMLINK -> makeLink(root, path, wanted, body);
                    }
                    return true;
                });
        instances.tell("instance-file-pushed", instance, "path", path(request));
        return Response.empty();
    }

    /// Owner and mode are those of the request only for a file that did not exist.
    static void writeFile(RootAccess root, String path, FileHeaders wanted, InputStream body)
            throws IOException {
        GuestFiles files = root.files();
        boolean exists = files.exists(path);
        int create = exists || wanted.isAppend() ? 0 : Fcntl.O_CREAT;
        int append = wanted.isAppend() ? Fcntl.O_APPEND : 0;
        try (Fd file =
                files.open(path, Fcntl.O_WRONLY | Fcntl.O_NONBLOCK | create | append, FILE_MODE)) {
            if (FileStat.of(file).type() != FileStat.Type.FILE) {
                throw new ErrnoException("open", Errno.EINVAL, path);
            }
            if (!wanted.isAppend()) {
                FdIo.truncate(file, 0);
            }
            if (!exists) {
                own(root, file, wanted, FILE_MODE);
            }
            byte[] chunk = new byte[CHUNK];
            for (int count = body.read(chunk); count >= 0; count = body.read(chunk)) {
                FdIo.write(file, chunk, 0, count);
            }
        }
    }

    private static void own(RootAccess root, Fd file, FileHeaders wanted, int mode) {
        long uid = root.toHost(IdmapEntry.Kind.UID, wanted.uid().orElse(0));
        long gid = root.toHost(IdmapEntry.Kind.GID, wanted.gid().orElse(0));
        Directories.chown(file, uid, gid);
        // After the change of owner, which clears set-id bits; and whatever our umask was.
        Directories.chmod(file, wanted.mode().orElse(mode));
    }

    private static void makeDirectory(RootAccess root, String path, FileHeaders wanted) {
        GuestFiles files = root.files();
        if (files.exists(path)) {
            if (!files.stat(path).isDirectory()) {
                throw new ErrnoException("mkdir", Errno.EEXIST, path);
            }
            return;
        }
        files.mkdir(path, DIRECTORY_MODE);
        try (Fd made = files.open(path, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW, 0)) {
            own(root, made, wanted, DIRECTORY_MODE);
        }
    }

    private static void makeLink(RootAccess root, String path, FileHeaders wanted, InputStream body)
            throws IOException {
        String target = new String(body.readNBytes(LINK_MAX), StandardCharsets.UTF_8);
        GuestFiles files = root.files();
        try {
            if (files.readlink(path).equals(target)) {
                return;
            }
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
        files.symlink(target, path);
        files.chown(
                path,
                root.toHost(IdmapEntry.Kind.UID, wanted.uid().orElse(0)),
                root.toHost(IdmapEntry.Kind.GID, wanted.gid().orElse(0)));
    }

    private Response delete(Request request) {
        InstanceRecord instance = instances.of(request);
        with(
                request,
                "remove",
                (root, path) -> {
                    remove(root, path);
                    return true;
                });
        instances.tell("instance-file-deleted", instance, "path", path(request));
        return Response.empty();
    }

    static void remove(RootAccess root, String path) {
        GuestFiles files = root.files();
        if (files.lstat(path).isDirectory()) {
            files.rmdir(path);
        } else {
            files.unlink(path);
        }
    }
}
