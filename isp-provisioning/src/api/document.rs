//! `GET /openapi.json`, and `/docs`, a page to try it. All of it is in the program: nothing is fetched from
//! anywhere else.

use axum::http::header;
use axum::response::{IntoResponse, Response};

/// The page may do nothing but ask this server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The API in OpenAPI 3.1.
pub(super) async fn openapi() -> Response {
    file("application/json", include_str!("../../pages/openapi.json"))
}

/// The page.
pub(super) async fn page() -> Response {
    file("text/html; charset=utf-8", include_str!("../../pages/docs.html"))
}

/// What the page does.
pub(super) async fn script() -> Response {
    file("text/javascript; charset=utf-8", include_str!("../../pages/docs.js"))
}

/// How it looks.
pub(super) async fn style() -> Response {
    file("text/css; charset=utf-8", include_str!("../../pages/docs.css"))
}

fn file(media_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text).into_response()
}
