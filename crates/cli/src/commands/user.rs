//! `assay user …`: local users, also before the first one exists.

use std::io::BufRead;

use assay_domain::{Actor, Role, Secret};

use super::say;
use crate::args::{Common, User};
use crate::assembly::build_app;
use crate::config::Config;
use crate::error::Error;

/// Runs one command on users, with the rights of whoever can read the database and its key.
pub(crate) async fn run(common: &Common, command: User) -> Result<(), Error> {
    let app = build_app(&Config::load(common)?).await?;
    let actor = Actor::system();
    let identity = app.identity();
    match command {
        User::Add { name, role, .. } => {
            let role: Role = role.parse()?;
            identity
                .create_user(&actor, &name, role, &read_password()?)
                .await?;
            say(&format!(
                "user {name} created with the role {}",
                role.as_str()
            ));
        }
        User::Password { name, .. } => {
            identity
                .update_user(&actor, &name, None, Some(&read_password()?))
                .await?;
            say(&format!("password of {name} changed"));
        }
        User::Delete { name } => {
            identity.delete_user(&actor, &name).await?;
            say(&format!("user {name} deleted"));
        }
        User::List => {
            for user in identity.users(&actor).await? {
                say(&format!("{}\t{}", user.name, user.role.as_str()));
            }
        }
    }
    Ok(())
}

fn read_password() -> Result<Secret, Error> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(Error::io("standard input"))?;
    Ok(Secret::new(line.trim_end_matches(['\r', '\n'])))
}
