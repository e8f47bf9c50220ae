//! What holds for the whole machine, as a part of `nsinspect.snapshot/1`.

use std::collections::BTreeMap;

#[cfg(test)]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Unknown;
use crate::model::Settings;
use crate::model::settings::{Account, SYSCTLS};

/// What holds for the whole machine.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub struct SettingsRecord {
    /// Values by the paths below /proc/sys
    pub sysctls: BTreeMap<String, Option<String>>,
    /// The word in force in /sys/kernel/security/lockdown
    pub lockdown: Option<String>,
    /// Uids with a name in /etc/passwd
    pub accounts: Option<Vec<Account>>,
    pub unknown: Unknown,
}

impl From<&Settings> for SettingsRecord {
    fn from(settings: &Settings) -> SettingsRecord {
        let mut unknown = Unknown::default();
        let sysctls = settings.sysctls.iter().map(|(name, value)| {
            let value = unknown.note(&field_of(name), value.clone());
            ((*name).to_owned(), value)
        });
        SettingsRecord {
            sysctls: sysctls.collect(),
            lockdown: unknown.note("lockdown", settings.lockdown.clone()),
            accounts: unknown.note("accounts", settings.accounts.clone()),
            unknown,
        }
    }
}

impl SettingsRecord {
    /// The settings of a saved snapshot.
    pub fn into_model(self) -> Settings {
        let unknown = self.unknown;
        let sysctl = |name: &'static str| {
            let value = self.sysctls.get(name).cloned().flatten();
            (name, unknown.seen(&field_of(name), value))
        };
        Settings {
            sysctls: SYSCTLS.map(sysctl).into(),
            lockdown: unknown.seen("lockdown", self.lockdown),
            accounts: unknown.seen("accounts", self.accounts),
        }
    }
}

/// The name under which the reason of a sysctl stands in `unknown`.
fn field_of(sysctl: &str) -> String {
    format!("sysctls.{sysctl}")
}
