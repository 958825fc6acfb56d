//! A server that answers by a script, on a port of its own, one thread per connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use wmshost_flow::{Cancel, Failure, ServiceRequest, ServiceResponse, ServiceSession};
use wmshost_pipeline::{SignIn, WebAddress, WebService};

/// A request as the server got it.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) method: String,
    pub(crate) path: String,
    /// The headers in lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

/// An answer.
pub(crate) enum Reply {
    /// Status, headers as lines, and a body.
    Plain(u16, &'static str, Vec<u8>),
    /// Anything.
    Raw(Box<dyn FnOnce(&mut TcpStream) + Send>),
}

impl Reply {
    pub(crate) fn json(body: &str) -> Self {
        Self::Plain(200, "content-type: application/json\r\n", body.as_bytes().to_vec())
    }

    pub(crate) fn status(status: u16, headers: &'static str) -> Self {
        Self::Plain(status, headers, Vec::new())
    }

    pub(crate) fn raw(write: impl FnOnce(&mut TcpStream) + Send + 'static) -> Self {
        Self::Raw(Box::new(write))
    }
}

type Script = dyn Fn(&Got, usize) -> Reply + Send + Sync;

/// The server.
pub(crate) struct Server {
    pub(crate) address: String,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Server {
    /// Starts a server; the script gets each request and the number of those before it.
    pub(crate) fn start(script: impl Fn(&Got, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let (got, script): (Arc<Mutex<Vec<Got>>>, Arc<Script>) = (Arc::default(), Arc::new(script));
        let seen = Arc::clone(&got);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, script) = (Arc::clone(&seen), Arc::clone(&script));
                thread::spawn(move || serve(stream, &seen, script.as_ref()));
            }
        });
        Self { address, got }
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.lock().expect("no panic").clone()
    }

    /// The settings of a client of this server, below the path `/env`.
    pub(crate) fn service(&self, sign_in: SignIn) -> WebService {
        let base = WebAddress::parse(&format!("{}/env", self.address)).expect("an address");
        let service = WebService::new(base, sign_in);
        WebService { allow_private: true, requests_per_second: 1_000, ..service }
    }

    pub(crate) fn session(&self) -> Box<dyn ServiceSession> {
        session(&self.service(SignIn::None))
    }
}

pub(crate) fn session(service: &WebService) -> Box<dyn ServiceSession> {
    wmshost_http::open("cloud", service).expect("a client").session("orders")
}

pub(crate) fn get(session: &mut Box<dyn ServiceSession>, path: &str) -> Result<Box<dyn ServiceResponse>, Failure> {
    let request = ServiceRequest { is_head: false, path: path.to_owned(), parameters: Vec::new() };
    session.send(&request, &Cancel::default())
}

fn serve(mut stream: TcpStream, seen: &Mutex<Vec<Got>>, script: &Script) {
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    while let Some(got) = read(&mut reader) {
        let number = {
            let mut seen = seen.lock().expect("no panic");
            seen.push(got.clone());
            seen.len() - 1
        };
        match script(&got, number) {
            Reply::Plain(status, headers, body) => {
                let length = body.len();
                let head = format!("HTTP/1.1 {status} -\r\n{headers}content-length: {length}\r\n\r\n");
                let is_head = got.method == "HEAD";
                let sent = stream
                    .write_all(head.as_bytes())
                    .and_then(|()| if is_head { Ok(()) } else { stream.write_all(&body) });
                if sent.is_err() {
                    return;
                }
            }
            Reply::Raw(write) => return write(&mut stream),
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Got> {
    let mut first = String::new();
    reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
    let mut words = first.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        let (name, value) = line.split_once(':')?;
        head.push_str(&format!("{}:{value}", name.to_lowercase()));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Got { method, path, head, body: String::from_utf8(body).ok()? })
}
