//! A plugin that declares models. Its declaration is counted while it is converted: a name that is too long, or a list
//! or a text beyond the limits, ends the call. This module does not judge whether it makes sense.

use wmshost_flow::model::{self, Declaration};
use wmshost_flow::{Dialect, Failure, Limits};

use crate::bindings::models::Models as World;
use crate::bindings::{modelling as wit, types};
use crate::convert::{kind_from_wit, value_from_wit};
use crate::instance::Instance;

/// The longest name of anything declared, in bytes.
const NAME_BYTES: usize = 128;

/// Asks the plugin for its models.
pub(crate) fn declare(instance: &mut Instance<World>, dialect: Dialect) -> Result<Declaration, Failure> {
    let asked = match dialect {
        Dialect::Sqlite => types::Dialect::Sqlite,
        Dialect::Oracle => types::Dialect::Oracle,
    };
    let declared = instance
        .call_fallible("declare", |world, store| world.wmshost_plugin_modelling().call_declare(store, asked))?;
    let state = instance.store.data();
    let mut meter = DeclarationReader { limits: &state.limits, parts: 0, bytes: 0 };
    meter.declaration(declared).map_err(|failure| failure.at(&state.plugin, "declare"))
}

/// Converts a declaration and counts its parts.
struct DeclarationReader<'l> {
    limits: &'l Limits,
    parts: usize,
    bytes: usize,
}

impl DeclarationReader<'_> {
    fn declaration(&mut self, declared: wit::Declaration) -> Result<Declaration, Failure> {
        if declared.models.len() > self.limits.declared_models {
            return Err(Failure::limit("declared_models", self.limits.declared_models, declared.models.len()));
        }
        Ok(Declaration {
            models: self.all(declared.models, Self::model)?,
            sources: self.all(declared.sources, Self::source)?,
            metrics: self.all(declared.metrics, Self::metric)?,
            exposures: self.all(declared.exposures, Self::exposure)?,
        })
    }

    fn all<W, T>(
        &mut self,
        list: Vec<W>,
        mut each: impl FnMut(&mut Self, W) -> Result<T, Failure>,
    ) -> Result<Vec<T>, Failure> {
        self.parts = self.parts.saturating_add(list.len());
        if self.parts > self.limits.declared_parts {
            return Err(Failure::limit("declared_parts", self.limits.declared_parts, self.parts));
        }
        list.into_iter().map(|entry| each(self, entry)).collect()
    }

    fn text(&mut self, text: String) -> Result<String, Failure> {
        self.bytes = self.bytes.saturating_add(text.len());
        if self.bytes > self.limits.declared_bytes {
            return Err(Failure::limit("declared_bytes", self.limits.declared_bytes, self.bytes));
        }
        Ok(text)
    }

    fn name(&mut self, name: String) -> Result<String, Failure> {
        if name.len() > NAME_BYTES {
            return Err(Failure::limit("declared name (bytes)", NAME_BYTES, name.len()));
        }
        self.text(name)
    }

    fn names(&mut self, names: Vec<String>) -> Result<Vec<String>, Failure> {
        self.all(names, Self::name)
    }

    fn sql(&mut self, statement: String) -> Result<String, Failure> {
        if statement.len() > self.limits.statement_bytes {
            return Err(Failure::limit("statement_bytes", self.limits.statement_bytes, statement.len()));
        }
        self.text(statement)
    }

    fn maybe<W, T>(
        &mut self,
        given: Option<W>,
        each: impl FnOnce(&mut Self, W) -> Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        given.map(|given| each(self, given)).transpose()
    }

    fn value(&mut self, value: types::Value) -> Result<wmshost_flow::Value, Failure> {
        let bytes = match &value {
            types::Value::Text(text) | types::Value::Decimal(text) => text.len(),
            types::Value::Binary(bytes) => bytes.len(),
            _ => 0,
        };
        self.bytes = self.bytes.saturating_add(bytes);
        self.text(String::new())?;
        value_from_wit(value)
    }

    fn model(&mut self, model: wit::Model) -> Result<model::Model, Failure> {
        let partition = model.storage.partition.map(|(column, interval)| {
            let interval = match interval {
                wit::Interval::Day => model::Interval::Day,
                wit::Interval::Month => model::Interval::Month,
            };
            self.name(column).map(|column| (column, interval))
        });
        Ok(model::Model {
            name: self.name(model.name)?,
            layer: match model.layer {
                wit::Layer::Staging => model::Layer::Staging,
                wit::Layer::Intermediate => model::Layer::Intermediate,
                wit::Layer::Mart => model::Layer::Mart,
            },
            materialization: self.materialization(model.materialization)?,
            depends_on: self.names(model.depends_on)?,
            statement: self.sql(model.statement)?,
            columns: self.all(model.columns, Self::column)?,
            tests: self.all(model.tests, Self::test)?,
            unit_tests: self.all(model.unit_tests, Self::unit_test)?,
            storage: model::Storage {
                indexes: self.all(model.storage.indexes, Self::names)?,
                partition: partition.transpose()?,
                statistics: model.storage.statistics,
            },
            freshness: self.maybe(model.freshness, Self::freshness)?,
            summary: self.text(model.summary)?,
            tags: self.names(model.tags)?,
            owner: self.maybe(model.owner, Self::text)?,
        })
    }

    fn materialization(&mut self, given: wit::Materialization) -> Result<model::Materialization, Failure> {
        Ok(match given {
            wit::Materialization::View => model::Materialization::View,
            wit::Materialization::Table => model::Materialization::Table,
            wit::Materialization::Ephemeral => model::Materialization::Ephemeral,
            wit::Materialization::Snapshot(snapshot) => model::Materialization::Snapshot(model::Snapshot {
                key: self.names(snapshot.key)?,
                check_columns: self.names(snapshot.check_columns)?,
                updated_at: self.maybe(snapshot.updated_at, Self::name)?,
                invalidate_deleted: snapshot.invalidate_deleted,
            }),
            wit::Materialization::Incremental(increment) => model::Materialization::Incremental(model::Increment {
                strategy: match increment.strategy {
                    wit::Strategy::Merge(key) => model::Strategy::Merge(self.names(key)?),
                    wit::Strategy::Replace(window) => model::Strategy::Replace(self.names(window)?),
                    wit::Strategy::Append => model::Strategy::Append,
                },
                changes: self.maybe(increment.changes, Self::sql)?,
                lookback: increment.lookback,
                on_change: match increment.on_change {
                    wit::OnChange::Rebuild => model::OnChange::Rebuild,
                    wit::OnChange::AddColumns => model::OnChange::AddColumns,
                    wit::OnChange::Fail => model::OnChange::Fail,
                },
            }),
        })
    }

    fn column(&mut self, column: wit::ModelColumn) -> Result<model::ModelColumn, Failure> {
        Ok(model::ModelColumn {
            name: self.name(column.name)?,
            kind: kind_from_wit(column.kind),
            summary: self.text(column.summary)?,
        })
    }

    fn freshness(&mut self, freshness: wit::Freshness) -> Result<model::Freshness, Failure> {
        Ok(model::Freshness {
            warn_after: freshness.warn_after,
            error_after: freshness.error_after,
            by: self.maybe(freshness.by, Self::name)?,
        })
    }

    fn test(&mut self, test: wit::Test) -> Result<model::Test, Failure> {
        Ok(model::Test {
            name: self.name(test.name)?,
            assertion: self.assertion(test.assertion)?,
            severity: match test.severity {
                wit::Severity::Error => model::Severity::Error,
                wit::Severity::Warn => model::Severity::Warn,
            },
            only_where: self.maybe(test.only_where, Self::sql)?,
            warn_if: threshold(test.warn_if),
            error_if: threshold(test.error_if),
            summary: self.text(test.summary)?,
        })
    }

    fn assertion(&mut self, assertion: wit::Assertion) -> Result<model::Assertion, Failure> {
        Ok(match assertion {
            wit::Assertion::NotNull(columns) => model::Assertion::NotNull(self.names(columns)?),
            wit::Assertion::Unique(columns) => model::Assertion::Unique(self.names(columns)?),
            wit::Assertion::AcceptedValues(allowed) => model::Assertion::AcceptedValues {
                column: self.name(allowed.column)?,
                values: self.all(allowed.values, Self::value)?,
            },
            wit::Assertion::Relationship(reference) => model::Assertion::Relationship {
                column: self.name(reference.column)?,
                to: self.name(reference.to)?,
                to_column: self.name(reference.to_column)?,
            },
            wit::Assertion::Range(range) => model::Assertion::Range {
                column: self.name(range.column)?,
                least: self.maybe(range.least, Self::value)?,
                most: self.maybe(range.most, Self::value)?,
            },
            wit::Assertion::Expression(condition) => model::Assertion::Expression(self.sql(condition)?),
            wit::Assertion::Recency((column, seconds)) => {
                model::Assertion::Recency { column: self.name(column)?, seconds }
            }
            wit::Assertion::RowCount(limits) => model::Assertion::RowCount(bounds(limits)),
            wit::Assertion::Distribution(measure) => model::Assertion::Distribution {
                aggregate: self.sql(measure.aggregate)?,
                bounds: bounds(measure.bounds),
            },
            wit::Assertion::Custom(select) => model::Assertion::Custom(self.sql(select)?),
        })
    }

    fn rows(&mut self, rows: wit::Rows) -> Result<model::Rows, Failure> {
        Ok(model::Rows {
            columns: self.names(rows.columns)?,
            rows: self.all(rows.rows, |meter, row| meter.all(row, Self::value))?,
        })
    }

    fn unit_test(&mut self, test: wit::UnitTest) -> Result<model::UnitTest, Failure> {
        Ok(model::UnitTest {
            name: self.name(test.name)?,
            given: self.all(test.given, |meter, fixture| Ok((meter.name(fixture.name)?, meter.rows(fixture.rows)?)))?,
            now: test.now,
            variables: self
                .all(test.variables, |meter, (name, literal)| Ok((meter.name(name)?, meter.sql(literal)?)))?,
            watermark: test.watermark,
            expected: self.rows(test.expected)?,
        })
    }

    fn source(&mut self, source: wit::SourceTable) -> Result<model::SourceTable, Failure> {
        Ok(model::SourceTable {
            name: self.name(source.name)?,
            summary: self.text(source.summary)?,
            columns: self.all(source.columns, Self::column)?,
            tests: self.all(source.tests, Self::test)?,
            freshness: self.maybe(source.freshness, Self::freshness)?,
            tags: self.names(source.tags)?,
            owner: self.maybe(source.owner, Self::text)?,
        })
    }

    fn metric(&mut self, metric: wit::Metric) -> Result<model::Metric, Failure> {
        Ok(model::Metric {
            name: self.name(metric.name)?,
            summary: self.text(metric.summary)?,
            model: self.name(metric.model)?,
            day: self.name(metric.day)?,
            column: self.name(metric.column)?,
            unit: self.name(metric.unit)?,
            goal: metric.goal.map(|goal| match goal {
                wit::Goal::AtLeast(goal) => model::Goal::AtLeast(goal),
                wit::Goal::AtMost(goal) => model::Goal::AtMost(goal),
            }),
        })
    }

    fn exposure(&mut self, exposure: wit::Exposure) -> Result<model::Exposure, Failure> {
        Ok(model::Exposure {
            name: self.name(exposure.name)?,
            summary: self.text(exposure.summary)?,
            depends_on: self.names(exposure.depends_on)?,
            owner: self.maybe(exposure.owner, Self::text)?,
            url: self.maybe(exposure.url, Self::text)?,
        })
    }
}

fn threshold(threshold: wit::Threshold) -> model::Threshold {
    match threshold {
        wit::Threshold::Rows(rows) => model::Threshold::Rows(rows),
        wit::Threshold::Percent(percent) => model::Threshold::Percent(percent),
    }
}

fn bounds(bounds: wit::Bounds) -> model::Bounds {
    let wit::Bounds { least, most, most_fall, most_rise } = bounds;
    model::Bounds { least, most, most_fall, most_rise }
}
