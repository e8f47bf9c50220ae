//! The mounts of a mount namespace without entering it (listmount(2), statmount(2), Linux 6.8; of
//! another mount namespace by its id since 6.11).

use std::ffi::CStr;

use nix::errno::Errno;

const SYS_STATMOUNT: libc::c_long = 457;
const SYS_LISTMOUNT: libc::c_long = 458;

/// The root of the mount namespace: list what is below it.
const LSMT_ROOT: u64 = u64::MAX;

const STATMOUNT_SB_BASIC: u64 = 0x1;
const STATMOUNT_MNT_BASIC: u64 = 0x2;
const STATMOUNT_MNT_ROOT: u64 = 0x8;
const STATMOUNT_MNT_POINT: u64 = 0x10;

/// Magic number of nsfs (include/uapi/linux/magic.h).
const NSFS_MAGIC: u64 = 0x6e73_6673;

/// `struct mnt_id_req`, second version.
#[repr(C)]
struct Request {
    size: u32,
    spare: u32,
    mnt_id: u64,
    param: u64,
    mnt_ns_id: u64,
}

impl Request {
    fn new(mnt_ns_id: u64, mnt_id: u64, param: u64) -> Request {
        Request {
            size: 32,
            spare: 0,
            mnt_id,
            param,
            mnt_ns_id,
        }
    }
}

/// `struct statmount` as far as it is used; strings follow its 512 bytes, by their offsets.
#[repr(C)]
struct Answer {
    size: u32,
    mnt_opts: u32,
    mask: u64,
    sb_dev_major: u32,
    sb_dev_minor: u32,
    sb_magic: u64,
    flags_and_type: u64,
    ids: [u64; 2],
    mnt_id_old: u32,
    mnt_parent_id_old: u32,
    unused: [u64; 5],
    mnt_root: u32,
    mnt_point: u32,
    rest: [u64; 50],
    strings: [u8; 8192],
}

impl Answer {
    fn string(&self, offset: u32) -> Option<Vec<u8>> {
        let bytes = self.strings.get(usize::try_from(offset).ok()?..)?;
        Some(CStr::from_bytes_until_nul(bytes).ok()?.to_bytes().to_vec())
    }
}

/// A bind mount of a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NsfsMount {
    /// As `net:[4026532179]`.
    pub root: Vec<u8>,
    /// Below the root of the mount namespace.
    pub mount_point: Vec<u8>,
}

/// What the mounts of a mount namespace are.
pub struct Mounts {
    /// How many were looked at: all that can be reached from its root.
    pub count: usize,
    /// The bind mounts of namespaces among them.
    pub nsfs: Vec<NsfsMount>,
}

/// The mounts of a mount namespace, by the 64-bit id of that.
///
/// # Errors
/// ENOSYS before Linux 6.8, EINVAL before 6.11, EPERM without CAP_SYS_ADMIN over the namespace.
pub fn of_namespace(mnt_ns_id: u64) -> Result<Mounts, Errno> {
    let ids = list(mnt_ns_id)?;
    let count = ids.len();
    let mut nsfs = Vec::new();
    for id in ids {
        match stat(mnt_ns_id, id) {
            Ok(mount) => nsfs.extend(mount),
            // It was unmounted meanwhile.
            Err(Errno::ENOENT) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(Mounts { count, nsfs })
}

/// A mount as the kernel lists it, whether or not a path of any process leads to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnyMount {
    /// As in mountinfo.
    pub id: i32,
    pub device: (u32, u32),
    /// The directory of the file system that is mounted; `None` where that is very long.
    pub root: Option<Vec<u8>>,
}

/// What is behind an id that [`list`] told; `None`: it was unmounted meanwhile.
///
/// # Errors
/// As those of [`list`].
pub fn of_id(mnt_ns_id: u64, mnt_id: u64) -> Result<Option<AnyMount>, Errno> {
    let basic = STATMOUNT_SB_BASIC | STATMOUNT_MNT_BASIC;
    let answer = match ask(mnt_ns_id, mnt_id, basic | STATMOUNT_MNT_ROOT) {
        Err(Errno::EOVERFLOW) => ask(mnt_ns_id, mnt_id, basic),
        other => other,
    };
    let answer = match answer {
        Err(Errno::ENOENT) => return Ok(None),
        other => other?,
    };
    let has_root = answer.mask & STATMOUNT_MNT_ROOT != 0;
    Ok(Some(AnyMount {
        id: i32::try_from(answer.mnt_id_old).map_err(|_| Errno::EOVERFLOW)?,
        device: (answer.sb_dev_major, answer.sb_dev_minor),
        root: has_root.then(|| answer.string(answer.mnt_root)).flatten(),
    }))
}

/// The ids of all mounts of a mount namespace, by the 64-bit id of that.
///
/// # Errors
/// ENOSYS before Linux 6.8, EINVAL before 6.11, EPERM without CAP_SYS_ADMIN over the namespace.
pub fn list(mnt_ns_id: u64) -> Result<Vec<u64>, Errno> {
    let mut all = Vec::new();
    let mut chunk = [0_u64; 512];
    loop {
        let last = all.last().copied().unwrap_or(0);
        let request = Request::new(mnt_ns_id, LSMT_ROOT, last);
        // SAFETY: the request says its size, and the kernel writes at most as many ids as it is
        // told that there is room for.
        let count = unsafe {
            libc::syscall(
                SYS_LISTMOUNT,
                &raw const request,
                chunk.as_mut_ptr(),
                chunk.len(),
                0,
            )
        };
        let count = usize::try_from(Errno::result(count)?).unwrap_or(0);
        all.extend_from_slice(&chunk[..count]);
        if count < chunk.len() {
            return Ok(all);
        }
    }
}

fn stat(mnt_ns_id: u64, mnt_id: u64) -> Result<Option<NsfsMount>, Errno> {
    // Paths are asked of these mounts alone: that of another may be longer than any buffer.
    if ask(mnt_ns_id, mnt_id, STATMOUNT_SB_BASIC)?.sb_magic != NSFS_MAGIC {
        return Ok(None);
    }
    let answer = ask(mnt_ns_id, mnt_id, STATMOUNT_MNT_ROOT | STATMOUNT_MNT_POINT)?;
    let root = answer.string(answer.mnt_root);
    let mount = root.zip(answer.string(answer.mnt_point));
    let mount = mount.map(|(root, mount_point)| NsfsMount { root, mount_point });
    mount.map(Some).ok_or(Errno::EOVERFLOW)
}

fn ask(mnt_ns_id: u64, mnt_id: u64, mask: u64) -> Result<Answer, Errno> {
    let request = Request::new(mnt_ns_id, mnt_id, mask);
    // SAFETY: all-zero is a valid answer.
    let mut answer: Answer = unsafe { std::mem::zeroed() };
    // SAFETY: the request says its size, and the kernel writes at most the size of the answer.
    let result = unsafe {
        libc::syscall(
            SYS_STATMOUNT,
            &raw const request,
            &raw mut answer,
            size_of::<Answer>(),
            0,
        )
    };
    Errno::result(result)?;
    Ok(answer)
}

const _: () = assert!(std::mem::offset_of!(Answer, strings) == 512);
