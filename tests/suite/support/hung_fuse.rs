//! A FUSE file system whose server takes requests and never answers: what a container with
//! /dev/fuse can put in anybody's way.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::mount::{MsFlags, mount};

// Opcodes and sizes of include/uapi/linux/fuse.h.
const LOOKUP: u32 = 1;
const INIT: u32 = 26;
const IN_HEADER: usize = 40;
const INIT_OUT: usize = 64;
const ENTRY_OUT: usize = 128;
const MODE_IN_ENTRY: usize = 40 + 60;
const LARGEST_REQUEST: usize = 1 << 20;

/// What is mounted, as its mode.
#[derive(Clone, Copy)]
pub enum Root {
    File,
    Folder,
}

/// Decides when the answers end.
pub struct Server {
    hangs: Arc<AtomicBool>,
}

/// Mounts it, for the mount namespace of the caller; it ends with the process of the caller. It has
/// every file that is looked up in it, until it hangs.
pub fn mount_fuse(path: &Path, root: Root) -> Server {
    let file = OpenOptions::new().read(true).write(true).open("/dev/fuse");
    let file = file.expect("the device of FUSE");
    let mode = match root {
        Root::File => "100644",
        Root::Folder => "40755",
    };
    let fd = file.as_raw_fd();
    let options = format!("fd={fd},rootmode={mode},user_id=0,group_id=0");
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(
        Some("hung"),
        path,
        Some("fuse"),
        flags,
        Some(options.as_str()),
    )
    .expect("a FUSE mount");
    let hangs = Arc::new(AtomicBool::new(false));
    let server = Server {
        hangs: Arc::clone(&hangs),
    };
    std::thread::spawn(move || serve(file, &hangs));
    server
}

impl Server {
    /// From now on no answer comes.
    pub fn hang(&self) {
        self.hangs.store(true, Ordering::SeqCst);
    }
}

/// Whether this machine has FUSE at all.
pub fn has_fuse() -> bool {
    Path::new("/dev/fuse").exists()
}

fn serve(mut device: File, hangs: &AtomicBool) {
    let mut request = vec![0; LARGEST_REQUEST];
    while let Ok(length) = device.read(&mut request) {
        if length < IN_HEADER {
            continue;
        }
        let opcode = u32::from_ne_bytes(request[4..8].try_into().expect("four bytes"));
        let unique: [u8; 8] = request[8..16].try_into().expect("eight bytes");
        let answer = match opcode {
            INIT => Ok(init_out()),
            _ if hangs.load(Ordering::SeqCst) => continue,
            LOOKUP => Ok(entry_out()),
            _ => Err(nix::errno::Errno::ENOSYS),
        };
        let _ = device.write(&reply(unique, answer));
    }
}

fn reply(unique: [u8; 8], answer: Result<Vec<u8>, nix::errno::Errno>) -> Vec<u8> {
    let error = answer.as_ref().err().map_or(0, |errno| -(*errno as i32));
    let body = answer.unwrap_or_default();
    let length = u32::try_from(16 + body.len()).expect("a short answer");
    let mut reply = length.to_ne_bytes().to_vec();
    reply.extend(error.to_ne_bytes());
    reply.extend(unique);
    reply.extend(body);
    reply
}

/// Version 7.31, and none of the optional abilities.
fn init_out() -> Vec<u8> {
    let mut out = vec![0; INIT_OUT];
    out[0..4].copy_from_slice(&7_u32.to_ne_bytes());
    out[4..8].copy_from_slice(&31_u32.to_ne_bytes());
    out[20..24].copy_from_slice(&4096_u32.to_ne_bytes());
    out
}

/// A file that is asked for again each time, since it is valid for no time.
fn entry_out() -> Vec<u8> {
    let mut out = vec![0; ENTRY_OUT];
    out[0] = 2;
    out[MODE_IN_ENTRY..MODE_IN_ENTRY + 4].copy_from_slice(&0o100_644_u32.to_ne_bytes());
    out[MODE_IN_ENTRY + 4] = 1;
    out
}
