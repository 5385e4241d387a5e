package io.atoll.daemon.http;

import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/// What Jetty says to requests that do not get as far as our handlers: the status in words, nothing
/// of what is inside. Headers that Jetty cannot take apart are their sender's mistake, not ours.
final class PlainErrors extends ErrorHandler {
    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        if (request.getAttribute(ERROR_EXCEPTION) instanceof IllegalArgumentException) {
            response.setStatus(HttpStatus.BAD_REQUEST_400);
        }
        return super.handle(request, response, callback);
    }

    @Override
    protected void generateResponse(
            Request request,
            Response response,
            int code,
            @Nullable String message,
            @Nullable Throwable cause,
            Callback callback) {
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/plain; charset=utf-8");
        Content.Sink.write(response, true, code + " " + HttpStatus.getMessage(code), callback);
    }
}
