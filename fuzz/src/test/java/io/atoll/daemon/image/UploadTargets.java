package io.atoll.daemon.image;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What headers of uploads say.
public final class UploadTargets {
    private UploadTargets() {}

    public static void headers(String text) {
        Map<String, String> _ = ImageUploads.form(text);
        Optional<List<String>> _ = ImageUploads.profiles(text);
    }
}
