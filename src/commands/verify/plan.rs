//! What is claimed of whom: the command line and the files that it names -> targets with claims.

use std::path::Path;

use crate::cli::{Global, VerifyArgs};
use crate::commands::source::Source;
use crate::commands::target::Typed;
use crate::error::Error;
use crate::model::Pid;
use crate::sys::files;
use crate::verify::claim::{Against, AnyClaim};
use crate::verify::claims::Spec;
use crate::verify::probes::Target;
use crate::verify::sources::file::{ClaimsFile, Select};
use crate::verify::sources::options;
use crate::verify::sources::profiles::{self, Profile};
use crate::verify::sources::read;

/// Of whom something is claimed.
#[derive(Clone, Debug)]
pub enum Whom {
    /// By a word for a target.
    Named(String),
    /// Every container that fits.
    Selected(Select),
}

/// Claims of one target, or of all that are selected.
pub struct Entry {
    pub whom: Whom,
    pub claims: Vec<AnyClaim>,
    /// Where to find the configuration of its runtime, whose claims come first.
    pub oci: Option<Oci>,
}

impl Entry {
    /// The process, where it is named by its number and what is claimed of it needs no other.
    pub fn one_process(&self, source: &Source, global: &Global) -> Option<Pid> {
        let Whom::Named(name) = &self.whom else {
            return None;
        };
        let typed = Typed::parse(name).ok()?;
        let is_number = matches!(typed, Typed::Task(_) | Typed::Pinned { .. } | Typed::Myself);
        if !is_number || self.oci.is_some() || self.claims.iter().any(|it| it.needs().audit) {
            return None;
        }
        typed.resolve(source, global).ok()?.task(source).ok()
    }
}

/// The configuration of an OCI runtime.
pub enum Oci {
    Auto,
    Text { path: String, text: Vec<u8> },
}

/// Everything that is claimed.
pub fn plan(global: &Global, args: &VerifyArgs, source: &Source) -> Result<Vec<Entry>, Error> {
    let mut resolve = |name: &str| against(global, source, name);
    let mut own = options::required(&args.require);
    let mut entries = Vec::new();
    for name in &args.profile {
        own.extend(of_profile(name, &mut resolve)?);
    }
    for file in &args.claims {
        let found = read_file(file)?;
        if let Some(claims) = &found.claims {
            if args.target.is_none() {
                let message = format!(
                    "{} claims something of a TARGET, and none is given",
                    file.display()
                );
                return Err(Error::Usage(message));
            }
            own.extend(claims.claims(&mut resolve)?);
        }
        entries.extend(of_targets(&found, &mut resolve)?);
    }
    let oci = args.oci.as_deref().map(read_oci).transpose()?;
    match &args.target {
        Some(_) if own.is_empty() && oci.is_none() && entries.is_empty() => {
            let message =
                "nothing is claimed: say what, by --claims, --oci, --profile or --require";
            return Err(Error::Usage(message.to_owned()));
        }
        Some(target) if !own.is_empty() || oci.is_some() => entries.insert(
            0,
            Entry {
                whom: Whom::Named(target.clone()),
                claims: own,
                oci,
            },
        ),
        None if !own.is_empty() || oci.is_some() || entries.is_empty() => {
            let message = "a TARGET is wanted, or a claims file that names some";
            return Err(Error::Usage(message.to_owned()));
        }
        Some(_) | None => {}
    }
    Ok(entries)
}

fn of_targets(
    file: &ClaimsFile,
    resolve: &mut dyn FnMut(&str) -> Result<Against, Error>,
) -> Result<Vec<Entry>, Error> {
    let mut entries = Vec::new();
    for entry in &file.targets {
        let whom = match (&entry.target, &entry.select) {
            (Some(name), _) => Whom::Named(name.0.clone()),
            (None, select) => Whom::Selected(select.clone().unwrap_or_default()),
        };
        let mut claims = Vec::new();
        if let Some(name) = &entry.profile {
            claims.extend(of_profile(name, resolve)?);
        }
        if let Some(own) = &entry.claims {
            claims.extend(own.claims(resolve)?);
        }
        entries.push(Entry {
            whom,
            claims,
            oci: None,
        });
    }
    Ok(entries)
}

/// The claims of the file that are of nobody whom it names.
pub fn of_file(path: &Path) -> Result<Vec<AnyClaim>, Error> {
    let file = read_file(path)?;
    let only_host = |name: &str| {
        let message = format!("{name} cannot be compared with: there is only what is launched");
        Err(Error::Usage(message))
    };
    if !file.targets.is_empty() {
        let message = format!(
            "{} has targets of its own, and `run` proves only what it launches",
            path.display()
        );
        return Err(Error::Usage(message));
    }
    let claims = file.claims.unwrap_or_default();
    claims.claims(&mut { only_host })
}

fn read_file(path: &Path) -> Result<ClaimsFile, Error> {
    let failed = |reason: String| Error::Claims {
        from: path.display().to_string(),
        reason,
    };
    let text = files::read_named(path, read::LARGEST).map_err(|why| failed(why.to_string()))?;
    let text = String::from_utf8(text).map_err(|error| failed(error.to_string()))?;
    read::parse(&text).map_err(|error| failed(error.to_string()))
}

fn read_oci(path: &Path) -> Result<Oci, Error> {
    if path == Path::new("auto") {
        return Ok(Oci::Auto);
    }
    let read = files::read_named(path, crate::verify::sources::oci::LARGEST);
    let text = read.map_err(|why| Error::Claims {
        from: path.display().to_string(),
        reason: why.to_string(),
    })?;
    let path = path.display().to_string();
    Ok(Oci::Text { path, text })
}

/// The profile with a name, or an error that lists them.
pub fn profile(name: &str) -> Result<&'static Profile, Error> {
    profiles::named(name).ok_or_else(|| {
        let names: Vec<&str> = profiles::ALL.iter().map(|it| it.name).collect();
        let message = format!(
            "there is no profile {name:?}; there are {}",
            names.join(", ")
        );
        Error::Usage(message)
    })
}

fn of_profile(
    name: &str,
    resolve: &mut dyn FnMut(&str) -> Result<Against, Error>,
) -> Result<Vec<AnyClaim>, Error> {
    let failed = |error: read::Malformed| Error::Claims {
        from: name.to_owned(),
        reason: error.to_string(),
    };
    let file = read::parse(profile(name)?.text).map_err(failed)?;
    let claims = file.claims.unwrap_or_default();
    claims.claims(resolve)
}

/// Whom a claim compares with.
fn against(global: &Global, source: &Source, name: &str) -> Result<Against, Error> {
    let pid = Typed::parse(name)?.resolve(source, global)?.task(source)?;
    // When it was started is known once it has been read.
    let start_time = None;
    Ok(Against::Task {
        target: Target { pid, start_time },
        name: name.to_owned(),
    })
}

/// Whether a container fits a selector; `*` stands for anything.
pub fn fits(pattern: Option<&str>, text: Option<&str>) -> bool {
    match (pattern, text) {
        (None, _) => true,
        (Some(pattern), Some(text)) => matches(pattern, text),
        (Some(_), None) => false,
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(first) else {
        return false;
    };
    let mut ends = (0..=text.len()).filter(|at| text.is_char_boundary(*at));
    ends.any(|at| matches(rest, &text[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, expected) in [
            ("web", "web", true),
            ("web", "web1", false),
            ("web*", "web", true),
            ("web*", "web-1", true),
            ("*-1", "web-1", true),
            ("w*-*1", "web-x1", true),
            ("w*-*1", "web1", false),
            ("*", "", true),
            ("ü*", "über", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
        assert!(fits(None, None) && !fits(Some("*"), None));
    }
}
