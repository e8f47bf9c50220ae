//! A builder of directory trees that look like a procfs.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The initial namespace of each kind, by the kernel's fixed numbers.
pub const INITIAL: [(&str, u64); 8] = [
    ("cgroup", 0xEFFF_FFFB),
    ("ipc", 0xEFFF_FFFF),
    ("mnt", 0xEFFF_FFF8),
    ("net", 0xEFFF_FFF9),
    ("pid", 0xEFFF_FFFC),
    ("time", 0xEFFF_FFFA),
    ("user", 0xEFFF_FFFD),
    ("uts", 0xEFFF_FFFE),
];

/// PF_KTHREAD beside flags that kernel threads usually have.
const KERNEL_THREAD: u64 = 0x0020_8040;

/// A tree below a folder that everybody may read.
pub struct FakeProc(TempDir);

/// A process of such a tree, as it is to be written. All its links lead to the initial namespaces
/// unless something else is said.
#[derive(Clone)]
pub struct Task {
    pub pid: i32,
    ppid: i32,
    comm: Vec<u8>,
    state: char,
    flags: u64,
    start_time: u64,
    cmdline: Vec<u8>,
    cgroup: String,
    uid_map: String,
    mountinfo: String,
    numbers: Vec<i32>,
    links: Vec<(String, String)>,
}

impl FakeProc {
    pub fn new() -> FakeProc {
        // In memory where there is some to have: a tree has a great many small files.
        let dir = TempDir::new_in("/dev/shm")
            .or_else(|_| TempDir::new())
            .unwrap();
        fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let proc = FakeProc(dir);
        proc.write("sys/kernel/hostname", "fake\n");
        proc.write("sys/kernel/osrelease", "6.1.0\n");
        proc.write("sys/kernel/random/boot_id", "0-0-0-0\n");
        proc
    }

    /// A tree with an init, kthreadd and these processes.
    pub fn with(tasks: impl IntoIterator<Item = Task>) -> FakeProc {
        let proc = FakeProc::new();
        proc.add(Task::init());
        proc.add(Task::kthreadd());
        for task in tasks {
            proc.add(task);
        }
        proc
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The path of a file of a process.
    pub fn file(&self, pid: i32, name: &str) -> PathBuf {
        self.path().join(pid.to_string()).join(name)
    }

    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let file = self.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, contents).unwrap();
    }

    /// Puts a symbolic link, or nothing, in the place of a link or file of a process.
    pub fn relink(&self, pid: i32, name: &str, target: Option<&str>) {
        let file = self.file(pid, name);
        let _ = fs::remove_file(&file);
        if let Some(target) = target {
            symlink(target, file).unwrap();
        }
    }

    /// Puts a FIFO that nobody writes to in the place of a file.
    pub fn make_fifo(&self, file: &Path) {
        let _ = fs::remove_file(file);
        nix::unistd::mkfifo(file, nix::sys::stat::Mode::from_bits_truncate(0o644)).unwrap();
    }

    /// Takes all rights away from a file or folder of a process.
    pub fn forbid(&self, pid: i32, name: &str) {
        let file = self.file(pid, name);
        fs::set_permissions(file, PermissionsExt::from_mode(0o000)).unwrap();
    }

    /// A process with no more than links and a line of stat.
    pub fn add_bare(&self, task: &Task) {
        self.write(&format!("{}/stat", task.pid), task.stat());
        let folder = self.file(task.pid, "ns");
        fs::create_dir_all(&folder).unwrap();
        for (name, target) in &task.links {
            symlink(target, folder.join(name)).unwrap();
        }
    }

    pub fn add(&self, task: Task) {
        let pid = task.pid;
        let file = |name: &str| format!("{pid}/{name}");
        self.write(&file("stat"), task.stat());
        self.write(&file("status"), task.status());
        self.write(&file("cmdline"), &task.cmdline);
        self.write(&file("cgroup"), &task.cgroup);
        self.write(&file("uid_map"), &task.uid_map);
        self.write(&file("gid_map"), &task.uid_map);
        self.write(&file("setgroups"), "allow\n");
        self.write(&file("mountinfo"), &task.mountinfo);
        self.write(
            &file("timens_offsets"),
            "monotonic           0         0\nboottime            0         0\n",
        );
        self.write(&format!("{pid}/task/{pid}/stat"), task.stat());
        for folder in [file("ns"), format!("{pid}/task/{pid}/ns")] {
            let folder = self.path().join(folder);
            fs::create_dir_all(&folder).unwrap();
            for (name, target) in &task.links {
                symlink(target, folder.join(name)).unwrap();
            }
        }
        symlink("/", self.file(pid, "root")).unwrap();
    }
}

impl Task {
    pub fn new(pid: i32) -> Task {
        let own = INITIAL.map(|(kind, inode)| (kind.to_owned(), format!("{kind}:[{inode}]")));
        let mut task = Task {
            pid,
            ppid: 1,
            comm: b"worker".to_vec(),
            state: 'S',
            flags: 0x0040_0000,
            start_time: 1000 + u64::from(pid.unsigned_abs()),
            cmdline: b"worker\0--quiet\0".to_vec(),
            cgroup: "0::/\n".to_owned(),
            uid_map: "         0          0 4294967295\n".to_owned(),
            mountinfo: "22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw\n".to_owned(),
            numbers: vec![pid],
            links: own.to_vec(),
        };
        task.set_link("pid_for_children", "pid:[4026531836]");
        task.set_link("time_for_children", "time:[4026531834]");
        task
    }

    /// PID 1 of the host.
    pub fn init() -> Task {
        let mut init = Task::new(1).parent(0).comm("init").args(&["/sbin/init"]);
        init.start_time = 1;
        init
    }

    /// PID 2 of the host.
    pub fn kthreadd() -> Task {
        let mut kthreadd = Task::new(2).parent(0).comm("kthreadd").args(&[]);
        kthreadd.flags = KERNEL_THREAD;
        kthreadd.start_time = 1;
        kthreadd
    }

    pub fn parent(mut self, ppid: i32) -> Task {
        self.ppid = ppid;
        self
    }

    pub fn comm(mut self, comm: impl AsRef<[u8]>) -> Task {
        self.comm = comm.as_ref().to_vec();
        self
    }

    pub fn args(mut self, args: &[&str]) -> Task {
        self.cmdline = args
            .iter()
            .flat_map(|arg| [arg, "\0"])
            .collect::<String>()
            .into_bytes();
        self
    }

    pub fn cmdline(mut self, bytes: impl Into<Vec<u8>>) -> Task {
        self.cmdline = bytes.into();
        self
    }

    pub fn state(mut self, state: char) -> Task {
        self.state = state;
        self
    }

    pub fn cgroup(mut self, path: &str) -> Task {
        self.cgroup = format!("0::{path}\n");
        self
    }

    pub fn uid_map(mut self, map: &str) -> Task {
        map.clone_into(&mut self.uid_map);
        self
    }

    pub fn mountinfo(mut self, lines: String) -> Task {
        self.mountinfo = lines;
        self
    }

    /// Its number at every level, from the outermost pid namespace inwards.
    pub fn numbers(mut self, numbers: &[i32]) -> Task {
        self.numbers = numbers.to_vec();
        self
    }

    /// In these namespaces; for a pid and time namespace its children too.
    pub fn within(mut self, namespaces: &[(&str, u64)]) -> Task {
        for (kind, inode) in namespaces {
            let target = format!("{kind}:[{inode}]");
            self.set_link(kind, &target);
            if matches!(*kind, "pid" | "time") {
                self.set_link(&format!("{kind}_for_children"), &target);
            }
        }
        self
    }

    fn set_link(&mut self, name: &str, target: &str) {
        self.links.retain(|(known, _)| known != name);
        self.links.push((name.to_owned(), target.to_owned()));
    }

    fn stat(&self) -> Vec<u8> {
        let mut line = format!("{} (", self.pid).into_bytes();
        line.extend_from_slice(&self.comm);
        let rest = format!(
            ") {} {} {pid} {pid} 0 -1 {} 100 0 0 0 1 2 0 0 20 0 1 0 {} 2568192 200 \
             18446744073709551615 1 1 0 0 0 0 0 4096 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
            self.state,
            self.ppid,
            self.flags,
            self.start_time,
            pid = self.pid,
        );
        line.extend_from_slice(rest.as_bytes());
        line
    }

    /// As a kernel 6.1 writes it.
    fn status(&self) -> Vec<u8> {
        let numbers: Vec<String> = self.numbers.iter().map(i32::to_string).collect();
        let numbers = numbers.join("\t");
        let name: Vec<u8> = self
            .comm
            .iter()
            .flat_map(|byte| match byte {
                b'\n' => b"\\n".to_vec(),
                b'\\' => b"\\\\".to_vec(),
                byte => vec![*byte],
            })
            .collect();
        let mut status = b"Name:\t".to_vec();
        status.extend_from_slice(&name);
        let rest = format!(
            "\nUmask:\t0022\nState:\t{state} (sleeping)\nTgid:\t{pid}\nNgid:\t0\nPid:\t{pid}\n\
             PPid:\t{ppid}\nTracerPid:\t0\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nFDSize:\t64\n\
             Groups:\t \nNStgid:\t{numbers}\nNSpid:\t{numbers}\nNSpgid:\t{numbers}\n\
             NSsid:\t{numbers}\nVmPeak:\t    2508 kB\nVmSize:\t    2508 kB\nVmLck:\t       0 kB\n\
             VmPin:\t       0 kB\nVmHWM:\t     884 kB\nVmRSS:\t     884 kB\n\
             RssAnon:\t      88 kB\nRssFile:\t     796 kB\nRssShmem:\t       0 kB\n\
             VmData:\t     360 kB\nVmStk:\t     132 kB\nVmExe:\t      20 kB\n\
             VmLib:\t    1528 kB\nVmPTE:\t      44 kB\nVmSwap:\t       0 kB\n\
             HugetlbPages:\t       0 kB\nCoreDumping:\t0\nTHP_enabled:\t1\nThreads:\t1\n\
             SigQ:\t0/7823\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\n\
             SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nSigCgt:\t0000000000000000\n\
             CapInh:\t0000000000000000\nCapPrm:\t0000000000000001\nCapEff:\t0000000000000001\n\
             CapBnd:\t0000000000000003\nCapAmb:\t0000000000000000\nNoNewPrivs:\t0\nSeccomp:\t2\n\
             Seccomp_filters:\t1\nSpeculation_Store_Bypass:\tvulnerable\n\
             SpeculationIndirectBranch:\tconditional enabled\nCpus_allowed:\t3\n\
             Cpus_allowed_list:\t0-1\nMems_allowed:\t00000001\nMems_allowed_list:\t0\n\
             voluntary_ctxt_switches:\t1\nnonvoluntary_ctxt_switches:\t0\n",
            state = self.state,
            pid = self.pid,
            ppid = self.ppid,
        );
        status.extend_from_slice(rest.as_bytes());
        status
    }
}
