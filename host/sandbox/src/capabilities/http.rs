//! Reading a granted web service. The plugin names a label and paths; the host's session signs in, keeps the pace and
//! enforces the limits of the service, and makes rows of JSON.

use std::sync::Arc;
use std::time::Instant;

use arrow_schema::FieldRef;
use wasmtime::component::{HasData, Resource};
use wmshost_contract_rules as rules;
use wmshost_flow::{Cancel, Failure, JsonColumn, JsonPlace, JsonRows, Limits, RowsOf, ServiceRequest, ServiceSession};

use super::source::check_batch_bytes;
use super::{HostResult, LogMeter, check_label, into_guest};
use crate::bindings::http::{self as wit, Host, HostResponse, HostService};
use crate::bindings::types::Column;
use crate::columns::PluginBatch;
use crate::convert::columns_from_wit;
use crate::handles::{Handles, OpenResponse, OpenService};
use crate::limits::CallTimer;

/// The most names of a path within a row.
const PATH_NAMES: usize = 8;
/// The most bytes of a body that a plugin may have, and of all texts of a request.
const BODY_BYTES: usize = 1 << 20;
const REQUEST_BYTES: usize = 64 << 10;

/// The web service that an extractor was granted.
pub struct GrantedService {
    /// The label that it is granted under.
    pub label: String,
    /// All labels of the pipeline, to distinguish a denied one from an unknown one.
    pub known_labels: Vec<String>,
    /// The stream's access to it.
    pub session: Box<dyn ServiceSession>,
}

/// The capability `http`. It sees an [`HttpView`] and nothing else.
pub(crate) struct Http;

impl HasData for Http {
    type Data<'a> = HttpView<'a>;
}

/// The capability's context in an instance.
pub(crate) struct HttpCtx {
    /// The granted service; `None` if none is.
    pub(crate) granted: Option<GrantedService>,
    /// The request to stop, which ends waiting.
    pub(crate) cancel: Cancel,
    /// The number of open responses.
    responses: usize,
    limits: Arc<Limits>,
    meter: Arc<LogMeter>,
}

impl HttpCtx {
    /// Without a service yet.
    pub(crate) fn new(limits: &Arc<Limits>, meter: Arc<LogMeter>) -> Self {
        Self { granted: None, cancel: Cancel::default(), responses: 0, limits: Arc::clone(limits), meter }
    }
}

/// The capability's context with the handles that it makes.
pub(crate) struct HttpView<'a> {
    pub(crate) ctx: &'a mut HttpCtx,
    pub(crate) handles: &'a mut Handles,
    pub(crate) timer: &'a mut CallTimer,
}

impl HttpView<'_> {
    fn check_label(&self, label: &str) -> Result<(), Failure> {
        match &self.ctx.granted {
            Some(service) => check_label(label, &service.label, &service.known_labels),
            None => Err(Failure::invalid_config(format!("{label:?} is no web service that this stream may read"))
                .advise(
                    "let the stream's `source` be a connection with `driver = \"http\"`, or use another extractor",
                )),
        }
    }

    fn send(&mut self, request: wit::Request) -> Result<Resource<OpenResponse>, Failure> {
        let most = self.ctx.limits.responses;
        if self.ctx.responses >= most {
            return Err(Failure::limit("responses", most, most + 1));
        }
        let wit::Request { method, path, parameters } = request;
        let texts = parameters.iter().map(|parameter| parameter.name.len() + parameter.value.len());
        let bytes = path.len() + texts.sum::<usize>();
        if bytes > REQUEST_BYTES {
            return Err(Failure::limit("bytes of a request", REQUEST_BYTES, bytes));
        }
        let parameters = parameters.into_iter().map(|parameter| (parameter.name, parameter.value)).collect();
        let request = ServiceRequest { is_head: method == wit::Method::Head, path, parameters };
        let Some(service) = &mut self.ctx.granted else { return Err(Failure::denied("no service is granted here")) };
        let response = service.session.send(&request, &self.ctx.cancel)?;
        let handle = self.handles.push(OpenResponse(response))?;
        self.ctx.responses += 1;
        Ok(handle)
    }

    fn rows(
        &mut self,
        response: &Resource<OpenResponse>,
        (pointer, each, columns): (&str, wit::Each, Vec<wit::JsonColumn>),
    ) -> wasmtime::Result<Result<wit::JsonRows, Failure>> {
        let most = self.ctx.limits.batch_columns;
        let columns = match json_columns(columns, most) {
            Ok(columns) => columns,
            Err(failure) => return Ok(Err(failure)),
        };
        let each = match each {
            wit::Each::Element => RowsOf::Elements,
            wit::Each::Member => RowsOf::Members,
            wit::Each::Document => RowsOf::Document,
        };
        let made = self.handles.get(response)?.0.rows(pointer, each, &columns);
        Ok(made.and_then(|JsonRows { batch, other_members, absent_columns }| {
            check_batch_bytes(&batch, self.ctx.limits.batch_bytes)?;
            let count = u32::try_from(batch.rows.num_rows() + batch.rejected.len()).unwrap_or(u32::MAX);
            let rows = self.handles.push_batch(PluginBatch::new(batch))?;
            Ok(wit::JsonRows { rows, count, other_members, absent_columns })
        }))
    }
}

/// The columns that a plugin asks for, checked.
fn json_columns(columns: Vec<wit::JsonColumn>, most: usize) -> Result<Vec<JsonColumn>, Failure> {
    let (mut fields, mut places) = (Vec::new(), Vec::new());
    for wit::JsonColumn { name, kind, place } in columns {
        fields.push(Column { name, kind, nullable: true });
        places.push(place);
    }
    let schema = columns_from_wit(fields, most)?;
    let column = |(field, place): (&FieldRef, wit::Place)| {
        let place = match place {
            wit::Place::MemberName => JsonPlace::MemberName,
            wit::Place::Path(wit::MemberPath { names, or_bare }) => {
                let longest = names.iter().map(String::len).max().unwrap_or(0);
                if names.len() > PATH_NAMES {
                    return Err(Failure::limit("names of a path", PATH_NAMES, names.len()));
                }
                if longest > rules::NAME_BYTES {
                    return Err(Failure::limit("bytes of a name", rules::NAME_BYTES, longest));
                }
                JsonPlace::Path { names, or_bare }
            }
        };
        Ok(JsonColumn { field: Arc::clone(field), place })
    };
    schema.fields().iter().zip(places).map(column).collect()
}

impl Host for HttpView<'_> {}

impl HostService for HttpView<'_> {
    fn open(&mut self, label: String) -> HostResult<Resource<OpenService>> {
        let opened = self.ctx.meter.audited(self.check_label(&label));
        into_guest(opened.and_then(|()| self.handles.push(OpenService)))
    }

    fn send(&mut self, _: Resource<OpenService>, request: wit::Request) -> HostResult<Resource<OpenResponse>> {
        let from = Instant::now();
        let sent = HttpView::send(self, request);
        self.timer.host_worked(from);
        into_guest(self.ctx.meter.audited(sent))
    }

    fn drop(&mut self, service: Resource<OpenService>) -> wasmtime::Result<()> {
        self.handles.delete(service)
    }
}

impl HostResponse for HttpView<'_> {
    fn facts(&mut self, response: Resource<OpenResponse>) -> wasmtime::Result<wit::Facts> {
        let facts = self.handles.get(&response)?.0.facts().clone();
        Ok(wit::Facts {
            status: facts.status,
            date: facts.date,
            bytes: facts.bytes,
            received_bytes: facts.received_bytes,
            micros: facts.micros,
            problem: facts.problem,
        })
    }

    fn rows(
        &mut self,
        response: Resource<OpenResponse>,
        pointer: String,
        each: wit::Each,
        columns: Vec<wit::JsonColumn>,
    ) -> HostResult<wit::JsonRows> {
        let from = Instant::now();
        let rows = HttpView::rows(self, &response, (&pointer, each, columns));
        self.timer.host_worked(from);
        into_guest(rows?)
    }

    fn body(&mut self, response: Resource<OpenResponse>, most: u32) -> HostResult<Vec<u8>> {
        let body = self.handles.get(&response)?.0.body();
        let most = BODY_BYTES.min(most as usize);
        into_guest(if body.len() > most { Err(Failure::limit("body", most, body.len())) } else { Ok(body.to_vec()) })
    }

    fn drop(&mut self, response: Resource<OpenResponse>) -> wasmtime::Result<()> {
        self.handles.delete(response)?;
        self.ctx.responses -= 1;
        Ok(())
    }
}
