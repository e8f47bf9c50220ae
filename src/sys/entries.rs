//! What a directory holds, by getdents64(2) itself: fdopendir(3) asks four questions more about a
//! descriptor that we have opened a moment ago.

use std::os::fd::BorrowedFd;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use rustix::fs::RawDir;

use super::errno_of;

/// Names of a listing are read in pieces of so many bytes, as readdir(3) does.
const PIECE: usize = 32 << 10;

/// Names of a directory that are numbers, and not below the lowest, ascending.
pub fn numbers(base: BorrowedFd<'_>, path: &str, lowest: i32) -> Result<Vec<i32>, Errno> {
    let mut numbers = Vec::new();
    each_number(base, path, lowest, &mut |number| numbers.push(number))?;
    // The kernel lists in ascending order; a tree that is not procfs need not.
    numbers.sort_unstable();
    Ok(numbers)
}

/// Tells of the same, in the order of the listing.
pub fn each_number(
    base: BorrowedFd<'_>,
    path: &str,
    lowest: i32,
    tell: &mut dyn FnMut(i32),
) -> Result<(), Errno> {
    each(base, path, |name| {
        if let Some(number) = number_of(name).filter(|number| *number >= lowest) {
            tell(number);
        }
    })
}

/// Number of entries of a directory, without `.` and `..`.
pub fn count(base: BorrowedFd<'_>) -> Result<u64, Errno> {
    let mut count = 0;
    each(base, ".", |name| {
        count += u64::from(!matches!(name, b"." | b".."));
    })?;
    Ok(count)
}

fn number_of(name: &[u8]) -> Option<i32> {
    let digits = std::str::from_utf8(name).ok()?;
    // No sign and no leading zero: procfs writes numbers in one way only.
    let is_plain = digits == "0" || digits.starts_with(|first: char| matches!(first, '1'..='9'));
    digits.parse().ok().filter(|_| is_plain)
}

/// Hands every name in a directory to the function, with those of the directory itself and of the one
/// above it.
fn each(base: BorrowedFd<'_>, path: &str, mut with: impl FnMut(&[u8])) -> Result<(), Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let dir = openat(base, path, flags, Mode::empty())?;
    let mut piece = Vec::with_capacity(PIECE);
    let mut entries = RawDir::new(dir, piece.spare_capacity_mut());
    while let Some(entry) = entries.next() {
        with(entry.map_err(errno_of)?.file_name().to_bytes());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn a_listing_of_several_pieces_has_every_name_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut names: BTreeSet<Vec<u8>> = (0..2000)
            .map(|number| format!("a file with a name of some length {number}").into_bytes())
            .collect();
        for name in &names {
            let name = std::str::from_utf8(name).unwrap();
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        names.extend([b".".to_vec(), b"..".to_vec()]);
        let dir = std::fs::File::open(folder.path()).unwrap();
        let mut found = Vec::new();
        each(dir.as_fd(), ".", |name| found.push(name.to_vec())).unwrap();
        assert_eq!(found.len(), names.len());
        assert_eq!(BTreeSet::from_iter(found), names);
        let not_there = each(dir.as_fd(), "b", |_| {});
        assert_eq!(not_there, Err(Errno::ENOENT));
    }
}
