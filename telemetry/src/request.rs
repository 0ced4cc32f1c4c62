//! The span of one incoming request. It names the route, the status and the duration, and nothing
//! else: no query string, no header, no body.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use axum::extract::MatchedPath;
use http::{Request, Response};
use tower::{Layer, Service};
use tracing::{Instrument, Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::propagation::extract;

/// Opens a span for each request, as a child of the caller's.
#[derive(Debug, Clone, Copy)]
pub struct ServerTraceLayer {
    kind: &'static str,
}

impl ServerTraceLayer {
    /// `kind` is "http" or "grpc".
    #[must_use]
    pub const fn new(kind: &'static str) -> Self {
        Self { kind }
    }
}

impl<S> Layer<S> for ServerTraceLayer {
    type Service = ServerTraceService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ServerTraceService {
            inner,
            kind: self.kind,
        }
    }
}

/// See [`ServerTraceLayer`].
#[derive(Debug, Clone)]
pub struct ServerTraceService<S> {
    inner: S,
    kind: &'static str,
}

impl<S, B, R> Service<Request<B>> for ServerTraceService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: Send + 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let span = request_span(self.kind, &request);
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let started = Instant::now();
        let future = span.in_scope(|| inner.call(request));
        Box::pin(
            async move {
                let response = future.await?;
                finish(&Span::current(), &response, started);
                Ok(response)
            }
            .instrument(span),
        )
    }
}

fn request_span<B>(kind: &'static str, request: &Request<B>) -> Span {
    // The template ("/insights/{topic}"), not the path: a path may carry what a person typed. A
    // gRPC path is a method name.
    let route = match request.extensions().get::<MatchedPath>() {
        Some(path) => path.as_str(),
        None if kind == "grpc" => request.uri().path(),
        None => "unmatched",
    };
    let span = tracing::info_span!(
        "request",
        otel.name = format!("{} {route}", request.method()),
        otel.kind = "server",
        kind,
        route,
        status = Empty,
        trace_id = Empty,
    );
    let parent = extract(request.headers());
    // Fails only when no OpenTelemetry layer is installed, as in tests: then there is no trace.
    if span.set_parent(parent).is_ok() {
        use opentelemetry::trace::TraceContextExt;
        let trace_id = span.context().span().span_context().trace_id();
        span.record("trace_id", trace_id.to_string());
    }
    span
}

fn finish<R>(span: &Span, response: &Response<R>, started: Instant) {
    let status = response.status().as_u16();
    span.record("status", status);
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(status, duration_ms, "answered");
}
