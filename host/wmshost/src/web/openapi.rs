//! The description of the routes in the form of OpenAPI 3.1, made from their table.

use std::collections::BTreeMap;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::Value as Json;

use super::access::Access;
use super::exchange::RefusalDocument;
use super::route::{Form, Route};

#[derive(Serialize)]
struct Document {
    openapi: &'static str,
    info: Info,
    paths: BTreeMap<&'static str, BTreeMap<String, Operation>>,
    components: Components,
}

#[derive(Serialize)]
struct Info {
    title: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Components {
    schemas: serde_json::Map<String, Json>,
    #[serde(rename = "securitySchemes")]
    security_schemes: BTreeMap<&'static str, SecurityScheme>,
}

#[derive(Serialize)]
struct SecurityScheme {
    r#type: &'static str,
    scheme: &'static str,
}

#[derive(Serialize)]
struct Operation {
    #[serde(rename = "operationId")]
    operation_id: &'static str,
    summary: &'static str,
    parameters: Vec<Parameter>,
    responses: BTreeMap<String, Response>,
    security: Vec<BTreeMap<&'static str, Vec<String>>>,
}

#[derive(Serialize)]
struct Parameter {
    name: String,
    r#in: &'static str,
    required: bool,
    description: String,
    schema: BTreeMap<&'static str, &'static str>,
}

#[derive(Serialize)]
struct Response {
    description: &'static str,
    content: BTreeMap<&'static str, Content>,
}

#[derive(Serialize)]
struct Content {
    schema: Json,
}

/// The description of these routes.
pub(super) fn document(routes: &'static [Route]) -> impl Serialize {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut generator =
        settings.with(|settings| settings.definitions_path = "/components/schemas".into()).into_generator();
    let mut paths: BTreeMap<&'static str, BTreeMap<String, Operation>> = BTreeMap::new();
    for route in routes {
        let operation = operation(route, &mut generator);
        paths.entry(route.path).or_default().insert(route.method.to_lowercase(), operation);
    }
    Document {
        openapi: "3.1.0",
        info: Info { title: "wmshost serve", version: env!("CARGO_PKG_VERSION") },
        paths,
        components: Components {
            schemas: generator.take_definitions(true),
            security_schemes: ["read", "operate"]
                .map(|name| (name, SecurityScheme { r#type: "http", scheme: "bearer" }))
                .into(),
        },
    }
}

fn operation(route: &Route, generator: &mut SchemaGenerator) -> Operation {
    let text = || BTreeMap::from([("type", "string")]);
    let named = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path = named.map(|name| Parameter {
        name: name.to_owned(),
        r#in: "path",
        required: true,
        description: format!("The name of the {name}, or its id"),
        schema: text(),
    });
    let in_query = route.query.iter().map(|(name, meaning)| Parameter {
        name: (*name).to_owned(),
        r#in: "query",
        required: false,
        description: (*meaning).to_owned(),
        schema: text(),
    });
    let content = match route.form {
        Form::Json(schema) => ("application/json", Content { schema: schema(generator).to_value() }),
        Form::Text(kind) => (kind, Content { schema: Json::Object(serde_json::Map::new()) }),
    };
    let refused = Content { schema: generator.subschema_for::<RefusalDocument>().to_value() };
    let done = Response { description: "The request was answered", content: [content].into() };
    let refusal = Response { description: "The request was refused", content: [("application/json", refused)].into() };
    let tokens: &[&str] = match route.access() {
        Access::Open => &[],
        Access::Read => &["read", "operate"],
        Access::Operate => &["operate"],
    };
    let security = tokens.iter().map(|token| BTreeMap::from([(*token, Vec::new())])).collect();
    Operation {
        operation_id: route.name,
        summary: route.summary,
        parameters: in_path.chain(in_query).collect(),
        responses: [(route.status.to_string(), done), ("default".to_owned(), refusal)].into(),
        security,
    }
}
