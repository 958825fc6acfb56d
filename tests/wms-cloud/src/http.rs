//! A small HTTP/1.1 server on loopback: one thread per connection, with or without TLS.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::reply::{Delivery, Reply, Request};

/// The most bytes of a request's head and of its body.
const MOST_BYTES: u64 = 64 << 10;
/// The pause between two looks at whether the server stops.
const PAUSE: Duration = Duration::from_millis(20);

/// Answers requests.
pub(crate) type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

/// A server that runs until it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    is_over: Arc<AtomicBool>,
}

impl Server {
    /// Starts a server at an address; port 0 is a free one.
    pub(crate) fn start(listen: SocketAddr, tls: Option<Arc<ServerConfig>>, handler: Arc<Handler>) -> Result<Self> {
        let listener = TcpListener::bind(listen).with_context(|| format!("listening on {listen}"))?;
        let address = listener.local_addr()?;
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (tls, handler, over) = (tls.clone(), Arc::clone(&handler), Arc::clone(&over));
                // A connection that breaks is the client's affair.
                thread::spawn(move || drop(connection(stream, tls, &*handler, &over)));
            }
        });
        Ok(Self { address, is_over })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
    }
}

fn connection(
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    handler: &Handler,
    over: &AtomicBool,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match tls {
        None => requests(stream, handler, over),
        Some(config) => {
            let session = ServerConnection::new(config).map_err(io::Error::other)?;
            requests(StreamOwned::new(session, stream), handler, over)
        }
    }
}

/// Answers the requests of a connection until either side ends it.
fn requests(stream: impl Read + Write, handler: &Handler, over: &AtomicBool) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream)? {
        if over.load(Ordering::Relaxed) {
            return Ok(());
        }
        let reply = handler(&request);
        if let Delivery::Never(milliseconds) = reply.delivery {
            let pauses = milliseconds / PAUSE.as_millis() as u64;
            (0..pauses).take_while(|_| !over.load(Ordering::Relaxed)).for_each(|_| thread::sleep(PAUSE));
            return Ok(());
        }
        write(stream.get_mut(), &request, &reply)?;
        if reply.delivery == Delivery::Half || request.header("connection") == Some("close") {
            return Ok(());
        }
    }
    Ok(())
}

/// Reads a request; `None` if the client ended the connection.
fn read(stream: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut head = stream.by_ref().take(MOST_BYTES);
    let mut first = String::new();
    if head.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let wrong = || io::Error::new(io::ErrorKind::InvalidData, "no request");
    let (method, rest) = first.split_once(' ').ok_or_else(wrong)?;
    let (target, _) = rest.split_once(' ').ok_or_else(wrong)?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        head.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_lowercase(), value.trim().to_owned())),
            None if line.trim_end().is_empty() => break,
            None => return Err(wrong()),
        }
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let mut body = Vec::new();
    stream.by_ref().take(length.unwrap_or(0).min(MOST_BYTES)).read_to_end(&mut body)?;
    Ok(Some(Request::new(method, target, headers, body)))
}

fn write(stream: &mut impl Write, request: &Request, reply: &Reply) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {} {}\r\n", reply.status, reason(reply.status));
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if reply.status != 204 {
        head.push_str(&format!("Content-Length: {}\r\n", reply.body.len()));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    if request.method != "HEAD" && reply.status != 204 {
        let length = if reply.delivery == Delivery::Half { reply.body.len() / 2 } else { reply.body.len() };
        stream.write_all(&reply.body[..length])?;
    }
    stream.flush()
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
