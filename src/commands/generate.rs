//! `nsinspect completions`, `man` and `schema`: files that are made from the program itself.

use clap::{CommandFactory, ValueEnum};
use clap_mangen::Man;

use crate::cli::{Cli, CompletionsArgs, ManArgs, SchemaArgs};
use crate::error::{Error, Exit};
use crate::output;
use crate::output::rules;
use crate::output::wire::{DocumentName, schema};

pub fn completions(args: &CompletionsArgs) -> Result<Exit, Error> {
    let mut script = Vec::new();
    let mut command = Cli::command();
    clap_complete::generate(args.shell, &mut command, "nsinspect", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Yes)
}

pub fn man(args: &ManArgs) -> Result<Exit, Error> {
    let pages = pages()?;
    if let Some(dir) = &args.dir {
        for (file, page) in pages {
            std::fs::write(dir.join(file), page)?;
        }
        return Ok(Exit::Yes);
    }
    let wanted = match &args.command {
        Some(command) => format!("nsinspect-{command}"),
        None => "nsinspect".to_owned(),
    };
    let is_wanted = |file: &str| {
        file.rsplit_once('.')
            .is_some_and(|(name, _)| name == wanted)
    };
    let page = pages.into_iter().find(|(file, _)| is_wanted(file));
    let (_, page) = page.ok_or_else(|| {
        Error::Usage(format!(
            "there is no page {wanted}; `nsinspect --help` lists the commands"
        ))
    })?;
    output::print(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Yes)
}

/// The page of nsinspect itself, one for each command, and that of the rules, by the names of files.
fn pages() -> Result<Vec<(String, Vec<u8>)>, Error> {
    // Pages carry no version: they change when the text does.
    let mut command = Cli::command().version(None::<&str>);
    command.build();
    let mut pages = vec![page("nsinspect".to_owned(), command.clone())?];
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        let name = format!("nsinspect-{}", sub.get_name());
        pages.push(page(name, sub.clone())?);
    }
    pages.push(("nsinspect-rules.7".to_owned(), rules::man_page().into()));
    Ok(pages)
}

fn page(name: String, command: clap::Command) -> Result<(String, Vec<u8>), Error> {
    let mut page = Vec::new();
    let command = command.display_name(name.clone());
    Man::new(command).source("nsinspect").render(&mut page)?;
    Ok((format!("{name}.1"), page))
}

pub fn schema(args: &SchemaArgs) -> Result<Exit, Error> {
    let text = match args.document {
        Some(document) => schema::of(document).to_owned(),
        None => DocumentName::value_variants()
            .iter()
            .map(|document| format!("{}\n", document.name()))
            .collect(),
    };
    output::print(&text)?;
    Ok(Exit::Yes)
}
