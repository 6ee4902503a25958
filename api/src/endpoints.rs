//! One list of endpoints that feeds both the router and the OpenAPI document.

/// Declares `routes()` and `document()` from one list of handlers, so that neither can miss one.
macro_rules! endpoints {
    ($($($segment:ident)::+),+ $(,)?) => {
        #[derive(utoipa::OpenApi)]
        #[openapi(paths($($($segment)::+),+))]
        struct Document;

        /// The routes of this room.
        pub(crate) fn routes() -> Vec<rocket::Route> {
            rocket::routes![$($($segment)::+),+]
        }

        /// The paths and schemas of this room.
        pub(crate) fn document() -> utoipa::openapi::OpenApi {
            <Document as utoipa::OpenApi>::openapi()
        }
    };
}

pub(crate) use endpoints;
