//! Asking a container engine for the names of its containers, over its unix socket. One request
//! that reads, bounded in time and size; nothing is asked of a socket that is not there.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::PeerCredentials;

use super::records;
use crate::model::Author;
use crate::model::container::Record;

/// An engine that has not answered by then is left alone.
const PATIENCE: Duration = Duration::from_secs(1);

/// An answer beyond this (bytes) is none: some 10,000 containers.
const LONGEST_ANSWER: usize = 16 << 20;

/// HTTP/1.0, so that the answer ends with the connection and comes in one piece.
const REQUEST: &[u8] =
    b"GET /containers/json HTTP/1.0\r\nHost: localhost\r\nAccept: application/json\r\n\r\n";

/// Where docker listens: what the user has told its client, else its usual place.
pub fn docker_socket() -> String {
    std::env::var("DOCKER_HOST")
        .ok()
        .and_then(|host| Some(host.strip_prefix("unix://")?.to_owned()))
        .unwrap_or_else(|| "/run/docker.sock".to_owned())
}

/// What the engine behind a socket knows of its running containers; none where it does not answer.
pub fn ask(runtime: &str, socket: &str) -> Vec<Record> {
    let Ok(connected) = crate::sys::sockets::connect_at_once(socket) else {
        return Vec::new();
    };
    // Whoever listens there has the last word on what it says (SO_PEERCRED in unix(7)).
    let author = match getsockopt(&connected, PeerCredentials) {
        Ok(peer) => Author::of(peer.uid()),
        Err(_) => return Vec::new(),
    };
    let answer = exchange(connected).unwrap_or_default();
    let body = body_of(&answer).unwrap_or_default();
    let mut records = records::engine(runtime, socket, body).unwrap_or_default();
    records.iter_mut().for_each(|record| record.author = author);
    records
}

fn exchange(connected: OwnedFd) -> std::io::Result<Vec<u8>> {
    let give_up = Instant::now() + PATIENCE;
    let mut stream = UnixStream::from(connected);
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(REQUEST)?;
    let mut answer = Vec::new();
    let mut chunk = [0; 16 << 10];
    loop {
        let left = give_up.saturating_duration_since(Instant::now());
        // Zero would mean for ever.
        stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        match stream.read(&mut chunk)? {
            0 => return Ok(answer),
            _ if answer.len() > LONGEST_ANSWER || left.is_zero() => return Ok(Vec::new()),
            length => answer.extend_from_slice(&chunk[..length]),
        }
    }
}

/// What follows the headers of an answer with status 200.
fn body_of(answer: &[u8]) -> Option<&[u8]> {
    let is_fine = answer.starts_with(b"HTTP/1.") && answer.get(8..12) == Some(b" 200");
    let blank = answer.windows(4).position(|it| it == b"\r\n\r\n")?;
    is_fine.then(|| &answer[blank + 4..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn only_a_good_answer_has_a_body() {
        assert_eq!(
            body_of(b"HTTP/1.0 200 OK\r\nA: b\r\n\r\n[]"),
            Some(&b"[]"[..])
        );
        assert_eq!(body_of(b"HTTP/1.0 404 Not Found\r\n\r\n[]"), None);
        assert_eq!(body_of(b"HTTP/1.0 200 OK\r\n"), None);
        assert_eq!(body_of(b""), None);
    }

    #[test]
    fn a_socket_that_never_answers_costs_a_second_and_one_that_is_not_there_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let start = Instant::now();
        assert_eq!(ask("docker", path.to_str().unwrap()), []);
        assert!(start.elapsed() >= PATIENCE && start.elapsed() < 5 * PATIENCE);
        drop(listener);
        let start = Instant::now();
        assert_eq!(ask("docker", path.to_str().unwrap()), []);
        assert!(start.elapsed() < PATIENCE);
    }
}
