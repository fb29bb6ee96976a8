//! Refusals that are given before there is a request to answer: heads that have no end, or are none; and callers for
//! whom there is no room. They are problem details like all others.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Too many callers at once.
pub(super) fn no_room() -> Vec<u8> {
    whole(503, "Not available", "too many connections at the moment; try again later", "retry-after: 1\r\n")
}

/// The problem in place of an answer that says nothing, which is how hyper refuses what it cannot read. The API's own
/// answers of these statuses have bodies.
fn telling(bare: &[u8]) -> Option<Vec<u8>> {
    let head = bare.strip_prefix(b"HTTP/1.1 ").or_else(|| bare.strip_prefix(b"HTTP/1.0 "))?;
    let says_nothing = head.windows(19).any(|line| line.eq_ignore_ascii_case(b"content-length: 0\r\n"));
    match head.get(..3).filter(|_| says_nothing)? {
        b"400" => Some(whole(400, "Bad request", "the head of the request is no HTTP/1.1", "")),
        b"431" => {
            let detail = "the head of the request is too large, or has too many fields";
            Some(whole(431, "Request head too large", detail, ""))
        }
        _ => None,
    }
}

fn whole(status: u16, title: &str, detail: &str, more: &str) -> Vec<u8> {
    let body = json!({"type": "about:blank", "title": title, "status": status, "detail": detail}).to_string();
    let length = body.len();
    format!(
        "HTTP/1.1 {status} {title}\r\ncontent-type: application/problem+json\r\n{more}connection: close\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A connection on which refusals say why.
pub(super) struct TellingStream<S> {
    stream: S,
    /// What goes out in place of the next write, and how much of it has gone.
    instead: Option<(Vec<u8>, usize)>,
}

impl<S: AsyncWrite + Unpin> TellingStream<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, instead: None }
    }
    pub(super) fn into_inner(self) -> S {
        self.stream
    }

    /// Writes what stands in place of `bytes`, if something does, until all of it is out.
    fn poll_instead(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<bool>> {
        if self.instead.is_none() {
            self.instead = telling(bytes).map(|answer| (answer, 0));
        }
        let Some((answer, sent)) = &mut self.instead else { return Poll::Ready(Ok(false)) };
        while let Some(rest) = answer.get(*sent..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut self.stream).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                n => *sent += n,
            }
        }
        self.instead = None;
        Poll::Ready(Ok(true))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TellingStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TellingStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if ready!(self.poll_instead(cx, bytes))? {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = parts.iter().find(|part| !part.is_empty());
        if let Some(first) = first
            && ready!(self.poll_instead(cx, first))?
        {
            return Poll::Ready(Ok(first.len()));
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_a_whole_answer() {
        let bare =
            |status: &str| format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        let told = ["400 Bad Request", "431 Too Large"].map(|s| telling(bare(s).as_bytes()));
        for answer in told.into_iter().flatten().chain([no_room()]) {
            let text = String::from_utf8(answer).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.ends_with(&format!("content-length: {}", body.len())), "{text}");
            let problem: serde_json::Value = serde_json::from_str(body).unwrap();
            assert_eq!(Some(&*problem["status"].to_string()), head.split(' ').nth(1), "{text}");
        }
    }

    #[test]
    fn other_answers_are_left_as_they_are() {
        for answer in [
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 20\r\n\r\n{\"content-length: 0\":",
            "content-length: 0\r\n",
            "",
        ] {
            assert_eq!(telling(answer.as_bytes()), None, "{answer}");
        }
    }
}
