//! A filter that refuses new threads and processes, as some sandboxes have one.

use std::io;

/// Answers clone(2), clone3(2), fork(2) and vfork(2) with an error from now on, to this process and
/// what it executes.
pub fn refuse_clones(errno: i32) -> impl FnMut() -> io::Result<()> + Send + Sync + 'static {
    let numbers: &[libc::c_long] = &[
        libc::SYS_clone,
        libc::SYS_clone3,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_fork,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_vfork,
    ];
    let statement = |code: u32, jt, k| libc::sock_filter {
        code: code.try_into().unwrap(),
        jt,
        jf: 0,
        k,
    };
    // The number of the call is the first field of struct seccomp_data (seccomp(2)).
    let mut filter = vec![statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0)];
    for (at, number) in numbers.iter().enumerate() {
        let to_refusal = u8::try_from(numbers.len() - at).unwrap();
        let number = u32::try_from(*number).unwrap();
        filter.push(statement(
            libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K,
            to_refusal,
            number,
        ));
    }
    let errno = u32::try_from(errno).unwrap();
    filter.push(statement(
        libc::BPF_RET | libc::BPF_K,
        0,
        libc::SECCOMP_RET_ALLOW,
    ));
    filter.push(statement(
        libc::BPF_RET | libc::BPF_K,
        0,
        libc::SECCOMP_RET_ERRNO | errno,
    ));
    move || {
        let program = libc::sock_fprog {
            len: filter.len().try_into().unwrap_or(0),
            filter: filter.as_ptr().cast_mut(),
        };
        nix::sys::prctl::set_no_new_privs()?;
        // SAFETY: the program is valid for the call, which copies it.
        let set = unsafe {
            libc::prctl(
                libc::PR_SET_SECCOMP,
                libc::SECCOMP_MODE_FILTER,
                &raw const program,
            )
        };
        nix::errno::Errno::result(set).map(drop)?;
        Ok(())
    }
}
