//! `--require KIND…` -> claims.

use crate::model::NsKind;
use crate::verify::claim::AnyClaim;
use crate::verify::claims::isolated::from_host;

/// Isolated from the host in these kinds, in the order of their weight.
pub fn required(kinds: &[NsKind]) -> Vec<AnyClaim> {
    let by_weight = NsKind::BY_WEIGHT.into_iter();
    let kinds = by_weight.filter(|kind| kinds.contains(kind));
    kinds.map(from_host).collect()
}
