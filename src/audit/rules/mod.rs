//! The rules: one file for each, and one line of it here. What they have in common is asked in
//! `questions`; how to add one is in docs/adding-a-rule.md.

use super::need::Need;
use super::rule::{Asks, Rule};

macro_rules! rules {
    ($($file:ident,)*) => {
        $(mod $file;)*

        /// Every rule, in the order in which findings of equal weight are told.
        pub static ALL: &[&Rule] = &[$(&$file::RULE),*];
    };
}

rules! {
    nsa_500_escaped,
    nsa_501_visitor,
    nsa_502_privileged_sibling,
    nsa_503_kernel_helper,
    nsa_504_threads_diverge,
    nsa_001_host_user_namespace,
    nsa_003_ids_shared,
    nsa_002_user_namespace_maps_root,
    nsa_010_host_pid_namespace,
    nsa_020_host_network,
    nsa_022_network_of_others,
    nsa_030_host_ipc,
    nsa_031_host_uts,
    nsa_032_host_cgroup_namespace,
    nsa_033_host_clocks,
    nsa_040_chroot,
    nsa_011_processes_reachable,
    nsa_110_privileged,
    nsa_100_sys_admin,
    nsa_101_sys_module,
    nsa_102_sys_ptrace,
    nsa_103_dac_read_search,
    nsa_104_sys_rawio,
    nsa_105_bpf,
    nsa_106_mknod,
    nsa_107_network_capabilities,
    nsa_108_other_capabilities,
    nsa_111_regained,
    nsa_112_inheritable,
    nsa_012_foreign_procfs,
    nsa_021_abstract_sockets,
    nsa_041_hidden_mounts,
    nsa_200_control_socket,
    nsa_201_host_files_writable,
    nsa_202_host_secrets_readable,
    nsa_210_setuid_on_host,
    nsa_203_propagation,
    nsa_204_host_device,
    nsa_205_kernel_settings,
    nsa_206_masks,
    nsa_207_release_agent,
    nsa_208_cgroups_of_others,
    nsa_209_fuse,
    nsa_300_foreign_handle,
    nsa_301_namespace_held,
    nsa_302_foreign_program,
    nsa_303_device_or_socket_held,
    nsa_400_no_seccomp,
    nsa_401_no_new_privs_off,
    nsa_402_unconfined,
    nsa_403_user_namespaces,
    nsa_404_host_keyrings,
    nsa_405_lax_settings,
}

/// Every rule, in the order of their ids.
pub fn by_id() -> Vec<&'static Rule> {
    let mut all = ALL.to_vec();
    all.sort_by_key(|rule| rule.id);
    all
}

/// The rule that is called so: `NSA-105`, in any case, or `105`.
pub fn named(text: &str) -> Option<&'static Rule> {
    let number = number(text)?;
    ALL.iter().copied().find(|rule| rule.id[4..] == number)
}

/// The three digits of what is an id.
fn number(text: &str) -> Option<String> {
    let digits = without_prefix(text);
    let is_number = (1..=3).contains(&digits.len()) && digits.bytes().all(|it| it.is_ascii_digit());
    is_number.then(|| format!("{digits:0>3}"))
}

fn without_prefix(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let rest = lower
        .strip_prefix("nsa")
        .map(|rest| rest.strip_prefix(['-', '_']).unwrap_or(rest));
    rest.unwrap_or(&lower).to_owned()
}

/// Rules that may have been meant: by digits that are nearly the same, or by a word of the title.
pub fn nearest(text: &str) -> Vec<&'static Rule> {
    let digits = format!("{:0>3}", without_prefix(text));
    let mut all = by_id();
    match digits.len() == 3 && digits.bytes().any(|it| it.is_ascii_digit()) {
        true => {
            let value = |digits: &str| digits.parse::<u16>().unwrap_or_default();
            let distance = |own: &str| {
                let differing = own.bytes().zip(digits.bytes()).filter(|(a, b)| a != b);
                (differing.count(), value(own).abs_diff(value(&digits)))
            };
            all.sort_by_key(|rule| distance(&rule.id[4..]));
        }
        false => {
            let word = text.to_lowercase();
            all.retain(|rule| word.len() > 2 && rule.title.to_lowercase().contains(&word));
        }
    }
    all.truncate(MOST_NEAREST);
    all
}

/// So many are suggested.
const MOST_NEAREST: usize = 3;

/// The rules that a process is asked by: one that nothing is meant to hold only by those for
/// everybody.
pub fn asked_of(held: bool) -> impl Iterator<Item = &'static Rule> {
    let is_asked = move |rule: &&Rule| held || rule.asks == Asks::Everybody;
    ALL.iter().copied().filter(is_asked)
}

/// Whether any rule that such a process is asked by needs a fact of this kind.
pub fn need(held: bool, is_wanted: impl Fn(Need) -> bool) -> bool {
    asked_of(held).any(|rule| rule.needs.iter().any(|need| is_wanted(*need)))
}
