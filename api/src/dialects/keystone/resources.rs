//! The one project and the local users, as far as command line clients ask for them.

use assay_app::{App, IdentitySettings};
use assay_domain::{Error, User};
use rocket::serde::json::Json;
use rocket::{State, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::guards::Caller;
use crate::link::Base;
use crate::reply::Answer;

/// The project that tokens are scoped to.
#[derive(Serialize, ToSchema)]
pub(super) struct Project {
    /// Id.
    id: String,
    /// Name.
    #[schema(example = "admin")]
    name: String,
    /// The domain's id.
    #[schema(example = "default")]
    domain_id: String,
    /// What it is.
    #[schema(value_type = String)]
    description: &'static str,
    /// True.
    enabled: bool,
    /// False.
    is_domain: bool,
    /// The domain's id.
    #[schema(example = "default")]
    parent_id: String,
    /// None.
    #[schema(value_type = Vec<String>)]
    tags: [String; 0],
    /// Where it is.
    links: SelfLink,
}

/// A local user.
#[derive(Serialize, ToSchema)]
pub(super) struct UserResource {
    /// Id; the same as the name here.
    #[schema(example = "admin")]
    id: String,
    /// Name.
    #[schema(example = "admin")]
    name: String,
    /// The domain's id.
    #[schema(example = "default")]
    domain_id: String,
    /// True.
    enabled: bool,
    /// Passwords do not expire.
    #[schema(value_type = Option<String>)]
    password_expires_at: Option<String>,
    /// Where it is.
    links: SelfLink,
}

/// Where a thing is.
#[derive(Serialize, ToSchema)]
pub(super) struct SelfLink {
    /// This address.
    #[serde(rename = "self")]
    this: String,
}

/// Where a list is and goes on.
#[derive(Serialize, ToSchema)]
pub(super) struct ListLinks {
    /// This address.
    #[serde(rename = "self")]
    this: String,
    /// The next page, if there is one.
    next: Option<String>,
    /// Always null: pages are followed forwards.
    #[schema(value_type = Option<String>)]
    previous: Option<String>,
}

/// A list of projects.
#[derive(Serialize, ToSchema)]
pub(super) struct ProjectsAnswer {
    /// The projects.
    projects: Vec<Project>,
    /// Where the list is.
    links: ListLinks,
}

/// A project.
#[derive(Serialize, ToSchema)]
pub(super) struct ProjectAnswer {
    /// The project.
    project: Project,
}

/// A list of users.
#[derive(Serialize, ToSchema)]
pub(super) struct UsersAnswer {
    /// The users.
    users: Vec<UserResource>,
    /// Where the list is and goes on.
    links: ListLinks,
}

/// A user.
#[derive(Serialize, ToSchema)]
pub(super) struct UserAnswer {
    /// The user.
    user: UserResource,
}

fn project(base: &Base, settings: &IdentitySettings) -> Project {
    let id = settings.project_id();
    Project {
        links: SelfLink {
            this: base.link(&format!("/v3/projects/{id}")),
        },
        id,
        name: settings.project.clone(),
        domain_id: settings.domain.clone(),
        description: "The project of all users of Assay",
        enabled: true,
        is_domain: false,
        parent_id: settings.domain.clone(),
        tags: [],
    }
}

fn resource(base: &Base, settings: &IdentitySettings, user: User) -> UserResource {
    UserResource {
        links: SelfLink {
            this: base.link(&format!("/v3/users/{}", user.name)),
        },
        id: user.name.clone(),
        name: user.name,
        domain_id: settings.domain.clone(),
        enabled: true,
        password_expires_at: None,
    }
}

/// Whether a filter lets a value pass. Some clients send `None` for what they do not filter by.
fn passes(filter: Option<&str>, value: &str) -> bool {
    filter.is_none_or(|wanted| wanted == value || wanted == "None")
}

fn projects(
    app: &App,
    base: &Base,
    path: &str,
    name: Option<&str>,
    domain_id: Option<&str>,
) -> Json<ProjectsAnswer> {
    let settings = &app.settings().identity;
    let one = project(base, settings);
    let fits = passes(name, &one.name) && passes(domain_id, &one.domain_id);
    Json(ProjectsAnswer {
        projects: fits.then_some(one).into_iter().collect(),
        links: ListLinks {
            this: base.link(path),
            next: None,
            previous: None,
        },
    })
}

/// Lists the projects that the caller can get tokens for: there is one.
#[utoipa::path(
    tag = "identity",
    responses((status = 200, description = "The project", body = ProjectsAnswer)),
)]
#[get("/v3/auth/projects")]
pub(crate) fn list_own_projects(
    app: &State<App>,
    _caller: Caller,
    base: Base,
) -> Json<ProjectsAnswer> {
    projects(app, &base, "/v3/auth/projects", None, None)
}

/// Lists the projects: there is one.
#[utoipa::path(
    tag = "identity",
    params(
        ("name" = Option<String>, Query, description = "Only the project of this name"),
        ("domain_id" = Option<String>, Query, description = "Only projects of this domain"),
    ),
    responses((status = 200, description = "The project", body = ProjectsAnswer)),
)]
#[get("/v3/projects?<name>&<domain_id>")]
pub(crate) fn list_projects(
    app: &State<App>,
    _caller: Caller,
    base: Base,
    name: Option<&str>,
    domain_id: Option<&str>,
) -> Json<ProjectsAnswer> {
    projects(app, &base, "/v3/projects", name, domain_id)
}

/// Shows a project by id.
#[utoipa::path(
    tag = "identity",
    params(("id" = String, Path, description = "The project's id")),
    responses(
        (status = 200, description = "The project", body = ProjectAnswer),
        (status = 404, description = "There is no such project"),
    ),
)]
#[get("/v3/projects/<id>")]
pub(crate) fn show_project(
    app: &State<App>,
    _caller: Caller,
    base: Base,
    id: &str,
) -> Answer<ProjectAnswer> {
    let project = project(&base, &app.settings().identity);
    if project.id != id {
        return Err(Error::not_found("Project", id).into());
    }
    Ok(Json(ProjectAnswer { project }))
}

/// Lists the local users; for admins.
#[utoipa::path(
    tag = "identity",
    params(
        ("name" = Option<String>, Query, description = "Only the user of this name"),
        ("domain_id" = Option<String>, Query, description = "Only users of this domain"),
        ("marker" = Option<String>, Query, description = "Only users behind this one, by name"),
        ("limit" = Option<usize>, Query, description = "So many at most"),
    ),
    responses((status = 200, description = "The users by name", body = UsersAnswer)),
)]
#[get("/v3/users?<name>&<domain_id>&<marker>&<limit>")]
pub(crate) async fn list_users(
    app: &State<App>,
    caller: Caller,
    base: Base,
    name: Option<&str>,
    domain_id: Option<&str>,
    marker: Option<&str>,
    limit: Option<&str>,
) -> Answer<UsersAnswer> {
    let settings = &app.settings().identity;
    let limit = read_limit(limit, app.settings().api_max_limit)?;
    let mut users = app.identity().users(&caller.0).await?;
    users.retain(|user| {
        passes(name, &user.name)
            && passes(domain_id, &settings.domain)
            && marker.is_none_or(|marker| user.name.as_str() > marker)
    });
    let has_more = users.len() > limit;
    users.truncate(limit);
    let next = users.last().filter(|_| has_more).map(|last| {
        let query = format!("limit={limit}&marker={}", last.name);
        base.link(&format!("/v3/users?{query}"))
    });
    Ok(Json(UsersAnswer {
        users: users
            .into_iter()
            .map(|user| resource(&base, settings, user))
            .collect(),
        links: ListLinks {
            this: base.link("/v3/users"),
            next,
            previous: None,
        },
    }))
}

fn read_limit(given: Option<&str>, greatest: i64) -> Result<usize, Error> {
    let greatest = usize::try_from(greatest).unwrap_or(usize::MAX);
    let Some(text) = given else {
        return Ok(greatest);
    };
    match text.parse::<usize>() {
        Ok(limit) if limit > 0 => Ok(limit.min(greatest)),
        _ => Err(Error::invalid("limit: expected a number of at least 1")),
    }
}

/// Shows a local user: oneself, or as an admin anybody.
#[utoipa::path(
    tag = "identity",
    params(("id" = String, Path, description = "The user's id, which is the name")),
    responses(
        (status = 200, description = "The user", body = UserAnswer),
        (status = 404, description = "There is no such user"),
    ),
)]
#[get("/v3/users/<id>")]
pub(crate) async fn show_user(
    app: &State<App>,
    caller: Caller,
    base: Base,
    id: &str,
) -> Answer<UserAnswer> {
    let user = app.identity().user(&caller.0, id).await?;
    let settings = &app.settings().identity;
    Ok(Json(UserAnswer {
        user: resource(&base, settings, user),
    }))
}
