//! The OpenAPI documents, one per dialect, and the page on which people try them.

use rocket::http::ContentType;
use rocket::response::Redirect;
use rocket::{Build, Rocket, Route, State, get};
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Type;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    Content, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Required,
    ResponseBuilder, Schema,
};
use utoipa::{PartialSchema, ToSchema};
use utoipa_swagger_ui::{Config, SwaggerUi, Url};

use crate::boot;
use crate::dialects::{assay, cloudmanager, inspector, keystone};
use crate::guards::TOKEN;

/// The schema of errors, in every document.
const ERROR: &str = "Error";

/// What the documents have in common but for their words.
struct Words {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    /// Errors that any operation of the dialect may answer.
    errors: &'static [(&'static str, &'static str)],
    /// A header that any operation of the dialect takes, and what it is for.
    header: Option<(&'static str, &'static str)>,
    /// Adds the schemas of the dialect's errors.
    add_schemas: fn(&mut Schemas),
}

type Schemas = Vec<(String, RefOr<Schema>)>;

const ANYWHERE: &[(&str, &str)] = &[
    (
        "400",
        "The request is wrong in itself; the message says where",
    ),
    ("500", "A fault of Assay"),
    ("503", "Not possible now; see Retry-After"),
];
const INSPECTOR_ERRORS: &[(&str, &str)] = &[
    (
        "400",
        "The request is wrong in itself; the message says where",
    ),
    ("406", "This version of the API is not offered"),
    ("500", "A fault of Assay"),
    ("503", "Not possible now; see Retry-After"),
];
const WITH_TOKEN: &[(&str, &str)] = &[
    ("401", "No valid token or password came with the request"),
    ("403", "The caller's role does not allow this"),
];
const WITH_BODY: &[(&str, &str)] = &[("413", "The body is too large")];
const OF_MACHINES: &[(&str, &str)] = &[("429", "This address asks too often; see Retry-After")];
/// The tag of what machines ask for.
const BOOT: &str = "boot";

const INSPECTOR: Words = Words {
    name: "inspector",
    title: "Assay: Ironic Inspector API",
    description: "Hardware introspection as OpenStack Ironic Inspector offers it, microversions 1.0 to 1.18. The version is asked for in the header X-OpenStack-Ironic-Inspector-API-Version; without it the greatest answers.",
    errors: INSPECTOR_ERRORS,
    header: Some((
        inspector::VERSION_HEADER,
        "The version of the API to answer in, 1.0 to 1.18 or latest",
    )),
    add_schemas: error_schemas::<inspector::fault::ErrorBody<'static>>,
};
const CLOUDMANAGER: Words = Words {
    name: "cloudmanager",
    title: "Assay: CloudManager API",
    description: "Nodes with their classes, boot images, availability storages and power, power controls and tasks as CloudManager offers them. A list's filter takes `value` or `op:value`. A protected node (NodeSafe) refuses what would interrupt it with 409, unless an administrator says `?force=true`. Assay itself changes no node that is in reserve.",
    errors: ANYWHERE,
    header: None,
    add_schemas: error_schemas::<cloudmanager::fault::ErrorBody<'static>>,
};
const ASSAY: Words = Words {
    name: "assay",
    title: "Assay API",
    description: "What the other dialects have no words for: phases and history of introspections, reports, tasks, users, boot files, health.",
    errors: ANYWHERE,
    header: None,
    add_schemas: error_schemas::<assay::fault::ErrorBody<'static>>,
};
const KEYSTONE: Words = Words {
    name: "keystone",
    title: "Assay: identity API",
    description: "Tokens as OpenStack Keystone issues them, and the catalog of Assay's APIs.",
    errors: ANYWHERE,
    header: None,
    add_schemas: error_schemas::<keystone::fault::ErrorBody<'static>>,
};

/// All documents as name and JSON text, each ready to be written to `openapi/<name>.json`.
pub fn openapi_documents() -> Vec<(&'static str, String)> {
    let mut own = assay::document();
    own.merge(boot::document());
    [
        (INSPECTOR, inspector::document()),
        (CLOUDMANAGER, cloudmanager::document()),
        (ASSAY, own),
        (KEYSTONE, keystone::document()),
    ]
    .into_iter()
    .map(|(words, document)| {
        let text = complete(document, &words).to_pretty_json();
        (words.name, text.unwrap_or_default() + "\n")
    })
    .collect()
}

fn complete(mut document: OpenApi, words: &Words) -> OpenApi {
    document.info = InfoBuilder::new()
        .title(words.title)
        .description(Some(words.description))
        .version(env!("CARGO_PKG_VERSION"))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").build()))
        .build();
    let mut components = document.components.take().unwrap_or_default();
    let mut schemas = Vec::new();
    (words.add_schemas)(&mut schemas);
    components.schemas.extend(schemas);
    components.security_schemes.extend(security_schemes());
    document.components = Some(components);
    document.security = Some(either_way());
    for item in document.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
        ];
        for operation in operations.into_iter().flatten() {
            add_errors(operation, words);
            add_header(operation, words);
        }
    }
    document
}

fn error_schemas<T: ToSchema>(schemas: &mut Schemas) {
    T::schemas(schemas);
    schemas.push((ERROR.to_owned(), <T as PartialSchema>::schema()));
}

fn security_schemes() -> [(String, RefOr<SecurityScheme>); 2] {
    let token = ApiKeyValue::with_description(TOKEN, "A token of POST /v3/auth/tokens");
    let basic = HttpBuilder::new().scheme(HttpAuthScheme::Basic).build();
    [
        (
            "token".to_owned(),
            SecurityScheme::ApiKey(ApiKey::Header(token)).into(),
        ),
        ("basic".to_owned(), SecurityScheme::Http(basic).into()),
    ]
}

/// A token or a name and a password.
fn either_way() -> Vec<SecurityRequirement> {
    let none: [&str; 0] = [];
    vec![
        SecurityRequirement::new("token", none),
        SecurityRequirement::new("basic", none),
    ]
}

/// Adds the errors that every operation may answer, and gives all errors the dialect's body.
fn add_errors(operation: &mut Operation, words: &Words) {
    let needs_token = operation.security.is_none();
    let with_token = if needs_token { WITH_TOKEN } else { &[] };
    let with_body = operation
        .request_body
        .as_ref()
        .map_or(&[][..], |_| WITH_BODY);
    let is_boot = operation.tags.iter().flatten().any(|tag| tag == BOOT);
    let of_machines = if is_boot { OF_MACHINES } else { &[] };
    let responses = &mut operation.responses.responses;
    let errors = [words.errors, with_token, with_body, of_machines].concat();
    for (status, description) in errors {
        responses.entry((*status).to_owned()).or_insert_with(|| {
            ResponseBuilder::new()
                .description(description)
                .build()
                .into()
        });
    }
    for (status, response) in responses {
        if let RefOr::T(response) = response
            && (status.starts_with('4') || status.starts_with('5'))
        {
            let body = Content::new(Some(Ref::from_schema_name(ERROR)));
            response
                .content
                .insert("application/json".to_owned(), body.into());
        }
    }
}

fn add_header(operation: &mut Operation, words: &Words) {
    let Some((name, description)) = words.header else {
        return;
    };
    let text = ObjectBuilder::new().schema_type(Type::String).build();
    let header = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(text))
        .build();
    operation
        .parameters
        .get_or_insert_default()
        .push(header.into());
}

/// The documents as they are served.
struct Served(Vec<(&'static str, String)>);

/// Serves `<name>.json`.
#[get("/assay/openapi/<file>")]
fn document(documents: &State<Served>, file: &str) -> Option<(ContentType, String)> {
    let name = file.strip_suffix(".json")?;
    let (_, text) = documents.0.iter().find(|(known, _)| *known == name)?;
    Some((ContentType::JSON, text.clone()))
}

/// Sends browsers to the page.
#[get("/assay")]
fn home() -> Redirect {
    Redirect::to("/assay/docs/")
}

/// Serves the documents and the page that shows them, from this binary alone.
pub(crate) fn mount(rocket: Rocket<Build>) -> Rocket<Build> {
    let documents = openapi_documents();
    let urls: Vec<Url<'static>> = [INSPECTOR, CLOUDMANAGER, ASSAY, KEYSTONE]
        .iter()
        .map(|words| Url::from(format!("/assay/openapi/{}.json", words.name)))
        .collect();
    let config = Config::new(urls)
        .persist_authorization(true)
        .display_request_duration(true)
        .validator_url("none");
    let page: Vec<Route> = SwaggerUi::new("/assay/docs/<_..>").config(config).into();
    rocket
        .manage(Served(documents))
        .mount("/", rocket::routes![document, home])
        .mount("/", page)
}
